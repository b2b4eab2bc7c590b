"""compare.py as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from demo import assets
from demo.assets import PORTRAITS
from demo.service import CompareService

ROOT = Path(__file__).resolve().parents[2]


def compare(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "compare.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=120)


def test_json_is_the_apps_own_answer():
    done = compare(*PORTRAITS, "--json")
    assert done.returncode == 0, done.stderr
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    photos = [service.read(path.read_bytes(), "left") for path in PORTRAITS]
    expected = service.compare(*photos).to_json()
    found = json.loads(done.stdout)
    assert set(found) == set(expected)
    assert found["left"] == expected["left"]
    for name, model in expected["models"].items():
        assert found["models"][name].pop("verdict") == model.pop("verdict")
        assert found["models"][name] == pytest.approx(model, abs=1e-3)


def test_the_table_names_both_losses_and_what_it_is_not():
    done = compare(*PORTRAITS)
    assert done.returncode == 0
    for word in ("softmax", "arcface", "verdict", "not a way to decide who somebody is"):
        assert word in done.stdout


def test_exit_codes_and_one_line_errors(tmp_path):
    broken, faceless = tmp_path / "broken.jpg", tmp_path / "faceless.png"
    broken.write_bytes(b"nothing")
    Image.new("RGB", (99, 99), "grey").save(faceless)
    for arguments, code, reason in (
        ((broken, PORTRAITS[0]), 3, "cannot be read as a photo"),
        ((PORTRAITS[0], faceless), 3, "No face was found in the right photo"),
        ((tmp_path / "none.jpg", PORTRAITS[0]), 2, "cannot be opened"),
        ((*PORTRAITS, "--left-face", "4"), 2, "choose from 1 to 1"),
        ((PORTRAITS[0],), 2, "RIGHT"),
    ):
        done = compare(*arguments)
        assert done.returncode == code, arguments
        assert reason in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
