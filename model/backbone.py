"""The residual network and its plain twin: an aligned face in, an unnormalised embedding out."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

_SEEDING = threading.Lock()
STAGES = 4  # each halves the side, but the first, before which the stem has


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """PyTorch's own generator from `seed` on, for random weights.

    There is one generator a process, and the app makes networks in several threads: one at a time.
    """
    with _SEEDING:
        torch.manual_seed(seed)
        yield


class Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut past them (He et al. 2016, figure 5, left).

    A plain block lacks the shortcut, whose weights are drawn all the same and thrown away: so twins
    of one seed start from the same convolutions.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, plain: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )
        self.plain = plain
        if not plain:
            self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, S, S) -> (N, C, S / stride, S / stride)."""
        y = functional.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return functional.relu(y if self.plain else y + self.shortcut(x))


class Backbone(nn.Module):
    """Whitening, stem of stride 2, four stages of residual blocks, flatten, linear, BatchNorm.

    No pooling at the end: an aligned face has its eyes and mouth in known places, and flattening
    keeps where a feature was. The plain twin has the same layers and no shortcuts.
    """

    def __init__(
        self,
        input_size: int,
        width: int,
        blocks: Sequence[int],
        dimension: int,
        dropout: float,
        plain: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        channels, side = width, (input_size + 1) // 2
        for stage, count in enumerate(blocks):
            for i in range(count):
                stride = 2 if stage > 0 and i == 0 else 1
                layers.append(Block(channels, width * 2**stage, stride, plain))
                channels, side = width * 2**stage, (side + stride - 1) // stride
        self.trunk = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(channels * side * side, dimension)
        self.norm = nn.BatchNorm1d(dimension)

    def forward(self, x: Tensor) -> Tensor:
        """Inputs (N, 3, S, S), -1..1 -> unnormalised embeddings (N, D)."""
        x = self.trunk(whiten(x))  # (N, 3, S, S) -> (N, 8 * width, S / 16, S / 16)
        x = self.project(self.dropout(x.flatten(1)))  # (N, D)
        return cast(Tensor, self.norm(x))


def whiten(x: Tensor) -> Tensor:
    """Faces (N, 3, S, S) with mean 0 and standard deviation 1 each, over pixels and colours alike.

    How bright a photo is, and how strong its contrast, then changes nothing (as in FaceNet's public
    code). A standard deviation below 0.02 is taken for that: there is no face in so even a grey.
    """
    x = x - x.mean(dim=(1, 2, 3), keepdim=True)
    return x / x.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp(min=0.02)


def to_input(crops: Tensor, size: int) -> Tensor:
    """Aligned faces uint8 (N, 112, 112, 3) -> the network's input (N, 3, size, size), -1..1."""
    x = crops.permute(0, 3, 1, 2).float()
    if x.shape[-1] != size:
        x = functional.interpolate(x, (size, size), mode="bilinear", antialias=True)
    return (x / 127.5 - 1.0).contiguous(memory_format=torch.channels_last)


def embed(network: nn.Module, inputs: Tensor, batch: int = 256) -> Tensor:
    """Unit embeddings (N, D) of inputs (N, 3, S, S), the face and its mirror image averaged.

    Each is normalised before the mean, and the mean after it. The network must be in eval mode.
    """
    return embed_with_length(network, inputs, batch)[0]


@torch.inference_mode()
def embed_with_length(
    network: nn.Module, inputs: Tensor, batch: int = 256
) -> tuple[Tensor, Tensor]:
    """The same, and the mean length (N,) of the two embeddings before they are normalised."""
    device = next(network.parameters()).device
    chunks, lengths = [], []
    for x in torch.split(inputs, batch):
        x = x.to(device)
        both = network(torch.cat([x, x.flip(3)])).float()  # (2n, D)
        a, b = functional.normalize(both, dim=1).chunk(2)
        chunks.append(functional.normalize(a + b, dim=1).cpu())
        lengths.append(both.norm(dim=1).view(2, -1).mean(dim=0).cpu())
    return torch.cat(chunks), torch.cat(lengths)
