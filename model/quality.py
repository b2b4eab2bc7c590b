"""Poor photos say so before they mislead: what is measured of a face, and when to remark on it."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model.faces import CROP, TEMPLATE, Face, align, similarity
from model.images import RGB

Kind = Literal["tiny", "blurred", "dark", "turned", "cut_off"]

# How far the nose's tip stands before the plane of eyes and mouth, in distances between the eyes:
# a round estimate, which no command here measures.
NOSE_DEPTH = 0.6
CELL = 4  # pixels of the template; sharpness and brightness are those of cells of this side
FACE = (slice(8, 26), slice(6, 22))  # rows and columns of cells: brow to chin, cheek to cheek
_CENTRES = np.stack(np.meshgrid(np.arange(CROP), np.arange(CROP)), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class Quality:
    """What a face in a photo is like, as far as it decides how well it is recognised.

    eye_distance: between the eyes, in pixels of the photo. sharpness: how fine the detail of the
    aligned face is, whatever its contrast and the photo's size (0 for none). brightness: the grey
    level, 0..255, that a twentieth of the face exceeds. turn: of the head to either side, 0..90
    degrees. outside: the share of the aligned face, 0..1, that lies outside of the photo.
    """

    eye_distance: float
    sharpness: float
    brightness: float
    turn: float
    outside: float


@dataclass(frozen=True)
class Limit:
    """From where on a measure of Quality is worth a remark: below `value`, or above it."""

    kind: Kind
    measure: str
    value: float
    below: bool


# Where the mean accuracy of softmax and ArcFace has fallen by three points (evaluate.py quality,
# 177 validation people, standard errors of 0.5 to 1.2 points): at 8.1 pixels between the eyes and a
# sharpness of 2.1. Where a face is cut off matters: over four sides it is 0.18, but 0.1 of the top
# costs 1.7 points and 0.2 of it 8.5. Down to a tenth of the light no fall could be told, since the
# networks whiten each face, but there (a brightness of 18) the detector misses 50 of 177 faces, at
# 36 three. Of turned heads LFW has too few: no fall could be measured, so that 40 is a guess.
LIMITS = (
    Limit("tiny", "eye_distance", 8.0, below=True),
    Limit("blurred", "sharpness", 2.0, below=True),
    Limit("dark", "brightness", 30.0, below=True),
    Limit("turned", "turn", 40.0, below=False),
    Limit("cut_off", "outside", 0.12, below=False),
)


@dataclass(frozen=True)
class Remark:
    """A reason to doubt: its kind, what was measured, and the limit that it is beyond."""

    kind: Kind
    measure: float
    limit: float


def measure(image: RGB, face: Face, crop: RGB | None = None) -> Quality:
    """Measure one face of a photo, uint8 (H, W, 3).

    `crop` is align(image, face.landmarks), (112, 112, 3), where the caller has it already. Only the
    face's surroundings are looked at, so that a photo of 12 megapixels costs no more than a small
    one with the same face. All numbers are finite, of a face without any contrast too.
    """
    if crop is None:
        crop = align(image, face.landmarks)
    inside = _inside(face.landmarks, image.shape)
    # A mean over cells: noise and the grid of a small photo leave hardly a trace in it.
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    cells = cv2.resize(grey, (CROP // CELL, CROP // CELL), interpolation=cv2.INTER_AREA)
    known = np.asarray(inside.reshape(*cells.shape[:1], CELL, -1, CELL).all(axis=(1, 3)))
    return Quality(
        eye_distance=float(np.linalg.norm(face.landmarks[1] - face.landmarks[0])),
        sharpness=_sharpness(cells, known),
        brightness=_brightness(cells, known),
        turn=turn(face.landmarks),
        outside=float(1.0 - inside.mean()),
    )


def remarks(quality: Quality) -> tuple[Remark, ...]:
    """What to say of a face, in the order of LIMITS; empty for an ordinary one.

    A tiny face is blurred too, because it was enlarged: then it is called tiny only.
    """
    found = []
    for limit in LIMITS:
        value = float(getattr(quality, limit.measure))
        if value < limit.value if limit.below else value > limit.value:
            found.append(Remark(limit.kind, value, limit.value))
    tiny = any(remark.kind == "tiny" for remark in found)
    return tuple(remark for remark in found if not (tiny and remark.kind == "blurred"))


def turn(landmarks: NDArray[np.float64]) -> float:
    """How far a head is turned to either side, 0..90 degrees, from its five landmarks (5, 2).

    Seen from afar, the eyes of a head turned by t are e cos t apart, and its nose, d e before the
    plane of eyes and mouth, stands d e sin t beside the line from the middle of the eyes to the
    middle of the mouth; d is NOSE_DEPTH. Distances are taken across that line, which neither a turn
    nor a nod tilts. The same five points and weak perspective as in Gee and Cipolla 1994,
    "Determining the gaze of faces in images".
    """
    left, right, nose, mouth_left, mouth_right = landmarks
    eyes, mouth = (left + right) / 2, (mouth_left + mouth_right) / 2
    down = (mouth - eyes) / max(float(np.linalg.norm(mouth - eyes)), 1e-9)
    across = np.array([down[1], -down[0]])
    beside = abs(float((nose - eyes) @ across))
    apart = max(float((right - left) @ across), 0.0)  # eyes that have changed places: a profile
    return float(np.degrees(np.arctan2(beside, NOSE_DEPTH * apart)))


def _inside(landmarks: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pixels of the aligned face (112, 112) come from within a photo (H, W, ...)."""
    linear, shift = similarity(landmarks, TEMPLATE)
    points = (_CENTRES - shift) @ np.linalg.inv(linear).T  # (112 * 112, 2) in the photo
    height, width = shape[:2]
    inside = ((points >= -0.5) & (points < [width - 0.5, height - 0.5])).all(axis=1)
    return np.asarray(inside.reshape(CROP, CROP), dtype=np.bool_)


def _sharpness(cells: NDArray[np.float32], known: NDArray[np.bool_]) -> float:
    """Energy of the Laplacian over that of the gradient, of cells (28, 28) that are `known`.

    The Laplacian's energy is a common measure of focus (Subbarao et al. 1993, "Focusing
    techniques"; LAPE in Pertuz et al. 2013). It grows with contrast, which light and skin decide;
    the ratio does not: it is the mean squared frequency of the gradient (radians a cell, squared).
    """
    # A cell at the photo's edge has a neighbour that is black.
    known = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)[FACE]
    if not known.any():
        return 0.0
    laplacian = cv2.Laplacian(cells, cv2.CV_32F)[FACE]
    right, down = cv2.Sobel(cells, cv2.CV_32F, 1, 0)[FACE], cv2.Sobel(cells, cv2.CV_32F, 0, 1)[FACE]
    gradient = float((right**2 + down**2)[known].mean()) / 64.0  # Sobel's kernel weighs 8
    return float((laplacian**2)[known].mean()) / max(gradient, 0.01)


def _brightness(cells: NDArray[np.float32], known: NDArray[np.bool_]) -> float:
    """The 95th percentile: what is lit tells more of the light, and less of the skin."""
    values = cells[FACE][known[FACE]]
    return float(np.percentile(values, 95)) if values.size else 0.0
