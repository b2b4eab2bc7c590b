"""How far a face may be spoilt before the networks no longer know it: on validation people.

python evaluate.py degrade     a few minutes

One genuine pair of each person with two photos, ten impostor pairs with the same second photo; the
second aligned face is spoilt in steps (model/degrade.py). Accuracy is at each network's own
threshold, as the app answers; AUC asks what is left if the threshold might move. Both errors, and
those of differences between losses, are over the same draws of people.
"""

import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from evaluation.paired import Draws, error
from evaluation.results import (
    ASSETS,
    LOSSES,
    RESULTS,
    OutputMissing,
    bar,
    finished,
    made_by,
    shipped,
    write_json,
)
from evaluation.scored import own_people
from model.aligned import load_faces
from model.data import TooFewPeople, lfw_home, read_lfw
from model.degrade import DEGRADATIONS
from model.images import RGB
from model.recognizer import Recognizer
from model.verification import Values, degrees

IMPOSTORS = 10  # pairs of two people for each pair of one


def degrade(
    data_home: Path | None = None, images: Path | None = None, output: Path | None = None
) -> None:
    """Spoil a face in eight ways, step by step, and see what each loss still knows.

    Writes results/degrade.json.

    Args:
        data_home: The folder that holds lfw_home/.
        images: The people of this folder instead of LFW's validation people: a sub-folder each.
        output: Where the JSON goes; needed with --images.
    """
    began = time.monotonic()
    if images is not None and output is None:
        raise OutputMissing()
    crops, person = own_people(images) if images else validation_people(data_home)
    # In an order of their own: a person's impostors are the next ten, in folders of one first name
    first, second = np.random.default_rng(0).permutation(two_photos(person), axis=1)
    networks = [Recognizer.load(ASSETS / f"{loss}.safetensors") for loss in LOSSES]
    command = "python evaluate.py degrade" + (" --images ..." if images else "")
    report = made_by(command) | {"checkpoints": shipped()}
    report |= measured(crops[first], crops[second], networks)
    write_json(output or RESULTS / "degrade.json", finished(report, began))
    show(report)


def validation_people(data_home: Path | None) -> tuple[RGB, NDArray[np.int64]]:
    """LFW's validation people: aligned faces (N, 112, 112, 3) and whom each shows (N,)."""
    faces = load_faces(read_lfw(lfw_home(data_home, download=True)), bar("aligning faces"))
    chosen = faces.indices("validation")
    return faces.crops[chosen], faces.person[chosen]


def two_photos(person: NDArray[np.int64], seed: int = 0) -> NDArray[np.int64]:
    """Two photos (2, K) of each of the K people who have two, drawn at random."""
    rng = np.random.default_rng(seed)
    own = [np.flatnonzero(person == one) for one in np.unique(person)]
    two = [rng.choice(some, 2, replace=False) for some in own if len(some) > 1]
    if len(two) < 2:
        raise TooFewPeople(root="the folder", people=len(own), usable=len(two), needed=2)
    return np.array(two).T


def measured(first: RGB, second: RGB, networks: list[Recognizer]) -> dict[str, Any]:
    """first, second: uint8 (K, 112, 112, 3), two photos of each of K people; the second is spoilt.

    Every kind and strength: of each network accuracy, AUC and the mean genuine angle, and the
    differences between networks.
    """
    count = len(first)
    other = (np.arange(count)[:, None] + np.arange(1 + min(IMPOSTORS, count - 1))) % count  # (K, P)
    same = np.broadcast_to(np.arange(other.shape[1]) == 0, other.shape).ravel()
    right_person = np.repeat(np.arange(count), other.shape[1])
    draws = Draws.of(same, other.ravel(), right_person)
    known = [network.embed(first) for network in networks]
    kinds: dict[str, Any] = {}
    total = sum(len(kind.strengths) for kind in DEGRADATIONS.values())
    with tqdm(total=total, unit="strength") as progress:
        for name, kind in DEGRADATIONS.items():
            steps = []
            for strength in kind.strengths:
                spoilt = np.stack([kind.function(crop, strength) for crop in second])
                cosines = np.stack([
                    np.einsum("kpd,kd->kp", one[other], network.embed(spoilt)).ravel()
                    for one, network in zip(known, networks, strict=True)
                ])  # fmt: skip
                steps.append({"strength": strength} | scores(cosines, networks, draws, count))
                progress.update()
            kinds[name] = {"unit": kind.unit, "steps": steps}
    return {"people": count, "genuine": count, "impostor": int((~same).sum()), "kinds": kinds}


def scores(
    cosines: Values, networks: list[Recognizer], draws: Draws, people: int
) -> dict[str, Any]:
    """Of K networks' cosines (K, P): what each scores, and how much two of them differ.

    people: how many are drawn from, for the errors.
    """
    limits = np.array([network.calibration.threshold for network in networks])
    angles = degrees(cosines)
    tables = (
        draws.accuracy((angles <= limits[:, None]) == draws.same),
        draws.auc(cosines),
    )  # (1 + draws, K) each
    names = [network.name for network in networks]
    losses = {
        name: {
            "accuracy": error(tables[0][:, k], people),
            "auc": error(tables[1][:, k], people),
            "genuine_degrees": round(float(angles[k, draws.same].mean()), 2),
        }
        for k, name in enumerate(names)
    }
    differences = {
        f"{names[b]} less {names[a]}": {
            "accuracy": error(tables[0][:, b] - tables[0][:, a], people),
            "auc": error(tables[1][:, b] - tables[1][:, a], people),
        }
        for a, b in combinations(range(len(names)), 2)
    }
    return {"losses": losses, "differences": differences}


def show(report: dict[str, Any]) -> None:
    """A line a kind and strength."""
    for name, kind in report["kinds"].items():
        for step in kind["steps"]:
            told = ", ".join(
                f"{loss} {100 * one['accuracy']['value']:.1f} % AUC {one['auc']['value']:.3f}"
                for loss, one in step["losses"].items()
            )
            print(f"{name} {step['strength']:g} {kind['unit']}: {told}")
