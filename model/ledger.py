"""The angle statistics of the ArcFace paper (Deng et al. 2019, Table 3), in radians.

A person's mean is the normalised mean of unit embeddings. Every person counts alike and gives as
many images: the mean of a few images lies nearer to them than the mean of many would, and the
nearest of many people is nearer than the nearest of few.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.angles import angles_between
from model.calibration import BINS
from model.verification import Values, people_draws

IMAGES = 10  # of each person
DRAWS = 1000  # of people, for the standard errors
PER_DEGREE = BINS // 180  # bins of an angle's histogram

STATISTICS = (
    "w_ec", "w_inter", "seen_intra", "seen_left_out", "seen_inter", "unseen_intra",
    "unseen_left_out", "unseen_inter",
)  # fmt: skip
SHARES = ("seen_overlap", "seen_eer", "unseen_overlap", "unseen_eer")  # not in the paper
# Table 3 of the paper in degrees: CASIA-WebFace trained on, LFW not; Intra over all images.
PAPER = {
    "norm-softmax": {
        "w_ec": 44.26, "w_inter": 69.66, "seen_intra": 50.50, "seen_inter": 59.23,
        "unseen_intra": 33.97, "unseen_inter": 65.60,
    },
    "arcface": {
        "w_ec": 14.29, "w_inter": 71.61, "seen_intra": 38.45, "seen_inter": 65.83,
        "unseen_intra": 28.05, "unseen_inter": 66.55,
    },
    "intra-loss": {
        "w_ec": 8.83, "w_inter": 31.34, "seen_intra": 17.50, "seen_inter": 24.07,
        "unseen_intra": 12.94, "unseen_inter": 26.28,
    },
    "inter-loss": {
        "w_ec": 46.85, "w_inter": 75.66, "seen_intra": 52.74, "seen_inter": 62.40,
        "unseen_intra": 35.38, "unseen_inter": 67.90,
    },
    "triplet": {
        "seen_intra": 41.19, "seen_inter": 50.23, "unseen_intra": 27.42, "unseen_inter": 55.94,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """A number and its standard error over the choice of people (bootstrap), in one unit."""

    value: float
    standard_error: float


def drawn_images(
    person: NDArray[np.int64], images: int = IMAGES, seed: int = 0
) -> NDArray[np.int64]:
    """`images` of each person, drawn at random but the same for a seed: indices (C, images).

    By rising person number; whoever has fewer is left out.
    """
    rng = np.random.default_rng(seed)
    found = [np.flatnonzero(person == j) for j in np.unique(person)]
    drawn = [np.sort(rng.permutation(own)[:images]) for own in found if len(own) >= images]
    return np.array(drawn, dtype=np.int64).reshape(-1, images)


def unit(vectors: NDArray[np.floating]) -> Values:
    """Vectors (..., D) at length one, in float64."""
    wide = np.asarray(vectors, dtype=np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=-1, keepdims=True), 1e-12))


def to_mean(faces: NDArray[np.floating]) -> Values:
    """Intra: the angle of each image to its person's mean; faces (C, n, D) unit -> (C, n)."""
    return angles_between(faces, unit(faces.sum(axis=1, keepdims=True, dtype=np.float64)))


def to_mean_of_others(faces: NDArray[np.floating]) -> Values:
    """The same to the mean of the person's other images, which does not lean to the image itself.

    Leave-one-out, (C, n, D) -> (C, n), n at least 2.
    """
    wide = np.asarray(faces, dtype=np.float64)
    return angles_between(wide, unit(wide.sum(axis=1, keepdims=True) - wide))


def apart(directions: NDArray[np.floating]) -> Values:
    """The angles between people's means or class centres (C, D) -> (C, C), inf on the diagonal."""
    angles = angles_between(directions[:, None], directions[None])
    np.fill_diagonal(angles, np.inf)
    return angles


def over_people(values: Values) -> Measure:
    """W-EC and Intra: the mean of one value a person, (C,)."""
    draws = [np.average(values, weights=times) for times in _draws(len(values))]
    return Measure(float(values.mean()), float(np.std(draws, ddof=1)))


def nearest(angles: Values) -> Measure:
    """W-Inter and Inter: the mean over people of the angle to the nearest other one, of (C, C).

    A person drawn twice is not another person: the nearest is sought among whoever was drawn.
    """
    draws = []
    for times in _draws(len(angles)):
        drawn = np.flatnonzero(times)
        draws.append(np.average(angles[np.ix_(drawn, drawn)].min(axis=1), weights=times[drawn]))
    return Measure(float(angles.min(axis=1).mean()), float(np.std(draws, ddof=1)))


def _draws(people: int) -> Iterator[NDArray[np.int64]]:
    """How often each of `people` is in each of DRAWS draws of as many; never one person alone."""
    rng = np.random.default_rng(0)
    left = DRAWS
    while left > 0:
        times = np.bincount(rng.integers(0, people, people), minlength=people)
        if np.count_nonzero(times) > 1:
            left -= 1
            yield times


