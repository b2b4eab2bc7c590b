"""LFW's protocols -> results/*.json and the tables of README.

python evaluate.py view1     the 1,000 pairs of View 1's test set
python evaluate.py readme    fill README's tables from results/
"""

import datetime
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from tqdm import tqdm

from model.aligned import load_faces
from model.checkpoint import provenance
from model.data import TEST_PAIRS, Pairs, lfw_home, read_lfw, read_pairs
from model.errors import MarginScopeError
from model.files import write_whole
from model.recognizer import Recognizer
from model.verification import (
    auc,
    bootstrap_over_people,
    degrees,
    equal_error_rate,
    pair_cosines,
)

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
ASSETS = HERE / "assets"
LOSSES = ("softmax", "norm-softmax", "arcface")


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
    versions, revision = provenance()
    command = "python evaluate.py view1 --final"
    found: dict[str, Any] = {"command": command, "versions": versions, "git": revision}
    found["pairs"] = len(pairs.same)
    found["losses"] = {}
    for loss in LOSSES:
        path = ASSETS / f"{loss}.safetensors"
        scores = view1_scores(Recognizer.load(path), crops, pairs, people)
        scores["checkpoint_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
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
    faces = load_faces(
        read_lfw(home),
        lambda items, total: tqdm(items, desc="aligning faces", total=total, unit="file"),
    )
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
    return {
        "accuracy": value(lambda weight: float(np.average(correct, weights=weight))),
        "auc": value(lambda weight: auc(cosine, same, weight)),
        "eer": {"value": round(equal_error_rate(cosine, same), 5)},
        "threshold_degrees": round(recognizer.calibration.threshold, 2),
        "genuine_degrees": round(float(angle[same].mean()), 2),
        "impostor_degrees": round(float(angle[~same].mean()), 2),
    }


def append_to_test_log(loss: str, command: str, scores: dict[str, Any]) -> None:
    """One entry a checkpoint scored; scoring the same file again is a regression test."""
    path = RESULTS / "test_log.json"
    log: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
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
    write_json(path, [*log, entry])


def readme() -> None:
    """Fill the tables of README.md between their markers from results/."""
    path = HERE / "README.md"
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """README's text with the tables that results/ give, between `<!-- view1 -->` markers."""
    before, rest = text.split("<!-- view1 -->\n", 1)
    _, after = rest.split("<!-- /view1 -->", 1)
    return f"{before}<!-- view1 -->\n{view1_table()}<!-- /view1 -->{after}"


def view1_table() -> str:
    """The three losses on test people."""
    found = json.loads((RESULTS / "view1.json").read_text(encoding="utf-8"))
    lines = [
        "| loss | accuracy | AUC | EER | mean angle, one person | mean angle, two people |",
        "|---|---|---|---|---|---|",
    ]
    for loss, scores in found["losses"].items():
        lines.append(
            f"| {loss} | {percent(scores['accuracy'])} | {plain(scores['auc'])} "
            f"| {100 * scores['eer']['value']:.1f} % "
            f"| {scores['genuine_degrees']:.1f}° | {scores['impostor_degrees']:.1f}° |"
        )
    return "\n".join(lines) + "\n"


def percent(measure: dict[str, float]) -> str:
    """'91.2 ± 0.9 %'"""
    return f"{100 * measure['value']:.1f} ± {100 * measure['standard_error']:.1f} %"


def plain(measure: dict[str, float]) -> str:
    """'0.9694 ± 0.0050'"""
    return f"{measure['value']:.4f} ± {measure['standard_error']:.4f}"


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode())


if __name__ == "__main__":
    try:
        tyro.extras.subcommand_cli_from_dict({"view1": view1, "readme": readme})
    except MarginScopeError as error:
        sys.exit(f"evaluate.py: {error}")
