"""A recipe in, a checkpoint out.

    python train.py recipes/arcface.toml
    python train.py recipes/arcface.toml --epochs 4 --output runs/short
    python train.py recipes/arcface.toml --images ~/my-people
    python train.py recipes/arcface.toml --resume
"""

import dataclasses
import hashlib
import json
import signal
import sys
import time
from collections.abc import Iterable
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
from model.backbone import embed, to_input
from model.checkpoint import (
    Card,
    half,
    load_network,
    load_state,
    provenance,
    save_checkpoint,
    save_state,
    write_whole,
)
from model.data import PARTS, Pairs, TooFewPeople, lfw_home, pairs_of_people, read_folder, read_lfw
from model.data import seen_gallery
from model.errors import MarginScopeError
from model.recipe import TrainConfig, read_recipe
from model.training import Batches, Step, Training, autocast, fit, own_centre_angles
from model.verification import (
    Calibration,
    auc,
    balanced_accuracy,
    best_threshold,
    bootstrap_over_people,
    degrees,
    equal_error_rate,
    pair_cosines,
)


@dataclass(frozen=True)
class Command:
    """Train one recogniser from LFW, or from your own photos, to a checkpoint."""

    recipe: tyro.conf.Positional[Path]
    """A file of recipes/, which sets the fields below; flags override it."""
    config: Annotated[TrainConfig, tyro.conf.arg(name="")]
    data_home: Path | None = None
    """The folder that holds lfw_home/; else $MARGINSCOPE_DATA, ../shared/data, scikit-learn's."""
    download: bool = False
    """Let scikit-learn download LFW (about 110 MB) where it is not found."""
    images: Path | None = None
    """Train on this folder instead of LFW: one sub-folder a person."""
    output: Path | None = None
    """Where everything goes; runs/<loss> where not given. The result is <loss>.safetensors."""
    resume: bool = False
    """Go on from the state saved in the output folder."""


@dataclass(frozen=True)
class TrainingSet:
    """Inputs (N, 3, S, S) and labels 0..C-1 (N,); people[label] is an index into faces.names."""

    inputs: torch.Tensor
    labels: np.ndarray
    people: np.ndarray


@dataclass(frozen=True)
class ValidationSet:
    """Inputs (M, 3, S, S), whom they show (M,), and the pairs among them."""

    inputs: torch.Tensor
    person: np.ndarray
    pairs: Pairs


def main(argv: list[str]) -> int:
    """Run the command line; the exit code is 0, 130 where stopped, 2 for what a person can mend."""
    try:
        return train(parse(argv))
    except MarginScopeError as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2


def parse(argv: list[str]) -> Command:
    """The recipe gives the flags their defaults, so that --help shows what would run."""
    named = next((arg for arg in argv if arg.endswith(".toml")), None)
    config = read_recipe(Path(named)) if named else TrainConfig()
    default = Command(recipe=Path(named) if named else tyro.MISSING, config=config)
    return tyro.cli(
        Command, args=argv, default=default, config=(tyro.conf.FlagConversionOff,)
    )


def train(command: Command) -> int:
    """The story: find the people, build the network, take steps, keep the result."""
    config = command.config
    output = command.output or Path("runs") / config.loss
    if config.threads:
        torch.set_num_threads(config.threads)

    # Who is there, and what part each person has
    home = command.images or lfw_home(command.data_home, command.download)
    collection = read_folder(home) if command.images else read_lfw(home)
    print(f"{home}: {len(collection.people)} people, {len(collection.images)} photos")
    faces = load_faces(collection, bar("aligning faces", "file"))
    training_set = training_faces(faces, config, home)
    validation = validation_faces(faces, config, home)
    say_what_is_there(faces, training_set, validation)

    # The network, new or where it was left
    batches = Batches(training_set.inputs, training_set.labels, config)
    training = Training(config, len(training_set.people), total_steps=len(batches))
    data = fingerprint(faces, training_set)
    state = output / "state.safetensors"
    history = load_state(state, training, data) if command.resume else []
    say_what_is_trained(training, command.resume)
    start_angles = starting_angles(history, training, training_set)

    # The steps
    began = time.monotonic()
    before = history[-1]["seconds"] if history else 0.0
    writer = SummaryWriter(str(output / "tensorboard"), purge_step=training.step or None)
    stop = StopSignal()
    steps = DataLoader(
        batches, None, sampler=range(training.step, len(batches)), num_workers=config.workers
    )
    progress = tqdm(total=len(batches), initial=training.step, unit="step", dynamic_ncols=True)

    def keep() -> None:
        save_state(state, training, history, data)
        write_whole(output / "history.json", json.dumps(history, indent=1).encode())

    for step in fit(training, steps):
        progress.update()
        record = {"step": step.number, "seconds": before + time.monotonic() - began}
        record |= {"loss": step.loss, "own_angle": float(np.degrees(step.angle))}
        record |= {"margin_share": step.share, "learning_rate": step.learning_rate}
        show(progress, step, record, config)
        epoch, place = divmod(step.number, batches.steps_an_epoch)
        if place == 0 and (epoch % config.evaluate_every == 0 or epoch == config.epochs):
            record |= evaluate(training, validation)
            progress.write(
                f"epoch {epoch}: accuracy {record['accuracy']:.4f}, EER {record['eer']:.4f}, "
                f"AUC {record['auc']:.4f} on validation pairs"
            )
        if step.number == 1:
            record["start_angles"] = start_angles
        history.append(record)
        log(writer, record)
        if step.number % config.save_every == 0 or stop.asked or step.number == len(batches):
            keep()
        if stop.asked:
            progress.close()
            print(f"Stopped at step {step.number} and saved; --resume goes on from here.")
            return 130
    progress.close()
    writer.close()

    # The result, measured on the very weights that are kept
    path = output / f"{config.loss}.safetensors"
    finish(path, training, training_set, validation, faces, history)
    return 0


