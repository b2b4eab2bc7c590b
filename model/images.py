"""bytes -> RGB array, safely: formats on an allow-list, sizes bounded before decoding."""

import contextlib
import io
import re
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from model.errors import MarginScopeError

RGB = NDArray[np.uint8]  # (H, W, 3)

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 64_000_000  # the largest phone cameras give 50 million
MIN_SIDE = 20  # pixels; the smallest face that the detector looks for
MAX_SCANS = 40  # of a progressive JPEG, each of which decodes the whole photo; cameras write 10
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # JPEG opens a phone's MPO too


# A marker of a JPEG, but those that have no length and may stand within compressed data.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])", re.DOTALL)
_END, _SCAN = 0xD9, 0xDA
_ONE_AT_A_TIME = threading.Lock()  # a photo of 64 million pixels needs hundreds of megabytes


class PhotoTooLarge(MarginScopeError):
    """A file over MAX_BYTES."""

    sentence = (
        "This file has {megabytes:.1f} MB; at most {limit:.0f} MB are read. "
        "Save the photo smaller or crop it to the face."
    )


class PhotoTooManyPixels(MarginScopeError):
    """A photo over MAX_PIXELS, known before it is decoded."""

    sentence = (
        "This photo has more than {limit:.0f} million pixels, the most that are read. "
        "Save it smaller or crop it to the face."
    )


class PhotoTooManyScans(MarginScopeError):
    """A JPEG made to be slow to decode: a few bytes a scan, thousands of scans."""

    sentence = (
        "This JPEG is stored in more than {limit} passes, the most that are read. "
        "Save it again as an ordinary JPEG or PNG."
    )


class PhotoTooSmall(MarginScopeError):
    """A photo under MIN_SIDE."""

    sentence = (
        "This photo has only {width} x {height} pixels; at least {limit} on each side are needed. "
        "Take one in which the face is larger."
    )


class PhotoUnreadable(MarginScopeError):
    """A file that no decoder on the list reads."""

    sentence = (
        "This file cannot be read as a photo: it is empty, damaged, or not one of JPEG, PNG, WebP, "
        "GIF, BMP, TIFF. Save it again as JPEG or PNG (a HEIC photo from a phone too)."
    )


def read_image(data: bytes) -> RGB:
    """Decode one photo, upright and on white.

    EXIF orientation is applied where it can be read, transparency laid on white, an animation
    gives its first frame, 16-bit and floating-point greys are scaled to 8 bits.

    Returns uint8 (H, W, 3). Raises PhotoTooLarge, PhotoTooManyPixels, PhotoTooManyScans,
    PhotoTooSmall or PhotoUnreadable; none of them carries the file's name or content.
    """
    if len(data) > MAX_BYTES:
        raise PhotoTooLarge(megabytes=len(data) / 2**20, limit=MAX_BYTES / 2**20)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)  # the header alone
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise PhotoTooManyPixels(limit=MAX_PIXELS / 1e6)
        if min(width, height) < MIN_SIDE:
            raise PhotoTooSmall(width=width, height=height, limit=MIN_SIDE)
        if image.format in ("JPEG", "MPO") and scans(data) > MAX_SCANS:
            raise PhotoTooManyScans(limit=MAX_SCANS)
        with _ONE_AT_A_TIME:
            image.load()
            with contextlib.suppress(Exception):  # garbled EXIF: a sound picture stays as it lies
                ImageOps.exif_transpose(image, in_place=True)
            return np.asarray(_to_rgb(image), dtype=np.uint8)
    except MarginScopeError:
        raise
    except Image.DecompressionBombError:  # Pillow's own bound, higher than ours
        raise PhotoTooManyPixels(limit=MAX_PIXELS / 1e6) from None
    except Exception:  # Pillow's decoders raise a dozen kinds on damaged files
        raise PhotoUnreadable() from None


def scans(data: bytes) -> int:
    """How many scans a JPEG's first picture has; what stands in its segments or behind it is none.

    A phone's "motion photo" has a film behind the picture, and any bytes may be in that.
    """
    count, at = 0, 2
    while (found := _MARKER.search(data, at)) is not None:
        marker = found[1][0]
        if marker == _END:
            break
        count += marker == _SCAN
        at = found.end() + max(2, int.from_bytes(data[found.end() : found.end() + 2]))
    return count


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = _deep_grey_to_8_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_grey_to_8_bits(image: Image.Image) -> Image.Image:
    deep = np.asarray(image)
    strips = np.array_split(deep, max(1, deep.size // 2**20))  # by rows, for memory's sake
    finite = [np.nan_to_num(s.astype(np.float32), posinf=0.0, neginf=0.0).max() for s in strips]
    top = max(finite)
    factor = 1.0
    if image.mode == "F" and top <= 1.0:
        factor = 255.0
    elif top > 255.0:  # 16 bits in a 16- or 32-bit container
        factor = 1.0 / 257.0

    def reduced(strip: NDArray[Any]) -> RGB:
        grey = np.nan_to_num(strip.astype(np.float32), posinf=0.0, neginf=0.0) * factor
        return np.clip(np.round(grey), 0, 255).astype(np.uint8)

    return Image.fromarray(np.concatenate([reduced(strip) for strip in strips]))
