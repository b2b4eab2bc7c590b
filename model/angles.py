"""Angles between directions. Radians inside `model`; degrees only on screens and in JSON."""

import torch
from torch import Tensor


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """The angle, 0..pi, between unit vectors along the last dimension: (..., D), (..., D) -> (...).

    2 atan2(|a - b|, |a + b|) (Kahan, "How Futile are Mindless Assessments of Roundoff", section
    12). Unlike acos(a . b) it is exact near 0 and pi, and its gradient is bounded there.
    """
    return 2.0 * torch.atan2(
        torch.linalg.vector_norm(a - b, dim=-1), torch.linalg.vector_norm(a + b, dim=-1)
    )
