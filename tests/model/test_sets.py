"""model/sets.py: what is too few, and of whom; an error over people only where there is one."""

import numpy as np
import pytest
import torch

from model.aligned import Faces
from model.data import PartTooSmall, pairs_of_people
from model.recipe import TrainConfig
from model.sets import (
    TooFewImages,
    TooFewTrained,
    ValidationSet,
    measures,
    training_set,
    validation_set,
)

CONFIG = TrainConfig(input_size=16, width=4, dimension=8, batch_size=8)


def faces(*parts: tuple[str, int]) -> Faces:
    """A person an entry: in which part, and with how many photos."""
    counts = [count for _, count in parts]
    person = np.repeat(np.arange(len(parts)), counts)
    return Faces(
        crops=np.zeros((len(person), 112, 112, 3), np.uint8), person=person,
        part=np.array([part for part, _ in parts])[person], image=np.array(["x"] * len(person)),
        names=tuple("ABCDEF"[: len(parts)]), unreadable=(), faceless=(), shared=(),
    )  # fmt: skip


def test_too_few_are_told_with_a_cure_that_whoever_reads_it_has(tmp_path):
    few = faces(("train", 3), ("train", 2))
    with pytest.raises(TooFewImages, match=r"add photos, or lower train\.py's --batch-size"):
        training_set(few, CONFIG)
    with pytest.raises(TooFewTrained, match=r"add photos, or lower train\.py's --min-images"):
        training_set(faces(("train", 9), ("train", 1)), CONFIG)


@pytest.mark.parametrize(("photos", "usable"), [((3,), 1), ((1, 1), 0)])
def test_of_a_part_without_both_kinds_of_pair_its_own_people_are_told(tmp_path, photos, usable):
    held = [("validation", count) for count in photos]
    told = rf"in {tmp_path} {len(photos)} with .* in the validation part, {usable} of them with two"
    with pytest.raises(PartTooSmall, match=told):
        validation_set(faces(("train", 5), ("train", 5), *held), CONFIG, tmp_path)


@pytest.mark.parametrize("people", [2, 3, 6])
def test_of_two_people_there_is_no_error_over_people(people):
    person = np.repeat(np.arange(people), 4)
    pairs = pairs_of_people(person)
    cosine = np.random.default_rng(0).normal(size=len(pairs.same)) + 0.5 * pairs.same
    found = measures(cosine, ValidationSet(torch.zeros(len(person), 1), person, pairs))
    for measure in ("accuracy", "auc"):
        assert ("standard_error" in found[measure]) == (people > 2)
        assert found[measure].get("standard_error", 1.0) > 0
