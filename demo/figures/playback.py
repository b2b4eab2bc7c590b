"""What two trainings on film are drawn from, and their curves as CSV.

Nothing is projected: the embeddings have two or three dimensions, and all angles are true. A sphere
is seen from afar (orthographic), so an angle looks foreshortened towards the rim.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from demo.colours import OTHER, colour_of
from demo.figures.numbers import to_csv
from demo.figures.people import shown_name
from demo.language import Text
from model.film import CURVES, PER_LENGTH, Film, Reel
from model.playback import SETS

SHARES = ("accuracy", "accuracy_held")
# The panels along the time line: their name, their curves (training first), the unit they are in
CHARTS = (
    ("accuracy", SHARES, " %"),
    ("own", ("own", "own_held"), "°"),
    ("gap", ("gap",), "°"),
)


def loss_of(run: str) -> str:
    """'arcface-0.3' -> 'arcface', whose colour it has; the other runs are called as their loss."""
    return "arcface" if run.startswith("arcface-") else run


def run_name(run: str, words: Text) -> str:
    """What a run is called on the screen."""
    if run.startswith("arcface-"):
        return words("playback.arcface", m=run.removeprefix("arcface-"))
    return words("playback.control") if run == "norm-softmax" else words.loss(run)


def told(curve: str, film: Film) -> list[float]:
    """A curve as it is shown: per cent or degrees, to a hundredth."""
    values = film.curves[curve]
    shown = 100 * values if curve in SHARES else np.degrees(values)
    return [round(float(value), 2) for value in shown]


def playback_data(
    name: str, reel: Reel, runs: tuple[str, str], colours: dict[str, str], words: Text
) -> dict[str, Any]:
    """The component's data: two runs of the set `name`; `colours` by the folder of a person."""
    films = [reel.films[run] for run in runs]
    shown = [
        {
            "title": run_name(run, words),
            "colour": colour_of(loss_of(run)),
            "points": _text(film.points.tobytes()),
            "centres": _text(film.centres.tobytes()),
            "lengths": None if film.lengths is None else _text(film.lengths.tobytes()),
            "curves": {curve: told(curve, film) for curve in CURVES},
        }
        for run, film in zip(runs, films, strict=True)
    ]
    digest = hashlib.sha256(b"".join(film.points.tobytes() for film in films)).hexdigest()[:16]
    return {
        "id": f"{name}-{digest}",
        "name": "-".join((name, *runs)),
        "cast": {
            "person": _text(reel.person.astype(np.uint8).tobytes()),
            "held": _text(reel.held.astype(np.uint8).tobytes()),
            "names": [shown_name(folder) for folder in reel.names],
            "colours": [colours.get(folder, OTHER) for folder in reel.names],
            "dimension": films[0].points.shape[2],
        },
        "films": shown,
        "steps": reel.steps.tolist(),
        "charts": [
            {
                "title": words(f"playback.chart_{chart}"),
                "curves": list(curves),
                "unit": unit,
                "top": _top([told(curve, film) for curve in curves for film in films], unit),
            }
            for chart, curves, unit in CHARTS
        ],
    }


def kept(name: str, reel: Reel, words: Text) -> list[str]:
    """What this picture of the set `name` keeps and loses, and how small the trainings are."""
    warm_up = SETS[name].warm_up
    held = int(reel.held.sum())
    return [
        words("playback.keeps_circle", warm_up=warm_up)
        if warm_up
        else words("playback.keeps_sphere"),
        words(
            "playback.small", people=len(reel.names), learned=len(reel.held) - held, held=held,
            steps=int(reel.steps[-1]),
        ),
    ]  # fmt: skip


def player_words(data: dict[str, Any], sentences: list[str], words: Text) -> dict[str, Any]:
    """What the component says itself."""
    left, right = (film["title"] for film in data["films"])
    keys = ("play", "pause", "step", "scrub", "speed", "long", "rim", "held", "learned", "own")
    return {
        **{key: words(f"playback.{key}") for key in keys},
        "save": words("playback.save_png"),
        "legend": [words("playback.legend_sphere"), words("playback.legend_circle")],
        "alt": words("playback.alt", left=left, right=right),
        "caption": [*sentences, words("picture.notice")],
    }


def curves_csv(reel: Reel, words: Text) -> str:
    """Every run's curves: per cent and degrees, one row a frame; lengths as means over images."""
    units = ["percent" if curve in SHARES else "degrees" for curve in CURVES]
    named = [f"{curve}_{unit}" for curve, unit in zip(CURVES, units, strict=True)]
    rows: list[Sequence[object]] = []
    for run, film in reel.films.items():
        lengths = [""] * len(reel.steps)
        if film.lengths is not None:
            lengths = [f"{value / PER_LENGTH:.2f}" for value in film.lengths.mean(axis=1)]
        columns = [told(curve, film) for curve in CURVES]
        for row in zip(reel.steps.tolist(), *columns, lengths, strict=True):
            rows.append([run, run_name(run, words), *row])
    return to_csv(["run", "name", "step", *named, "mean_length"], rows)


def _top(curves: list[list[float]], unit: str) -> int:
    """Where an axis ends: 100 %, or the next multiple of 20 degrees above every curve."""
    if unit != "°":
        return 100
    return max(20, 20 * int(np.ceil(max(max(curve) for curve in curves) / 20)))


def _text(numbers: bytes) -> str:
    """Numbers as base64, little-endian."""
    return base64.b64encode(numbers).decode()
