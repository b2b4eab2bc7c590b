"""How well similarity tells pairs of one person from pairs of two: ROC, EER, thresholds, errors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.data import Pairs

Values = NDArray[np.float64]
FEWEST_PEOPLE = 3  # for an error over people; see people_draws()


def pair_cosines(embeddings: NDArray[np.float32], pairs: Pairs) -> Values:
    """The similarity of each pair, (P,), from unit embeddings (N, D)."""
    left, right = embeddings[pairs.left], embeddings[pairs.right]
    return np.asarray(np.einsum("pd,pd->p", left, right, dtype=np.float64))


def auc(cosine: Values, same: NDArray[np.bool_], weight: Values | None = None) -> float:
    """Area under the ROC curve: how often a genuine pair is more alike than an impostor pair."""
    from sklearn.metrics import roc_auc_score  # here, for it costs the app a second to import

    return float(roc_auc_score(same, cosine, sample_weight=weight))


def equal_error_rate(
    cosine: Values, same: NDArray[np.bool_], weight: Values | None = None
) -> float:
    """The error, 0..1, at the threshold where FAR and FRR are equal (interpolated)."""
    from sklearn.metrics import roc_curve

    far, tar, _ = roc_curve(same, cosine, sample_weight=weight)
    gap = far - (1.0 - tar)  # rises from -1 to 1 along the curve
    i = int(np.flatnonzero(gap >= 0)[0])
    if gap[i] == 0:
        return float(far[i])
    share = -gap[i - 1] / (gap[i] - gap[i - 1])
    return float(far[i - 1] + share * (far[i] - far[i - 1]))


@dataclass(frozen=True)
class Ranked:
    """Pairs by falling similarity: indices of the G genuine and of the I impostor ones.

    alike (G,): how many of the impostor pairs are at least as similar as each genuine pair.
    """

    genuine: NDArray[np.int64]
    impostor: NDArray[np.int64]
    alike: NDArray[np.int64]

    @staticmethod
    def of(cosine: Values, same: NDArray[np.bool_]) -> "Ranked":
        """The order of P pairs, sorted once for any number of weights."""
        genuine, impostor = (
            kind[np.argsort(-cosine[kind], kind="stable")]
            for kind in (np.flatnonzero(same), np.flatnonzero(~same))
        )
        alike = np.searchsorted(-cosine[impostor], -cosine[genuine], side="right")
        return Ranked(genuine, impostor, alike)

    def tar(self, fars: Sequence[float], weight: Values | None = None) -> Values:
        """The share of genuine pairs accepted, (F,), where at most so many impostor pairs are."""
        if weight is None:
            weight = np.ones(len(self.genuine) + len(self.impostor))
        false = np.cumsum(weight[self.impostor])
        true = np.concatenate([[0.0], np.cumsum(weight[self.genuine])])
        allowed = np.searchsorted(false, np.multiply(fars, false[-1]), side="right")
        return np.asarray(true[np.searchsorted(self.alike, allowed, side="right")] / true[-1])


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> dict[str, float]:
    """The exact test of McNemar (1947) whether two answer the same questions (P,) equally well.

    {"only_first", "only_second": right where the other is wrong, "p_value": two-sided}.
    """
    from scipy.stats import binomtest

    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    found = {"only_first": only_first, "only_second": only_second}
    told_apart = only_first + only_second
    p_value = binomtest(only_first, told_apart).pvalue if told_apart else 1.0
    return found | {"p_value": float(f"{p_value:.3g}")}


def best_threshold(cosine: Values, same: NDArray[np.bool_]) -> float:
    """The similarity from which on "same person" errs least, both kinds of pair counting alike."""
    from sklearn.metrics import roc_curve

    far, tar, threshold = roc_curve(same, cosine, drop_intermediate=False)
    i = 1 + int(np.argmax((tar - far)[1:]))
    below = cosine[cosine < threshold[i]]  # half-way to the next pair, which is told apart
    return float((threshold[i] + below.max()) / 2 if below.size else threshold[i])


def balanced_accuracy(cosine: Values, same: NDArray[np.bool_], threshold: float) -> float:
    """The share told rightly, 0..1, both kinds of pair counting alike."""
    accepted = cosine >= threshold
    return float((accepted[same].mean() + (~accepted[~same]).mean()) / 2)


def reliability(
    probability: Values, same: NDArray[np.bool_], bins: int = 10, weight: Values | None = None
) -> list[dict[str, float]]:
    """Pairs in `bins` groups of as many by their probability (P,): what was said, what came true.

    [{"pairs", "probability": mean said, "share": of genuine ones}, ...], by rising probability.
    """
    weight = np.ones(len(same)) if weight is None else weight
    groups = np.array_split(np.argsort(probability, kind="stable"), bins)
    return [
        {
            "pairs": float(weight[group].sum()),
            "probability": float(np.average(probability[group], weights=weight[group])),
            "share": float(np.average(same[group], weights=weight[group])),
        }
        for group in groups
        if weight[group].sum() > 0
    ]


def calibration_error(
    probability: Values, same: NDArray[np.bool_], weight: Values | None = None
) -> float:
    """Expected calibration error (Naeini et al. 2015) over ten groups of as many pairs, 0..1."""
    found = reliability(probability, same, weight=weight)
    gaps = [abs(group["probability"] - group["share"]) for group in found]
    return float(np.average(gaps, weights=[group["pairs"] for group in found]))


def perfect_calibration_errors(probability: Values, draws: int = 1000, seed: int = 0) -> Values:
    """The calibration_error of pairs (P,) that come true exactly as probably as was said, (draws,).

    With so few pairs it is not 0. The share of it that is as large as a model's own error is the
    chance that a perfectly calibrated model would err as much.
    """
    rng = np.random.default_rng(seed)
    return np.array([
        calibration_error(probability, rng.random(len(probability)) < probability)
        for _ in range(draws)
    ])  # fmt: skip


def people_draws(
    left: NDArray[np.int64], right: NDArray[np.int64], draws: int, seed: int = 0
) -> Iterator[Values]:
    """Weights (P,) of the pairs in each of `draws` draws of as many people, with replacement.

    A pair of one person weighs as often as they were drawn, a pair of two as the product. That is
    for pairs of everybody with everybody; of a list of pairs see listed_draws(). A draw that leaves
    no pair of one kind, as can happen with a handful of people, is drawn again; so two people are
    drawn once each every time, and their errors would be 0 (FEWEST_PEOPLE).
    """
    rng = np.random.default_rng(seed)
    people, index = np.unique(np.concatenate([left, right]), return_inverse=True)
    a, b = np.split(index, 2)
    kinds = [kind for kind in (a == b, a != b) if kind.any()]
    while draws > 0:
        times = _times(rng, len(people))
        weight = np.where(a == b, times[a], times[a] * times[b]).astype(np.float64)
        if all(weight[kind].any() for kind in kinds):
            draws -= 1
            yield weight


def listed_draws(
    same: NDArray[np.bool_], left: NDArray[np.int64], draws: int, seed: int = 0
) -> Iterator[Values]:
    """Weights (P,) in each of `draws` draws from a list in which people seldom recur.

    Genuine pairs `same` are drawn by person `left` (P,), all of theirs at once; impostor pairs each
    by itself. The product of people_draws() would count the chance that lies in such a pair alone
    three times: with t, a person's count, of mean and variance 1, Var(t_a t_b) = 2 * 2 - 1.
    """
    rng = np.random.default_rng(seed)
    people, row = np.unique(left[same], return_inverse=True)
    weight = np.zeros(len(same))
    for _ in range(draws):
        weight[same] = _times(rng, len(people))[row]
        weight[~same] = _times(rng, int((~same).sum()))
        yield weight.copy()


def _times(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """How often each of `count` is among as many that are drawn with replacement."""
    return np.bincount(rng.integers(0, count, count), minlength=count)


def bootstrap_over_people(
    measure: Callable[[Values], float],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    draws: int = 200,
) -> float:
    """The standard error of `measure(weight)` over the choice of people.

    `left` and `right` (P,) say whom each pair shows; people_draws() says how a pair weighs.
    """
    return float(np.std([measure(w) for w in people_draws(left, right, draws)], ddof=1))


def degrees(cosine: Values) -> Values:
    """Cosines of any shape -> angles in degrees."""
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
