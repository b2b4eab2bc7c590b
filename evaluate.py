"""LFW's protocols -> results/*.json and the tables of README.

python evaluate.py view1       the 1,000 pairs of View 1's test set
python evaluate.py calibrate   what the angles of the reference, or of an ONNX file, mean
python evaluate.py readme      fill README's tables from results/
"""

import datetime
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from tqdm import tqdm

from model.aligned import Progress, load_faces
from model.checkpoint import provenance
from model.data import TEST_PAIRS, Pairs, lfw_home, read_lfw, read_pairs
from model.errors import MarginScopeError
from model.files import write_whole
from model.recognizer import Recognizer
from model.reference import beside, dlib_embedder, onnx_embedder, write_calibration
from model.reference import calibrate as calibrate_on_validation
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


def calibrate(onnx: Path | None = None, data_home: Path | None = None) -> None:
    """Measure on LFW's validation people what the angles of a network that is not ours mean.

    Without a file it is the reference of requirements-reference.txt, into assets/reference.json;
    an ONNX file gets its calibration beside itself.

    Args:
        onnx: A network from 112 x 112 faces to embeddings, such as InsightFace's.
        data_home: The folder that holds lfw_home/.
    """
    function = onnx_embedder(onnx) if onnx else dlib_embedder()
    faces = load_faces(read_lfw(lfw_home(data_home, download=True)), bar("aligning faces"))
    versions, revision = provenance()
    command = "python evaluate.py calibrate" + (f" --onnx {onnx.name}" if onnx else "")
    facts = {"command": command, "versions": versions, "git": revision}
    path = beside(onnx) if onnx else ASSETS / "reference.json"
    found = calibrate_on_validation(function, faces, bar("embedding"))
    write_calibration(path, found, facts)
    far, frr = found.far(found.threshold)[0], found.frr(found.threshold)[0]
    print(f"{path}: threshold {found.threshold:.1f}°, FAR {100 * far:.2f} %, FRR {100 * frr:.2f} %")


def bar(what: str) -> Progress:
    """A progress bar in the form that load_faces takes."""
    return lambda items, total: tqdm(items, desc=what, total=total)


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
        tyro.extras.subcommand_cli_from_dict(
            {"view1": view1, "calibrate": calibrate, "readme": readme}
        )
    except MarginScopeError as error:
        sys.exit(f"evaluate.py: {error}")
