"""No photo, file name or embedding leaves its session: not to a log, a file or another session."""

import gc
import logging
import os
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from demo import api, assets, pairs, service, spool
from demo.assets import PORTRAITS
from demo.language import text
from demo.pages import lab_people
from demo.pages.sphere_page import Several
from demo.service import CompareService, Photo
from demo.session import Session
from model.errors import MarginScopeError

APP = Path(__file__).resolve().parents[2] / "app.py"
NAME = "birthday-of-my-neighbour.png"


@pytest.fixture
def visitor(monkeypatch, tmp_path):
    """Makes a session that has uploaded two photos, by the app itself."""
    monkeypatch.setenv("MARGINSCOPE_DATA", str(tmp_path))

    def visit() -> AppTest:
        at = AppTest.from_file(APP, default_timeout=120).run()
        for side, path in zip(("left", "right"), PORTRAITS, strict=True):
            uploader = next(u for u in at.file_uploader if u.key.startswith(f"file-{side}"))
            at = uploader.upload(NAME, path.read_bytes(), "image/png").run()
        assert not at.exception
        return at

    return visit


def test_nothing_of_a_photo_is_logged_or_printed(visitor, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    at = visitor()
    uploader = at.session_state.session.inputs
    assert uploader == {"left": 1, "right": 1}
    at.button(key="clear").click().run()
    bad = next(u for u in at.file_uploader if u.key.startswith("file-left"))
    at = bad.upload(NAME, b"this is no photo", "image/png").run()
    assert "cannot be read" in at.error[0].value
    assert NAME not in at.error[0].value
    printed = capfd.readouterr()
    told = caplog.text + printed.out + printed.err
    assert NAME not in told
    assert "this is no photo" not in told
    # An embedding in a log would be a row of numbers; nothing of the kind is there
    recognizer = assets.recognizer("arcface")
    crop = visitor().session_state.session.photos["left"].crop
    numbers = recognizer.embed(crop[None])[0]
    assert not any(f"{value:.4f}" in told for value in np.abs(numbers[:20]))


def test_sessions_share_nothing(visitor):
    first = visitor()
    second = AppTest.from_file(APP, default_timeout=120).run()
    assert len(first.session_state.session.photos) == 2
    assert second.session_state.session.photos == {}
    assert second.session_state.session is not first.session_state.session


def test_a_session_that_ends_leaves_no_photo_in_memory(visitor):
    def photos() -> int:
        gc.collect()
        # by type: isinstance() would ask weak proxies for what is gone
        return sum(type(thing) is Photo for thing in gc.get_objects())

    before = photos()
    at = visitor()
    assert photos() >= before + 2
    at.button(key="clear").click().run()
    at.session_state.session.before.clear()  # what undo would bring back
    assert photos() == before  # nothing of the page holds them either
    at = visitor()
    del at
    assert photos() == before


def refused_by_a_session(data: bytes, monkeypatch) -> MarginScopeError:
    here = Session()
    here.put(CompareService([]), "left", data)
    return here.problems["left"]


def refused_on_the_spheres(data: bytes, monkeypatch) -> MarginScopeError:
    here = Several(given=[(1, data)])
    here.read_given(text("en"))
    return here.problems[0][1]


def refused_by_the_lab(data: bytes, monkeypatch) -> MarginScopeError:
    state = {"lab-data": {}, "lab-problems": {}}
    with monkeypatch.context() as patched:
        patched.setattr(lab_people.st, "session_state", state)
        lab_people._read("file", {"file": [("mine.npz", data)]}, text("en"))
    return state["lab-problems"]["file"]


def refused_in_a_list(data: bytes, monkeypatch) -> MarginScopeError:
    with monkeypatch.context() as patched:
        patched.setattr(pairs, "read_bytes", lambda path: data)
        return pairs._photo(CompareService([]), Path("a.jpg"))


def refused_by_an_endpoint(data: bytes, monkeypatch) -> MarginScopeError:
    return api._read(CompareService([]), data)


@pytest.mark.parametrize("path", [PORTRAITS[0], APP], ids=["no face", "no photo"])
@pytest.mark.parametrize(
    "refused",
    [
        refused_by_a_session,
        refused_on_the_spheres,
        refused_by_the_lab,
        refused_in_a_list,
        refused_by_an_endpoint,
    ],
)
def test_of_a_photo_that_is_refused_nothing_stays_in_memory(refused, path, monkeypatch):
    decoded = []
    monkeypatch.setattr(service, "detect", lambda image: decoded.append(weakref.ref(image)))
    data = path.read_bytes()
    references = sys.getrefcount(data)
    error = refused(data, monkeypatch)
    gc.collect()
    assert isinstance(error, MarginScopeError)
    assert sys.getrefcount(data) == references
    assert all(image() is None for image in decoded)


WATCH = """
import os, sys
opened = []

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if flags and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            opened.append(str(path))

sys.addaudithook(watch)
from streamlit.testing.v1 import AppTest
from demo.assets import PORTRAITS
app = AppTest.from_file("app.py", default_timeout=200).run()
opened.clear()  # what importing writes, such as compiled bytecode
for side, path in zip(("left", "right"), PORTRAITS):
    uploader = next(u for u in app.file_uploader if u.key.startswith(f"file-{side}"))
    app = uploader.upload("birthday.png", path.read_bytes(), "image/png").run()
assert not app.exception and len(app.session_state.session.photos) == 2
print([path for path in opened if not path.endswith(".pyc") and ".pyc." not in path])
"""


def test_nothing_is_written_while_two_photos_are_compared(tmp_path):
    """Every file that the process opens for writing, by Python's own audit; no file appears."""
    environment = os.environ | {
        "MARGINSCOPE_DATA": str(tmp_path), "HOME": str(tmp_path), "TMPDIR": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", WATCH], cwd=APP.parent, env=environment,
        text=True, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"
    assert [path for path in tmp_path.rglob("*.png")] == []


def test_what_the_framework_spools_lies_in_memory_where_the_system_offers_it(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert spool.spool_in_memory(tmp_path)  # as good as /dev/shm for this test
    with tempfile.SpooledTemporaryFile(max_size=10) as file:
        file.write(b"more than ten bytes")
        assert Path(f"/proc/self/fd/{file.fileno()}").readlink().parent == tmp_path
    assert not spool.spool_in_memory(tmp_path / "none")
    monkeypatch.setattr(spool, "AT_ONCE", 10**12)  # far more than is free
    assert spool.spool_in_memory(tmp_path) is False
    assert tempfile.tempdir is None  # what lay in memory once goes to disk when memory runs low
