"""A recipe in, a checkpoint out.

python train.py recipes/arcface.toml
python train.py recipes/arcface.toml --epochs 4 --output runs/short
python train.py recipes/arcface.toml --images ~/my-people
python train.py recipes/arcface.toml --resume
"""

import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import numpy as np
import torch
import tyro
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from model.aligned import Faces, load_faces
from model.calibration import Calibration
from model.checkpoint import Card, half, load_network, provenance, save_checkpoint
from model.commands import run
from model.data import PARTS, lfw_home, read_folder, read_lfw, seen_gallery
from model.files import write_whole
from model.recipe import RecipeInvalid, TrainConfig, read_recipe, resolved
from model.sets import (
    TrainingSet,
    ValidationSet,
    measures,
    quick_measures,
    training_set,
    validation_set,
)
from model.state import load_state, refuse_to_overwrite, save_state
from model.training import Batches, Step, Training, fit, own_centre_angles, undisturbed


@dataclass(frozen=True)
class Command:
    """Train one recogniser from LFW, or from your own photos, to a checkpoint."""

    recipe: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RECIPE")]
    """A file of recipes/, which sets the fields below; flags override it."""
    config: Annotated[TrainConfig, tyro.conf.arg(name="")]
    data_home: Path | None = None
    """The folder that holds lfw_home/; else $MARGINSCOPE_DATA, ../shared/data or scikit-learn's
    data home, where LFW is downloaded (about 180 MB) if it is nowhere."""
    images: Path | None = None
    """Train on this folder instead of LFW: one sub-folder a person."""
    output: Path | None = None
    """Where everything goes; runs/<loss> where not given. The result is <loss>.safetensors."""
    resume: bool = False
    """Go on from the state saved in the output folder."""


def main(argv: list[str]) -> int:
    """Run the command line; the exit code is 0, 130 where stopped, 2 for what a person can mend."""
    return run("train.py", lambda: train(parse(argv)), "go on with --resume")


def parse(argv: list[str]) -> Command:
    """The recipe gives the flags their defaults, so that --help shows what would run."""
    named = next((arg for arg in argv if arg.endswith(".toml")), None)
    config = read_recipe(Path(named)) if named else TrainConfig()
    default = Command(recipe=Path(named) if named else tyro.MISSING, config=config)
    command = tyro.cli(Command, args=argv, default=default, config=(tyro.conf.FlagCreatePairsOff,))
    if named is None or command.recipe != Path(named):
        raise RecipeInvalid(where=command.recipe, problem="a recipe is a .toml file, named first")
    return command


def train(command: Command) -> int:
    """The story: find the people, build the network, take steps, keep the result."""
    config = command.config
    output = command.output or Path("runs") / config.loss
    made_by = provenance()  # now: the code may change while this runs
    if config.threads:
        torch.set_num_threads(config.threads)

    # Who is there, and what part each person has
    home = command.images or lfw_home(command.data_home, download=True)
    collection = read_folder(home) if command.images else read_lfw(home)
    print(f"{home}: {len(collection.people)} people, {len(collection.images)} photos")
    faces = load_faces(collection, bar)
    learn, validation = training_set(faces, config), validation_set(faces, config, home)
    say_what_is_there(faces, learn, validation)

    # The network, new or where it was left
    batches = Batches(learn.inputs, learn.labels, config)
    training = Training(config, len(learn.people), batches.steps_an_epoch)
    state, data = output / "state.safetensors", learn.fingerprint(faces.names)
    history = load_state(state, training, data) if command.resume else []
    if not command.resume:
        refuse_to_overwrite(state, training, data)
    say_what_is_trained(training, command.resume)
    if not history:
        fresh = training.averaged.eval()
        angles = histogram(own_centre_angles(fresh, training.head, learn.inputs, learn.labels))
        history.append({"step": 0, "seconds": 0.0, "own_angles": angles})

    # The steps
    began, before = time.monotonic(), history[-1]["seconds"]
    writer = SummaryWriter(str(output / "tensorboard"), purge_step=training.step + 1)
    stop = StopSignal()
    left = range(training.step, len(batches))
    loader = DataLoader(
        batches, None, sampler=left, num_workers=config.workers, worker_init_fn=undisturbed
    )
    with writer, tqdm(total=len(batches), initial=training.step, unit="step") as progress:
        for step in fit(training, loader):
            record = {"step": step.number, "seconds": before + time.monotonic() - began}
            record |= facts(step)
            epoch, place = divmod(step.number, batches.steps_an_epoch)
            if place == 0 and (epoch % config.evaluate_every == 0 or epoch == config.last_epoch):
                record |= evaluate(training, validation)
                progress.write(
                    f"epoch {epoch}: accuracy {record['accuracy']:.4f}, EER {record['eer']:.4f}, "
                    f"AUC {record['auc']:.4f} on validation pairs"
                )
            history.append(record)
            show(progress, writer, record, config.batch_size)
            if step.number % config.save_every == 0 or stop.asked or step.number == len(batches):
                save_state(state, training, history, data)
                write_whole(output / "history.json", json.dumps(history).encode())
            if stop.asked:
                progress.write(f"Stopped at step {step.number} and saved: --resume goes on here.")
                return 130

    # The result, measured on the very weights that are kept
    path = output / f"{config.loss}.safetensors"
    finish(path, training, learn, validation, faces, history, made_by)
    return 0


