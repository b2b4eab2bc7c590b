"""Each kind of folder starts where a stranger would start it, and answers."""

import json
import re
import shlex
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from demo import assets
from demo.assets import PORTRAITS
from demo.service import CompareService
from tests.conftest import FLAGS
from tests.hosting.room import answers, furnished, needs_rights, serving

SLOW = 60_000  # milliseconds


@pytest.fixture(scope="module")
def known() -> dict[str, float]:
    """The angles of the two portraits as this checkout computes them, by loss."""
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    photos = [service.read(path.read_bytes(), "left") for path in PORTRAITS]
    return {name: one.angle for name, one in service.compare(*photos).answers.items()}


@pytest.fixture(scope="module")
def room(space):
    needs_rights()
    with furnished(space("streamlit")) as made:
        yield made


@pytest.fixture(scope="module")
def gradio_room(space):
    needs_rights()
    with furnished(space("gradio"), space("zerogpu")) as made:
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


def test_the_room_is_what_it_claims_to_be(room):
    done = subprocess.run(
        room.command(str(room.python), "-c", CLAIMS),
        cwd=room.app("streamlit"), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.browser
def test_the_streamlit_space_answers_a_browser(room, known, chromium, driver, tmp_path):
    docker = (room.app("streamlit") / "Dockerfile").read_text(encoding="utf-8")
    health = shlex.split(re.search(r"^HEALTHCHECK .*CMD (.*)$", docker, re.M)[1])
    start = json.loads(re.search(r"^CMD (.*)$", docker, re.M)[1])
    assert health[0] == start[0] == "python"
    with serving(room, "streamlit", *start[1:], MARGINSCOPE_HOSTED="1") as (enter, log):
        answers(enter, [sys.executable, *health[1:]], log)
        inside = tmp_path / "chromium"  # a browser in the room's network
        inside.write_text(f'#!/bin/sh\nexec {shlex.join(enter)} {chromium} "$@"\n')
        inside.chmod(0o755)
        browser = driver.chromium.launch(executable_path=str(inside), args=FLAGS)
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


ASK = """
import json, sys
from gradio_client import Client, handle_file
client = Client("http://localhost:7860", verbose=False)
answer = client.predict(*map(handle_file, sys.argv[1:]), api_name="/compare")
endpoints = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
print(json.dumps({"models": answer["models"], "endpoints": sorted(endpoints)}))
"""
HUB = {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": "7860"}  # as the hub sets them


def ask(enter: list[str], log) -> dict:
    """What the API of a Gradio Space answers to the two portraits."""
    ready = "import urllib.request as r; r.urlopen('http://localhost:7860', timeout=5)"
    answers(enter, [sys.executable, "-c", ready], log)
    command = [*enter, sys.executable, "-c", ASK, *map(str, PORTRAITS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_gradio_space_answers_its_api_in_hosted_mode(gradio_room, known):
    with serving(gradio_room, "gradio", "app_hosted.py", **HUB) as (enter, log):
        found = ask(enter, log)
    angles = {name: one["angle_degrees"] for name, one in found["models"].items()}
    assert angles == pytest.approx(known, abs=0.01)
    assert found["endpoints"] == ["/compare"]  # no bulk embedding, no search for a person


# What the hub's package does where there is a ZeroGPU, as far as that can be seen from here: it
# imports gradio, and the decorated function runs elsewhere.
SPACES = """
import gradio

def GPU(task):
    def elsewhere(name, crops):
        print("on a GPU:", name, crops.shape, flush=True)
        return task(name, crops)

    return elsewhere
"""


@pytest.mark.parametrize("gpu", [True, False])
def test_the_zerogpu_space_embeds_in_the_decorated_function(gradio_room, known, gpu):
    stub = gradio_room.folder / "hub"
    stub.mkdir(exist_ok=True)
    (stub / "spaces.py").write_text(SPACES)
    path = [str(gradio_room.folder / "site-packages"), *([str(stub)] if gpu else [])]
    hub = HUB | {"PYTHONPATH": ":".join(path)}
    with serving(gradio_room, "zerogpu", "app_hosted.py", **hub) as (enter, log):
        found = ask(enter, log)
    angles = {name: one["angle_degrees"] for name, one in found["models"].items()}
    assert angles == pytest.approx(known, abs=0.01)
    told = [line for line in log.read_text().splitlines() if line.startswith("on a GPU")]
    assert len(told) == (len(known) if gpu else 0)
