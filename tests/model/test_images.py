import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from model.images import (
    MAX_BYTES,
    MAX_SCANS,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooManyScans,
    PhotoTooSmall,
    PhotoUnreadable,
    read_image,
    scans,
)

SCAN = b"\xff\xda"  # the marker before each scan


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def corner() -> Image.Image:
    """Grey, with a red top left and a blue top right, so that a turn shows."""
    pixels = np.full((60, 80, 3), 128, np.uint8)
    pixels[:30, :40] = (255, 0, 0)
    pixels[:30, 40:] = (0, 0, 255)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(corner: Image.Image, orientation: int):
    stored = {
        1: corner,
        2: corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: corner.transpose(Image.Transpose.ROTATE_180),
        4: corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: corner.transpose(Image.Transpose.TRANSPOSE),
        6: corner.transpose(Image.Transpose.ROTATE_90),
        7: corner.transpose(Image.Transpose.TRANSVERSE),
        8: corner.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = read_image(encoded(stored, "PNG", exif=exif))
    np.testing.assert_array_equal(found, np.asarray(corner))


def test_a_sound_picture_under_garbled_exif_is_taken_as_it_lies(corner: Image.Image):
    plain, garbled = encoded(corner, "JPEG", dpi=(72, 72)), b"Exif\0\0nothing of the kind"
    segment = b"\xff\xe1" + (2 + len(garbled)).to_bytes(2) + garbled
    np.testing.assert_array_equal(read_image(plain[:2] + segment + plain[2:]), read_image(plain))


def test_grey_and_palette_become_rgb(corner: Image.Image):
    grey = read_image(encoded(corner.convert("L")))
    np.testing.assert_array_equal(grey, np.asarray(corner.convert("L").convert("RGB")))
    palette = corner.quantize(8)
    np.testing.assert_array_equal(read_image(encoded(palette)), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode: str):
    clear = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    if mode == "P":
        image = Image.new("P", (40, 30), 0)
        image.putpalette([10, 20, 30])
        data = encoded(image, "PNG", transparency=0)
    else:
        data = encoded(clear.convert(mode))
    assert (read_image(data) == 255).all()


def test_half_transparent_black_is_mid_grey():
    half = Image.new("RGBA", (40, 30), (0, 0, 0, 128))
    np.testing.assert_allclose(read_image(encoded(half)), 127, atol=1)


def test_cmyk_jpeg(corner: Image.Image):
    found = read_image(encoded(corner.convert("CMYK"), "JPEG", quality=100, subsampling=0))
    np.testing.assert_allclose(found, np.asarray(corner).astype(int), atol=6)


def test_sixteen_bits_keep_their_tones():
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = read_image(encoded(Image.fromarray(ramp)))
    np.testing.assert_allclose(found[..., 0], ramp / 257.0, atol=0.51)


def test_floating_point_tiff():
    ramp = np.linspace(0, 1, 40 * 40, dtype=np.float32).reshape(40, 40)
    found = read_image(encoded(Image.fromarray(ramp), "TIFF"))
    np.testing.assert_allclose(found[..., 1], ramp * 255, atol=0.51)


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("side", [8_001, 12_000, 20_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_huge_photo_is_refused_before_it_is_decoded(side: int):
    bomb = encoded(Image.new("1", (side, side)))
    assert len(bomb) < 100_000
    with pytest.raises(PhotoTooManyPixels, match="more than 64 million"):
        read_image(bomb[:100])  # its header alone: to decode it first would fail otherwise


def test_too_many_bytes_are_refused():
    with pytest.raises(PhotoTooLarge, match=r"20\.0 MB; at most 20 MB"):
        read_image(b"\xff\xd8" + b"0" * MAX_BYTES)


def test_a_tiny_photo_is_refused():
    with pytest.raises(PhotoTooSmall, match="8 x 8"):
        read_image(encoded(Image.new("RGB", (8, 8))))


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", b"no photo at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"%PDF-1.4", b"P6 9 9"],
)
def test_what_is_no_photo_says_so(data: bytes):
    with pytest.raises(PhotoUnreadable, match="JPEG or PNG"):
        read_image(data)


def test_a_truncated_photo_says_so(corner: Image.Image):
    data = encoded(corner, "JPEG")
    with pytest.raises(PhotoUnreadable):
        read_image(data[: len(data) // 2])


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded(corner: Image.Image):
    data = encoded(corner, "JPEG", progressive=True)
    assert 5 < scans(data) < 20  # what an ordinary progressive JPEG has
    read_image(data)
    slow = data[:-2] + data[data.rfind(SCAN) : -2] * MAX_SCANS + data[-2:]
    with pytest.raises(PhotoTooManyScans, match="40 passes"):
        read_image(slow)
    both = encoded(corner, "MPO", save_all=True, append_images=[corner], progressive=True)
    end = both.index(b"\xff\xd9")
    hidden = both[:end] + data[data.rfind(SCAN) : -2] * MAX_SCANS + both[end:]
    with pytest.raises(PhotoTooManyScans):
        read_image(hidden)


def test_what_lies_in_a_segment_or_behind_the_picture_is_no_scan(corner: Image.Image):
    """A motion photo has a film behind the picture; a comment may hold anything."""
    plain = encoded(corner, "JPEG")
    film = np.random.default_rng(0).bytes(2**20) + SCAN * 1000
    comment = b"\xff\xfe" + (2 + 2 * 500).to_bytes(2) + SCAN * 500
    for data in (plain + film, plain[:2] + comment + plain[2:]):
        assert scans(data) == scans(plain) == 1
        np.testing.assert_array_equal(read_image(data), read_image(plain))


def test_a_deep_grey_photo_needs_few_bytes_a_pixel():
    deep = (np.arange(4_000_000, dtype=np.uint32).reshape(2000, 2000) % 65536).astype(np.uint16)
    data = encoded(Image.fromarray(deep))
    tracemalloc.start()
    found = read_image(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(found[..., 0], deep / 257, atol=0.51)
    assert peak / deep.size < 14
