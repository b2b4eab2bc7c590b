"""Whose faces a protocol scores, and which pairs of them: LFW's View 1, or a folder of people."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.results import bar
from model.aligned import Faces, load_faces
from model.data import (
    GENUINE_PAIRS_PER_PERSON,
    PARTS,
    TEST_PAIRS,
    Pairs,
    PartTooSmall,
    TooFewPeople,
    lfw_home,
    pairs_of_people,
    read_folder,
    read_lfw,
    read_pairs,
)
from model.errors import MarginScopeError
from model.verification import Values, listed_draws, people_draws


@dataclass(frozen=True)
class Scored:
    """Aligned faces uint8 (N, 112, 112, 3), whom each shows (N,), and the pairs that are told.

    listed: the pairs are a list in which people seldom recur, not everybody's with everybody.
    """

    crops: NDArray[np.uint8]
    person: NDArray[np.int64]
    pairs: Pairs
    listed: bool

    def people(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Whom each pair shows, left (P,) and right (P,)."""
        return self.person[self.pairs.left], self.person[self.pairs.right]

    def all_pairs(self, images: NDArray[np.int64]) -> "Scored":
        """The same faces with every pair of some of them, named by index."""
        left, right = (images[side] for side in np.triu_indices(len(images), k=1))
        pairs = Pairs(left, right, self.person[left] == self.person[right])
        return Scored(self.crops, self.person, pairs, listed=False)

    def drawn_from(self) -> int:
        """Of how many people the draws are: of a list, of those with a genuine pair."""
        left, right = self.people()
        return len(np.unique(left[self.pairs.same] if self.listed else np.append(left, right)))

    def draws(self, count: int) -> Iterator[Values]:
        """Weights (P,) of the pairs in each of `count` draws, for the errors over people."""
        left, right = self.people()
        if self.listed:
            return listed_draws(self.pairs.same, left, count)
        return people_draws(left, right, count)

    def by_people(self) -> Values:
        """Weights (P,) by which nobody with many photos is the statistic.

        Of all pairs of some images: a person's genuine ones weigh together as ten at most, the
        impostor ones of two people together as one, as many as pairs_of_people() would draw.
        """
        left, right = self.people()
        used = np.zeros(len(self.person), dtype=bool)
        used[self.pairs.left] = used[self.pairs.right] = True
        photos = np.bincount(self.person[used]).astype(np.float64)
        own = np.maximum(photos * (photos - 1) / 2, GENUINE_PAIRS_PER_PERSON)
        impostor = 1 / (photos[left] * photos[right])
        return np.where(self.pairs.same, GENUINE_PAIRS_PER_PERSON / own[left], impostor)


class TestFaceMissing(MarginScopeError):
    """A test photo in which no face was found."""

    sentence = "No face was found in the test photos {photos}: is this the original LFW, 250 x 250?"


class PairsInvalid(MarginScopeError):
    """A list of pairs that does not fit the folder of photos."""

    sentence = (
        "{path}, line {line}: {problem}. It wants a CSV with the columns left and right, each a "
        "photo with a face as PERSON/FILE inside the folder that --images names."
    )


class FolderChanged(MarginScopeError):
    """A folder that is not the one on which a checkpoint was trained, or no longer."""

    sentence = (
        "{checkpoint} was trained on a folder with {then}, and {root} has {now}: whom it held out "
        "cannot be told. Train again on this folder, or leave out --checkpoints."
    )


class PairsWithoutFolder(MarginScopeError):
    """--pairs without --images."""

    sentence = (
        "{path} lists photos inside the folder that --images names: name that folder, or leave "
        "out --pairs, for LFW has its own list."
    )


def view1_pairs(faces: Faces, home: Path) -> Scored:
    """View 1's test, of LFW's faces: all of its 963 people, and its 1,000 pairs."""
    test = faces.indices("test")
    index = {str(name): i for i, name in enumerate(faces.image[test])}
    listed = read_pairs(home / TEST_PAIRS)
    named = [[f"{name}_{number:04d}" for name, number in pair] for pair in listed]
    missing = {image for pair in named for image in pair} - set(index)
    if missing:
        raise TestFaceMissing(photos=", ".join(sorted(missing)))
    left, right = np.array([[index[image] for image in pair] for pair in named]).T
    same = np.array([a[0] == b[0] for a, b in listed])
    return Scored(faces.crops[test], faces.person[test], Pairs(left, right, same), listed=True)


