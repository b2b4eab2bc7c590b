"""Networks that are not ours, through the same door: dlib's, and ONNX files."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from demo.assets import ASSETS, PORTRAITS
from model.backbone import to_input
from model.checkpoint import load_checkpoint
from model.faces import align, choose, detect
from model.files import fingerprint
from model.recognizer import Recognizer
from model.reference import (
    CalibrationMissing,
    OnnxInvalid,
    ReferenceMissing,
    beside,
    calibrate,
    dlib_embedder,
    load_onnx,
    load_reference,
    onnx_embedder,
    reference_installed,
    write_calibration,
)
from tests.conftest import missing

ROOT = Path(__file__).resolve().parents[2]


class FromFaces(nn.Module):
    """Our network as InsightFace's are: aligned faces (N, 3, 112, 112) in -1..1 to embeddings."""

    def __init__(self, network: nn.Module, size: int) -> None:
        super().__init__()
        self.network, self.size = network, size

    def forward(self, x):
        return self.network(to_input_of(x, self.size))


def to_input_of(x: torch.Tensor, size: int) -> torch.Tensor:
    return nn.functional.interpolate(x, (size, size), mode="bilinear", antialias=True)


@pytest.fixture(scope="module")
def crops(portraits) -> np.ndarray:
    found = []
    for image in portraits:
        faces = detect(image)
        found.append(align(image, faces[choose(faces, image.shape)].landmarks))
    return np.stack(found)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """assets/arcface as an ONNX file."""
    for name in ("onnxruntime", "onnxscript"):
        if importlib.util.find_spec(name) is None:
            missing(f"{name} is not installed: pip install -r requirements-dev.txt")
    checkpoint = load_checkpoint(ASSETS / "arcface.safetensors")
    path = tmp_path_factory.mktemp("onnx") / "ours.onnx"
    torch.onnx.export(
        FromFaces(checkpoint.network, checkpoint.card.config.input_size).eval(),
        (torch.zeros(2, 3, 112, 112),),
        str(path),
        input_names=["face"],
        dynamic_shapes=({0: torch.export.Dim("faces")},),
        verbose=False,
    )
    return path


def test_the_input_of_the_wrapper_is_ours(crops):
    x = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1
    ours = to_input(torch.from_numpy(crops), 64)
    assert torch.allclose(to_input_of(x, 64), ours, atol=1e-5)


def test_an_onnx_export_of_our_network_embeds_as_ours_does(exported, crops):
    ours = Recognizer.load(ASSETS / "arcface.safetensors").embed(crops)
    found = onnx_embedder(exported)(crops)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    angles = np.degrees(np.arccos(np.clip((ours * found).sum(axis=1), -1, 1)))
    assert angles.max() < 0.5


def test_an_onnx_file_without_its_calibration_says_how_to_make_it(exported, crops):
    with pytest.raises(CalibrationMissing, match=r"evaluate.py calibrate --onnx ours\.onnx"):
        load_onnx(exported)
    ours = Recognizer.load(ASSETS / "arcface.safetensors")
    facts = {"command": "a test", "network": fingerprint(exported)}
    write_calibration(beside(exported), ours.calibration, facts)
    found = load_onnx(exported)
    assert found.name == "ours.onnx"
    assert found.calibration == ours.calibration
    write_calibration(beside(exported), ours.calibration, facts | {"network": "another"})
    with pytest.raises(CalibrationMissing):  # measured on another file of that name
        load_onnx(exported)
    beside(exported).write_text('{"calibration": {"genuine": 1}}')
    with pytest.raises(CalibrationMissing):
        load_onnx(exported)
    beside(exported).unlink()


