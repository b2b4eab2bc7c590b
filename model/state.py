"""The resumable state of a training: one .safetensors beside the run. Nothing is unpickled."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from model.checkpoint import read_tensors
from model.errors import MarginScopeError
from model.files import write_whole
from model.recipe import RUNTIME, TrainConfig, resolved
from model.training import Training

# What may differ between a training and its resumption. The last bit of the weights can depend on
# Training.conditions; where those differ, load_state warns.
MAY_DIFFER = (*RUNTIME, "stop_after")


class StateUnfit(MarginScopeError):
    """A saved training that is not the one to resume."""

    sentence = "{path} cannot be resumed: {problem}. Name another folder with --output, or {cure}."


class StateInTheWay(MarginScopeError):
    """A training that is not finished, or is another one, would be overwritten."""

    sentence = (
        "{path} would be overwritten, and {problem}: {cure}name another folder with --output, or "
        "delete it."
    )


def save_state(path: Path, training: Training, history: list[dict[str, Any]], data: str) -> None:
    """Write all that a training needs to go on; `data` names what it trains on. FileNotWritten."""
    tensors = {f"network.{k}": v for k, v in training.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in training.average.state_dict().items()}
    tensors |= {f"head.{k}": v for k, v in training.head.state_dict().items()}
    moments = training.optimiser.state_dict()["state"]
    tensors |= {f"moment.{i}": s["momentum_buffer"] for i, s in moments.items()}
    state = {
        "step": training.step,
        "last_step": training.last_step,
        "recipe": resolved(training.config),
        "conditions": training.conditions,
        "data": data,
        "schedule": training.schedule.state_dict(),
        "history": history,
    }
    copies = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    write_whole(path, save(copies, {"state": json.dumps(state)}))


def load_state(path: Path, training: Training, data: str) -> list[dict[str, Any]]:
    """Bring `training` to where save_state left it and return its history; else StateUnfit."""
    if not path.is_file():
        raise StateUnfit(path=path, problem="there is no saved state", cure="check --output")
    try:
        tensors, metadata = read_tensors(path)
        state = json.loads(metadata["state"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise StateUnfit(path=path, problem=f"unreadable ({error})", cure="restore it") from None
    if (was := _otherwise(state, training, data)) is not None:
        raise StateUnfit(path=path, problem=was[0], cure=was[1])
    if state["conditions"] != training.conditions:
        was, here = state["conditions"], training.conditions
        warnings.warn(f"not bit for bit: begun with {was}, going on with {here}", stacklevel=2)

    def part(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    training.network.load_state_dict(part("network."))
    training.average.load_state_dict(part("average."))
    training.head.load_state_dict(part("head."))
    saved = training.optimiser.state_dict()
    parameters = training.optimiser.param_groups[0]["params"]
    saved["state"] = {
        int(i): {"momentum_buffer": torch.empty_like(parameters[int(i)]).copy_(moment)}
        for i, moment in part("moment.").items()
    }
    training.schedule.load_state_dict(state["schedule"])
    for group in saved["param_groups"]:
        group["lr"] = training.schedule.get_last_lr()[0]
    training.optimiser.load_state_dict(saved)
    training.step = int(state["step"])
    history: list[dict[str, Any]] = state["history"]
    return history


def _otherwise(state: dict[str, Any], training: Training, data: str) -> tuple[str, str] | None:
    """How a saved state was trained, where that is not as `training` is, and what to do."""
    now = resolved(training.config)
    then = resolved(TrainConfig()) | state["recipe"]  # a field newer than the state: its default
    changed = [k for k, v in now.items() if k not in MAY_DIFFER and then[k] != v]
    if changed:
        was = ", ".join(f"{k} = {then[k]}" for k in changed)
        return f"it was trained with {was}", "set that again"
    if state["data"] != data:
        return "it was trained on other photos", "name the folder that it was trained on"
    return None


def refuse_to_overwrite(path: Path, training: Training, data: str) -> None:
    """StateInTheWay where `path` holds a training with steps left, or one that is not this."""
    try:
        state = json.loads(read_tensors(path)[1]["state"])
    except (SafetensorError, OSError, KeyError, ValueError):
        return
    was = _otherwise(state, training, data)
    if state["step"] < state["last_step"]:
        problem = f"it stopped at step {state['step']} of {state['last_step']}"
    elif was is not None:
        problem = was[0]
    elif state["last_step"] != training.last_step:
        problem = f"it took {state['last_step']} steps, not {training.last_step}"
    else:
        return
    cure = "go on with --resume, " if was is None else ""
    raise StateInTheWay(path=path, problem=problem, cure=cure)