def folder_pairs(
    root: Path, listed: Path | None, trained: Mapping[str, Mapping[str, Any]] | None = None
) -> Scored:
    """The people of a folder and the pairs listed, or drawn as usual.

    trained: the split on the card of each checkpoint that was trained on the folder, by its file's
    name; then its test people alone are scored, and FolderChanged where they may be others.
    TooFewPeople or PartTooSmall where there are no two kinds of pair, PairsInvalid where the list
    does not fit.
    """
    faces = load_faces(read_folder(root), bar("aligning faces"))
    for checkpoint, split in (trained or {}).items():
        then, now = counted(split), counted(faces.split())
        if then != now:
            raise FolderChanged(checkpoint=checkpoint, root=root, then=then, now=now)
    chosen = faces.indices("test") if trained else np.arange(len(faces.person))
    person = faces.person[chosen]
    pairs = read_list(listed, faces, chosen) if listed else pairs_of_people(person)
    if pairs.same.all() or not pairs.same.any():
        if trained:
            raise PartTooSmall.of(root, "test", person)
        _, photos = np.unique(person, return_counts=True)
        usable = int((photos > 1).sum())
        raise TooFewPeople(root=root, people=len(photos), usable=usable, needed=2)
    return Scored(faces.crops[chosen], person, pairs, listed=listed is not None)


def counted(split: Mapping[str, Any]) -> str:
    """A split in words: '5 people with 18 usable photos in train, ...'."""
    return ", ".join(
        f"{split[part]['people']} people with {split[part]['images']} usable photos in {part}"
        for part in PARTS
    )


def own_people(root: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All people of a folder: aligned faces (N, 112, 112, 3) and whom each shows (N,)."""
    faces = load_faces(read_folder(root), bar("aligning faces"))
    return faces.crops, faces.person


def read_list(path: Path, faces: Faces, chosen: NDArray[np.int64]) -> Pairs:
    """The pairs of a CSV by index into `chosen`; genuine where both folders are the same."""

    def invalid(problem: str, line: int = 1) -> PairsInvalid:
        return PairsInvalid(path=path, line=line, problem=problem)

    index: dict[str, list[int]] = {}  # a.jpg and a.png of one person are both their "a"
    for i, j in enumerate(chosen):
        index.setdefault(f"{faces.names[faces.person[j]]}/{faces.image[j]}", []).append(i)
    found: list[list[int]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            columns = reader.fieldnames or ()
            if not set(SIDES) <= set(columns):
                raise invalid(f"its columns are {', '.join(map(repr, columns)) or 'none'}")
            for row in reader:
                pair, problem = pair_of(row, index)
                if problem:
                    raise invalid(problem, reader.line_num)
                found.append(pair)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise invalid(f"it cannot be read ({error})") from None
    if not found:
        raise invalid("it lists no pair")
    left, right = np.array(found).T
    person = faces.person[chosen]
    same = person[left] == person[right]
    if same.all() or not same.any():
        kind, other = ("one person", "two people") if same.all() else ("two people", "one person")
        raise invalid(f"all its pairs are of {kind}, and pairs of {other} are needed as well")
    return Pairs(left, right, same)


def pair_of(row: Mapping[str, str | None], index: Mapping[str, list[int]]) -> tuple[list[int], str]:
    """A row's two photos by what `index` says of PERSON/FILE; or what is wrong with it."""
    pair = []
    for side in SIDES:
        cell = Path(row[side] or "")
        name = str(cell.with_suffix("")) if cell.name else ""
        places = index.get(name, [])
        if not name:
            return [], f"its {side} names no photo"
        if not places:
            return [], f"no face of {name!r} is scored"
        if len(places) > 1:
            return [], f"{name!r} is {len(places)} photos that differ in their endings: rename one"
        pair += places
    return pair, "it pairs a photo with itself" if pair[0] == pair[1] else ""


SIDES = ("left", "right")


def lfw_test(data_home: Path | None) -> Scored:
    """View 1's test in LFW, wherever it lies."""
    home = lfw_home(data_home, download=True)
    return view1_pairs(load_faces(read_lfw(home), bar("aligning faces")), home)
