"""The margins: one formula for the target logit, and the losses as rows of one table."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Margin:
    """What is asked of the target angle theta beyond norm-softmax's cos(theta).

    multiply (m1), add_angle (m2, radians) and add_cosine (m3) as in the combined margin of
    Deng et al. 2019, equation 4: the target logit is s (cos(m1 theta + m2) - m3). Margin() is none.
    """

    multiply: float = 1.0
    add_angle: float = 0.0
    add_cosine: float = 0.0

    def target(self, theta: Tensor) -> Tensor:
        """psi(m1 theta + m2) - m3 for angles theta in radians, any shape."""
        return psi(self.multiply * theta + self.add_angle) - self.add_cosine

    def boundary(self, theta: Tensor) -> Tensor:
        """The angle to another class centre at which its logit equals the target's, in radians.

        acos(target(theta)): a face at `theta` from its own centre satisfies the margin against
        another person where it is further than this from the other's centre (Deng et al. 2019,
        Figure 5). NaN where the target lies below -1, so that no angle is far enough.
        """
        target = self.target(theta)
        return torch.where(target >= -1.0, torch.acos(target.clamp(-1.0, 1.0)), torch.nan)

    def ramped(self, share: float) -> "Margin":
        """This margin at `share`, 0..1, of its strength; 0 is no margin at all."""
        return Margin(
            multiply=1.0 + (self.multiply - 1.0) * share,
            add_angle=self.add_angle * share,
            add_cosine=self.add_cosine * share,
        )


def psi(phi: Tensor) -> Tensor:
    """cos(phi), continued monotonically past pi: (-1)^k cos(phi) - 2k in [k pi, (k + 1) pi].

    The continuation is that of Liu et al. 2017 (SphereFace), equation 8, for phi = m theta.
    Without it the target logit would rise again for a face on the far side of the sphere.
    """
    k = torch.floor(phi.detach() / math.pi)
    sign = 1.0 - 2.0 * torch.remainder(k, 2.0)
    return sign * torch.cos(phi) - 2.0 * k


@dataclass(frozen=True)
class Loss:
    """A row of the table: with `margin` None the logits are softmax's z.W + b, else cosines."""

    margin: Margin | None
    scale: float


# Margins as the papers print them; scales of the order that AdaCos gives for a thousand people,
# sqrt(2) ln(C - 1) (Zhang et al. 2019, equation 11). The recipes say what we chose.
LOSSES = {
    "softmax": Loss(None, scale=1.0),
    "norm-softmax": Loss(Margin(), scale=16.0),
    "sphereface": Loss(Margin(multiply=1.35), scale=16.0),
    "cosface": Loss(Margin(add_cosine=0.35), scale=16.0),
    "arcface": Loss(Margin(add_angle=0.5), scale=16.0),
}
