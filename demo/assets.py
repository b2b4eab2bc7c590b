"""Finds and loads what ships: checkpoints, the reference's calibration, portraits, results."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from demo.figures.spheres import SphereSet
from model.checkpoint import load_checkpoint
from model.gallery import Gallery, load_gallery, load_spheres
from model.recognizer import Recognizer
from model.reference import REFERENCE, beside, load_onnx, load_reference, reference_installed
from model.views import Space, space

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PORTRAITS = (ASSETS / "portraits" / "astronaut.png", ASSETS / "portraits" / "grace_hopper.jpg")
SHIPPED = ("softmax", "norm-softmax", "arcface")
ONNX = "MARGINSCOPE_ONNX"  # names an ONNX file that the app shows beside ours


@cache
def recognizer(name: str) -> Recognizer:
    """A recogniser by its loss or as the reference, loaded once a process.

    CheckpointInvalid, ReferenceMissing or CalibrationMissing says the cure.
    """
    if name == REFERENCE:
        return load_reference(ASSETS / "reference.json")
    return Recognizer.load(ASSETS / f"{name}.safetensors")


def onnx_recognizer(path: Path) -> Recognizer:
    """The recogniser of an ONNX file, loaded again where it or its calibration has changed."""
    times = [file.stat().st_mtime_ns if file.exists() else 0 for file in (path, beside(path))]
    return _onnx(path, tuple(times))


@cache
def _onnx(path: Path, times: tuple[int, ...]) -> Recognizer:
    return load_onnx(path)


@cache
def spheres() -> SphereSet:
    """The gallery and its layout; GalleryInvalid where they have not been made."""
    gallery = load_gallery(ASSETS / "gallery.npz")
    return SphereSet(gallery, load_spheres(ASSETS / "spheres.npz", gallery))


@cache
def spaces() -> tuple[Gallery, dict[str, Space]]:
    """The gallery that ships, and each shipped model's view of it.

    GalleryInvalid or CheckpointInvalid says the cure.
    """
    gallery = load_gallery(ASSETS / "gallery.npz")
    files = {name: ASSETS / f"{name}.safetensors" for name in SHIPPED}
    return gallery, {name: space(gallery, load_checkpoint(file)) for name, file in files.items()}


@cache
def results(name: str) -> dict[str, Any]:
    """What evaluate.py measured, such as "view1"; empty where it is not there."""
    path = ASSETS.parent / "results" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def has_reference() -> bool:
    """Whether the packages of requirements-reference.txt are installed here."""
    return reference_installed()


def onnx_file() -> Path | None:
    """The ONNX file that $MARGINSCOPE_ONNX names, shown beside ours."""
    named = os.environ.get(ONNX)
    return Path(named) if named else None
