"""Networks that are not ours, behind the same door: dlib's, and any 112 x 112 ONNX model.

Both see the face that ours see, aligned to the ArcFace template, and their angles are calibrated on
the same validation people, so their answers may stand beside ours.

dlib's ResNet was trained by Davis King on 3 million faces; its weights come with the package
face_recognition_models, whose own code is not needed (it asks for a setuptools of old). Neither is
unpickled: dlib and ONNX Runtime have formats of their own.
"""

import dataclasses
import importlib.util
import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.aligned import Faces, Progress
from model.calibration import Calibration
from model.data import pairs_of_people
from model.errors import MarginScopeError
from model.faces import CROP
from model.files import fingerprint, write_whole
from model.images import RGB
from model.recognizer import Embedding, Recognizer
from model.verification import pair_cosines

REFERENCE = "reference"
# Where dlib's own detector would see the face in an aligned crop: (left, top, right, bottom).
DLIB_BOX = (12, 24, 100, 112)
DLIB_CHIP, DLIB_PADDING = 150, 0.25  # what its network was trained on
BATCH = 32

Function = Callable[[RGB], Embedding]


class ReferenceMissing(MarginScopeError):
    """A package of requirements-reference.txt is not installed, or does not load."""

    sentence = (
        "{package} is not there or does not load: `pip install -r requirements-reference.txt`."
    )


class OnnxInvalid(MarginScopeError):
    """An ONNX file that is not a network from 112 x 112 faces to embeddings."""

    sentence = (
        "{path} cannot be used: {problem}. It must be an ONNX network that maps (N, 3, 112, 112) "
        "to (N, D), as InsightFace's recognisers do."
    )


class CalibrationMissing(MarginScopeError):
    """What this very network's angles mean was not measured, or the file of it is damaged."""

    sentence = (
        "What the angles of {network} mean is not known: measure it on LFW's validation people "
        "with `python evaluate.py {command}`."
    )


def reference_installed() -> bool:
    """Whether dlib and its weights are there; says nothing of whether they load."""
    return all(importlib.util.find_spec(name) for name in ("dlib", "face_recognition_models"))


def load_reference(calibration: Path) -> Recognizer:
    """dlib's recogniser, calibrated as a file says; ReferenceMissing, CalibrationMissing."""
    missing = CalibrationMissing(network=REFERENCE, command="calibrate")
    return Recognizer(REFERENCE, _read_calibration(calibration, missing), dlib_embedder())


def load_onnx(path: Path) -> Recognizer:
    """The recogniser of an ONNX file, named as the file is, with the calibration beside it.

    Raises OnnxInvalid, ReferenceMissing, and CalibrationMissing where the calibration is not there
    or was measured on another file of that name.
    """
    if not path.is_file():
        raise OnnxInvalid(path=path.name, problem="there is no such file")
    missing = CalibrationMissing(network=path.name, command=f"calibrate --onnx {path.name}")
    calibration = _read_calibration(beside(path), missing, fingerprint(path))
    return Recognizer(path.name, calibration, onnx_embedder(path))


def beside(path: Path) -> Path:
    """Where an ONNX file's calibration lies: model.onnx -> model.calibration.json."""
    return path.with_suffix(".calibration.json")


def calibrate(
    function: Function, faces: Faces, progress: Progress = lambda items, total: items
) -> Calibration:
    """What a network's angles mean, on the validation pairs that train.py takes for ours."""
    chosen = faces.indices("validation")
    person = faces.person[chosen]
    pairs = pairs_of_people(person)
    groups = np.array_split(faces.crops[chosen], max(1, len(chosen) // BATCH))
    embeddings = np.concatenate([function(group) for group in progress(groups, len(groups))])
    cosine = pair_cosines(embeddings, pairs)
    return Calibration.from_pairs(cosine, pairs.same, person[pairs.left], person[pairs.right])


def write_calibration(path: Path, calibration: Calibration, facts: dict[str, Any]) -> None:
    """Keep a calibration as JSON, with facts on how it was made."""
    text = json.dumps(facts | {"calibration": dataclasses.asdict(calibration)})
    write_whole(path, text.encode())


def _read_calibration(
    path: Path, missing: CalibrationMissing, network: str | None = None
) -> Calibration:
    """The calibration of a file, measured on the network of that fingerprint; else `missing`."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        calibration = Calibration.from_json(facts["calibration"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise missing from None
    if facts.get("network") != network:
        raise missing
    return calibration


def dlib_embedder() -> Function:
    """Crops (N, 112, 112, 3) -> unit embeddings (N, 128) by dlib's network; ReferenceMissing.

    dlib measures Euclidean distances between descriptors of nearly one length; their directions
    tell people apart as well.
    """
    try:
        import dlib
    except ImportError:
        raise ReferenceMissing(package="dlib") from None

    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise ReferenceMissing(package="face_recognition_models")
    folder = Path(spec.submodule_search_locations[0]) / "models"
    predictor = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(
        str(folder / "dlib_face_recognition_resnet_model_v1.dat")
    )
    box = dlib.rectangle(*DLIB_BOX)

    def describe(crops: RGB) -> NDArray[np.float32]:
        chips = [
            dlib.get_face_chip(crop, predictor(crop, box), size=DLIB_CHIP, padding=DLIB_PADDING)
            for crop in np.ascontiguousarray(crops)
        ]
        return np.array(network.compute_face_descriptor(chips), dtype=np.float32)

    return partial(_embed, describe, BATCH, threading.Lock())


def onnx_embedder(path: Path) -> Function:
    """Crops (N, 112, 112, 3) -> unit embeddings (N, D) by an ONNX file's network.

    Its input is RGB, -1..1, which is InsightFace's (x - 127.5) / 127.5. Raises OnnxInvalid, and
    ReferenceMissing where ONNX Runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ReferenceMissing(package="onnxruntime") from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises kinds of its own
        raise OnnxInvalid(path=path.name, problem=_first_line(error)) from None
    entry = session.get_inputs()[0]
    shape = entry.shape
    if len(shape) != 4 or any(
        isinstance(side, int) and side != wanted
        for side, wanted in zip(shape[1:], (3, CROP, CROP), strict=True)
    ):
        raise OnnxInvalid(path=path.name, problem=f"its input is {shape}")

    def describe(crops: RGB) -> NDArray[np.float32]:
        x = crops.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1.0
        found: NDArray[np.float32] = session.run(None, {entry.name: x})[0]
        return found

    batch = 1 if shape[0] == 1 else BATCH  # some files are made for one face at a time
    function = partial(_embed, describe, batch, threading.Lock())
    try:
        function(np.zeros((1, CROP, CROP, 3), dtype=np.uint8))
    except Exception as error:
        raise OnnxInvalid(path=path.name, problem=_first_line(error)) from None
    return function


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _embed(
    describe: Callable[[RGB], NDArray[np.float32]], batch: int, one: threading.Lock, crops: RGB
) -> Embedding:
    """The face and its mirror image averaged, as backbone.embed does; `batch` faces at once."""
    with one:
        sides = []
        for faces in (crops, crops[:, :, ::-1]):
            groups = [faces[i : i + batch] for i in range(0, len(faces), batch)]
            sides.append(np.concatenate([_unit(describe(group)) for group in groups]))
    return _unit(sides[0] + sides[1])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if vectors.ndim != 2:
        raise ValueError(f"its output is {vectors.shape}, not (N, D)")
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)
