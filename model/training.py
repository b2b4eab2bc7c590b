"""fit(): a generator of training steps. train.py, evaluate.py, the playback and the lab share it.

What is random at a step comes from (seed, step) alone, so a training that goes on from a saved
state takes the same steps as one that was never stopped, and no generator's state is kept.
"""

import math
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import Dataset
from torchvision.transforms import InterpolationMode, v2

from model.backbone import Backbone, seeded
from model.errors import MarginScopeError
from model.head import Head
from model.recipe import RecipeInvalid, TrainConfig

Tensors = tuple[Tensor, ...] | list[Tensor]


class LossNotFinite(MarginScopeError):
    """The loss became NaN or infinite."""

    sentence = (
        "The loss is {value} at step {step}. Lower --learning-rate (now {learning_rate:g}) or "
        "--scale (now {scale:g}), or give the margin a longer --ramp; the last saved state is "
        "sound."
    )


@dataclass(frozen=True)
class Step:
    """One step: its number from 1, mean loss, mean own-centre angle (radians), margin's share."""

    number: int
    loss: float
    angle: float
    share: float
    learning_rate: float


class Batches(Dataset[tuple[Tensor, Tensor]]):
    """Step -> its batch: augmented inputs (B, 3, S, S) and labels (B,), the same whenever asked.

    `inputs` (N, 3, S, S) in -1..1 and `labels` (N,) are the training images. An epoch is a
    permutation of them, less what does not fill a batch.
    """

    def __init__(self, inputs: Tensor, labels: NDArray[np.int64], config: TrainConfig) -> None:
        self.inputs, self.labels, self.config = inputs, labels, config
        self.augment = augmentation(config)
        self.steps_an_epoch = max(1, len(labels) // config.batch_size)

    def __len__(self) -> int:
        return self.steps_an_epoch * self.config.last_epoch

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        epoch, place = divmod(step, self.steps_an_epoch)
        size = self.config.batch_size
        order = np.random.default_rng([self.config.seed, epoch]).permutation(len(self.labels))
        chosen = order[place * size : (place + 1) * size]
        torch.manual_seed(_seed(self.config.seed, step))
        batch = torch.stack([self.augment(self.inputs[i]) for i in chosen])
        batch = batch.contiguous(memory_format=torch.channels_last)
        return batch, torch.from_numpy(self.labels[chosen])


def undisturbed(worker: int) -> None:
    """Let a process that prepares batches outlive Ctrl-C and SIGTERM, which reach the whole group.

    The training stops it, once the state is saved.
    """
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, signal.SIG_IGN)


def augmentation(config: TrainConfig) -> v2.Transform:
    """Input (3, S, S) in -1..1 -> the same, changed at random as the recipe says."""
    jitter = config.jitter
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(
                degrees=config.degrees,
                translate=(config.translate, config.translate),
                scale=(1 - config.zoom, 1 + config.zoom),
                interpolation=InterpolationMode.BILINEAR,
                fill=-1.0,
            ),
            v2.Normalize([-1.0] * 3, [2.0] * 3),  # to 0..1, where colours are changed
            v2.ColorJitter(brightness=jitter, contrast=jitter, saturation=jitter),
            v2.RandomGrayscale(config.grey),
            v2.Normalize([0.5] * 3, [0.5] * 3),
            v2.RandomErasing(config.erase, scale=(0.02, 0.2)),
        ]
    )