def say_what_is_there(faces: Faces, learn: TrainingSet, validation: ValidationSet) -> None:
    """People and images a part, and what was left out, by name."""
    for part in PARTS:
        chosen = faces.indices(part)
        print(f"  {part}: {len(np.unique(faces.person[chosen]))} people, {len(chosen)} faces")
    print(f"  trained on: {len(learn.people)} people, {len(learn.labels)} faces")
    same = validation.pairs.same
    print(f"  validation pairs: {same.sum()} genuine, {(~same).sum()} impostor")
    reasons = {
        "cannot be read": faces.unreadable,
        "show no face": faces.faceless,
        "have the pixels of a photo in another part": faces.shared,
        "show too large a crowd": faces.crowded,
    }
    for reason, photos in reasons.items():
        if photos:
            names = ", ".join(f"{photo.parent.name}/{photo.name}" for photo in photos[:20])
            more = f" and {len(photos) - 20} more" if len(photos) > 20 else ""
            print(f"  left out, {len(photos)} that {reason}: {names}{more}")


def say_what_is_trained(training: Training, resumed: bool) -> None:
    """Loss, device, threads, precision, parameters."""
    config = training.config
    network = sum(p.numel() for p in training.network.parameters())
    head = sum(p.numel() for p in training.head.parameters())
    print(
        f"{config.loss}: scale {config.final_scale:g}, {config.final_margin or 'no margin'}; "
        f"{training.conditions['device']}, {training.conditions['threads']} threads, "
        f"{training.conditions['precision']}; {network:,} parameters and {head:,} in the head; "
        f"{'resumed at' if resumed else 'from'} step {training.step} of {training.last_step}"
    )


def facts(step: Step) -> dict[str, float]:
    """What the history keeps of a step; angles in degrees."""
    return {
        "loss": step.loss,
        "own_angle": float(np.degrees(step.angle)),
        "margin_share": step.share,
        "learning_rate": step.learning_rate,
    }


def evaluate(training: Training, validation: ValidationSet) -> dict[str, float]:
    """Accuracy, EER and AUC on validation pairs, with the averaged weights, in float32."""
    return quick_measures(validation.cosines(training.averaged.eval()), validation)


def finish(
    path: Path,
    training: Training,
    learn: TrainingSet,
    validation: ValidationSet,
    faces: Faces,
    history: list[dict[str, Any]],
    made_by: tuple[dict[str, str], str],
) -> None:
    """Round to float16, calibrate those weights in float32 arithmetic, write the checkpoint."""
    weights = half(training.averaged)
    network = load_network(training.config, weights)
    cosine = validation.cosines(network)
    end = own_centre_angles(network, training.head.cpu(), learn.inputs, learn.labels)
    seen = {person for person, _ in seen_gallery(faces.person, faces.part, faces.names)}
    rows = [i for i, person in enumerate(learn.people) if int(person) in seen]
    card = Card(
        loss=training.config.loss,
        recipe=resolved(training.config),
        split=faces.split()
        | {"trained": {"people": len(learn.people), "images": len(learn.labels)}},
        training={
            "steps": training.step,
            "seconds": round(history[-1]["seconds"], 1),
            **training.conditions,
            "final_loss": round(float(np.mean([r["loss"] for r in history[1:][-50:]])), 4),
            "own_angles_start": history[0]["own_angles"],
            "own_angles_end": histogram(end),
            "own_angle_mean": round(float(np.degrees(end).mean()), 2),
        },
        calibration=Calibration.from_pairs(cosine, validation.pairs.same, *validation.people()),
        validation=measures(cosine, validation),
        centre_people=tuple(faces.names[learn.people[i]] for i in rows),
        versions=made_by[0],
        git=made_by[1],
    )
    bias = training.head.bias
    centres = training.head.weight[rows]
    save_checkpoint(path, weights, centres, None if bias is None else bias[rows], card)
    shown = ", ".join(
        f"{name} {found['value']:.4f}"
        + (f" ± {found['standard_error']:.4f}" if "standard_error" in found else "")
        for name, found in card.validation.items()
    )
    print(f"{path}: {shown} on validation pairs")


def histogram(angles: np.ndarray) -> list[int]:
    """Angles in radians counted by whole degrees, 0..180."""
    counts: list[int] = np.histogram(np.degrees(angles), bins=180, range=(0, 180))[0].tolist()
    return counts


def show(
    progress: "tqdm[Any]", writer: SummaryWriter, record: dict[str, Any], batch_size: int
) -> None:
    """Loss, images a second and own-centre angle beside the bar; every number to TensorBoard."""
    rate = progress.format_dict["rate"] or 0.0
    progress.set_postfix_str(
        f"loss {record['loss']:.3f}, {rate * batch_size:.0f} images/s, "
        f"own centre {record['own_angle']:.1f}°",
        refresh=False,
    )
    progress.update()
    for key, value in record.items():
        if isinstance(value, float):
            writer.add_scalar(key, value, record["step"])


def bar(items: Any, total: int) -> Any:
    """A progress bar in the form that load_faces takes."""
    return tqdm(items, desc="aligning faces", total=total, unit="file", dynamic_ncols=True)


class StopSignal:
    """Ctrl-C or SIGTERM asks to stop after the step; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