def test_compare_shows_an_onnx_file_beside_ours_whatever_its_name(exported, tmp_path):
    """Even where it is called as one of ours is."""
    namesake = tmp_path / "arcface.onnx"
    for file in exported.parent.iterdir():  # large weights may lie in a file beside
        shutil.copy(file, tmp_path / file.name.replace("ours.onnx", "arcface.onnx"))
    if (tmp_path / "arcface.onnx.data").exists():
        shutil.copy(tmp_path / "arcface.onnx.data", tmp_path / "ours.onnx.data")
    ours = Recognizer.load(ASSETS / "arcface.safetensors")
    facts = {"command": "a test", "network": fingerprint(namesake)}
    write_calibration(beside(namesake), ours.calibration, facts)
    command = [sys.executable, "compare.py", *map(str, PORTRAITS), "--json", "--models", "arcface"]
    done = subprocess.run(
        [*command, "--onnx", str(namesake)],
        cwd=ROOT, text=True, capture_output=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    models = json.loads(done.stdout)["models"]
    assert set(models) == {"arcface", "arcface.onnx"}
    ours_says, theirs_say = (models[name]["angle_degrees"] for name in ("arcface", "arcface.onnx"))
    assert theirs_say == pytest.approx(ours_says, abs=0.5)


def test_what_is_no_such_network_is_refused_with_a_reason(tmp_path):
    if importlib.util.find_spec("onnx") is None:
        missing("onnx is not installed: pip install -r requirements-dev.txt")
    import onnx

    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"this is no network")
    with pytest.raises(OnnxInvalid, match="cannot be used"):
        onnx_embedder(broken)
    with pytest.raises(OnnxInvalid):
        onnx_embedder(tmp_path / "none.onnx")
    make = onnx.helper
    for shape, reason in (((1, 3, 64, 64), "its input is"), ((1, 3, 112, 112), "its output is")):
        value = [make.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n in "xy"]
        graph = make.make_graph([make.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:])
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
        path = tmp_path / "wrong.onnx"
        onnx.save(model, str(path))
        with pytest.raises(OnnxInvalid, match=reason):
            onnx_embedder(path)


@pytest.fixture(scope="module")
def dlibs():
    if not reference_installed():
        missing("the reference is not installed: pip install -r requirements-reference.txt")
    return dlib_embedder()


def test_the_reference_knows_a_face_in_its_mirror_and_tells_two_people_apart(dlibs, crops):
    both = dlibs(np.concatenate([crops, crops[:, :, ::-1]]))
    assert both.shape == (4, 128)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    cosine = both @ both.T
    assert cosine[0, 2] > 0.999  # averaged with its mirror image, a face is its own mirror image
    found = load_reference(ASSETS / "reference.json")
    assert found.calibration.verdict(float(np.degrees(np.arccos(cosine[0, 1])))) == "different"


def test_the_shipped_calibration_of_the_reference_says_how_it_was_made():
    facts = json.loads((ASSETS / "reference.json").read_text())
    assert facts["command"] == "python evaluate.py calibrate"


@pytest.mark.lfw
def test_the_shipped_calibration_is_what_validation_people_give(dlibs, lfw):
    """On a sample of them: a hundred people of two photos or more."""
    from model.aligned import load_faces
    from model.data import read_lfw

    faces = load_faces(read_lfw(lfw))
    chosen = faces.indices("validation")
    person = faces.person[chosen]
    several = np.flatnonzero(np.bincount(person, minlength=len(faces.names)) > 1)[:60]
    part = np.where(np.isin(faces.person, several), faces.part, "none")
    sample = type(faces)(**{**vars(faces), "part": part})
    found = calibrate(dlibs, sample)
    shipped = load_reference(ASSETS / "reference.json").calibration
    for same in (True, False):
        assert found.typical(same) == pytest.approx(shipped.typical(same), abs=3)


def test_without_the_extra_nothing_else_changes(monkeypatch):
    for name in ("dlib", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(ReferenceMissing, match=r"dlib.*pip install -r requirements-reference"):
        dlib_embedder()
    with pytest.raises(ReferenceMissing, match="onnxruntime"):
        onnx_embedder(ASSETS / "any.onnx")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not reference_installed()


def test_a_damaged_calibration_of_the_reference_names_its_own_cure(tmp_path):
    with pytest.raises(CalibrationMissing, match=r"`python evaluate\.py calibrate`"):
        load_reference(tmp_path / "none.json")