class Training:
    """A training between two steps: network, head, their average, optimiser, schedule.

    `network` is learned in place of the recipe's own: (B, anything) -> (B, config.dimension).
    `margin` is what is asked after the ramp; it and `head.scale` may be changed between two steps.
    """

    def __init__(
        self,
        config: TrainConfig,
        people: int,
        steps_an_epoch: int,
        network: nn.Module | None = None,
    ) -> None:
        self.config = config
        self.scheduled_steps = steps_an_epoch * config.epochs
        self.last_step = steps_an_epoch * config.last_epoch
        self.device = torch.device(_device(config.device))
        self.margin = config.final_margin
        with seeded(config.seed):
            self.network: nn.Module = network or Backbone(
                config.input_size, config.width, config.blocks, config.dimension, config.dropout,
                config.plain,
            )  # fmt: skip
            self.head = Head(people, config.dimension, config.final_scale, self.margin)
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.head.to(self.device)
        self.average = AveragedModel(
            self.network, multi_avg_fn=averaging(config.averaging), use_buffers=True
        )
        self.optimiser = torch.optim.SGD(
            [*self.network.parameters(), *self.head.parameters()],
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            nesterov=config.momentum > 0,
            fused=True,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            config.learning_rate,
            total_steps=self.scheduled_steps + 1,
            pct_start=config.warm_up,
            cycle_momentum=False,
        )
        self.step = 0

    @property
    def conditions(self) -> dict[str, str | int]:
        """What the last bit of the weights depends on beside the recipe."""
        return {
            "device": str(self.device),
            "precision": precision_on(self.device, self.config.precision),
            "threads": torch.get_num_threads(),
            "compile": self.config.compile,
        }

    @property
    def averaged(self) -> nn.Module:
        """The network with averaged weights, which is evaluated and kept."""
        return self.average.module


def averaging(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """An exponential average of weights that starts as the plain mean of the first steps.

    Without that start the initial, random weights would stay in it for hundreds of steps.
    """

    def average(averaged: Tensors, current: Tensors, steps: Tensor | int) -> None:
        share = max(1.0 - decay, 1.0 / (int(steps) + 1))
        for mean, now in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, share)
            else:  # BatchNorm's counters
                mean.copy_(now)

    return average


def fit(training: Training, batches: Iterable[tuple[Tensor, Tensor]]) -> Iterator[Step]:
    """Take one step a batch, from the step that `training` is at; yield what each was like.

    Raises LossNotFinite before the weights are touched by it.
    """
    config = training.config
    network: nn.Module = training.network
    if config.compile:
        network = torch.compile(network)  # type: ignore[assignment]
    for x, y in batches:
        x, y = x.to(training.device), y.to(training.device)
        share = min(1.0, training.step / max(1.0, config.ramp * training.scheduled_steps))
        training.head.margin = training.margin and training.margin.ramped(share)
        if config.dropout > 0:
            torch.manual_seed(_seed(config.seed, training.step) + 1)
        network.train()
        with autocast(training.device, config.precision):
            features = network(x)  # (B, D)
        loss = functional.cross_entropy(training.head(features, y), y)
        value = loss.item()
        learning_rate = float(training.schedule.get_last_lr()[0])
        if not math.isfinite(value):
            raise LossNotFinite(
                value=value,
                step=training.step + 1,
                learning_rate=config.learning_rate,
                scale=config.final_scale,
            )
        training.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        training.optimiser.step()
        training.schedule.step()
        training.average.update_parameters(training.network)
        training.step += 1
        angle = float(training.head.own_angle(features.detach(), y).mean())
        yield Step(training.step, value, angle, share, learning_rate)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """The context in which the network computes with `precision`, see `precision_on`."""
    if precision_on(device, precision) == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def precision_on(device: torch.device, precision: str) -> str:
    """'auto' -> 'bfloat16' on a processor that computes in it, else 'float32'."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise RecipeInvalid(where="--device cuda", problem="PyTorch finds no CUDA device here")
    return name


def _seed(seed: int, step: int) -> int:
    """A generator's seed of its own for each step."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> 2)


@torch.inference_mode()
def own_centre_angles(
    network: nn.Module, head: Head, inputs: Tensor, labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The angle of every training image to its own centre, (N,) radians: unaugmented, in float32.

    `network` is in eval mode; `head` has the class centres of labels 0..C-1.
    """
    device = head.weight.device
    angles = []
    batches = zip(torch.split(inputs, 256), torch.split(torch.from_numpy(labels), 256), strict=True)
    for x, y in batches:
        angles.append(head.own_angle(network(x.to(device)), y.to(device)).cpu())
    return torch.cat(angles).numpy()
