"""What the first layers of our network make of one face: its filters and its feature maps."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.backbone import to_input, whiten
from model.faces import CROP
from model.images import RGB
from model.recipe import TrainConfig

STEM = 3  # layers of the trunk: convolution, BatchNorm, ReLU
KERNEL = 3
Maps = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Features:
    """What the network sees of one face, C = its width, S = half its input's side.

    stem: (C, S, S) after convolution of stride 2, BatchNorm and ReLU. stage: (C, S, S) after the
    first stage. reach: how many pixels of the input's side one value of `stage` depends on.
    """

    stem: Maps
    stage: Maps
    reach: int


def stem_filters(network: nn.Module) -> Maps:
    """The weights of the first convolution (C, 3, 3, 3): filter, colour, row, column."""
    convolution = cast(nn.Conv2d, _trunk(network)[0])
    return cast(Maps, convolution.weight.detach().cpu().numpy().copy())


def on_grey(filters: Maps) -> Maps:
    """Filters (C, 3, 3, 3) -> (C, 3, 3): what they are to a grey image.

    Its three colours are equal, so that sum_c w_c * x_c = (sum_c w_c) * x: exact, not a likeness.
    """
    return np.asarray(filters.sum(axis=1), dtype=np.float32)


def grey_share(filters: Maps) -> Maps:
    """How much of each filter (C, 3, 3, 3) is alike in all colours, (C,), 0..1.

    The squared length of its projection on filters with equal colours over its own: 1 for a filter
    blind to hue, 0 for one that a grey image never excites.
    """
    alike = 3 * np.square(filters.mean(axis=1)).sum(axis=(1, 2))
    return np.asarray(alike / np.square(filters).sum(axis=(1, 2, 3)), dtype=np.float32)


@torch.inference_mode()
def features(network: nn.Module, crop: RGB, config: TrainConfig) -> Features:
    """The first maps of an aligned face, uint8 (112, 112, 3); the network must be in eval mode.

    ValueError for another shape or type.
    """
    if crop.shape != (CROP, CROP, 3) or crop.dtype != np.uint8:
        raise ValueError(f"expected uint8 ({CROP}, {CROP}, 3), got {crop.dtype} {crop.shape}")
    x = whiten(to_input(torch.from_numpy(crop[None].copy()), config.input_size))  # (1, 3, 2S, 2S)
    trunk = _trunk(network)
    stem: Tensor = trunk[:STEM](x)  # (1, C, S, S)
    stage: Tensor = trunk[STEM : STEM + config.blocks[0]](stem)  # (1, C, S, S)
    return Features(stem[0].numpy(), stage[0].numpy(), reach(config.blocks[0]))


def reach(blocks: int) -> int:
    """The side of the receptive field after the stem and `blocks` blocks of two convolutions.

    A 3 x 3 convolution adds 2 steps, and after a stem of stride 2 a step is 2 pixels.
    """
    return KERNEL + 2 * blocks * (KERNEL - 1) * 2


def _trunk(network: nn.Module) -> nn.Sequential:
    return cast(nn.Sequential, network.trunk)
