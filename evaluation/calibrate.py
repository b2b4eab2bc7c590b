"""What the angles of a network that is not ours mean, on LFW's validation people."""

from pathlib import Path

from evaluation.results import ASSETS, bar, made_by
from model import reference
from model.aligned import load_faces
from model.data import lfw_home, read_lfw
from model.files import fingerprint


def calibrate(onnx: Path | None = None, data_home: Path | None = None) -> None:
    """Measure on LFW's validation people what the angles of a network that is not ours mean.

    Without a file it is the reference of requirements-reference.txt, into assets/reference.json;
    an ONNX file gets its calibration beside itself.

    Args:
        onnx: A network from 112 x 112 faces to embeddings, such as InsightFace's.
        data_home: The folder that holds lfw_home/.
    """
    function = reference.onnx_embedder(onnx) if onnx else reference.dlib_embedder()
    faces = load_faces(read_lfw(lfw_home(data_home, download=True)), bar("aligning faces"))
    path = reference.beside(onnx) if onnx else ASSETS / "reference.json"
    found = reference.calibrate(function, faces, bar("embedding"))
    command = "python evaluate.py calibrate" + (f" --onnx {onnx.name}" if onnx else "")
    facts = made_by(command) | {"network": fingerprint(onnx) if onnx else None}
    reference.write_calibration(path, found, facts)
    far, frr = found.far(found.threshold)[0], found.frr(found.threshold)[0]
    print(f"{path}: threshold {found.threshold:.1f}°, FAR {100 * far:.2f} %, FRR {100 * frr:.2f} %")
