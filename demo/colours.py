"""Hue is the loss, everywhere (Okabe and Ito's colours, told apart by colour-blind eyes).

Points of people have colours of their own, each person the same on every figure.
"""

import colorcet
import numpy as np
from numpy.typing import NDArray

LOSS = {
    "softmax": "#E69F00",
    "norm-softmax": "#009E73",
    "arcface": "#0072B2",
    "sphereface": "#CC79A7",
    "cosface": "#56B4E9",
}
OTHER = "#737A84"  # networks that are not ours: dlib's, or an ONNX file's
# Greys that stand on white and on near-black alike, so a figure needs not know the theme.
LINE = "rgba(128, 132, 140, 0.55)"
FAINT = "rgba(128, 132, 140, 0.25)"
# Two ends that colour-blind eyes and grey paper tell apart, and no loss has for a hue.
CARRIES, HINDERS = "#8A1C9C", "#F0E442"
INK = "#747A84"  # 4.3 : 1 on white and on #0e1117; no grey has more on both


def colour_of(recognizer: str) -> str:
    """The hue of a recogniser's loss; grey for one that is not ours."""
    return LOSS.get(recognizer, OTHER)


def luminance(colour: str) -> float:
    """Of '#RRGGBB', 0 (black) to 1 (white), as WCAG 2 defines it."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# Glasbey's colours without those that a white or a near-black page swallows.
PEOPLE = [c for c in colorcet.b_glasbey_category10 if 0.06 < luminance(c) < 0.5]


def of_people(images: NDArray[np.int64]) -> list[str]:
    """A colour for each of C people, the plainest for those with most `images` (C,)."""
    order = np.argsort(-images, kind="stable")
    colours = np.empty(len(images), dtype=object)
    colours[order] = np.resize(PEOPLE, len(order))
    found: list[str] = colours.tolist()
    return found


def translucent(colour: str, alpha: float) -> str:
    """'#RRGGBB' -> 'rgba(r, g, b, alpha)'."""
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r}, {g}, {b}, {alpha})"
