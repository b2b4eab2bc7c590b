"""View 2 of LFW by the book: ten networks, each scored on a tenth of the people it never saw.

python evaluate.py view2 --final                 ArcFace's ten, norm-softmax's, softmax's: hours
python evaluate.py view2 --final --loss arcface  its ten alone; what is finished is kept

Fold i's network is trained on everybody who is not in set i, less a tenth of them whose pairs set
the threshold; then it answers the 600 pairs of set i. One of the 6,000 has a photo in which no face
is found: it counts as told wrongly. The mean of the ten accuracies has the standard error
sd / sqrt(10). Category: unrestricted, label-free outside data (the landmark detector was trained
elsewhere; no name came with it).

Thirty trainings take long, so the recipe's schedule is halved, for all losses alike: SHORTER.
A fold that is finished stands in results/view2.json, one that is not in runs/view2/, and any
machine goes on with the next. Results of another recipe are never mixed in.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from evaluation.results import (
    RESULTS,
    ROOT,
    append_to_test_log,
    bar,
    made_by,
    read_json,
    write_json,
)
from evaluation.runs import trained
from model.aligned import Faces, load_faces
from model.backbone import embed, to_input
from model.checkpoint import half, tensors_hash
from model.data import (
    Collection,
    Pair,
    Pairs,
    lfw_home,
    read_lfw,
)
from model.errors import MarginScopeError
from model.folds import FOLDS, fold_parts, read_folds
from model.recipe import TrainConfig, read_recipe, recipe_hash
from model.sets import training_set, validation_set
from model.verification import auc, best_threshold, degrees, pair_cosines

ORDER = ("arcface", "norm-softmax", "softmax")
SHORTER: dict[str, Any] = {"epochs": 45, "stop_after": 19, "averaging": 0.997}
COMMAND = "python evaluate.py view2 --final"
Loss = Literal["arcface", "norm-softmax", "softmax"]


class RecipeChanged(MarginScopeError):
    """Finished folds of another recipe."""

    sentence = (
        "{path} has folds of {loss} by recipe {old:.12}, and the recipe is now {new:.12}. Results "
        "of two recipes are not mixed: bring the recipe back, or remove that loss from the file."
    )


class NotFinal(MarginScopeError):
    """View 2 was to be scored while choices are still open."""

    sentence = (
        "View 2 contains the test people: it scores a final recipe and nothing else. When no "
        "choice is left, add --final."
    )


def view2(
    data_home: Path | None = None, loss: Loss | None = None, folds: int = FOLDS, final: bool = False
) -> None:
    """Train and score the ten folds of View 2, for each loss; finished folds are kept.

    Args:
        data_home: The folder that holds lfw_home/.
        loss: This one alone.
        folds: Stop after so many.
        final: Say that no choice of recipe, scale or margin is left to make. Needed.
    """
    if not final:
        raise NotFinal()
    home = lfw_home(data_home, download=True)
    collection, sets = read_lfw(home), read_folds(home)
    path = RESULTS / "view2.json"
    for name in (loss,) if loss else ORDER:
        config = replace(read_recipe(ROOT / "recipes" / f"{name}.toml"), **SHORTER)
        report = started(path, name, config)
        for fold, pairs in list(enumerate(sets))[:folds]:
            of_loss = report["losses"][name]
            if str(fold) in of_loss["folds"]:
                continue
            found = scored_fold(collection, pairs, config, fold, home)
            append_to_test_log(
                {"command": COMMAND, "loss": name, "fold": fold}
                | {k: found[k] for k in ("checkpoint_sha256", "accuracy", "auc")}
            )
            of_loss["folds"][str(fold)] = found
            report["losses"][name] = summed(of_loss)
            report |= made_by(COMMAND)
            report["seconds"] = total_seconds(report)
            write_json(path, report)
            state_of(name, fold).unlink()
            print(f"{name}, fold {fold}: {100 * found['accuracy']:.2f} %, AUC {found['auc']:.4f}")


def state_of(loss: str, fold: int) -> Path:
    """Where a fold's training is kept until its result is."""
    return ROOT / "runs" / "view2" / f"{loss}-{fold}.safetensors"


