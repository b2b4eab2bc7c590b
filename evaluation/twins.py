"""Residual networks and their plain twins, trained together: every step of all on one batch.

Where each stands is saved from time to time, so that a study that is stopped goes on.
"""

from dataclasses import replace
from typing import Any

from torch import Tensor, nn
from tqdm import tqdm

from evaluation.runs import Run, take
from model.recipe import TrainConfig
from model.sets import ValidationSet
from model.training import Batches

BLOCKS = ((2, 2, 2, 2), (6, 6, 6, 6))  # in each stage: 18 layers and 50
KINDS = {"residual": False, "plain": True}


def networks(base: TrainConfig) -> dict[str, TrainConfig]:
    """The four, by kind and layers: 'residual-18', 'plain-18', 'residual-50', 'plain-50'."""
    return {
        f"{kind}-{2 + 2 * sum(blocks)}": replace(base, blocks=blocks, plain=plain)
        for blocks in BLOCKS
        for kind, plain in KINDS.items()
    }


def together(
    runs: list[Run], batches: Batches, validation: ValidationSet, progress: "tqdm[Any]"
) -> None:
    """The steps that are left, each on one batch for all; who is ahead waits for the others."""
    for at in range(min(run.training.step for run in runs), len(batches)):
        batch = batches[at]
        for run in runs:
            if run.training.step == at:
                take(run, batch, batches.steps_an_epoch, validation)
                if at == 0:
                    run.history[0]["gradients"] = gradients(run.training.network)
                progress.set_postfix_str(
                    f"{run.state.stem} loss {run.history[-1]['loss']:.3f}", False
                )
                progress.update()


def weighty(network: nn.Module) -> list[nn.Module]:
    """The layers with weights on the longest way through, in their order."""
    return [
        module
        for module in network.modules()
        if isinstance(module, nn.Linear)
        or (isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3))
    ]


def gradients(network: nn.Module) -> list[float]:
    """The length of the loss's gradient on each of those layers' weights, first to last."""
    found = []
    for module in weighty(network):
        assert isinstance(module.weight, Tensor)
        assert module.weight.grad is not None  # fit() leaves it there
        found.append(float(f"{module.weight.grad.norm().item():.4g}"))
    return found
