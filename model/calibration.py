"""What an angle means for one recogniser: the angles of validation pairs."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.errors import MarginScopeError
from model.verification import Values, best_threshold, degrees, people_draws

BINS = 1800  # of a tenth of a degree, 0..180
DRAWS = 200  # of people, for the standard errors

Verdict = Literal["same", "different", "unsure"]


class NoBetterThanChance(MarginScopeError):
    """Pairs of one person are no more alike than pairs of two, so no angle means anything."""

    sentence = (
        "The network tells validation pairs no better than chance: those of one person are not "
        "more alike than those of two. Train it longer (--resume with a larger --stop-after) or on "
        "more people, or take another network."
    )


@dataclass(frozen=True)
class Calibration:
    """The angles of validation pairs, on the very weights that ship.

    genuine, impostor: pairs counted in 1,800 bins of a tenth of a degree. genuine_error,
    impostor_error: the standard error over people of the share of such pairs within each whole
    degree 0..180 (181 values; pairs share people, so a binomial interval would be too narrow).
    threshold: the angle in degrees up to which "same person" errs least at equal priors. slope,
    intercept: the log odds of one person at equal priors are slope * cosine + intercept.
    """

    genuine: tuple[int, ...]
    impostor: tuple[int, ...]
    genuine_error: tuple[float, ...]
    impostor_error: tuple[float, ...]
    threshold: float
    slope: float
    intercept: float

    @staticmethod
    def from_pairs(
        cosine: Values,
        same: NDArray[np.bool_],
        left: NDArray[np.int64],
        right: NDArray[np.int64],
    ) -> "Calibration":
        """From the similarities (P,) of validation pairs and whom each shows, left and right.

        Raises NoBetterThanChance, also where a similarity is not a number.
        """
        angle = degrees(cosine)
        counts = {
            kind: np.histogram(angle[same == kind], bins=BINS, range=(0.0, 180.0))[0]
            for kind in (True, False)
        }
        rises = cosine[same].mean() > cosine[~same].mean()
        slope, intercept = _logistic(counts[True], counts[False]) if rises else (0.0, 0.0)
        if slope <= 0:
            raise NoBetterThanChance()
        degree = np.minimum(np.ceil(angle).astype(int), 180)  # within which whole degree
        shares: dict[bool, list[Values]] = {True: [], False: []}
        for weight in people_draws(left, right, DRAWS):
            for kind, found in shares.items():
                at = np.bincount(degree[same == kind], weight[same == kind], minlength=181)
                found.append(np.cumsum(at) / at.sum())
        errors = {kind: np.std(found, axis=0, ddof=1).round(6) for kind, found in shares.items()}
        return Calibration(
            genuine=tuple(counts[True].tolist()),
            impostor=tuple(counts[False].tolist()),
            genuine_error=tuple(errors[True].tolist()),
            impostor_error=tuple(errors[False].tolist()),
            threshold=float(degrees(np.array(best_threshold(cosine, same)))),
            slope=slope,
            intercept=intercept,
        )

    @staticmethod
    def from_json(values: dict[str, Any]) -> "Calibration":
        """From the fields as JSON keeps them; TypeError or ValueError where they are not such."""
        listed: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return Calibration(**listed)

    def __post_init__(self) -> None:
        """ValueError where the numbers are not such as from_pairs gives."""
        lengths = [len(self.genuine), len(self.impostor)]
        lengths += [len(self.genuine_error), len(self.impostor_error)]
        if lengths != [BINS, BINS, 181, 181]:
            raise ValueError("its calibration has the wrong number of bins")
        if min(self.genuine) < 0 or min(self.impostor) < 0:
            raise ValueError("its calibration has negative counts")
        if not (sum(self.genuine) and sum(self.impostor) and 0 <= self.threshold <= 180):
            raise ValueError("its calibration is empty or its threshold no angle")
        if not (0 < self.slope < np.inf and np.isfinite(self.intercept)):
            raise ValueError("its calibration does not rise with the similarity")

    def far(self, angle: float) -> tuple[float, float]:
        """The share of impostor pairs at least as alike as a pair at `angle` degrees, its error."""
        return _within(self.impostor, angle), _at(self.impostor_error, angle)

    def frr(self, angle: float) -> tuple[float, float]:
        """The share of genuine pairs less alike than a pair at `angle` degrees, and its error."""
        return 1.0 - _within(self.genuine, angle), _at(self.genuine_error, angle)

    def threshold_at_far(self, far: float) -> float:
        """The largest angle, in degrees, within which at most a share `far` of impostors lies."""
        cumulated = np.cumsum(self.impostor)
        return float(np.searchsorted(cumulated, far * cumulated[-1], side="right") * 180.0 / BINS)

    def probability(self, angle: float, prior: float = 0.5) -> float:
        """How probably a pair at `angle` degrees shows one person, 0..1, if a share `prior` does.

        Logistic regression on the cosine of validation pairs, genuine and impostor ones weighing
        alike (Platt 1999); another prior shifts the log odds, by Bayes.
        """
        odds = self.slope * np.cos(np.radians(angle)) + self.intercept
        return float(1.0 / (1.0 + np.exp(-odds - np.log(prior / (1.0 - prior)))))

    def verdict(self, angle: float, limit: float = 0.05, prior: float = 0.5) -> Verdict:
        """What may be said of a pair at `angle` degrees with its own errors at most `limit`.

        "same" needs the pair's own FAR within the limit and a probability of one half or more,
        "different" its own FRR and one below; else nothing can be said. So a smaller limit can take
        a verdict away and never turn it round.
        """
        if self.probability(angle, prior) >= 0.5:
            return "same" if self.far(angle)[0] <= limit else "unsure"
        return "different" if self.frr(angle)[0] <= limit else "unsure"

    def typical(self, same: bool) -> float:
        """The median angle of genuine (or impostor) pairs, in degrees."""
        cumulated = np.cumsum(self.genuine if same else self.impostor)
        return float((np.searchsorted(cumulated, cumulated[-1] / 2) + 0.5) * 180.0 / BINS)


def _logistic(genuine: NDArray[np.int64], impostor: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and intercept of the log odds over the cosine, from pairs counted in bins."""
    from sklearn.linear_model import LogisticRegression

    cosine = np.cos(np.radians((np.arange(BINS) + 0.5) * 180.0 / BINS))
    weights = [counts / counts.sum() for counts in (genuine, impostor)]
    fit = LogisticRegression(C=1e6, max_iter=1000).fit(
        np.tile(cosine, 2)[:, None],
        np.repeat([1, 0], BINS),
        sample_weight=np.concatenate(weights) * 1000.0,
    )
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def _within(counts: tuple[int, ...], angle: float) -> float:
    edges = np.linspace(0.0, 180.0, BINS + 1)
    cumulated = np.concatenate([[0], np.cumsum(counts)])
    return float(np.interp(angle, edges, cumulated) / max(1, cumulated[-1]))


def _at(values: tuple[float, ...], angle: float) -> float:
    return float(np.interp(angle, np.arange(181), values))
