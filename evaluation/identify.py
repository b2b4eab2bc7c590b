"""Knowing these people against knowing faces: identification in a closed set and in an open one.

python evaluate.py identify --final      a quarter of an hour, most of it one training

Closed set, the way of a student notebook that is often copied: of LFW's images, not its people, a
fifth is drawn for the test, and a network of its own learns everybody in the rest by name. Whoever
has no image in training cannot be named: the ceiling stands beside. The network is not kept once
the result is, and nothing else uses it, since it has seen test people.

Open set: the shipped networks, who have never seen the test people. Each of those with two photos
or more is enrolled with one; the others are probes. Those with one photo are strangers, whom no
answer fits: at a threshold that lets through one validation pair of two people in a hundred or in
a thousand, a stranger meets every enrolled person, so false alarms are far more frequent.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.paired import error
from evaluation.results import (
    ASSETS,
    RESULTS,
    ROOT,
    OutputMissing,
    append_to_test_log,
    bar,
    finished,
    made_by,
    percent,
    shipped,
    write_json,
)
from evaluation.runs import trained
from evaluation.scored import own_people
from evaluation.view2 import SHORTER, NotFinal
from model.aligned import Faces, load_faces
from model.backbone import embed, to_input
from model.checkpoint import half, tensors_hash
from model.data import lfw_home, read_lfw
from model.errors import MarginScopeError
from model.images import RGB
from model.recipe import read_recipe, recipe_hash
from model.recognizer import Embedding, Recognizer
from model.sets import training_set
from model.verification import Values, degrees

TEST_IMAGES = 2673  # of 13,233, the notebook's split
RANKS = (1, 5)
FARS = (0.01, 0.001)  # of validation pairs of two people, at the thresholds
DRAWS = 1000
COMMAND = "python evaluate.py identify --final"


def identify(
    data_home: Path | None = None,
    images: Path | None = None,
    output: Path | None = None,
    final: bool = False,
) -> None:
    """Name people: those a network was trained on, and strangers enrolled with one photo.

    Writes results/identify.json.

    Args:
        data_home: The folder that holds lfw_home/.
        images: The open set alone, of the people of this folder: one sub-folder a person.
        output: Where the JSON goes; needed with --images.
        final: Say that no choice of recipe, scale or margin is left to make. Needed on LFW.
    """
    began = time.monotonic()
    if images is not None:
        if output is None:
            raise OutputMissing()
        report = made_by("python evaluate.py identify --images ...")
        report |= {"open": open_set(*own_people(images))}
    elif final:
        output = output or RESULTS / "identify.json"
        made = made_by(COMMAND)  # now: the code may change while this runs
        home = lfw_home(data_home, download=True)
        faces = load_faces(read_lfw(home), bar("aligning faces"))
        test = faces.indices("test")
        opened = open_set(faces.crops[test], faces.person[test])
        for loss, one in opened["losses"].items():
            scored = {"command": COMMAND, "loss": loss, "rank_1": one["rank_1"]["value"]}
            append_to_test_log(scored | {"checkpoint_sha256": one["checkpoint_sha256"]})
        report = made | {"open": opened, "closed": closed_set(faces)}
    else:
        raise NotFinal()
    write_json(output, finished(report, began))
    if images is None:
        closed_state().unlink(missing_ok=True)  # only now: a call that was stopped goes on from it
    show(report)


class TooFewStrangers(MarginScopeError):
    """A folder without anybody to enrol, or without strangers."""

    sentence = (
        "Of the {people} people {enrolled} have two photos or more, of which one is enrolled, and "
        "{strangers} have one, who are the strangers: at least one of each kind is needed."
    )


def random_images(count: int, test: int, seed: int = 0) -> NDArray[np.bool_]:
    """Which of `count` images are drawn for the test, whoever they show."""
    out = np.zeros(count, dtype=bool)
    out[np.random.default_rng(seed).permutation(count)[:test]] = True
    return out


def closed_state() -> Path:
    """Where the closed set's training is kept until its result is."""
    return ROOT / "runs" / "identify" / "closed.safetensors"


def closed_set(faces: Faces) -> dict[str, Any]:
    """Train on a random four fifths of all images and name the people of the rest."""
    test = random_images(len(faces.person), round(len(faces.person) * TEST_IMAGES / 13233))
    mixed = replace(faces, part=np.where(test, "test", "train"))
    config = replace(read_recipe(ROOT / "recipes" / "arcface.toml"), **SHORTER, min_images=1)
    learn = training_set(mixed, config)
    run = trained(config, learn, closed_state(), learn.fingerprint(faces.names))
    network = run.network
    probes = embed(network, to_input(torch.from_numpy(faces.crops[test]), config.input_size))
    centres = torch.nn.functional.normalize(run.training.head.weight.detach().cpu())
    cosine = (probes @ centres.T).numpy()
    person = faces.person[test]
    found = ranks(cosine, learn.people, person)
    known = np.isin(person, learn.people)
    scores = {f"rank_{r}": over_people(found < r, person) for r in RANKS}
    digest = {"checkpoint_sha256": tensors_hash(half(network))}
    append_to_test_log(
        {"command": COMMAND, "loss": "arcface", "note": "trained on test people: closed set"}
        | digest | {"rank_1": scores["rank_1"]["value"]}
    )  # fmt: skip
    return digest | {
        "recipe_sha256": recipe_hash(config),
        "schedule": SHORTER,
        "trained": {"images": int((~test).sum()), "people": len(learn.people)},
        "test": {"images": int(test.sum()), "people": len(np.unique(person))},
        "ceiling": over_people(known, person),
        **scores,
        "rank_1_of_known": over_people(found[known] < 1, person[known]),
        "training_seconds": run.seconds,
    }


