"""A list of pairs -> one answer each, every photo read once, faces embedded in batches."""

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from demo.language import Text
from demo.service import EVEN, Belief, CompareService, Photo, answer
from model.errors import MarginScopeError

Progress = Callable[[Iterable[Path], int], Iterable[Path]]  # such as a tqdm bar


class PhotoMissing(MarginScopeError):
    """A photo cannot be opened."""

    sentence = "{path} cannot be opened ({problem}): check the path."


class PairsUnreadable(MarginScopeError):
    """A list of pairs that is not one."""

    sentence = "{path} is not a list of pairs ({problem}): a CSV file with columns left and right."


def read_bytes(path: Path) -> bytes:
    """A file's bytes; PhotoMissing where it cannot be opened."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise PhotoMissing(path=path, problem=getattr(error, "strerror", error)) from None


def read_rows(path: Path) -> list[tuple[Path, Path]]:
    """The columns left and right of a CSV file; PairsUnreadable says what is wrong with it."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PairsUnreadable(path=path, problem=error) from None
    if not rows:
        raise PairsUnreadable(path=path, problem="it has no rows")
    if not {"left", "right"} <= set(rows[0]):
        raise PairsUnreadable(path=path, problem=f"its columns are {', '.join(map(str, rows[0]))}")
    return [(Path(row["left"] or ""), Path(row["right"] or "")) for row in rows]


def compare_pairs(
    service: CompareService,
    rows: list[tuple[Path, Path]],
    words: Text,
    progress: Progress,
    belief: Belief = EVEN,
) -> Iterator[dict[str, Any]]:
    """One JSON object a row, in order: that of Comparison.to_json, or {"error": {...}}.

    An error has its code, its sentence in the language of `words`, and the side that it concerns.
    """
    paths = list(dict.fromkeys(path for row in rows for path in row))
    photos = {path: _photo(service, path) for path in progress(paths, len(paths))}
    good = {path: photo for path, photo in photos.items() if isinstance(photo, tuple)}
    place = {path: i for i, path in enumerate(good)}
    embeddings = {}
    if good:
        crops = np.stack([crop for crop, _ in good.values()])
        embeddings = {r.name: r.embed(crops) for r in service.recognizers}
    for left, right in rows:
        bad = next((side for side, path in (("left", left), ("right", right))
                    if path not in good), None)  # fmt: skip
        if bad is not None:
            error = photos[left if bad == "left" else right]
            assert isinstance(error, MarginScopeError)
            if "photo" in error.fields:
                error = error.bare(photo=bad)
            yield {"error": {"code": error.code, "sentence": words.error(error), "photo": bad}}
            continue
        found = {
            r.name: answer(r.calibration, embeddings[r.name][[place[left], place[right]]], belief)
            for r in service.recognizers
        }
        yield {
            "left": good[left][1],
            "right": good[right][1],
            "prior": belief.prior,
            "limit": belief.limit,
            "models": {name: one.to_json() for name, one in found.items()},
        }


def _photo(
    service: CompareService, path: Path
) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], dict[str, Any]] | MarginScopeError:
    """A photo's aligned face and what is told of it; of thousands no more is kept."""
    try:
        photo: Photo = service.read(read_bytes(path), "left")
    except MarginScopeError as error:
        return error.bare()
    return photo.crop, photo.to_json()
