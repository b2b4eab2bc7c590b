"""people_by_hash(): ten sets of anybody's people, each with pairs of both kinds."""

from pathlib import Path

import numpy as np
import pytest

from model.data import Collection
from model.folds import FOLDS, TooFewForFolds, people_by_hash


def people(*counts: int) -> Collection:
    """As many photos of each person."""
    names = tuple(f"Person_{i:02d}" for i in range(len(counts)))
    person = np.repeat(np.arange(len(counts)), counts)
    photos = tuple(Path(names[j]) / f"{i}.png" for i, j in enumerate(person))
    return Collection(Path("people"), names, ("train",) * len(names), photos, person)


@pytest.mark.parametrize("usable", [10, 15, 27])
def test_each_fold_has_both_kinds_of_pair(usable: int):
    counts = np.random.default_rng(usable).permutation([3] * usable + [1] * (30 - usable))
    folds = people_by_hash(people(*counts))
    photos = dict(zip(people(*counts).people, counts, strict=True))
    assert sorted(name for fold in folds for name in fold) == sorted(photos)
    two = [sum(photos[name] > 1 for name in fold) for fold in folds]
    assert min(two) >= 1
    assert max(two) - min(two) <= 1
    assert {len(fold) for fold in folds} == {30 // FOLDS}


@pytest.mark.parametrize(
    ("counts", "told"),
    [([2] * 9 + [1] * 40, "49 people, 9 of them with two"), ([2] * 19, "19 people, 19 of them")],
)
def test_people_of_whom_a_fold_would_have_no_such_pairs_are_refused(counts, told):
    with pytest.raises(TooFewForFolds, match=rf"{told}.*need 20 people, 10 of them"):
        people_by_hash(people(*counts))
