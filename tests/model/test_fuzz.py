"""Mutated files: whatever a stranger uploads is answered or refused by name, never a crash."""

import dataclasses
import faulthandler
import io
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.errors import MarginScopeError
from model.faces import align, detect
from model.images import read_image
from model.quality import measure

FILES = int(os.environ.get("MARGINSCOPE_FUZZ", "500"))


@pytest.fixture(scope="module")
def seeds(portraits) -> list[bytes]:
    """Small versions of a portrait in every format and mode that we read; animations; bombs."""
    image = Image.fromarray(portraits[0]).resize((160, 160))
    found = []
    for kind, mode in (
        ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"),
        ("PNG", "LA"), ("WEBP", "RGB"), ("GIF", "P"), ("BMP", "RGB"), ("TIFF", "RGB"), ("PNG", "1"),
    ):  # fmt: skip
        stream = io.BytesIO()
        image.convert(mode).save(stream, kind)
        found.append(stream.getvalue())
    deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    real = Image.fromarray(np.asarray(image.convert("L")).astype(np.float32) / 255)
    frames = {"save_all": True, "append_images": [image.transpose(Image.Transpose.ROTATE_90)]}
    for one, kind, options in (
        (deep, "PNG", {}), (deep, "TIFF", {}), (real, "TIFF", {}),
        (image, "TIFF", {"compression": "tiff_lzw"}), (image, "TIFF", {"compression": "jpeg"}),
        (image, "JPEG", {"progressive": True}), (image, "MPO", frames), (image, "PNG", frames),
        (image, "GIF", frames), (image, "WEBP", frames),
        (Image.new("1", (8000, 7900)), "PNG", {}),  # 8 kB that become 190 MB
        (Image.new("L", (30_000, 30_000)), "GIF", {}),  # more pixels than are read
    ):  # fmt: skip
        stream = io.BytesIO()
        one.save(stream, kind, **options)
        found.append(stream.getvalue())
    return found


def resident() -> int:
    """Bytes of memory that this process holds now (Linux; 0 elsewhere, where nothing is held)."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 if statm.exists() else 0


def mutated(data: bytes, rng: random.Random) -> bytes:
    found = bytearray(data)
    how = rng.choice(["truncate", "flip", "header", "splice", "zero"])
    if how == "truncate":
        return bytes(found[: rng.randrange(len(found))])
    if how == "header":
        for _ in range(rng.randint(1, 4)):
            found[rng.randrange(min(64, len(found)))] = rng.randrange(256)
    elif how == "splice":
        at = rng.randrange(len(found))
        found[at:at] = rng.randbytes(rng.randint(1, 400))
    elif how == "zero":
        at = rng.randrange(len(found))
        found[at : at + 200] = bytes(len(found[at : at + 200]))
    else:
        for _ in range(rng.randint(1, 40)):
            found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


@pytest.mark.filterwarnings("ignore")
def test_mutated_files_crash_nothing_hang_nothing_and_leave_memory_flat(seeds):
    seed = int(os.environ.get("MARGINSCOPE_FUZZ_SEED", 20261124))
    print(f"MARGINSCOPE_FUZZ_SEED={seed}")
    rng = random.Random(seed)
    refused, slowest, memory = 0, 0.0, 0
    for i in range(FILES):
        data = mutated(rng.choice(seeds), rng)
        faulthandler.dump_traceback_later(600, exit=True)  # a hang ends the test, and says where
        began = time.thread_time()
        try:
            image = read_image(data)
            assert image.dtype == np.uint8
            assert image.ndim == 3
            assert image.shape[2] == 3
            if image.size < 1_000_000:
                for face in detect(image):
                    crop = align(image, face.landmarks)
                    assert crop.shape == (112, 112, 3)
                    assert np.isfinite(dataclasses.astuple(measure(image, face, crop))).all()
        except MarginScopeError:
            refused += 1
        slowest = max(slowest, time.thread_time() - began)
        if i == FILES // 2:
            memory = resident()
    faulthandler.cancel_dump_traceback_later()
    assert 0 < refused < FILES
    assert slowest < 20, f"{slowest:.1f} s"
    grown = (resident() - memory) / 2**20
    assert grown < 100, f"the second half left {grown:.0f} MB more than the first"