def training_faces(faces: Faces, config: TrainConfig, home: Path) -> TrainingSet:
    """The train people with enough images, numbered from 0."""
    chosen = faces.indices("train")
    people, counts = np.unique(faces.person[chosen], return_counts=True)
    people = people[counts >= config.min_images]
    if len(people) < 2:
        raise TooFewPeople(root=home, people=len(faces.names), usable=len(people), needed=2)
    chosen = chosen[np.isin(faces.person[chosen], people)]
    if len(chosen) < config.batch_size:
        config_size = config.batch_size
        raise TooFewImages(images=len(chosen), batch_size=config_size)
    inputs = to_input(torch.from_numpy(faces.crops[chosen]), config.input_size)
    return TrainingSet(inputs, np.searchsorted(people, faces.person[chosen]), people)


def validation_faces(faces: Faces, config: TrainConfig, home: Path) -> ValidationSet:
    """All validation people's images and their pairs."""
    chosen = faces.indices("validation")
    person = faces.person[chosen]
    pairs = pairs_of_people(person)
    if pairs.same.all() or not pairs.same.any():
        usable = int((np.bincount(person) > 1).sum()) if len(person) else 0
        raise TooFewPeople(root=home, people=len(np.unique(person)), usable=usable, needed=2)
    return ValidationSet(
        to_input(torch.from_numpy(faces.crops[chosen]), config.input_size), person, pairs
    )


class TooFewImages(MarginScopeError):
    sentence = "{images} training images do not fill a batch of {batch_size}: lower --batch-size."