def started(path: Path, loss: str, config: TrainConfig) -> dict[str, Any]:
    """What the file has, with a place for this loss; RecipeChanged where its folds do not fit."""
    report: dict[str, Any] = {"losses": {}}
    if path.is_file():
        report = read_json(path.stem)
    wanted = recipe_hash(config)
    of_loss = report["losses"].setdefault(loss, {"recipe_sha256": wanted, "folds": {}})
    if of_loss["recipe_sha256"] != wanted:
        raise RecipeChanged(path=path.name, loss=loss, old=of_loss["recipe_sha256"], new=wanted)
    return report | {
        "category": "unrestricted, label-free outside data",
        "schedule": SHORTER,
        "pairs_a_fold": 600,
    }


def scored_fold(
    collection: Collection, pairs: list[Pair], config: TrainConfig, fold: int, home: Path
) -> dict[str, Any]:
    """Train the network of one fold, set its threshold, and answer the fold's pairs."""
    faces = load_faces(fold_parts(collection, pairs), bar("aligning faces"))
    told, no_face = fold_pairs(faces, pairs)
    learn, validation = training_set(faces, config), validation_set(faces, config, home)
    data = learn.fingerprint(faces.names)
    run = trained(config, learn, state_of(config.loss, fold), data, validation)
    network = run.network
    threshold = best_threshold(validation.cosines(network), validation.pairs.same)
    inputs = to_input(torch.from_numpy(faces.crops), config.input_size)
    used, place = np.unique(np.stack([told.left, told.right]), return_inverse=True)
    left, right = place.reshape(2, -1)
    cosine = pair_cosines(embed(network, inputs[used]).numpy(), Pairs(left, right, told.same))
    return {
        # A pair with a photo in which no face was found is told wrongly.
        "accuracy": round(float(((cosine >= threshold) == told.same).sum() / len(pairs)), 5),
        "auc": round(auc(cosine, told.same), 5),
        "pairs_without_a_face": no_face,
        "threshold_degrees": round(float(degrees(np.array(threshold))), 2),
        "people": {part: people(faces, part) for part in ("train", "validation", "test")},
        "trained": {"people": len(learn.people), "images": len(learn.labels)},
        "checkpoint_sha256": tensors_hash(half(network)),
        "seconds": run.seconds,
    }


def people(faces: Faces, part: str) -> int:
    """How many people a part has."""
    return len(np.unique(faces.person[faces.indices(part)]))


def fold_pairs(faces: Faces, pairs: list[Pair]) -> tuple[Pairs, int]:
    """The pairs by index into the faces, and how many are left out since one has no face."""
    index = {str(faces.image[i]): int(i) for i in faces.indices("test")}
    named = [[f"{name}_{number:04d}" for name, number in pair] for pair in pairs]
    there = [names for names in named if all(name in index for name in names)]
    left, right = np.array([[index[name] for name in names] for names in there]).T
    told = Pairs(left, right, faces.person[left] == faces.person[right])
    return told, len(named) - len(there)


def summed(of_loss: dict[str, Any]) -> dict[str, Any]:
    """The finished folds with their mean and its standard error, sd / sqrt(folds)."""
    folds = dict(sorted(of_loss["folds"].items(), key=lambda item: int(item[0])))
    found = {"recipe_sha256": of_loss["recipe_sha256"], "n": len(folds)}
    for measure in ("accuracy", "auc"):
        values = np.array([one[measure] for one in folds.values()])
        found[measure] = {"value": round(float(values.mean()), 5)}
        if len(values) > 1:
            error = float(values.std(ddof=1)) / len(values) ** 0.5
            found[measure]["standard_error"] = round(error, 5)
    return found | {"folds": folds}


def total_seconds(report: dict[str, Any]) -> float:
    """What all trainings took."""
    folds = (one for loss in report["losses"].values() for one in loss["folds"].values())
    return float(round(sum(one["seconds"] for one in folds), 1))
