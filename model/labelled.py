"""Labelled embeddings: the gallery's people, or anybody's own data from an .npz or CSV file."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from model.errors import MarginScopeError
from model.gallery import Gallery
from model.recognizer import Embedding

MOST_ROWS, MOST_COLUMNS = 20_000, 1_024
MOST_LETTERS = 256  # of a label
MOST_IN_LINE = 2**17  # letters of a CSV's line, over 100 a number
MAX_BYTES = 90 * 1024 * 1024  # 20,000 x 1,024 as float32, and their labels


class EmbeddingsTooLarge(MarginScopeError):
    """More than MAX_BYTES, MOST_ROWS or MOST_COLUMNS."""

    sentence = (
        "The file holds {rows} x {columns} numbers ({megabytes} MB); at most {most_rows} rows, "
        "{most_columns} columns and {most_megabytes} MB are read: take a part of it."
    )


class EmbeddingsUnreadable(MarginScopeError):
    """Neither an .npz nor a CSV file as we read them."""

    sentence = (
        "This is no .npz with the arrays `embeddings` (N, E) and `labels` (N,), and no CSV whose "
        "first column is the label and whose other columns are numbers: {problem}."
    )
    problems: ClassVar[Mapping[str, str]] = {
        "long_label": "a label has more than {most} letters",
        "long_line": "a line has more than {most:,} letters, which {columns:,} numbers do not need",
    }


class TooFewLabelled(MarginScopeError):
    """Not two people with two images each."""

    sentence = (
        "Of {people} people {usable} have two images or more; at least two are needed, better "
        "eight with ten images each."
    )


@dataclass(frozen=True)
class Labelled:
    """N embeddings of C people: unit features (N, E), person (N,) 0..C-1, names (C,).

    Each person has two images or more; people stand by how many, most first.
    """

    features: Embedding
    person: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def images(self) -> NDArray[np.int64]:
        """How many each person has, (C,)."""
        return np.bincount(self.person, minlength=len(self.names))


def labelled(features: NDArray[np.floating], labels: NDArray[np.str_]) -> Labelled:
    """Rows (N, E) and their labels (N,) -> Labelled; people with one image are left out.

    Each row is divided by its length: an embedding is a direction. TooFewLabelled.
    """
    names, person, counts = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= 2]
    if len(order) < 2:
        raise TooFewLabelled(people=len(names), usable=len(order))
    number = np.full(len(names), -1)
    number[order] = np.arange(len(order))
    rows = np.flatnonzero(number[person] >= 0)
    wide = np.asarray(features[rows], dtype=np.float32)
    length = np.linalg.norm(wide.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(length).all() or (length == 0).any():
        raise EmbeddingsUnreadable(problem="a row is zero or holds what is no number")
    unit = np.asarray(wide / length, dtype=np.float32)
    return Labelled(unit, number[person][rows].astype(np.int64), tuple(names[order].tolist()))


def unseen_people(gallery: Gallery, model: str) -> Labelled:
    """The gallery's people whom no model was trained on, as `model` embeds them."""
    unseen = ~gallery.seen
    return labelled(gallery.embeddings[model][unseen], gallery.folders[unseen])


def read_embeddings(data: bytes) -> Labelled:
    """An .npz (read without unpickling) or a CSV file -> Labelled.

    EmbeddingsTooLarge, EmbeddingsUnreadable or TooFewLabelled says the cure.
    """
    if len(data) > MAX_BYTES:
        raise _too_large(0, 0, len(data))
    features, labels = _npz(data) if data[:2] == b"PK" else _csv(data)
    return labelled(features, labels)


def _npz(data: bytes) -> tuple[NDArray[np.floating], NDArray[np.str_]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > 2 * MAX_BYTES:  # float64 takes twice as much as float32
            raise _too_large(0, 0, unpacked)
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            features, labels = stored["embeddings"], stored["labels"]
            _hold(features, labels, len(data))
            return features, labels.astype(np.str_)
    except (EmbeddingsTooLarge, EmbeddingsUnreadable):
        raise
    except KeyError as error:
        raise EmbeddingsUnreadable(problem=f"{error.args[0]}") from None
    except Exception as error:  # zlib, struct, codecs: a damaged archive ends in many ways
        raise EmbeddingsUnreadable(problem=f"{error}") from None


def _hold(features: NDArray[Any], labels: NDArray[Any], size: int) -> None:
    """Raise unless arrays of a file of `size` bytes fit one another and the limits."""
    if features.ndim != 2 or labels.shape != features.shape[:1] or features.dtype.kind not in "fiu":
        problem = f"embeddings {features.shape}, labels {labels.shape}"
        raise EmbeddingsUnreadable(problem=problem)
    if features.shape[0] > MOST_ROWS or features.shape[1] > MOST_COLUMNS:
        raise _too_large(features.shape[0], features.shape[1], size)
    if labels.dtype.itemsize > MOST_LETTERS * (4 if labels.dtype.kind == "U" else 1):
        raise EmbeddingsUnreadable(problem="long_label", most=MOST_LETTERS)


def _csv(data: bytes) -> tuple[NDArray[np.floating], NDArray[np.str_]]:
    labels: list[str] = []
    features: list[NDArray[np.float32]] = []
    try:
        for i, row in enumerate(_rows(data)):
            if i == 0 and len(row) > 1 and not _number(row[1]):
                continue  # a head
            if len(features) == MOST_ROWS or len(row) > MOST_COLUMNS + 1:
                heads = i - len(features)
                lines = data.count(b"\n") + (data[-1:] != b"\n")
                raise _too_large(lines - heads, len(row) - 1, len(data))
            if len(row[0]) > MOST_LETTERS:
                raise EmbeddingsUnreadable(problem="long_label", most=MOST_LETTERS)
            labels.append(row[0])
            features.append(np.array(row[1:], dtype=np.float32))
        if not features or features[0].size == 0:
            raise EmbeddingsUnreadable(problem=f"{len(features)} rows")
        return np.stack(features), np.array(labels)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise EmbeddingsUnreadable(problem=f"{error}") from None


def _rows(data: bytes) -> Iterator[list[str]]:
    """The rows of a CSV but empty ones, a line at a time, so that no more is in memory."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    while line := lines.readline(MOST_IN_LINE):
        if len(line) == MOST_IN_LINE:
            raise EmbeddingsUnreadable(problem="long_line", most=MOST_IN_LINE, columns=MOST_COLUMNS)
        yield from filter(None, csv.reader([line]))


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _too_large(rows: int, columns: int, size: int) -> EmbeddingsTooLarge:
    return EmbeddingsTooLarge(
        rows=f"{rows:,}", columns=f"{columns:,}", megabytes=round(size / 2**20),
        most_rows=f"{MOST_ROWS:,}", most_columns=f"{MOST_COLUMNS:,}",
        most_megabytes=MAX_BYTES // 2**20,
    )  # fmt: skip
