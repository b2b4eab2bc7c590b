"""What several networks measure on the same pairs, over the same draws of people.

So the spread of a difference is that of a paired one, which is far smaller than the two errors
together where networks find the same pairs hard.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.verification import FEWEST_PEOPLE, Values, people_draws

DRAWS = 200  # of people, for the standard errors


@dataclass(frozen=True)
class Draws:
    """P pairs with their weights in all of the people and in each draw of them.

    same (P,): which are genuine. weights (1 + DRAWS, P).
    """

    same: NDArray[np.bool_]
    weights: Values

    @staticmethod
    def of(same: NDArray[np.bool_], left: NDArray[np.int64], right: NDArray[np.int64]) -> "Draws":
        """left, right (P,): whom each pair shows."""
        return Draws.among(same, people_draws(left, right, DRAWS))

    @staticmethod
    def among(same: NDArray[np.bool_], drawn: Iterable[Values]) -> "Draws":
        """drawn: the weights (P,) in each draw."""
        return Draws(same, np.stack([np.ones(len(same)), *drawn]))

    def accuracy(self, right: NDArray[np.bool_]) -> Values:
        """Which answers of K networks are right, (K, P) -> their accuracies (1 + DRAWS, K).

        Both kinds of pair count alike.
        """
        shares = [
            self.weights[:, kind]
            @ right[:, kind].T
            / self.weights[:, kind].sum(axis=1, keepdims=True)
            for kind in (self.same, ~self.same)
        ]
        return np.asarray(np.mean(shares, axis=0))

    def auc(self, cosines: Values) -> Values:
        """The similarities of K networks, (K, P) -> their AUCs (1 + DRAWS, K).

        As scikit-learn's without sorting again; of two equal similarities the later counts as
        greater.
        """
        orders = [np.argsort(cosine, kind="stable") for cosine in cosines]
        found = []
        for weight in self.weights:
            genuine, impostor = np.where(self.same, weight, 0), np.where(self.same, 0, weight)
            most = genuine.sum() * impostor.sum()
            found.append([genuine[o] @ np.cumsum(impostor[o]) / most for o in orders])
        return np.array(found)


def error(draws: Values, people: int = FEWEST_PEOPLE) -> dict[str, float]:
    """A measure of all people, then of each draw, (1 + draws,): its value and standard error.

    people: how many are drawn from; of fewer than FEWEST_PEOPLE there is no error.
    """
    found = {"value": round(float(draws[0]), 5)}
    if people >= FEWEST_PEOPLE:
        found["standard_error"] = round(float(draws[1:].std(ddof=1)), 5)
    return found


def measured(table: Values) -> dict[str, Any]:
    """A measure (1 + DRAWS, seeds), of all people and of each draw: value and both errors."""
    return spread(table[0], 5) | {"standard_error": error(table.mean(axis=1))["standard_error"]}


def spread(values: Values, digits: int = 4) -> dict[str, Any]:
    """Mean and, of two or more, standard deviation of a value a seed (seeds,)."""
    found = {"value": round(float(values.mean()), digits)}
    if len(values) > 1:
        found["standard_deviation"] = round(float(values.std(ddof=1)), digits)
    return found | {"each": [round(float(value), digits) for value in values]}
