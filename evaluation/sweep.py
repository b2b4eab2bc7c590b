"""Which scale and margin train at all, and what they do to angles: small trainings, three seeds.

python evaluate.py sweep     half an hour on two cores; goes on where it stopped

The networks are narrower than the shipped ones, their faces smaller, the schedule short (as in
evaluation/depth.py), so it is the shape of the curves that counts, not their height. Choices were
made on longer trainings (results/recipes.md), not by this. W-EC and W-Inter are of the class
centres and of the training people's mean embeddings; AUC, Intra (leave-one-out) and Inter are of
validation people.

A training fails where its loss or a weight is no number, or where its AUC on validation people is
five points or more below what the same seed reaches without a margin.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from evaluation.depth import BASE
from evaluation.kept import earlier, photos_hash, same_photos, states_of
from evaluation.paired import spread
from evaluation.results import RESULTS, ROOT, OutputMissing, bar, made_by, write_json
from evaluation.runs import trained
from model.aligned import load_faces
from model.angles import angles_between
from model.backbone import embed
from model.checkpoint import WeightsNotFinite
from model.data import lfw_home, read_folder, read_lfw
from model.ledger import to_mean_of_others, unit
from model.recipe import TrainConfig, recipe_hash, resolved
from model.sets import TrainingSet, ValidationSet, training_set, validation_set
from model.training import LossNotFinite
from model.verification import auc

SEEDS = 3
FALL = 0.05  # of AUC below the control's, at which a training has failed
SCALE, MARGIN = 24.0, 0.4  # what ships
COMMAND = "python evaluate.py sweep"


@dataclass(frozen=True)
class Setting:
    """One point of the sweep: s, m in radians, and the share of steps over which m grows."""

    scale: float
    margin: float
    ramp: float = BASE.ramp

    @property
    def name(self) -> str:
        """Such as 's 24, m 0.4'."""
        ramp = "" if self.ramp == BASE.ramp else f", ramp {self.ramp:g}"
        return f"s {self.scale:g}, m {self.margin:g}{ramp}"

    def config(self, seed: int) -> TrainConfig:
        """The small training at this point."""
        return replace(
            BASE, loss="arcface", scale=self.scale, add_angle=self.margin, ramp=self.ramp,
            learning_rate=0.1, seed=seed, evaluate_every=BASE.epochs,
        )  # fmt: skip


CONTROL = Setting(SCALE, 0.0)
SETTINGS = (
    CONTROL,
    *(Setting(SCALE, m) for m in (0.2, MARGIN, 0.6, 0.9, 1.2)),
    *(Setting(s, MARGIN) for s in (6.0, 12.0, 48.0, 96.0)),
    Setting(64.0, 0.5),
    Setting(64.0, 0.5, ramp=0.0),  # the paper's, from the first step
)


def sweep(
    data_home: Path | None = None,
    images: Path | None = None,
    output: Path | None = None,
    seeds: int = SEEDS,
) -> None:
    """Train small networks over a grid of scale and margin; see where training fails.

    On validation people alone. Writes results/sweep.json after each training; what is finished is
    not trained again. OutputOther or PhotosChanged where the file is not of this sweep.

    Args:
        data_home: The folder that holds lfw_home/.
        images: The people of this folder instead of LFW's: one sub-folder a person.
        output: Where the JSON goes; needed with --images.
        seeds: How many starts.
    """
    if images is not None and output is None:
        raise OutputMissing()
    path = output or RESULTS / "sweep.json"
    made = made_by(COMMAND + (" --images ..." if images else ""))  # now: the code may change
    home = images or lfw_home(data_home, download=True)
    collection = read_folder(home) if images else read_lfw(home)
    photos = photos_hash(collection) if images else None
    before = earlier(path, "trainings", "settings")
    same_photos(path, before, home, photos)
    made |= {"photos_sha256": photos} if images else {}
    faces = load_faces(collection, bar("aligning faces"))
    base = SETTINGS[0].config(0)
    learn, validation = training_set(faces, base), validation_set(faces, base, home)
    data = learn.fingerprint(faces.names)
    done, folder = known(before), states_of(ROOT / "runs" / "sweep", output)
    for seed in range(seeds):
        for setting in tqdm(SETTINGS, f"seed {seed}", unit="setting"):
            config = setting.config(seed)
            key = f"{recipe_hash(config)}-{seed}"
            if key not in done:
                state = folder / f"{setting.name}-{seed}.safetensors"
                done[key] = run(setting, config, learn, validation, data, state)
                write_json(path, report(done, base, seeds, made))
                state.unlink(missing_ok=True)  # only now: a call that was stopped goes on from it
    show(report(done, base, seeds, made))


def known(before: dict[str, Any]) -> dict[str, Any]:
    """The finished trainings of an earlier call, by recipe and seed, of these recipes alone."""
    done = before.get("trainings", {})
    recipes = {recipe_hash(setting.config(0)) for setting in SETTINGS}
    return {key: one for key, one in done.items() if key.rsplit("-", 1)[0] in recipes}


def run(
    setting: Setting,
    config: TrainConfig,
    learn: TrainingSet,
    validation: ValidationSet,
    data: str,
    state: Path,
) -> dict[str, Any]:
    """Train one point of the sweep, kept at `state`, and measure it; angles in degrees."""
    found: dict[str, Any] = {"setting": setting.name, "seed": config.seed}
    try:
        training = trained(config, learn, state, data)
    except LossNotFinite as error:
        return found | {"not_finite_at_step": error.fields["step"]}
    try:
        network = training.network
    except WeightsNotFinite:
        return found | {"not_finite_at_step": training.training.step}
    centres = functional.normalize(training.training.head.weight.detach().cpu()).double().numpy()
    faces = embed(network, learn.inputs).numpy()
    rows = np.argsort(learn.labels, kind="stable")
    means = unit(
        np.add.reduceat(faces[rows], np.searchsorted(learn.labels[rows], range(len(centres))))
    )
    own = torch.from_numpy(faces @ centres.T).argmax(dim=1).numpy() == learn.labels
    held = embed(network, validation.inputs).numpy()
    apart_means, intra = validation_angles(held, validation.person)
    last = [
        record["loss"] for record in training.history[-len(training.history) // config.epochs :]
    ]
    angles = {
        "w_ec": angles_between(centres, means).mean(),
        "w_inter": nearest_other(centres),
        "intra": intra,
        "inter": apart_means,
    }
    return found | {
        "loss": round(float(np.mean(last)), 4),
        "trained_right": round(float(own.mean()), 4),
        "auc": round(auc(validation.cosines(network), validation.pairs.same), 5),
        **{f"{name}_degrees": round(float(np.degrees(a)), 2) for name, a in angles.items()},
        "seconds": training.seconds,
    }


def validation_angles(
    embeddings: NDArray[np.float32], person: NDArray[np.int64]
) -> tuple[float, float]:
    """Inter, and Intra by leave-one-out, in radians: of unit embeddings (M, D) of `person` (M,).

    Inter over all people, each with all images; Intra over two images of each who has two.
    """
    groups = [embeddings[person == one] for one in np.unique(person)]
    means = unit(np.stack([group.sum(axis=0) for group in groups]))
    pairs = np.stack([group[:2] for group in groups if len(group) > 1])
    return nearest_other(means), float(to_mean_of_others(pairs).mean())


def nearest_other(directions: NDArray[np.float64]) -> float:
    """The mean angle, in radians, from each of C unit vectors (C, D) to the nearest other one.

    By products, for model/ledger.py's exact way would need gigabytes for a thousand people.
    """
    cosine = directions @ directions.T
    np.fill_diagonal(cosine, -1.0)
    return float(np.arccos(np.clip(cosine.max(axis=1), -1.0, 1.0)).mean())


def report(
    done: dict[str, Any], base: TrainConfig, seeds: int, made: dict[str, Any]
) -> dict[str, Any]:
    """results/sweep.json: how it was made, a row a setting over its seeds, every training."""
    recipe = {
        k: v for k, v in resolved(base).items() if k not in ("scale", "add_angle", "ramp", "seed")
    }
    rows = []
    for setting in SETTINGS:
        of = [one for one in done.values() if one["setting"] == setting.name]
        if not of:
            continue
        whole = [one for one in of if "auc" in one]
        row: dict[str, Any] = {
            "setting": setting.name, "scale": setting.scale, "margin": setting.margin,
            "ramp": setting.ramp, "seeds": len(of), "failed": sum(failed(one, done) for one in of),
        }  # fmt: skip
        for measure in MEASURES if whole else ():
            row[measure] = spread(np.array([one[measure] for one in whole]))
        rows.append(row)
    return made | {
        "recipe": recipe,
        "seeds": seeds,
        "at": {"scale": SCALE, "margin": MARGIN},
        "fails_below_control_by": FALL,
        "settings": rows,
        "trainings": done,
        "seconds": round(sum(one.get("seconds", 0.0) for one in done.values()), 1),
    }


MEASURES = (
    "auc", "trained_right", "loss", "w_ec_degrees", "w_inter_degrees", "intra_degrees",
    "inter_degrees",
)  # fmt: skip


def failed(one: dict[str, Any], done: dict[str, Any]) -> bool:
    """Whether a training failed, beside the same seed's without a margin."""
    if "auc" not in one:
        return True
    control = [
        other["auc"] for other in done.values()
        if other["setting"] == CONTROL.name and other["seed"] == one["seed"] and "auc" in other
    ]  # fmt: skip
    return bool(control) and one["auc"] <= control[0] - FALL


def show(found: dict[str, Any]) -> None:
    """A line a setting."""
    for row in found["settings"]:
        told = ", ".join(
            f"{name.removesuffix('_degrees')} {row[name]['value']:.4g}"
            for name in MEASURES
            if name in row
        )
        print(f"{row['setting']:22} failed {row['failed']} of {row['seeds']}; {told}")
