"""View 2 of LFW: ten networks, each scored on a tenth of the pairs, of people it never saw.

python evaluate.py view2 --final                 ArcFace's ten, norm-softmax's, softmax's: hours
python evaluate.py view2 --final --loss arcface  its ten alone; what is finished is kept

Fold i's network is trained on everybody who is in no pair of set i, less a tenth of them whose
pairs set the threshold; then it answers the 600 pairs of set i. The book's sets have more people
than their pairs: who is in a set but in none of its pairs trains here. One of the 6,000 pairs has a
photo in which no face is found: it counts as told wrongly. The mean of the ten accuracies has the
standard error sd / sqrt(10), and two losses are compared fold by fold; the folds' trainings share
most people, so these errors are a little small. Category: unrestricted, label-free outside data
(the landmark detector was trained elsewhere; no name came with it).

Thirty trainings take long, so the recipe's schedule is halved, for all losses alike: SHORTER, which
costs a point of AUC on validation people (results/recipes.md).
A fold that is finished stands in results/view2.json, one that is not in runs/view2/, and any
machine goes on with the next. Results of another recipe, or of other photos, are never mixed in.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from evaluation.kept import earlier, photos_hash, same_photos, states_of
from evaluation.results import (
    RESULTS,
    ROOT,
    OutputMissing,
    append_to_test_log,
    bar,
    made_by,
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
    PartTooSmall,
    lfw_home,
    pairs_of_people,
    read_folder,
    read_lfw,
)
from model.errors import MarginScopeError
from model.folds import FOLDS, fold_parts, people_by_hash, people_of, read_folds
from model.recipe import TrainConfig, read_recipe, recipe_hash
from model.sets import training_set, validation_set
from model.verification import auc, balanced_accuracy, best_threshold, degrees, pair_cosines

ORDER = ("arcface", "norm-softmax", "softmax")
SHORTER: dict[str, Any] = {"epochs": 45, "stop_after": 19, "averaging": 0.997}
COMMAND = "python evaluate.py view2 --final"
MEASURES = ("accuracy", "auc")
HOLDS = ("losses", "category", "schedule")  # by which a file of ours is known
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
    data_home: Path | None = None,
    images: Path | None = None,
    output: Path | None = None,
    loss: Loss | None = None,
    folds: int = FOLDS,
    final: bool = False,
) -> None:
    """Train and score the ten folds of View 2, for each loss; finished folds are kept.

    RecipeChanged, PhotosChanged or OutputOther where the file's folds are not of this study.

    Args:
        data_home: The folder that holds lfw_home/.
        images: Ten folds of this folder's people instead of LFW's: one sub-folder a person.
        output: Where the JSON goes; needed with --images.
        loss: This one alone.
        folds: Stop after so many.
        final: Say that no choice of recipe, scale or margin is left to make. Needed on LFW.
    """
    if images is None and not final:
        raise NotFinal()
    if images is not None and output is None:
        raise OutputMissing()
    path = output or RESULTS / "view2.json"
    command = COMMAND if images is None else "python evaluate.py view2 --images ..."
    made = made_by(command)  # now: the code may change while this runs
    collection, sets = read_folder_folds(images) if images else read_lfw_folds(data_home)
    photos = photos_hash(collection) if images else None
    same_photos(path, earlier(path, *HOLDS), collection.root, photos)
    made |= {"photos_sha256": photos} if images else {}
    folder = states_of(ROOT / "runs" / "view2", output)
    for name in (loss,) if loss else ORDER:
        config = replace(read_recipe(ROOT / "recipes" / f"{name}.toml"), **SHORTER)
        for fold, one in list(enumerate(sets))[:folds]:
            if str(fold) in started(path, name, config)["losses"][name]["folds"]:
                continue
            state = folder / f"{name}-{fold}.safetensors"
            found = scored_fold(collection, one, config, state)
            if images is None:
                scores = {k: found[k] for k in ("checkpoint_sha256", "accuracy", "auc")}
                append_to_test_log({"command": command, "loss": name, "fold": fold} | scores)
            report = started(path, name, config)  # as it is now: another loss may have gone on
            report["losses"][name]["folds"][str(fold)] = found
            report["losses"][name] = summed(report["losses"][name])
            report["differences"] = differences(report["losses"])
            report |= made
            report["seconds"] = total_seconds(report)
            write_json(path, report)
            state.unlink(missing_ok=True)
            print(f"{name}, fold {fold}: {100 * found['accuracy']:.2f} %, AUC {found['auc']:.4f}")


@dataclass(frozen=True)
class Fold:
    """Who is tested, and the pairs that are told; None for those that are drawn as usual."""

    people: set[str]
    pairs: list[Pair] | None


def read_lfw_folds(data_home: Path | None) -> tuple[Collection, list[Fold]]:
    """LFW and its View 2."""
    home = lfw_home(data_home, download=True)
    return read_lfw(home), [Fold(people_of(pairs), pairs) for pairs in read_folds(home)]


def read_folder_folds(root: Path) -> tuple[Collection, list[Fold]]:
    """Anybody's own people in ten sets; PartTooSmall where one leaves too few to validate on."""
    collection = read_folder(root)
    sets = people_by_hash(collection)
    for people in sets:
        validates = np.array(fold_parts(collection, people).parts) == "validation"
        person = collection.person[validates[collection.person]]
        if not 1 < len(np.unique(person)) < len(person):
            raise PartTooSmall.of(root, "fold's validation", person)
    return collection, [Fold(people, None) for people in sets]


