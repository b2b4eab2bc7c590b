"""Aligned faces made worse, in steps: how far may a crop be spoilt before it is somebody else's?"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from model.faces import CROP, TEMPLATE, align, reduced
from model.images import RGB

GREY = 127  # the level of what covers a face
MIDDLE = (CROP - 1) / 2  # of a crop, in pixels


@dataclass(frozen=True)
class Degradation:
    """A row of the table: one way to spoil an aligned face.

    function: (crop uint8 (112, 112, 3), strength) -> the same shape. unit: of the strength:
    "pixels" of the crop, grey "levels" of 255, JPEG's "quality" 1..100, "share" 0..1 or "degrees".
    strengths: from the harmless end of the range to the worst. default: one of them.
    """

    function: Callable[[RGB, float], RGB]
    unit: str
    strengths: tuple[float, ...]
    default: float

    def series(self, crop: RGB) -> RGB:
        """The crop at each of the K strengths, uint8 (K, 112, 112, 3)."""
        return np.stack([self.function(crop, strength) for strength in self.strengths])


def blurred(image: RGB, sigma: float) -> RGB:
    """Under a Gaussian of `sigma` pixels, uint8 (H, W, 3) of any size."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma)) if sigma > 0 else image


def exposed(image: RGB, light: float, sigma: float = 0.0, seed: int = 0) -> RGB:
    """With a share of the light, and noise of `sigma` grey levels: uint8 (H, W, 3) of any size.

    The noise is Gaussian, of its own at each pixel and colour, the same for the same seed and size.
    """
    noise = np.random.default_rng(seed).normal(0.0, sigma, image.shape)
    return np.clip(np.round(image * light + noise), 0, 255).astype(np.uint8)


def noisy(crop: RGB, sigma: float) -> RGB:
    """With noise of `sigma` grey levels in all of the light."""
    return exposed(crop, 1.0, sigma)


def compressed(crop: RGB, quality: float) -> RGB:
    """Through JPEG and back, at a quality of 1 to 100; at 100 only the colours are coarser."""
    stream = io.BytesIO()
    Image.fromarray(crop).save(stream, "JPEG", quality=round(quality))
    return np.asarray(Image.open(stream).convert("RGB"), dtype=np.uint8)


def coarse(crop: RGB, pixels: float) -> RGB:
    """As a face of so many pixels across would be: reduced by area, then enlarged smoothly."""
    small = reduced(crop, round(pixels))
    if small is crop:
        return crop
    return np.asarray(cv2.resize(small, (CROP, CROP), interpolation=cv2.INTER_CUBIC))


def covered(crop: RGB, share: float) -> RGB:
    """With grey over a share of the height, from below, as under a mask."""
    out = crop.copy()
    out[CROP - round(share * CROP) :] = GREY
    return out


def rotated(crop: RGB, degrees: float) -> RGB:
    """Turned clockwise about its middle; what was outside the crop is black."""
    turn = np.exp(1j * np.radians(-degrees))
    points = ((TEMPLATE - MIDDLE) @ [1, 1j]) * turn
    return align(crop, np.stack([points.real, points.imag], axis=1) + MIDDLE)


def displaced(crop: RGB, pixels: float) -> RGB:
    """As if all five landmarks had been found so many pixels too far to the right."""
    return align(crop, TEMPLATE + np.array([pixels, 0.0]))


# Thirteen strengths a row, closer together where the angle grows fastest.
DEGRADATIONS = {
    "blur": Degradation(blurred, "pixels", tuple(1.0 * k for k in range(13)), 4.0),
    "noise": Degradation(noisy, "levels", tuple(20.0 * k for k in range(13)), 80.0),
    "jpeg": Degradation(
        compressed, "quality", (100, 90, 75, 60, 50, 40, 30, 20, 15, 10, 5, 2, 1), 10
    ),
    "resolution": Degradation(
        coarse, "pixels", (112, 64, 48, 32, 28, 24, 20, 16, 14, 12, 10, 8, 6), 16
    ),
    "darkness": Degradation(
        exposed, "share", (1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01), 0.2
    ),
    "occlusion": Degradation(
        covered, "share", (0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9), 0.4
    ),
    "rotation": Degradation(
        rotated, "degrees", (0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 90, 135, 180), 20
    ),
    "displaced": Degradation(displaced, "pixels", tuple(4.0 * k for k in range(13)), 12.0),
}
