"""Recognizer: the one door from aligned faces to unit embeddings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.backbone import Backbone, embed, seeded, to_input
from model.calibration import Calibration
from model.checkpoint import Card, load_checkpoint
from model.faces import CROP
from model.images import RGB
from model.recipe import TrainConfig

BATCH = 256  # faces at once
UNTRAINED = "untrained"  # the network as a training begins
Embedding = NDArray[np.float32]  # (D,) or (N, D), unit


@dataclass(frozen=True)
class Recognizer:
    """One recogniser, ready: its name, what its angles mean, and the way to embed a face.

    `function` maps uint8 (N, 112, 112, 3) to unit float32 (N, D); embed() checks what goes in.
    """

    name: str
    calibration: Calibration
    function: Callable[[RGB], Embedding]
    card: Card | None = None

    @staticmethod
    def load(path: Path) -> "Recognizer":
        """The recogniser of a checkpoint; CheckpointInvalid where the file is not sound."""
        checkpoint = load_checkpoint(path)
        card = checkpoint.card
        return Recognizer(
            name=card.loss,
            calibration=card.calibration,
            function=embedder(checkpoint.network, card.config.input_size),
            card=card,
        )

    def embed(self, crops: RGB) -> Embedding:
        """Unit embeddings (N, D) of aligned faces, uint8 (N, 112, 112, 3).

        The face and its mirror image are averaged. ValueError for another shape or type.
        """
        if crops.ndim != 4 or crops.shape[1:] != (CROP, CROP, 3) or crops.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 (N, {CROP}, {CROP}, 3) from model.faces.align, "
                f"got {crops.dtype} {crops.shape}"
            )
        return self.function(crops)


def embedder(network: nn.Module, input_size: int) -> Callable[[RGB], Embedding]:
    """Crops (N, 112, 112, 3) -> unit embeddings (N, D) by a network in eval mode."""

    def function(crops: RGB) -> Embedding:
        batches = torch.split(torch.from_numpy(crops), BATCH)
        return np.concatenate([embed(network, to_input(b, input_size)).numpy() for b in batches])

    return function


def untrained(config: TrainConfig) -> nn.Module:
    """The network as a training with this recipe begins, in eval mode: what no loss has formed."""
    with seeded(config.seed):
        network = Backbone(
            config.input_size, config.width, config.blocks, config.dimension, 0.0, config.plain
        )
    return network.eval()
