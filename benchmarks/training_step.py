"""pytorch-metric-learning's time over ours, for one training step with ArcFace.

python benchmarks/training_step.py
python benchmarks/training_step.py --rounds 3 --classes 1000

A step is network forward, head, loss, backward and optimiser step on one batch of 64 random inputs
of 64 x 64 pixels. Both sides have the same Backbone with the same initial weights, the same class
centres and the same SGD (a recipe's: Nesterov momentum and weight decay on all weights), and pass
over the same batch; ours has model.head.Head and cross entropy, theirs has ArcFaceLoss, margin 0.5
rad and scale 24 on both. "bfloat16" is the autocast of model.training, around the network alone on
both sides: the head computes in float32. The average of weights, augmentation and schedule, which
train.py has besides, are left out. Before the clock starts, both losses and their gradients on the
embeddings are printed: with equal weights they agree wherever angle + margin is at most 180
degrees (past it the two continue differently).

Nearly all of a step at 1,000 classes is the network, which is the same on both sides, so the part
in which they differ is timed alone as well: head and loss, forward and backward to the embeddings
and the class centres.

Target: 1 or more. Needs requirements.txt and pip install --no-deps -r benchmarks/requirements.txt
"""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
import tyro
from measuring import keep, line, need, ratio, seconds, show, take_turns
from torch import Tensor, nn
from torch.nn import functional

from model.head import Head
from model.recipe import TrainConfig
from model.training import Training, autocast

THEIRS = "pytorch-metric-learning"
CONFIG = TrainConfig(loss="arcface", scale=24.0, add_angle=0.5, device="cpu")
TARGET = 1.0


def main(
    rounds: int = 20,
    classes: tuple[int, ...] = (1_000, 100_000),
    precisions: tuple[str, ...] = ("float32", "bfloat16"),
) -> None:
    """Compare one training step of ours with one of pytorch-metric-learning's.

    Args:
        rounds: How often each side takes a step on the clock.
        classes: How many people the head has.
        precisions: Of the network: float32, bfloat16.
    """
    need("pytorch_metric_learning")
    cases = {}
    for count in classes:
        for precision in precisions:
            print(f"{count:,} classes, {precision} network, batch {CONFIG.batch_size}")
            cases[f"{count} classes, {precision}"] = case(count, precision, rounds)
    slowest = min(cases.values(), key=lambda found: found["value"])
    told = {"target": f">= {TARGET:g} in every case", "cases": cases, "margin": "0.5 rad"}
    keep({"value": slowest["value"]} | told, packages=(THEIRS,))


def case(classes: int, precision: str, rounds: int) -> dict[str, Any]:
    """Both sides at one number of classes and one precision."""
    training = Training(CONFIG, classes, steps_an_epoch=1)
    x = torch.rand(CONFIG.batch_size, 3, CONFIG.input_size, CONFIG.input_size) * 2 - 1
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.randint(classes, (CONFIG.batch_size,))
    losses = equal_losses(training.head)
    agreement = agree(training, losses, x, y)
    steps = {name: step(training, loss, precision, x, y) for name, loss in losses.items()}
    sides = {name: (lambda one=one: seconds(one)) for name, one in steps.items()}
    measured = take_turns(sides, rounds, warm_up=3)
    found = show(measured, "s")
    result = ratio(measured[THEIRS], measured["ours"])
    print(line(f"theirs / ours (target {TARGET:g})", result, "times"))
    return (
        result | {"sides": found, "head_and_loss": head_and_loss(losses, x, y, rounds)} | agreement
    )


def head_and_loss(
    losses: dict[str, nn.Module], x: Tensor, y: Tensor, rounds: int
) -> dict[str, Any]:
    """The same for head and loss alone, on embeddings (B, D) of the size that the network gives."""
    z = torch.randn(len(x), CONFIG.dimension)

    def once(loss: nn.Module) -> None:
        loss.zero_grad(set_to_none=True)
        loss(z.clone().requires_grad_(), y).backward()

    sides = {name: (lambda loss=loss: seconds(lambda: once(loss))) for name, loss in losses.items()}
    measured = take_turns(sides, 5 * rounds, warm_up=5)
    found = show(measured, "s")
    result = ratio(measured[THEIRS], measured["ours"])
    print(line("head and loss alone, theirs / ours", result, "times"))
    return result | {"sides": found}


class OurLoss(nn.Module):
    """model.head.Head and cross entropy, as fit() puts them together."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """(B, D), (B,) -> the mean loss."""
        return functional.cross_entropy(self.head(embeddings, labels), labels)


def equal_losses(head: Head) -> dict[str, nn.Module]:
    """Each side's loss, with the same class centres."""
    from pytorch_metric_learning.losses import ArcFaceLoss

    theirs = ArcFaceLoss(
        *head.weight.shape, margin=math.degrees(head.margin.add_angle), scale=head.scale
    )
    theirs.W.data = head.weight.data.T.contiguous()  # (D, C) there, (C, D) here
    return {"ours": OurLoss(head), THEIRS: theirs}


def agree(training: Training, losses: dict[str, nn.Module], x: Tensor, y: Tensor) -> dict[str, Any]:
    """Print and return both losses on one batch, and how far their gradients on it differ."""
    with torch.no_grad():
        embeddings = copy.deepcopy(training.network)(x)  # (B, D)
    values, slopes = {}, []
    for name, loss in losses.items():
        z = embeddings.clone().requires_grad_()
        value = loss(z, y)
        slopes.append(torch.autograd.grad(value, z)[0])
        values[name] = round(value.item(), 6)
    apart = float((slopes[0] - slopes[1]).norm() / slopes[1].norm())
    angle = training.head.own_angle(embeddings, y) + training.head.margin.add_angle
    past = float((angle > math.pi).float().mean())
    shown = ", ".join(f"{name} {value}" for name, value in values.items())
    print(f"loss: {shown}; gradients differ by {apart:.1e}; {past:.0%} past 180 degrees")
    return {"losses": values, "gradients_differ": apart, "share_past_180_degrees": past}


def step(
    training: Training, loss: nn.Module, precision: str, x: Tensor, y: Tensor
) -> Callable[[], None]:
    """One training step as fit() takes it, on a network and with an optimiser of its own."""
    network = copy.deepcopy(training.network)
    parameters = [*network.parameters(), *loss.parameters()]
    optimiser = type(training.optimiser)(parameters, **training.optimiser.defaults)

    def once() -> None:
        with autocast(training.device, precision):
            features = network(x)  # (B, D)
        mean = loss(features.float(), y)
        mean.item()  # fit() looks at it
        optimiser.zero_grad(set_to_none=True)
        mean.backward()
        optimiser.step()

    return once


if __name__ == "__main__":
    tyro.cli(main)
