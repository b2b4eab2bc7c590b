"""View 2 of LFW: ten sets of people and pairs, each scored by a network that knows none of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from model.data import (
    ALWAYS_TRAIN,
    Collection,
    Pair,
    name_hash,
    read_pairs,
)
from model.errors import MarginScopeError

FOLDS = 10  # at least two people a fold, one of them with two photos, for both kinds of pair
PAIRS = "pairs.txt"
TENTH = 10  # one in so many of the people who are left sets the threshold


class FoldsInvalid(MarginScopeError):
    """pairs.txt is not LFW's View 2."""

    sentence = "{path} is not LFW's View 2, {problem}. Take the file that comes with LFW."


class TooFewForFolds(MarginScopeError):
    """A folder of which ten sets would not all have both kinds of pair."""

    sentence = (
        "{root} has {people} people, {usable} of them with two photos or more. Ten folds need "
        "{needed} people, {folds} of them with two photos or more: add people or photos, one "
        "sub-folder a person."
    )


def read_folds(home: Path) -> list[list[Pair]]:
    """The pairs of each of the ten sets, 600 in LFW; no person is in two of them. FoldsInvalid."""
    path = home / PAIRS
    try:
        pairs = read_pairs(path)
    except OSError as error:
        raise FoldsInvalid(path=path, problem=error.strerror) from None
    if not pairs or len(pairs) % FOLDS:
        raise FoldsInvalid(path=path, problem=f"its {len(pairs)} pairs are not ten sets of as many")
    size = len(pairs) // FOLDS
    sets = [pairs[size * i : size * (i + 1)] for i in range(FOLDS)]
    of_fold = [people_of(some) for some in sets]
    if sum(map(len, of_fold)) != len(set().union(*of_fold)):
        raise FoldsInvalid(path=path, problem="a person is in two of its sets")
    return sets


def people_of(pairs: list[Pair]) -> set[str]:
    """Who is in these pairs."""
    return {name for pair in pairs for name, _ in pair}


def people_by_hash(collection: Collection) -> list[set[str]]:
    """Ten sets of a folder's people, of as many each, by the order of their names' hashes.

    Those with two photos or more, who have genuine pairs, are dealt out first. TooFewForFolds.
    """
    counts = np.bincount(collection.person, minlength=len(collection.people))
    photos = dict(zip(collection.people, counts, strict=True))
    usable = int((counts > 1).sum())
    if len(photos) < 2 * FOLDS or usable < FOLDS:
        raise TooFewForFolds(
            root=collection.root, people=len(photos), usable=usable, needed=2 * FOLDS, folds=FOLDS
        )
    ordered = sorted(photos, key=lambda name: (photos[name] < 2, name_hash(name)))
    return [set(ordered[i::FOLDS]) for i in range(FOLDS)]


def fold_parts(collection: Collection, test: set[str]) -> Collection:
    """The same photos with the parts of one fold.

    The people of `test` are 'test'. Of all the others every tenth, by the hash of the name, is
    'validation', which sets the threshold, but never one of the eight of them with most images;
    the rest train.
    """
    counts = np.bincount(collection.person, minlength=len(collection.people))
    others = [i for i, name in enumerate(collection.people) if name not in test]
    most = set(sorted(others, key=lambda i: (-counts[i], collection.people[i]))[:ALWAYS_TRAIN])

    def part(i: int, name: str) -> str:
        if name in test:
            return "test"
        return "validation" if name_hash(name) % TENTH == 0 and i not in most else "train"

    return replace(collection, parts=tuple(part(i, n) for i, n in enumerate(collection.people)))
