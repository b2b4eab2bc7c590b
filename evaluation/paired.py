"""What several networks measure on the same pairs, over the same draws of people.

So the spread of a difference is that of a paired one, which is far smaller than the two errors
together where networks find the same pairs hard.
"""

from typing import Any

import numpy as np

from model.sets import ValidationSet
from model.verification import Values, best_threshold, people_draws

DRAWS = 200  # of people, for the standard errors


def over_draws(cosines: Values, validation: ValidationSet) -> dict[str, Values]:
    """Accuracy and AUC of K networks (K, P): (1 + DRAWS, K), of all people and of each draw.

    Each threshold is the best for these pairs, as in model/sets.py.
    """
    same = validation.pairs.same
    thresholds = np.array([best_threshold(cosine, same) for cosine in cosines])
    right = (cosines >= thresholds[:, None]) == same  # (K, P)
    orders = np.argsort(cosines, axis=1)
    weights = [np.ones(len(same)), *people_draws(*validation.people(), DRAWS)]
    found: dict[str, list[list[float]]] = {"accuracy": [], "auc": []}
    for weight in weights:
        kinds = [np.where(kind, weight, 0.0) for kind in (same, ~same)]
        shares = [right @ kind / kind.sum() for kind in kinds]
        found["accuracy"].append(np.mean(shares, axis=0).tolist())
        found["auc"].append([area(*(kind[order] for kind in kinds)) for order in orders])
    return {name: np.array(table) for name, table in found.items()}


def area(genuine: Values, impostor: Values) -> float:
    """AUC from the pairs' weights by rising similarity, those of the other kind being 0, (P,).

    As sklearn's without sorting again; of two equal similarities the later counts as greater.
    """
    return float(genuine @ np.cumsum(impostor) / (genuine.sum() * impostor.sum()))


def measured(table: Values) -> dict[str, Any]:
    """A measure (1 + DRAWS, seeds), of all people and of each draw: value and both errors."""
    mean = table.mean(axis=1)
    error = {"standard_error": round(float(mean[1:].std(ddof=1)), 5)}
    return spread(table[0], 5) | error


def spread(values: Values, digits: int = 4) -> dict[str, Any]:
    """Mean and, of two or more, standard deviation of a value a seed (seeds,)."""
    found = {"value": round(float(values.mean()), digits)}
    if len(values) > 1:
        found["standard_deviation"] = round(float(values.std(ddof=1)), digits)
    return found | {"each": [round(float(value), digits) for value in values]}
