"""A training on film: where its images stood, frame by frame, and the file that keeps it.

playback.npz is read without unpickling; the frames are int16, so that they travel to a browser as
they are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.gallery import GalleryInvalid, read_npz, write_npz

FULL = 32767  # a coordinate of 1 as int16
PER_LENGTH = 100  # lengths are kept in hundredths
CURVES = ("accuracy", "accuracy_held", "own", "own_held", "mean", "mean_held", "gap")


@dataclass(frozen=True)
class Film:
    """F frames of one training.

    points (F, N, D) and centres (F, C, D): unit vectors times FULL, int16. lengths (F, N): of the
    embeddings before normalising, times PER_LENGTH, uint16; None for a loss whose logits do not
    know them. curves: (F,) each by the names of CURVES: shares that are right among training and
    held-out images; their mean angles to the own class centre (own) and to the own person's mean
    (mean), in radians; the smallest angle between the means of two people (gap). Means are those
    of training images.
    """

    points: NDArray[np.int16]
    centres: NDArray[np.int16]
    lengths: NDArray[np.uint16] | None
    curves: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Reel:
    """The films of one set: whom they show, after how many steps each frame is, films by run."""

    names: tuple[str, ...]
    person: NDArray[np.int64]
    held: NDArray[np.bool_]
    steps: NDArray[np.int64]
    films: dict[str, Film]


def save_playback(path: Path, reels: dict[str, Reel], trunk: str) -> None:
    """Write playback.npz: the same bytes for the same reels.

    `trunk` is the digest of the checkpoint whose embeddings the films learned from.
    """
    arrays: dict[str, NDArray[Any]] = {"sets": np.array(list(reels)), "trunk": np.array(trunk)}
    for name, shown in reels.items():
        arrays[f"{name}.runs"] = np.array(list(shown.films))
        arrays[f"{name}.names"] = np.array(shown.names)
        arrays[f"{name}.person"] = shown.person
        arrays[f"{name}.held"] = shown.held
        arrays[f"{name}.steps"] = shown.steps
        for run, one in shown.films.items():
            arrays[f"{name}.{run}.points"] = one.points
            arrays[f"{name}.{run}.centres"] = one.centres
            arrays[f"{name}.{run}.curves"] = np.stack([one.curves[curve] for curve in CURVES])
            if one.lengths is not None:
                arrays[f"{name}.{run}.lengths"] = one.lengths
    write_npz(path, arrays)


def load_playback(path: Path) -> tuple[dict[str, Reel], str]:
    """Read what save_playback wrote: reels by set, and the trunk's digest. GalleryInvalid."""
    arrays = read_npz(path)
    try:
        reels = {name: _reel(arrays, name) for name in arrays["sets"].tolist()}
        return reels, str(arrays["trunk"])
    except (KeyError, TypeError, ValueError) as error:
        raise GalleryInvalid(path=path.name, problem="lacking", detail=str(error)) from None


def _reel(arrays: dict[str, NDArray[Any]], name: str) -> Reel:
    return Reel(
        names=tuple(arrays[f"{name}.names"].tolist()),
        person=arrays[f"{name}.person"],
        held=arrays[f"{name}.held"],
        steps=arrays[f"{name}.steps"],
        films={
            run: Film(
                points=arrays[f"{name}.{run}.points"],
                centres=arrays[f"{name}.{run}.centres"],
                lengths=arrays.get(f"{name}.{run}.lengths"),
                curves=dict(zip(CURVES, arrays[f"{name}.{run}.curves"], strict=True)),
            )
            for run in arrays[f"{name}.runs"].tolist()
        },
    )
