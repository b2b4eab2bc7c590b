"""Class centres and the logits that train them; float32 whatever the autocast."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.angles import angle_between
from model.margins import Margin


class Head(nn.Module):
    """W (C, D), one row a person, and the logits of embeddings against it.

    margin None: softmax, scale * (z . W_j + b_j). Otherwise cosine logits scale * cos(theta_j)
    with the target's replaced by scale * margin.target(theta_y) (Deng et al. 2019, equation 4).
    `margin` may be set between steps, which is how it is ramped.
    """

    def __init__(self, people: int, dimension: int, scale: float, margin: Margin | None) -> None:
        super().__init__()
        self.scale = scale
        self.margin = margin
        self.weight = nn.Parameter(torch.randn(people, dimension) / math.sqrt(dimension))
        self.bias = nn.Parameter(torch.zeros(people)) if margin is None else None

    def centres(self) -> Tensor:
        """W_j / |W_j|, (C, D) unit; for softmax a nominal direction only."""
        return functional.normalize(self.weight.float(), dim=1)

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        """Logits (N, C) of unnormalised embeddings (N, D) whose people are `label` (N,)."""
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            if self.margin is None:
                return self.scale * functional.linear(features, self.weight, self.bias)
            embedding = functional.normalize(features, dim=1)  # (N, D) unit
            own = functional.normalize(self.weight[label].float(), dim=1)  # (N, D) unit
            target = self.scale * self.margin.target(angle_between(embedding, own))  # (N,)
            # Dividing the product by |W_j| spares the (C, D) copies that normalising W would make.
            length = torch.linalg.vector_norm(self.weight.float(), dim=1).clamp_min(1e-12)  # (C,)
            logits: Tensor = functional.linear(self.scale * embedding, self.weight.float()) / length
            return logits.scatter_(1, label[:, None], target[:, None])

    @torch.no_grad()
    def own_angle(self, features: Tensor, label: Tensor) -> Tensor:
        """The angle of each embedding (N, D) to its own centre, (N,), in radians."""
        return angle_between(functional.normalize(features.float(), dim=1), self.centres()[label])