def started(path: Path, loss: str, config: TrainConfig) -> dict[str, Any]:
    """What the file has, with a place for this loss; RecipeChanged where its folds do not fit."""
    report = earlier(path, *HOLDS) or {"losses": {}}
    wanted = recipe_hash(config)
    of_loss = report["losses"].setdefault(loss, {"recipe_sha256": wanted, "folds": {}})
    if of_loss["recipe_sha256"] != wanted:
        raise RecipeChanged(path=path.name, loss=loss, old=of_loss["recipe_sha256"], new=wanted)
    return report | {
        "category": "unrestricted, label-free outside data",
        "schedule": SHORTER,
    }


def scored_fold(
    collection: Collection, fold: Fold, config: TrainConfig, state: Path
) -> dict[str, Any]:
    """Train the network of one fold, set its threshold, and answer the fold's pairs.

    PartTooSmall, before it is trained, where the fold has not both kinds of pair.
    """
    faces = load_faces(fold_parts(collection, fold.people), bar("aligning faces"))
    told, no_face = fold_pairs(faces, fold.pairs)
    if told.same.all() or not told.same.any():
        raise PartTooSmall.of(collection.root, "fold's test", faces.person[faces.indices("test")])
    learn = training_set(faces, config)
    validation = validation_set(faces, config, collection.root)
    data = learn.fingerprint(faces.names)
    run = trained(config, learn, state, data, validation)
    network = run.network
    threshold = best_threshold(validation.cosines(network), validation.pairs.same)
    inputs = to_input(torch.from_numpy(faces.crops), config.input_size)
    used, place = np.unique(np.stack([told.left, told.right]), return_inverse=True)
    left, right = place.reshape(2, -1)
    cosine = pair_cosines(embed(network, inputs[used]).numpy(), Pairs(left, right, told.same))
    # A pair with a photo in which no face was found is told wrongly.
    told_share = len(told.same) / (len(told.same) + no_face)
    return {
        "accuracy": round(told_share * balanced_accuracy(cosine, told.same, threshold), 5),
        "auc": round(auc(cosine, told.same), 5),
        "pairs": len(told.same) + no_face,
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


def fold_pairs(faces: Faces, pairs: list[Pair] | None) -> tuple[Pairs, int]:
    """The test pairs by index into the faces, and how many are left out for want of a face."""
    test = faces.indices("test")
    if pairs is None:
        drawn = pairs_of_people(faces.person[test])
        return Pairs(test[drawn.left], test[drawn.right], drawn.same), 0
    index = {str(faces.image[i]): int(i) for i in test}
    named = [[f"{name}_{number:04d}" for name, number in pair] for pair in pairs]
    there = [names for names in named if all(name in index for name in names)]
    left, right = np.array([[index[name] for name in names] for names in there]).T
    told = Pairs(left, right, faces.person[left] == faces.person[right])
    return told, len(named) - len(there)


def summed(of_loss: dict[str, Any]) -> dict[str, Any]:
    """The finished folds with their mean and its standard error, sd / sqrt(folds)."""
    folds = dict(sorted(of_loss["folds"].items(), key=lambda item: int(item[0])))
    found = {"recipe_sha256": of_loss["recipe_sha256"], "n": len(folds)}
    for measure in MEASURES:
        found[measure] = of_folds([one[measure] for one in folds.values()])
    return found | {"folds": folds}


def differences(losses: dict[str, Any]) -> dict[str, Any]:
    """One loss less another in the folds that both have, two or more: mean and standard error.

    A fold's people and pairs are the same for both, so what makes a fold hard falls out.
    """
    found = {}
    for first, second in combinations(reversed(ORDER), 2):
        ours, theirs = (losses.get(name, {"folds": {}})["folds"] for name in (second, first))
        both = [fold for fold in ours if fold in theirs]
        if len(both) > 1:
            found[f"{second} less {first}"] = {"n": len(both)} | {
                measure: of_folds([ours[fold][measure] - theirs[fold][measure] for fold in both])
                for measure in MEASURES
            }
    return found


def of_folds(values: list[float]) -> dict[str, float]:
    """Their mean, and of more than one its standard error, sd / sqrt(folds)."""
    each = np.array(values)
    found = {"value": round(float(each.mean()), 5)}
    if len(each) > 1:
        found["standard_error"] = round(float(each.std(ddof=1)) / len(each) ** 0.5, 5)
    return found


def total_seconds(report: dict[str, Any]) -> float:
    """What all trainings took."""
    folds = (one for loss in report["losses"].values() for one in loss["folds"].values())
    return float(round(sum(one["seconds"] for one in folds), 1))
