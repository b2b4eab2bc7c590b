"""A face as a small grey image for convolution by hand; filters and feature maps as tiles.

The small image keeps where it is light and dark; it loses colour and all finer than four pixels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.language import Text
from model.features import Maps, grey_share, on_grey
from model.images import RGB

SIDE = 28  # pixels of the small image
LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601
NINTH = "1/9"
# By hand: nine weights, row by row, and whether the output is read by its sign
BY_HAND: dict[str, tuple[tuple[float, ...], bool]] = {
    "identity": ((0, 0, 0, 0, 1, 0, 0, 0, 0), False),
    "blur": ((1 / 9,) * 9, False),
    "sharpen": ((0, -1, 0, -1, 5, -1, 0, -1, 0), False),
    "vertical": ((-1, 0, 1, -2, 0, 2, -1, 0, 1), True),  # Sobel
    "horizontal": ((-1, -2, -1, 0, 0, 0, 1, 2, 1), True),
}
LEARNED = 3  # how many of the network's filters are there to choose
COLUMNS = 8  # tiles a row
TILE, GAP = 96, 8  # pixels
Tiles = NDArray[np.uint8]


def small_grey(crop: RGB) -> NDArray[np.float64]:
    """An aligned face (112, 112, 3) -> grey (28, 28), 0..1: means of 4 x 4, to a hundredth."""
    grey = crop.astype(np.float64) @ LUMA / 255  # (112, 112)
    step = len(grey) // SIDE
    small = grey.reshape(SIDE, step, SIDE, step).mean(axis=(1, 3))
    return np.asarray(small.round(2))


def greyest(filters: Maps) -> list[int]:
    """Which of the filters (C, 3, 3, 3) care least for colour, by number from 0, in order."""
    return sorted(np.argsort(-grey_share(filters))[:LEARNED].tolist())


def convolution_data(crop: RGB, filters: Maps | None, words: Text) -> dict[str, Any]:
    """The component's data: the small image and the filters to choose.

    `filters` are the network's own (C, 3, 3, 3), of which the three greyest are offered, summed
    over colours and to a hundredth; None where there is no network.
    """
    offered = [
        _offered(words(f"convolution.{key}"), weights, signed)
        for key, (weights, signed) in BY_HAND.items()
    ]
    if filters is not None:
        summed = on_grey(filters).round(2)
        offered += [
            _offered(words("convolution.learned", number=i + 1), summed[i].ravel().tolist(), True)
            for i in greyest(filters)
        ]
    return {"pixels": small_grey(crop).ravel().tolist(), "side": SIDE, "filters": offered}


def _offered(name: str, weights: tuple[float, ...] | list[float], signed: bool) -> dict[str, Any]:
    labels = [NINTH if w == 1 / 9 else f"{w:.2f}".rstrip("0").rstrip(".") for w in weights]
    labels = [label.replace("-", "−") for label in labels]
    return {
        "name": name,
        "weights": [round(w, 2) if w != 1 / 9 else w for w in weights],
        "labels": labels,
        "signed": signed,
    }


def filter_tiles(filters: Maps) -> Tiles:
    """Filters (C, 3, 3, 3) as colour tiles, RGBA (H, W, 4), each against its own largest weight.

    Mid-grey is 0; a colour's channel is lighter where its weight is positive.
    """
    top = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    shades = 127.5 + 127.5 * filters / np.where(top > 0, top, 1)
    return _grid(shades.transpose(0, 2, 3, 1))


def map_tiles(maps: Maps) -> Tiles:
    """Feature maps (C, S, S), none below 0, as grey tiles, RGBA (H, W, 4).

    Each has its own scale: black is 0, white its largest value. A map that is 0 all over is black.
    """
    top = maps.max(axis=(1, 2), keepdims=True)
    shades = 255 * maps / np.where(top > 0, top, 1)
    return _grid(np.repeat(shades[..., None], 3, axis=3))


def _grid(shades: NDArray[np.floating[Any]]) -> Tiles:
    """Squares (K, S, S, 3), 0..255, eight a row, with transparent gaps: RGBA (H, W, 4)."""
    count, side = len(shades), shades.shape[1]
    each = side * max(1, TILE // side)  # whole pixels, so that nothing is blurred
    rows, pitch = -(-count // COLUMNS), each + GAP
    sheet = np.zeros((rows * pitch - GAP, COLUMNS * pitch - GAP, 4), np.uint8)
    enlarged = shades.repeat(each // side, axis=1).repeat(each // side, axis=2)
    for k, tile in enumerate(enlarged.round().astype(np.uint8)):
        y, x = pitch * (k // COLUMNS), pitch * (k % COLUMNS)
        sheet[y : y + each, x : x + each, :3] = tile
        sheet[y : y + each, x : x + each, 3] = 255
    return sheet
