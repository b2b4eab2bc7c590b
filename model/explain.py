"""Why two faces stand where they do: which regions carry their similarity, and who is nearer.

Regions are found by occlusion (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional
Networks", section 4.2): a square is slid over one face, and what the other face's angle to it does
is watched.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.angles import angles_between
from model.faces import CROP, TEMPLATE
from model.images import RGB
from model.recognizer import Embedding
from model.verification import Values

# Pixels of the aligned crop. A sixteenth of its area is covered at a time, and the steps fit the
# crop exactly: 7 x 7 places, with the two faces themselves 100 embeddings for a pair and a loss.
PATCH, STRIDE = 28, 14
NEAREST = 5  # people who are named
SAME = np.radians(1.0)  # a photo and its copy; of the gallery no two photos are nearer than 4

_EYES, _MOUTH = TEMPLATE[:2].mean(axis=0), TEMPLATE[3:].mean(axis=0)
_FACE = _MOUTH[1] - _EYES[1]  # from the eyes down to the mouth
# Where the template has what a region is called after, x and y; left and right as the viewer sees.
REGIONS = {
    "left_eye": TEMPLATE[0],
    "right_eye": TEMPLATE[1],
    "bridge": _EYES,
    "nose": TEMPLATE[2],
    "mouth": _MOUTH,
    "forehead": _EYES - [0.0, 0.75 * _FACE],
    "left_cheek": np.array([TEMPLATE[0, 0] - 8.0, TEMPLATE[2, 1]]),
    "right_cheek": np.array([TEMPLATE[1, 0] + 8.0, TEMPLATE[2, 1]]),
}
EDGE = "edge"  # hair, ears, background: further than REACH from all of these
REACH = 0.75 * PATCH


@dataclass(frozen=True)
class Square:
    """One place of the patch: its left and top edge in pixels, its region, what it does.

    grown: by how much the angle between the faces grows when it is covered, in radians.
    """

    left: int
    top: int
    region: str
    grown: float


@dataclass(frozen=True, eq=False)
class Occlusion:
    """What covering a square of one face does to the angle to the other; angles in radians.

    angle: between the two faces as they are. grown (2, R, R): by how much it grows with the square
    of row r and column c of the left, or of the right face covered; where it is positive, the
    square carries similarity. patch, stride: of the squares, in pixels.
    """

    angle: float
    grown: Values
    patch: int = PATCH
    stride: int = STRIDE

    def maps(self) -> Values:
        """A pixel's mean over the squares that cover it, (2, 112, 112)."""
        total, count = np.zeros((2, 2, CROP, CROP))
        for (left, top), values in zip(
            squares(self.patch, self.stride), self.grown.reshape(2, -1).T, strict=True
        ):
            place = (..., slice(top, top + self.patch), slice(left, left + self.patch))
            total[place] += values[:, None, None]
            count[place] += 1.0
        return np.asarray(total / count)

    def most(self, side: int) -> Square:
        """The square of the left (0) or right (1) face that the pair loses most by."""
        return self._square(side, int(self.grown[side].argmax()))

    def least(self, side: int) -> Square:
        """The square without which the faces come nearest."""
        return self._square(side, int(self.grown[side].argmin()))

    def _square(self, side: int, index: int) -> Square:
        left, top = squares(self.patch, self.stride)[index]
        middle = np.array([left, top]) + (self.patch - 1) / 2
        return Square(left, top, region(middle), float(self.grown[side].flat[index]))


def region(point: NDArray[np.float64]) -> str:
    """What a place (2,) of the crop is called: the nearest of REGIONS, or EDGE."""
    away = {name: float(np.linalg.norm(point - at)) for name, at in REGIONS.items()}
    nearest = min(away, key=away.__getitem__)
    return nearest if away[nearest] <= REACH else EDGE


def squares(patch: int = PATCH, stride: int = STRIDE) -> list[tuple[int, int]]:
    """Where the patch lies, left and top edge, row after row.

    ValueError where steps of `stride` leave pixels of the crop uncovered.
    """
    if not 0 < stride <= patch <= CROP or (CROP - patch) % stride:
        raise ValueError(f"a patch of {patch} in steps of {stride} does not fit {CROP} pixels")
    steps = range(0, CROP - patch + 1, stride)
    return [(left, top) for top in steps for left in steps]


def covered(crop: RGB, patch: int = PATCH, stride: int = STRIDE) -> RGB:
    """The crop (112, 112, 3) with each square in turn in its mean colour: (R * R, 112, 112, 3)."""
    places = squares(patch, stride)
    crops = np.repeat(crop[None], len(places), axis=0)
    mean = np.round(crop.mean(axis=(0, 1))).astype(np.uint8)
    for one, (left, top) in zip(crops, places, strict=True):
        one[top : top + patch, left : left + patch] = mean
    return np.asarray(crops)


def occlusion_map(
    left_crop: RGB,
    right_crop: RGB,
    embed: Callable[[RGB], Embedding],
    patch: int = PATCH,
    stride: int = STRIDE,
) -> Occlusion:
    """Which regions carry the similarity of two aligned faces, uint8 (112, 112, 3) each.

    `embed` is Recognizer.embed: crops (K, 112, 112, 3) -> unit (K, D). A face's squares are one
    batch. The other face stays whole.
    """
    crops = np.stack([left_crop, right_crop])
    pair = embed(crops)  # (2, D)
    angle = float(angles_between(pair[0], pair[1]))
    grown = [
        angles_between(embed(covered(crops[one], patch, stride)), pair[1 - one]) - angle
        for one in (0, 1)
    ]  # (R * R,) each
    side = (CROP - patch) // stride + 1
    return Occlusion(angle, np.stack(grown).reshape(2, side, side), patch, stride)


@dataclass(frozen=True, eq=False)
class Nearer:
    """Which faces of a gallery are nearer to a face than an angle; radians.

    images: how many are; people: of how many people. nearest (K,): the nearest image of each of the
    K nearest people, nearer than the angle or not, and angles (K,) to them.
    """

    images: int
    people: int
    nearest: NDArray[np.int64]
    angles: Values


def nearer(
    face: Embedding,
    gallery: Embedding,
    person: NDArray[np.int64],
    angle: float,
    people: int = NEAREST,
    among: NDArray[np.bool_] | None = None,
) -> Nearer:
    """The faces (N, D) of a gallery, of person (N,), nearer to `face` (D,) than `angle` radians.

    among: which of them (N,) count; all where it is None.
    """
    away = angles_between(gallery, face)  # (N,)
    order = np.argsort(away, kind="stable")
    if among is not None:
        order = order[among[order]]
    _, first = np.unique(person[order], return_index=True)
    nearest = order[np.sort(first)[:people]]
    near = order[away[order] < angle]
    return Nearer(len(near), len(np.unique(person[near])), nearest, away[nearest])


def strangers(pair: Embedding, gallery: Embedding, person: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which faces (N, D) of a gallery are of nobody of whom a photo of the pair (2, D) is there."""
    copies = [angles_between(gallery, face) < SAME for face in pair]
    return ~np.isin(person, person[np.any(copies, axis=0)])
