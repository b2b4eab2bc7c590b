"""Angles between directions. Radians inside `model`; degrees only on screens and in JSON."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """The angle, 0..pi, between unit vectors along the last dimension: (..., D), (..., D) -> (...).

    2 atan2(|a - b|, |a + b|) (Kahan, "How Futile are Mindless Assessments of Roundoff", section
    12). Unlike acos(a . b) it is exact near 0 and pi, and its gradient is bounded there.
    """
    return 2.0 * torch.atan2(
        torch.linalg.vector_norm(a - b, dim=-1), torch.linalg.vector_norm(a + b, dim=-1)
    )


def angles_between(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """The same for arrays, in float64."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    apart, together = (np.linalg.norm(v, axis=-1) for v in (a - b, a + b))
    return np.asarray(2.0 * np.arctan2(apart, together))
