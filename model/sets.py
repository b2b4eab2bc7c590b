"""Faces -> what a training learns from and what it is validated on."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.aligned import Faces
from model.backbone import embed, to_input
from model.data import Pairs, PartTooSmall, pairs_of_people
from model.errors import MarginScopeError
from model.recipe import TrainConfig
from model.verification import (
    FEWEST_PEOPLE,
    Values,
    auc,
    balanced_accuracy,
    best_threshold,
    bootstrap_over_people,
    equal_error_rate,
    pair_cosines,
)


class TooFewImages(MarginScopeError):
    """The training images do not fill one batch."""

    sentence = (
        "{images} training images do not fill a batch of {batch_size}: add photos, or lower "
        "train.py's --batch-size."
    )


class TooFewTrained(MarginScopeError):
    """Fewer than two people have enough images to be trained on."""

    sentence = (
        "Of the people to train on, {people} have {min_images} usable photos or more; at least two "
        "are needed: add photos, or lower train.py's --min-images."
    )


@dataclass(frozen=True)
class TrainingSet:
    """Inputs (N, 3, S, S) and labels 0..C-1 (N,); people (C,) are indices into faces.names."""

    inputs: Tensor
    labels: NDArray[np.int64]
    people: NDArray[np.int64]

    def fingerprint(self, names: tuple[str, ...]) -> str:
        """A hash that names what is trained on: people, labels and the pixels of the inputs."""
        digest = hashlib.sha256(self.labels.tobytes())
        people = "|".join(names[j] for j in self.people)
        digest.update(people.encode(errors="surrogateescape"))
        digest.update(self.inputs.permute(0, 2, 3, 1).contiguous().numpy().tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class ValidationSet:
    """Inputs (M, 3, S, S), whom they show (M,), and the pairs among them."""

    inputs: Tensor
    person: NDArray[np.int64]
    pairs: Pairs

    def people(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Whom each pair shows, left (P,) and right (P,)."""
        return self.person[self.pairs.left], self.person[self.pairs.right]

    def cosines(self, network: nn.Module) -> Values:
        """The similarity of each pair, (P,), by a network in eval mode."""
        return pair_cosines(embed(network, self.inputs).numpy(), self.pairs)


def training_set(faces: Faces, config: TrainConfig) -> TrainingSet:
    """The train people with `config.min_images` or more; TooFewTrained, TooFewImages."""
    chosen = faces.indices("train")
    people, counts = np.unique(faces.person[chosen], return_counts=True)
    people = people[counts >= config.min_images]
    if len(people) < 2:
        raise TooFewTrained(people=len(people), min_images=config.min_images)
    chosen = chosen[np.isin(faces.person[chosen], people)]
    if len(chosen) < config.batch_size:
        raise TooFewImages(images=len(chosen), batch_size=config.batch_size)
    inputs = to_input(torch.from_numpy(faces.crops[chosen]), config.input_size)
    return TrainingSet(inputs, np.searchsorted(people, faces.person[chosen]), people)


def validation_set(faces: Faces, config: TrainConfig, root: Path) -> ValidationSet:
    """All validation people's images and their pairs; PartTooSmall where a kind of pair lacks."""
    chosen = faces.indices("validation")
    person = faces.person[chosen]
    pairs = pairs_of_people(person)
    if pairs.same.all() or not pairs.same.any():
        raise PartTooSmall.of(root, "validation", person)
    inputs = to_input(torch.from_numpy(faces.crops[chosen]), config.input_size)
    return ValidationSet(inputs, person, pairs)


def measures(cosine: Values, validation: ValidationSet) -> dict[str, Any]:
    """Accuracy (both kinds of pair alike), AUC and EER, with standard errors over people.

    {"accuracy": {"value", "standard_error"}, "auc": {...}, "eer": {"value"}}. The threshold is the
    best one for these same pairs. Of fewer than FEWEST_PEOPLE there are no errors.
    """
    same = validation.pairs.same
    correct = (cosine >= best_threshold(cosine, same)) == same
    left, right = validation.people()

    def accuracy(weight: Values) -> float:
        of_kind = (np.average(correct[kind], weights=weight[kind]) for kind in (same, ~same))
        return float(np.mean(list(of_kind)))

    def area(weight: Values) -> float:
        return auc(cosine, same, weight)

    found = {}
    for name, measure in (("accuracy", accuracy), ("auc", area)):
        found[name] = {"value": round(measure(np.ones(len(same))), 5)}
        if len(np.unique(validation.person)) >= FEWEST_PEOPLE:
            error = bootstrap_over_people(measure, left, right)
            found[name]["standard_error"] = round(error, 5)
    return found | {"eer": {"value": round(equal_error_rate(cosine, same), 5)}}


def quick_measures(cosine: Values, validation: ValidationSet) -> dict[str, float]:
    """The same values without errors, for the log of a training."""
    same = validation.pairs.same
    return {
        "accuracy": balanced_accuracy(cosine, same, best_threshold(cosine, same)),
        "eer": equal_error_rate(cosine, same),
        "auc": auc(cosine, same),
    }
