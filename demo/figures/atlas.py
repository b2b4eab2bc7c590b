"""The gallery's faces in one picture, from which the pointer's label cuts the one it shows."""

import base64
import io
from functools import cache
from pathlib import Path

from PIL import Image, ImageOps

CELL, COLUMNS = 56, 45  # pixels a face, faces a row
FACE = 0.5  # the share of an LFW photo, around its middle, that is the face


@cache
def atlas(files: tuple[Path | None, ...]) -> str:
    """A JPEG in base64: face i in row i // COLUMNS and column i % COLUMNS, CELL pixels each.

    Where there is no file its cell is grey.
    """
    sheet = Image.new("RGB", (CELL * COLUMNS, CELL * -(-len(files) // COLUMNS)), "grey")
    for i, file in enumerate(files):
        if file is None:
            continue
        with Image.open(file) as photo:
            photo.draft("RGB", (2 * CELL, 2 * CELL))
            border = (1 - FACE) / 2
            face = ImageOps.fit(photo.convert("RGB"), (CELL, CELL), bleed=border)
        sheet.paste(face, (CELL * (i % COLUMNS), CELL * (i // COLUMNS)))
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=70)
    return base64.b64encode(stream.getvalue()).decode()