def say_what_is_there(faces: Faces, training_set: TrainingSet, validation: ValidationSet) -> None:
    """People and images a part, and what was left out, by name."""
    for part in PARTS:
        chosen = faces.indices(part)
        print(f"  {part}: {len(np.unique(faces.person[chosen]))} people, {len(chosen)} faces")
    print(f"  trained on: {len(training_set.people)} people, {len(training_set.labels)} faces")
    same = validation.pairs.same
    print(f"  validation pairs: {same.sum()} genuine, {(~same).sum()} impostor")
    reasons = {
        "cannot be read": faces.unreadable,
        "show no face": faces.faceless,
        "have the pixels of a photo in another part": faces.shared,
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
    with autocast(training.device, config.precision):
        low = torch.is_autocast_enabled(training.device.type)
    print(
        f"{config.loss}: scale {config.final_scale:g}, {config.final_margin or 'no margin'}; "
        f"{training.device}, {torch.get_num_threads()} threads, "
        f"{'bfloat16' if low else 'float32'}; {network:,} parameters and {head:,} in the head; "
        f"{'resumed at' if resumed else 'from'} step {training.step} of {training.total_steps}"
    )


def fingerprint(faces: Faces, training_set: TrainingSet) -> str:
    """Names what is trained on: the labels and the pixels of the inputs."""
    digest = hashlib.sha256(training_set.labels.tobytes())
    digest.update("|".join(faces.names[j] for j in training_set.people).encode())
    digest.update(training_set.inputs.permute(0, 2, 3, 1).contiguous().numpy().tobytes())
    return digest.hexdigest()


def starting_angles(
    history: list[dict[str, Any]], training: Training, training_set: TrainingSet
) -> list[int]:
    """The histogram of own-centre angles before the first step, a bin a degree."""
    if history:
        angles: list[int] = history[0]["start_angles"]
        return angles
    return histogram(own_centre_angles(training, training_set.inputs, training_set.labels))


def evaluate(training: Training, validation: ValidationSet) -> dict[str, float]:
    """Accuracy, EER and AUC on validation pairs, with the averaged weights as they are."""
    training.averaged.eval()
    with autocast(training.device, training.config.precision):
        embeddings = embed(training.averaged, validation.inputs).numpy()
    cosine, same = pair_cosines(embeddings, validation.pairs), validation.pairs.same
    return {
        "accuracy": balanced_accuracy(cosine, same, best_threshold(cosine, same)),
        "eer": equal_error_rate(cosine, same),
        "auc": auc(cosine, same),
        "genuine_angle": float(degrees(cosine[same]).mean()),
        "impostor_angle": float(degrees(cosine[~same]).mean()),
    }


def finish(
    path: Path,
    training: Training,
    training_set: TrainingSet,
    validation: ValidationSet,
    faces: Faces,
    history: list[dict[str, Any]],
) -> None:
    """Round to float16, calibrate those weights in float32 arithmetic, write the checkpoint."""
    config = training.config
    weights = half(training.averaged)
    network = load_network(config, weights)
    embeddings = embed(network, validation.inputs).numpy()
    cosine, same = pair_cosines(embeddings, validation.pairs), validation.pairs.same
    end_angles = own_centre_angles(training, training_set.inputs, training_set.labels)
    seen = {person for person, _ in seen_gallery(faces.person, faces.part, faces.names)}
    rows = [i for i, person in enumerate(training_set.people) if int(person) in seen]
    bias = training.head.bias
    versions, revision = provenance()
    card = Card(
        loss=config.loss,
        recipe=dataclasses.asdict(config),
        split={
            part: {
                "people": len(np.unique(faces.person[faces.indices(part)])),
                "images": len(faces.indices(part)),
            }
            for part in PARTS
        }
        | {"trained": {"people": len(training_set.people), "images": len(training_set.labels)}},
        training={
            "steps": training.step,
            "seconds": round(history[-1]["seconds"], 1),
            "final_loss": round(float(np.mean([r["loss"] for r in history[-50:]])), 4),
            "own_angles_start": history[0]["start_angles"],
            "own_angles_end": histogram(end_angles),
            "own_angle_mean": round(float(np.degrees(end_angles).mean()), 2),
        },
        calibration=Calibration.from_pairs(cosine, same),
        validation=measures(cosine, same, validation),
        centre_people=tuple(faces.names[training_set.people[i]] for i in rows),
        versions=versions,
        git=revision,
    )
    save_checkpoint(
        path, weights, training.head.weight[rows], None if bias is None else bias[rows], card
    )
    print(
        f"{path}: accuracy {card.validation['accuracy']['value']:.4f} "
        f"+- {card.validation['accuracy']['standard_error']:.4f}, "
        f"AUC {card.validation['auc']['value']:.4f} "
        f"+- {card.validation['auc']['standard_error']:.4f} on validation pairs"
    )


def measures(cosine: np.ndarray, same: np.ndarray, validation: ValidationSet) -> dict[str, Any]:
    """Each measure on validation pairs with its standard error over people."""
    threshold = best_threshold(cosine, same)
    correct = (cosine >= threshold) == same
    left, right = (validation.person[i] for i in (validation.pairs.left, validation.pairs.right))

    def balanced(weight: np.ndarray) -> float:
        return float(
            (np.average(correct[same], weights=weight[same])
             + np.average(correct[~same], weights=weight[~same])) / 2
        )  # fmt: skip

    found = {
        "accuracy": (balanced_accuracy(cosine, same, threshold), balanced),
        "auc": (auc(cosine, same), lambda weight: auc(cosine, same, weight)),
    }
    return {
        name: {
            "value": round(value, 5),
            "standard_error": round(bootstrap_over_people(measure, left, right), 5),
        }
        for name, (value, measure) in found.items()
    } | {"eer": {"value": round(equal_error_rate(cosine, same), 5)}}


def histogram(angles: np.ndarray) -> list[int]:
    """Angles in radians counted by whole degrees, 0..180."""
    counts: list[int] = np.histogram(np.degrees(angles), bins=180, range=(0, 180))[0].tolist()
    return counts


def show(progress: "tqdm[Any]", step: Step, record: dict[str, Any], config: TrainConfig) -> None:
    """Loss, images a second and own-centre angle beside the bar."""
    rate = progress.format_dict["rate"] or 0.0
    progress.set_postfix_str(
        f"loss {step.loss:.3f}, {rate * config.batch_size:.0f} images/s, "
        f"own centre {record['own_angle']:.1f} deg",
        refresh=False,
    )


def log(writer: SummaryWriter, record: dict[str, Any]) -> None:
    """Every number of a step to TensorBoard."""
    for key, value in record.items():
        if isinstance(value, float):
            writer.add_scalar(key, value, record["step"])


def bar(what: str, unit: str) -> Any:
    """A progress bar in the form that load_faces takes."""
    return lambda items, total: tqdm(items, desc=what, total=total, unit=unit, dynamic_ncols=True)


class StopSignal:
    """Ctrl-C or SIGTERM asks to stop after the step; a second Ctrl-C stops at once."""

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
