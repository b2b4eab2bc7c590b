"""View 1 of LFW: its 1,000 test pairs, 963 people whom no network was trained on."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.results import (
    ASSETS,
    LOSSES,
    RESULTS,
    bar,
    made_by,
    percent,
    plain,
    read_json,
    write_json,
)
from model.aligned import load_faces
from model.data import TEST_PAIRS, Pairs, lfw_home, read_lfw, read_pairs
from model.errors import MarginScopeError
from model.files import fingerprint
from model.recognizer import Recognizer
from model.verification import (
    auc,
    bootstrap_over_people,
    calibration_error,
    degrees,
    equal_error_rate,
    pair_cosines,
    perfect_calibration_error,
    reliability,
)


def view1(data_home: Path | None = None, final: bool = False) -> None:
    """Score the shipped checkpoints on LFW's View 1 test pairs, 963 people never trained on.

    The threshold is each checkpoint's own, from validation people. Writes results/view1.json; a
    checkpoint that was not scored before is appended to results/test_log.json.

    Args:
        data_home: The folder that holds lfw_home/.
        final: Say that no choice of recipe, scale or margin is left to make. Needed.
    """
    if not final:
        raise NotFinal()
    crops, pairs, people = view1_pairs(lfw_home(data_home, download=True))
    command = "python evaluate.py view1 --final"
    found = made_by(command) | {"pairs": len(pairs.same), "losses": {}}
    for loss in LOSSES:
        path = ASSETS / f"{loss}.safetensors"
        recognizer = Recognizer.load(path)
        scores = view1_scores(recognizer, crops, pairs, people)
        scores["checkpoint_sha256"] = fingerprint(path)
        if recognizer.card is not None:  # of the people it trained on, measured by train.py
            scores["own_centre_degrees"] = recognizer.card.training["own_angle_mean"]
        found["losses"][loss] = scores
        append_to_test_log(loss, command, scores)
        print(
            f"{loss:13} accuracy {percent(scores['accuracy'])}, AUC {plain(scores['auc'])}, "
            f"EER {100 * scores['eer']['value']:.1f} %"
        )
    write_json(RESULTS / "view1.json", found)


class NotFinal(MarginScopeError):
    """The test people were to be scored while choices are still open."""

    sentence = (
        "The test people score a final model and nothing else. Compare recipes by what train.py "
        "prints for validation people; when no choice is left, add --final."
    )


def view1_pairs(home: Path) -> tuple[np.ndarray, Pairs, np.ndarray]:
    """Crops (K, 112, 112, 3), the 1,000 pairs by index into them, and whom each crop shows (K,)."""
    faces = load_faces(read_lfw(home), bar("aligning faces"))
    index = {str(faces.image[i]): i for i in faces.indices("test")}
    listed = read_pairs(home / TEST_PAIRS)
    named = [[f"{name}_{number:04d}" for name, number in pair] for pair in listed]
    missing = {image for pair in named for image in pair} - set(index)
    if missing:
        raise TestFaceMissing(photos=", ".join(sorted(missing)))
    place = np.array([[index[image] for image in pair] for pair in named])  # (1000, 2)
    used, renumbered = np.unique(place, return_inverse=True)
    left, right = renumbered.reshape(place.shape).T
    same = np.array([a[0] == b[0] for a, b in listed])
    return faces.crops[used], Pairs(left, right, same), faces.person[used]


class TestFaceMissing(MarginScopeError):
    """A test photo in which no face was found."""

    sentence = "No face was found in the test photos {photos}: is this the original LFW, 250 x 250?"


def view1_scores(
    recognizer: Recognizer, crops: np.ndarray, pairs: Pairs, people: np.ndarray
) -> dict[str, Any]:
    """Accuracy at the checkpoint's threshold, AUC and EER, with standard errors over people."""
    embeddings = recognizer.embed(crops)
    cosine, same = pair_cosines(embeddings, pairs), pairs.same
    correct = (degrees(cosine) <= recognizer.calibration.threshold) == same
    left, right = people[pairs.left], people[pairs.right]

    def value(measure: Any) -> dict[str, float]:
        error = bootstrap_over_people(measure, left, right, draws=1000)
        return {
            "value": round(measure(np.ones(len(same))), 5),
            "standard_error": round(error, 5),
        }

    angle = degrees(cosine)
    probability = np.array([recognizer.calibration.probability(a) for a in angle])
    return {
        "accuracy": value(lambda weight: float(np.average(correct, weights=weight))),
        "auc": value(lambda weight: auc(cosine, same, weight)),
        "eer": {"value": round(equal_error_rate(cosine, same), 5)},
        "threshold_degrees": round(recognizer.calibration.threshold, 2),
        "genuine_degrees": round(float(angle[same].mean()), 2),
        "impostor_degrees": round(float(angle[~same].mean()), 2),
        **reliability_scores(probability, same, value),
    }


def reliability_scores(
    probability: np.ndarray, same: np.ndarray, value: Callable[[Any], dict[str, float]]
) -> dict[str, Any]:
    """How far the probability at equal priors (as many genuine as impostor pairs) can be trusted.

    calibration_error: over ten groups of pairs. perfect: what a perfectly calibrated model would
    score on as many pairs. excess: the difference. reliability: the groups, for the diagram.
    """
    error = value(lambda weight: calibration_error(probability, same, weight))
    perfect = perfect_calibration_error(probability)
    groups = [
        {key: round(number, 4) for key, number in group.items()}
        for group in reliability(probability, same)
    ]
    return {
        "calibration_error": error
        | {
            "perfect": round(perfect, 5),
            "excess": round(error["value"] - perfect, 5),
        },
        "reliability": groups,
    }


def append_to_test_log(loss: str, command: str, scores: dict[str, Any]) -> None:
    """One entry a checkpoint scored; scoring the same file again is a regression test."""
    log: list[dict[str, Any]] = read_json("test_log")
    if any(entry["checkpoint_sha256"] == scores["checkpoint_sha256"] for entry in log):
        return
    entry = {
        "date": datetime.date.today().isoformat(),
        "command": command,
        "loss": loss,
        "checkpoint_sha256": scores["checkpoint_sha256"],
        "accuracy": scores["accuracy"]["value"],
        "auc": scores["auc"]["value"],
    }
    write_json(RESULTS / "test_log.json", [*log, entry])
