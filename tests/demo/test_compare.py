"""compare.py as a person runs it."""

import json
import os
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
    done = compare(*PORTRAITS, "--json", "--models", "softmax", "arcface")
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
    for word in ("Softmax", "ArcFace", "verdict", "not a way to decide who somebody is"):
        assert word in done.stdout


def test_exit_codes_and_one_line_errors(tmp_path):
    broken, faceless = tmp_path / "broken.jpg", tmp_path / "faceless.png"
    broken.write_bytes(b"nothing")
    Image.new("RGB", (99, 99), "grey").save(faceless)
    for arguments, code, reason in (
        ((broken, PORTRAITS[0]), 3, "cannot be read as a photo"),
        ((PORTRAITS[0], faceless), 3, "No face was found in the second photo"),
        ((tmp_path / "none.jpg", PORTRAITS[0]), 2, "cannot be opened"),
        ((*PORTRAITS, "--left-face", "4"), 2, "give a number up to 1"),
        ((PORTRAITS[0],), 2, "Name two photos"),
        ((*PORTRAITS, "--prior", "1"), 2, "shares between 0 and 1"),
        ((*PORTRAITS, "--onnx", broken), 2, "calibrate --onnx broken.jpg"),
        (("--pairs", broken), 2, "not a list of pairs"),
        (("--pairs", broken, "--left-face", "2"), 2, "not in a list of --pairs"),
    ):
        done = compare(*arguments)
        assert done.returncode == code, arguments
        assert reason in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


def test_a_list_gives_each_row_its_line_in_order_and_a_bad_row_does_not_stop_it(tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    a, b = PORTRAITS
    rows = [(a, b, "x"), (b, broken, ""), (a, tmp_path / "none.jpg", ""), (b, b, "y"), (b, a, "")]
    listed = tmp_path / "pairs.csv"
    listed.write_text("left,right,note\n" + "".join(f"{x},{y},{z}\n" for x, y, z in rows))
    done = compare("--pairs", listed)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 5
    assert lines[1]["error"]["code"] == "PhotoUnreadable"
    assert lines[1]["error"]["photo"] == "right"
    assert lines[2]["error"]["code"] == "PhotoMissing"
    assert lines[3]["models"]["arcface"]["angle_degrees"] == pytest.approx(0, abs=0.1)
    assert lines[0]["models"] == lines[4]["models"]
    assert lines[0]["left"] == lines[4]["right"]
    single = json.loads(compare(a, b, "--json").stdout)
    assert single["left"] == lines[0]["left"]
    for name, model in single["models"].items():
        assert lines[0]["models"][name]["similarity"] == pytest.approx(
            model["similarity"], abs=1e-4
        )
    assert "reading photos" in done.stderr


def test_korean(tmp_path):
    assert "다른 사람" in compare(*PORTRAITS, "--lang", "ko").stdout
    assert "열 수 없습니다" in compare(PORTRAITS[0], tmp_path / "none", "--lang", "ko").stderr


def test_a_list_whose_reader_has_read_enough_ends_quietly(tmp_path):
    listed = tmp_path / "pairs.csv"
    listed.write_text("left,right\n" + "none.jpg,none.jpg\n" * 3)
    reader, output = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "compare.py", "--pairs", str(listed), "--models", "arcface"],
        cwd=ROOT, text=True, stdout=output, stderr=subprocess.PIPE, timeout=120,
    )  # fmt: skip
    os.close(output)
    assert done.returncode == 141
    assert "Error" not in done.stderr
