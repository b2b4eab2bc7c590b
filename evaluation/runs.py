"""A training that an evaluation needs: step by step, kept by its state, gone on with later."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from tqdm import tqdm

from model.checkpoint import half, load_network
from model.recipe import TrainConfig
from model.sets import TrainingSet, ValidationSet, quick_measures
from model.state import StateUnfit, load_state, save_state
from model.training import Batches, Training, fit


@dataclass(frozen=True)
class Run:
    """One network's training: how it stands, a record a step, where both are kept.

    `data` names what it is trained on.
    """

    training: Training
    history: list[dict[str, Any]]
    state: Path
    data: str

    @property
    def network(self) -> nn.Module:
        """The averaged network as a checkpoint would give it, rounded to float16, in eval mode."""
        return load_network(self.training.config, half(self.training.averaged))

    @property
    def seconds(self) -> float:
        """What its steps have taken."""
        return float(round(sum(record["seconds"] for record in self.history), 1))


def begin(config: TrainConfig, learn: TrainingSet, batches: Batches, state: Path, data: str) -> Run:
    """The training where its state left it.

    Anew where there is none, one of another study, or one that went beyond the last step.
    """
    training = Training(config, len(learn.people), batches.steps_an_epoch)
    if not state.is_file():
        return Run(training, [], state, data)
    try:
        history = load_state(state, training, data)
        if training.step <= training.last_step:
            return Run(training, history, state, data)
        problem = f"it took {training.step} steps, and the last is {training.last_step}"
    except StateUnfit as unfit:
        problem = unfit.fields["problem"]
    tqdm.write(f"{state.name} is begun anew: {problem}")
    return Run(Training(config, len(learn.people), batches.steps_an_epoch), [], state, data)


def take(
    run: Run, batch: tuple[Tensor, Tensor], steps_an_epoch: int, validation: ValidationSet | None
) -> None:
    """One step and its record, an evaluation where one is due, and the state from time to time."""
    began, training, config = time.monotonic(), run.training, run.training.config
    (step,) = fit(training, [batch])
    record: dict[str, Any] = {"loss": step.loss}
    last = step.number == training.last_step
    due = last or step.number % (config.evaluate_every * steps_an_epoch) == 0
    if due and validation is not None:
        record |= quick_measures(validation.cosines(training.averaged.eval()), validation)
    record["seconds"] = time.monotonic() - began
    run.history.append(record)
    if last or step.number % config.save_every == 0:
        save_state(run.state, training, run.history, run.data)


def trained(
    config: TrainConfig,
    learn: TrainingSet,
    state: Path,
    data: str,
    validation: ValidationSet | None = None,
) -> Run:
    """A whole training, or what is left of it, with a bar. LossNotFinite where it fails."""
    batches = Batches(learn.inputs, learn.labels, config)
    run = begin(config, learn, batches, state, data)
    steps = range(run.training.step, len(batches))
    with tqdm(
        steps, state.stem, len(batches), initial=steps.start, unit="step", dynamic_ncols=True
    ) as progress:
        for at in progress:
            take(run, batches[at], batches.steps_an_epoch, validation)
            progress.set_postfix_str(f"loss {run.history[-1]['loss']:.3f}", refresh=False)
    return run