@dataclass(frozen=True, eq=False)
class PairAngles:
    """Every pair of some images: its angle (P,) and whom it shows, left and right (P,)."""

    angle: Values
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    @staticmethod
    def of(vectors: NDArray[np.floating], person: NDArray[np.int64]) -> "PairAngles":
        """All pairs of M images, unit (M, D), of people `person` (M,)."""
        wide = np.asarray(vectors, dtype=np.float64)
        i, j = np.triu_indices(len(person), 1)
        angle = np.arccos(np.clip((wide @ wide.T)[i, j], -1.0, 1.0))
        return PairAngles(angle, person[i], person[j])

    @property
    def same(self) -> NDArray[np.bool_]:
        """Which pairs are genuine, (P,)."""
        return np.asarray(self.left == self.right)

    def histograms(self, weight: Values | None = None) -> tuple[Values, Values]:
        """Genuine and impostor pairs counted in bins of a tenth of a degree, 0..180: (1800,) each.

        `weight` (P,) says how often each pair counts; once where it is not given.
        """
        bins = np.minimum((np.degrees(self.angle) * PER_DEGREE).astype(np.int64), BINS - 1)
        weight = np.ones(len(bins)) if weight is None else weight
        genuine, impostor = (
            np.bincount(bins[kind], weight[kind], BINS) for kind in (self.same, ~self.same)
        )
        return genuine.astype(np.float64), impostor.astype(np.float64)

    def overlap(self) -> Measure:
        """The share that both histograms have in common."""
        return self._measure(overlap)

    def equal_error(self) -> Measure:
        """The error rate at the angle where FAR and FRR are equal."""
        return self._measure(lambda genuine, impostor: equal_error(genuine, impostor)[0])

    def _measure(self, function: Callable[[Values, Values], float]) -> Measure:
        draws = [
            function(*self.histograms(weight))
            for weight in people_draws(self.left, self.right, DRAWS // 5)
        ]
        return Measure(function(*self.histograms()), float(np.std(draws, ddof=1)))


def overlap(genuine: Values, impostor: Values) -> float:
    """What two histograms of 1,800 bins have in common, 0..1, degree by degree.

    1 where genuine and impostor pairs lie alike, 0 where no degree holds both.
    """
    shares = [counts.reshape(180, PER_DEGREE).sum(axis=1) for counts in (genuine, impostor)]
    return float(np.minimum(*(share / share.sum() for share in shares)).sum())


def equal_error(genuine: Values, impostor: Values) -> tuple[float, float]:
    """The error, 0..1, where FAR and FRR are equal, and that angle in radians (interpolated)."""
    far, tar = (
        np.concatenate([[0.0], np.cumsum(counts) / counts.sum()]) for counts in (impostor, genuine)
    )
    gap = far - (1.0 - tar)  # rises from -1 to 1
    i = int(np.flatnonzero(gap >= 0)[0])
    share = -gap[i - 1] / (gap[i] - gap[i - 1])
    error = far[i - 1] + share * (far[i] - far[i - 1])
    return float(error), float(np.radians((i - 1 + share) / PER_DEGREE))


def ledger(
    embeddings: NDArray[np.floating],
    person: NDArray[np.int64],
    seen: NDArray[np.bool_],
    centres: NDArray[np.floating],
    owners: NDArray[np.int64],
) -> dict[str, Measure]:
    """Every statistic of one model's gallery: STATISTICS in radians, SHARES 0..1.

    embeddings (N, D) unit, person (N,) and seen (N,) as in Gallery; centres (K, D) unit are the
    class centres of people `owners` (K,). The same IMAGES of each person serve every statistic.
    """
    found: dict[str, Measure] = {}
    for part, of_part in (("seen", seen), ("unseen", ~seen)):
        inside = np.flatnonzero(of_part)
        drawn = inside[drawn_images(person[inside])]  # (C, n)
        faces = np.asarray(embeddings[drawn], dtype=np.float64)  # (C, n, D) unit
        means = unit(faces.sum(axis=1))  # (C, D) unit
        if part == "seen":
            row = {int(owner): i for i, owner in enumerate(owners)}
            people = person[drawn[:, 0]]
            known = np.array([int(j) in row for j in people])
            own = centres[[row[int(j)] for j in people[known]]]
            found["w_ec"] = over_people(angles_between(means[known], own))
            found["w_inter"] = nearest(apart(centres))
        found[f"{part}_intra"] = over_people(to_mean(faces).mean(axis=1))
        found[f"{part}_left_out"] = over_people(to_mean_of_others(faces).mean(axis=1))
        found[f"{part}_inter"] = nearest(apart(means))
        pairs = PairAngles.of(embeddings[drawn.ravel()], person[drawn.ravel()])
        found[f"{part}_overlap"] = pairs.overlap()
        found[f"{part}_eer"] = pairs.equal_error()
    return found
