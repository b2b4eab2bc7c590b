"""Each kind of folder starts where a stranger would start it, and answers."""

import json
import re
import shlex
import subprocess
import sys

import pytest
from playwright.sync_api import expect, sync_playwright

from demo import assets
from demo.assets import PORTRAITS
from demo.service import CompareService
from tests.browser.conftest import FLAGS
from tests.hosting.room import answers, furnished, needs_rights, serving

SLOW = 60_000  # milliseconds


@pytest.fixture(scope="module")
def known() -> dict[str, float]:
    """The angles of the two portraits as this checkout computes them, by loss."""
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    photos = [service.read(path.read_bytes(), "left") for path in PORTRAITS]
    return {name: one.angle for name, one in service.compare(*photos).answers.items()}


@pytest.fixture(scope="module")
def room(request, space):
    needs_rights()
    with furnished(space(request.param)) as made:
        yield made


CLAIMS = """
import importlib.util, os, socket
from pathlib import Path
assert os.getuid() == 1000 and os.getgroups() == []
for path in ("new.txt", "app.py", "assets/gallery.npz", "demo/__pycache__"):
    try:
        open(path, "a").close()
    except PermissionError:
        continue
    raise AssertionError(path)
for module in ("pytest", "playwright", "umap", "sklearn", "scipy", "dlib", "gradio"):
    assert importlib.util.find_spec(module) is None, module
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    assert error.errno == 101, error  # unreachable, not merely silent
else:
    raise AssertionError("there is a network")
home = os.statvfs(Path.home())
assert home.f_blocks * home.f_frsize <= 64 * 2**20
(Path.home() / "mine").write_text("can be written")
"""


@pytest.mark.parametrize("room", ["streamlit"], indirect=True)
def test_the_room_is_what_it_claims_to_be(room):
    done = subprocess.run(
        room.command(str(room.python), "-c", CLAIMS), cwd=room.app, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.browser
@pytest.mark.parametrize("room", ["streamlit"], indirect=True)
def test_the_streamlit_space_answers_a_browser(room, known, chromium, tmp_path):
    docker = (room.app / "Dockerfile").read_text(encoding="utf-8")
    health = shlex.split(re.search(r"^HEALTHCHECK .*CMD (.*)$", docker, re.M)[1])
    start = json.loads(re.search(r"^CMD (.*)$", docker, re.M)[1])
    assert health[0] == start[0] == "python"
    with serving(room, str(room.python), *start[1:], MARGINSCOPE_HOSTED="1") as (enter, log):
        answers(enter, [sys.executable, *health[1:]], log)
        inside = tmp_path / "chromium"  # a browser in the room's network
        inside.write_text(f'#!/bin/sh\nexec {shlex.join(enter)} {chromium} "$@"\n')
        inside.chmod(0o755)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(inside), args=FLAGS)
            page = browser.new_context(locale="en-US").new_page()
            page.goto("http://localhost:8501")
            for side, path in zip(("first", "second"), PORTRAITS, strict=True):
                photo = page.locator(f".st-key-{side} input[type=file]")
                photo.set_input_files(str(path), timeout=SLOW)
                shown = page.get_by_alt_text(f"The {side} photo with the faces found in frames")
                expect(shown).to_be_visible(timeout=SLOW)
            for loss, angle in known.items():
                reading = page.locator(f".st-key-dial-{loss} .reading strong")
                expect(reading).to_have_text(f"{angle:.1f}°", timeout=SLOW)
            page.goto("http://localhost:8501/spheres")
            expect(page.locator("canvas").first).to_be_visible(timeout=SLOW)
            browser.close()
