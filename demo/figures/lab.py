"""What the lab's component draws: two trainings while they run, only the frames that are new.

Nothing is projected: the embedding has three dimensions, and all angles are true.
"""

import base64
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.colours import colour_of
from demo.figures.playback import SHARES
from demo.language import Text
from model.lab import Frame, Lab, Setting
from model.playback import Cast

# The panels along the time line: their name, their curves (learned first), the unit they are in
CHARTS = (
    ("loss", ("loss",), ""),
    ("accuracy", SHARES, " %"),
    ("mean", ("mean", "mean_held"), "°"),
    ("gap", ("gap",), "°"),
)
WIDEST = {"accuracy": 100, "mean": 90}  # of two people the gap reaches 180°, so it has none


def loss_of(setting: Setting) -> str:
    """Which row of the table of losses a setting is most like, whose colour it has."""
    margin = setting.margin
    if margin.add_angle > 0:
        return "arcface"
    if margin.add_cosine > 0:
        return "cosface"
    return "sphereface" if margin.multiply > 1 else "norm-softmax"


def formula(setting: Setting) -> str:
    """'m₂ = 0.5, s = 32', only what differs from no margin."""
    margin = setting.margin
    parts = [("m₁", margin.multiply, 1.0), ("m₂", margin.add_angle, 0.0),
             ("m₃", margin.add_cosine, 0.0)]  # fmt: skip
    told = [f"{name} = {value:g}" for name, value, none in parts if value != none] or ["m = 0"]
    return ", ".join([*told, f"s = {setting.scale:g}"])


def lab_data(
    lab: Lab, name: str, sent: int, titles: tuple[str, str], colours: list[str], words: Text
) -> dict[str, Any]:
    """The component's data: the frames from number `sent` on, and all that does not change.

    name: of this run, another one for each. titles: of both sides. colours: of the people.
    """
    frames = lab.frames[sent:]
    return {
        "run": name,
        "from": sent,
        "steps": [frame.step for frame in frames],
        "last": lab.trainings[0].last_step,
        "span": math.ceil(lab.trainings[0].last_step / lab.every),
        "cast": _cast(lab.casts, colours),
        "films": [
            _side(frames, side, title, colour_of(loss_of(setting)))
            for side, (title, setting) in enumerate(zip(titles, lab.settings, strict=True))
        ],
        "charts": [
            {"title": words(f"lab.chart_{chart}"), "curves": list(curves), "unit": unit,
             "top": WIDEST.get(chart)}
            for chart, curves, unit in CHARTS
        ],
    }  # fmt: skip


def _cast(casts: tuple[Cast, ...], colours: list[str]) -> dict[str, Any]:
    return {
        "person": _text(casts[0].person.astype(np.uint8)),
        "held": [_text(cast.held.astype(np.uint8)) for cast in casts],
        "names": [name.replace("_", " ") for name in casts[0].names],
        "colours": colours,
        "dimension": 3,
    }


def _side(frames: list[Frame], side: int, title: str, colour: str) -> dict[str, Any]:
    shots = [frame.shots[side] for frame in frames]
    curves = {curve for _, names, _ in CHARTS for curve in names}
    return {
        "title": title,
        "colour": colour,
        "points": _text(np.array([shot.points for shot in shots])),
        "centres": _text(np.array([shot.centres for shot in shots])),
        "curves": {curve: [told(curve, shot.curves[curve]) for shot in shots] for curve in curves},
        "margins": [
            [shot.margin.multiply, shot.margin.add_angle, shot.margin.add_cosine] for shot in shots
        ],
    }


def told(curve: str, value: float) -> float | None:
    """A value as it is shown: per cent, degrees or as it is; None where there is none."""
    if not np.isfinite(value):
        return None
    shown = 100 * value if curve in SHARES else value if curve == "loss" else np.degrees(value)
    return round(float(shown), 2)


def _text(numbers: NDArray[Any]) -> str:
    """Numbers as base64, little-endian."""
    return base64.b64encode(numbers.tobytes()).decode()
