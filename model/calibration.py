"""What an angle means for one recogniser: the angles of validation pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.verification import Values, best_threshold, degrees, people_draws

BINS = 1800  # of a tenth of a degree, 0..180
DRAWS = 200  # of people, for the standard errors


@dataclass(frozen=True)
class Calibration:
    """The angles of validation pairs, on the very weights that ship.

    genuine, impostor: pairs counted in 1,800 bins of a tenth of a degree. genuine_error,
    impostor_error: the standard error over people of the share of such pairs within each whole
    degree 0..180 (181 values; pairs share people, so a binomial interval would be too narrow).
    threshold: the angle in degrees up to which "same person" errs least at equal priors.
    """

    genuine: tuple[int, ...]
    impostor: tuple[int, ...]
    genuine_error: tuple[float, ...]
    impostor_error: tuple[float, ...]
    threshold: float

    @staticmethod
    def from_pairs(
        cosine: Values,
        same: NDArray[np.bool_],
        left: NDArray[np.int64],
        right: NDArray[np.int64],
    ) -> "Calibration":
        """From the similarities (P,) of validation pairs and whom each shows, left and right."""
        angle = degrees(cosine)
        counts = {
            kind: np.histogram(angle[same == kind], bins=BINS, range=(0.0, 180.0))[0]
            for kind in (True, False)
        }
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
        )

    def __post_init__(self) -> None:
        """ValueError where the numbers are not of the lengths above."""
        lengths = [len(self.genuine), len(self.impostor)]
        lengths += [len(self.genuine_error), len(self.impostor_error)]
        if lengths != [BINS, BINS, 181, 181]:
            raise ValueError("its calibration has the wrong number of bins")

    def far(self, angle: float) -> tuple[float, float]:
        """The share of impostor pairs at least as alike as a pair at `angle` degrees, its error."""
        return _within(self.impostor, angle), _at(self.impostor_error, angle)

    def frr(self, angle: float) -> tuple[float, float]:
        """The share of genuine pairs less alike than a pair at `angle` degrees, and its error."""
        return 1.0 - _within(self.genuine, angle), _at(self.genuine_error, angle)

    def typical(self, same: bool) -> float:
        """The median angle of genuine (or impostor) pairs, in degrees."""
        cumulated = np.cumsum(self.genuine if same else self.impostor)
        return float((np.searchsorted(cumulated, cumulated[-1] / 2) + 0.5) * 180.0 / BINS)


def _within(counts: tuple[int, ...], angle: float) -> float:
    edges = np.linspace(0.0, 180.0, BINS + 1)
    cumulated = np.concatenate([[0], np.cumsum(counts)])
    return float(np.interp(angle, edges, cumulated) / max(1, cumulated[-1]))


def _at(values: tuple[float, ...], angle: float) -> float:
    return float(np.interp(angle, np.arange(181), values))
