"""Residual networks and their plain twins, trained together: every step of all on one batch.

Where each stands is saved from time to time, so that a study that is stopped goes on.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from tqdm import tqdm

from model.recipe import TrainConfig
from model.sets import TrainingSet, ValidationSet, quick_measures
from model.state import StateUnfit, load_state, save_state
from model.training import Batches, Training, fit

BLOCKS = ((2, 2, 2, 2), (6, 6, 6, 6))  # in each stage: 18 layers and 50
KINDS = {"residual": False, "plain": True}


@dataclass(frozen=True)
class Run:
    """One network's training from one seed: how it stands, a record a step, where both are kept."""

    training: Training
    history: list[dict[str, Any]]
    state: Path
    data: str


def networks(base: TrainConfig) -> dict[str, TrainConfig]:
    """The four, by kind and layers: 'residual-18', 'plain-18', 'residual-50', 'plain-50'."""
    return {
        f"{kind}-{2 + 2 * sum(blocks)}": replace(base, blocks=blocks, plain=plain)
        for blocks in BLOCKS
        for kind, plain in KINDS.items()
    }


def begin(config: TrainConfig, learn: TrainingSet, batches: Batches, state: Path, data: str) -> Run:
    """The training where its state left it; anew where there is none, or one of another study."""
    training = Training(config, len(learn.people), batches.steps_an_epoch)
    history: list[dict[str, Any]] = []
    if state.is_file():
        try:
            history = load_state(state, training, data)
        except StateUnfit as unfit:
            tqdm.write(f"{state.name} is begun anew: {unfit.fields['problem']}")
    return Run(training, history, state, data)


def together(
    runs: list[Run], batches: Batches, validation: ValidationSet, progress: "tqdm[Any]"
) -> None:
    """The steps that are left, each on one batch for all; who is ahead waits for the others."""
    for at in range(min(run.training.step for run in runs), len(batches)):
        batch = batches[at]
        for run in runs:
            if run.training.step == at:
                take(run, batch, batches.steps_an_epoch, validation)
                progress.set_postfix_str(
                    f"{run.state.stem} loss {run.history[-1]['loss']:.3f}", False
                )
                progress.update()


def take(
    run: Run, batch: tuple[Tensor, Tensor], steps_an_epoch: int, validation: ValidationSet
) -> None:
    """One step and its record, an evaluation where one is due, and the state from time to time."""
    began, training, config = time.monotonic(), run.training, run.training.config
    (step,) = fit(training, [batch])
    record: dict[str, Any] = {"loss": step.loss}
    if step.number == 1:  # before any weight has moved
        record["gradients"] = gradients(training.network)
    last = step.number == training.last_step
    if last or step.number % (config.evaluate_every * steps_an_epoch) == 0:
        record |= quick_measures(validation.cosines(training.averaged.eval()), validation)
    record["seconds"] = time.monotonic() - began
    run.history.append(record)
    if last or step.number % config.save_every == 0:
        save_state(run.state, training, run.history, run.data)


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
