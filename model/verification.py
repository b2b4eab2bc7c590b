"""How well similarity tells pairs of one person from pairs of two: ROC, EER, thresholds, errors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from model.data import Pairs

Values = NDArray[np.float64]


def pair_cosines(embeddings: NDArray[np.float32], pairs: Pairs) -> Values:
    """The similarity of each pair, (P,), from unit embeddings (N, D)."""
    left, right = embeddings[pairs.left], embeddings[pairs.right]
    return np.asarray(np.einsum("pd,pd->p", left, right, dtype=np.float64))


def auc(cosine: Values, same: NDArray[np.bool_], weight: Values | None = None) -> float:
    """Area under the ROC curve: how often a genuine pair is more alike than an impostor pair."""
    return float(roc_auc_score(same, cosine, sample_weight=weight))


def equal_error_rate(cosine: Values, same: NDArray[np.bool_]) -> float:
    """The error, 0..1, at the threshold where FAR and FRR are equal (interpolated)."""
    far, tar, _ = roc_curve(same, cosine)
    gap = far - (1.0 - tar)  # rises from -1 to 1 along the curve
    i = int(np.flatnonzero(gap >= 0)[0])
    if gap[i] == 0:
        return float(far[i])
    share = -gap[i - 1] / (gap[i] - gap[i - 1])
    return float(far[i - 1] + share * (far[i] - far[i - 1]))


def best_threshold(cosine: Values, same: NDArray[np.bool_]) -> float:
    """The similarity from which on "same person" errs least, both kinds of pair counting alike."""
    far, tar, threshold = roc_curve(same, cosine, drop_intermediate=False)
    i = 1 + int(np.argmax((tar - far)[1:]))
    below = cosine[cosine < threshold[i]]  # half-way to the next pair, which is told apart
    return float((threshold[i] + below.max()) / 2 if below.size else threshold[i])


def balanced_accuracy(cosine: Values, same: NDArray[np.bool_], threshold: float) -> float:
    """The share told rightly, 0..1, both kinds of pair counting alike."""
    accepted = cosine >= threshold
    return float((accepted[same].mean() + (~accepted[~same]).mean()) / 2)


def tar_at_far(cosine: Values, same: NDArray[np.bool_], far: float) -> float:
    """The share of genuine pairs accepted where at most `far` of the impostor pairs are."""
    threshold = np.quantile(cosine[~same], 1.0 - far, method="higher")
    return float((cosine[same] > threshold).mean())


def bootstrap_over_people(
    measure: Callable[[Values], float],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    draws: int = 200,
    seed: int = 0,
) -> float:
    """The standard error of `measure(weight)` over the choice of people.

    People are drawn with replacement; a pair of one person weighs as often as they were drawn, a
    pair of two as the product. `left` and `right` (P,) say whom each pair shows. A draw that
    leaves no pair of one kind, as can happen with a handful of people, is drawn again.
    """
    rng = np.random.default_rng(seed)
    people, index = np.unique(np.concatenate([left, right]), return_inverse=True)
    a, b = np.split(index, 2)
    kinds = [kind for kind in (a == b, a != b) if kind.any()]
    values: list[float] = []
    while len(values) < draws:
        times = np.bincount(rng.integers(0, len(people), len(people)), minlength=len(people))
        weight = np.where(a == b, times[a], times[a] * times[b]).astype(np.float64)
        if all(weight[kind].any() for kind in kinds):
            values.append(measure(weight))
    return float(np.std(values, ddof=1))


BINS = 1800  # of a tenth of a degree, 0..180


@dataclass(frozen=True)
class Calibration:
    """The angles of validation pairs, which say what an angle means for one recogniser.

    genuine, impostor: pairs counted in 1,800 bins of a tenth of a degree. threshold: the angle in
    degrees up to which "same person" errs least at equal priors.
    """

    genuine: tuple[int, ...]
    impostor: tuple[int, ...]
    threshold: float

    @staticmethod
    def from_pairs(cosine: Values, same: NDArray[np.bool_]) -> "Calibration":
        """From the similarities (P,) of validation pairs."""
        angle = degrees(cosine)

        def count(values: Values) -> tuple[int, ...]:
            return tuple(np.histogram(values, bins=BINS, range=(0.0, 180.0))[0].tolist())

        threshold = float(degrees(np.array(best_threshold(cosine, same))))
        return Calibration(count(angle[same]), count(angle[~same]), threshold)

    def far(self, angle: float) -> float:
        """The share of impostor pairs at least as alike as a pair at `angle` degrees."""
        return _share_up_to(self.impostor, angle)

    def frr(self, angle: float) -> float:
        """The share of genuine pairs less alike than a pair at `angle` degrees."""
        return 1.0 - _share_up_to(self.genuine, angle)


def _share_up_to(counts: tuple[int, ...], angle: float) -> float:
    edges = np.linspace(0.0, 180.0, BINS + 1)
    cumulated = np.concatenate([[0], np.cumsum(counts)])
    return float(np.interp(angle, edges, cumulated) / max(1, cumulated[-1]))


def degrees(cosine: Values) -> Values:
    """Cosines of any shape -> angles in degrees."""
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