def open_set(crops: RGB, person: NDArray[np.int64]) -> dict[str, Any]:
    """Enrol each person who has two photos with one, and ask the shipped networks.

    crops: (N, 112, 112, 3); person (N,): whom each shows, and nobody was trained on. Raises
    TooFewStrangers where nobody can be enrolled, or nobody is left to be a stranger.
    """
    enrolled, probes, strangers = enrolment(person)
    if not len(enrolled) or not len(strangers):
        people = len(np.unique(person))
        raise TooFewStrangers(people=people, enrolled=len(enrolled), strangers=len(strangers))
    losses: dict[str, Any] = {}
    for loss, files in shipped().items():
        network = Recognizer.load(ASSETS / f"{loss}.safetensors")
        embedding = network.embed(crops)
        known = embedding[enrolled]
        losses[loss] = files | named(
            known, person[enrolled], embedding[probes], person[probes],
            embedding[strangers], person[strangers],
            {far: network.calibration.threshold_at_far(far) for far in FARS},
        )  # fmt: skip
    counts = {"enrolled": len(enrolled), "probes": len(probes), "strangers": len(strangers)}
    return counts | {"losses": losses}


def enrolment(
    person: NDArray[np.int64], seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Indices of one image, drawn, of each person with two; of their others; of who has one."""
    rng = np.random.default_rng(seed)
    people, counts = np.unique(person, return_counts=True)
    enrolled = np.array([rng.choice(np.flatnonzero(person == p)) for p in people[counts > 1]])
    more = np.isin(person, people[counts > 1])
    probes = np.setdiff1d(np.flatnonzero(more), enrolled)
    return enrolled, probes, np.flatnonzero(~more)


def named(
    known: Embedding,
    names: NDArray[np.int64],
    probes: Embedding,
    person: NDArray[np.int64],
    strangers: Embedding,
    unknown: NDArray[np.int64],
    thresholds: dict[float, float],
) -> dict[str, Any]:
    """Ranks of probes (P, D) among the enrolled (E, D), and false alarms of strangers (S, D).

    names (E,), person (P,), unknown (S,): whom each shows. thresholds: degrees by FAR. Found is a
    probe whose own person is nearest and within the threshold, a false alarm a stranger with
    anybody within it.
    """
    cosine = probes @ known.T
    rank = ranks(cosine, names, person)
    nearest, alarm = degrees(cosine.max(axis=1)), degrees((strangers @ known.T).max(axis=1))
    return {f"rank_{r}": over_people(rank < r, person) for r in RANKS} | {
        "at_far": {
            f"{far:g}": {
                "threshold_degrees": round(limit, 2),
                "found": over_people((rank < 1) & (nearest <= limit), person),
                "false_alarms": over_people(alarm <= limit, unknown),
                "if_independent": round(1 - (1 - far) ** len(known), 4),
            }
            for far, limit in thresholds.items()
        }
    }


def ranks(
    cosine: NDArray[np.float32], names: NDArray[np.int64], person: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many of the E names are more alike than the right one, (P,), of (P, E) cosines.

    E where the right one is not among them.
    """
    own = np.where(names == person[:, None], cosine, -np.inf).max(axis=1)
    return np.where(np.isfinite(own), (cosine > own[:, None]).sum(axis=1), len(names))


def over_people(are: NDArray[np.bool_], person: NDArray[np.int64]) -> dict[str, float]:
    """The share of images, 0..1, with its standard error over the choice of people."""
    _, index = np.unique(person, return_inverse=True)
    hits, counts = np.bincount(index, are), np.bincount(index)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(counts), (DRAWS, len(counts)))
    table: Values = hits[draws].sum(axis=1) / counts[draws].sum(axis=1)
    return error(np.concatenate([[are.mean()], table]), len(counts))


def show(report: dict[str, Any]) -> None:
    """What a person wants to know first."""
    opened = report["open"]
    if "closed" in report:
        closed = report["closed"]
        print(
            f"closed set: rank 1 {percent(closed['rank_1'])} of all, ceiling "
            f"{percent(closed['ceiling'])}; of known people {percent(closed['rank_1_of_known'])}"
        )
    for loss, found in opened["losses"].items():
        alarms = ", ".join(
            f"FAR {far}: found {percent(one['found'])}, false alarms {percent(one['false_alarms'])}"
            for far, one in found["at_far"].items()
        )
        print(
            f"open set, {opened['enrolled']} enrolled, {loss}: rank 1 "
            f"{percent(found['rank_1'])}, rank 5 {percent(found['rank_5'])}; {alarms}"
        )
