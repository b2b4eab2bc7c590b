"""Files that are missing or damaged, and a crowd, as the pages tell of them."""

import shutil
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from demo import assets, session
from demo.language import text
from demo.once import Once
from demo.pages import lab_people, lesson, waiting
from demo.turns import Turns
from tests.conftest import missing

RESULTS = assets.ASSETS.parent / "results"
PORTRAITS = tuple(path.relative_to(assets.ASSETS) for path in assets.PORTRAITS)
WORDS = text("en")
PREPARE, TRAIN = "python prepare.py", "python train.py recipes/"
# A page and what stands in its address -> what it must say of a file; the first is one that works.
TOLD = {
    "softmax.safetensors": {"results": "", "compare": TRAIN, "margin": TRAIN, "lesson 9": TRAIN},
    "norm-softmax.safetensors": {"compare": TRAIN, "playback": TRAIN, "lesson 8": TRAIN},
    "arcface.safetensors": {"lesson 5": "", "compare": TRAIN, "lab": TRAIN, "lesson 2": TRAIN},
    "gallery.npz": {"lesson 1": "", "spheres": PREPARE, "compare": PREPARE, "lab": PREPARE},
    "spheres.npz": {"results": "", "spheres": PREPARE, "compare": PREPARE, "margin": PREPARE},
    "playback.npz": {"compare": "", "playback": PREPARE, "lesson 6": PREPARE},
    "reference.json": {"spheres": "", "compare": "python evaluate.py calibrate"},
    str(PORTRAITS[0]): {"lesson 3": "", "compare": "Fetch the file again", "lesson 1": "Fetch"},
    str(PORTRAITS[1]): {"lesson 7": "", "compare": "Fetch the file again", "lesson 8": ""},
    "../results/view1.json": {"compare": "", "results": "python evaluate.py view1 --final"},
    "../results/ledger.json": {"compare": "", "results": "evaluate.py ledger", "margin": "ledger"},
    "../results/depth.json": {"lesson 3": "", "results": ""},
    "../results/layout.json": {"spheres": "", "results": ""},
    "../results/placement.json": {"spheres": "", "compare": ""},
    "../results/playback.json": {"playback": "", "results": ""},
    "../results/quality.json": {"lesson 9": "", "results": ""},
}
SHOWN = ("softmax.safetensors", "arcface.safetensors", "reference.json")  # to compare two photos
NETWORKS = 2 + assets.has_reference()
FUNCTIONS = {"spheres": ("sphere_page", "sphere_page")}


def forget() -> None:
    """What was loaded from other files."""
    for made in [*vars(assets).values(), lab_people.gallery_people, session.ready_pairs]:
        if hasattr(made, "cache_clear") and made is not Once:
            made.cache_clear()
    lesson.portraits.clear()


@pytest.fixture
def folder(monkeypatch, tmp_path) -> Path:
    """A copy of assets/ and results/ that the pages read, without LFW."""
    copy = tmp_path / "assets"
    shutil.copytree(assets.ASSETS, copy)
    shutil.copytree(RESULTS, tmp_path / "results")
    portraits = tuple(copy / path for path in PORTRAITS)
    monkeypatch.setattr(assets, "ASSETS", copy)
    for module in (assets, session):
        monkeypatch.setattr(module, "PORTRAITS", portraits)
    monkeypatch.setenv("MARGINSCOPE_DATA", str(tmp_path / "nowhere"))
    forget()
    yield copy
    forget()


def opened(page: str) -> AppTest:
    """A page; "lesson 3" is a step, and on the compare page the portraits are compared."""
    name, _, step = page.partition(" ")
    module, function = FUNCTIONS.get(name, (name, f"{name}_page"))
    at = AppTest.from_string(
        f"from demo.pages.{module} import {function}\n{function}()", default_timeout=120
    )
    at.context = {"theme": "light", "locale": "en-US"}
    if step:
        at.query_params["lesson-step"] = step
    if name == "compare":
        at.query_params["trust"] = "True"
        if assets.has_reference():
            at.query_params["reference"] = "True"
    at.run()
    if name == "compare":
        at.button(key="ready-portraits").click().run()
    return at


def said(at: AppTest) -> str:
    return "\n".join(one.value for one in [*at.error, *at.info, *at.warning])


def readings(at: AppTest) -> int:
    bodies = [h.proto.body for h in at.get("html")]
    return sum(b.startswith('<div class="reading">') and "<strong>" in b for b in bodies)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
@pytest.mark.parametrize("file", TOLD)
def test_a_page_says_what_is_wrong_with_a_file_and_the_rest_works(folder, file, damage):
    if file == "reference.json" and not assets.has_reference():
        missing("requirements-reference.txt is not installed")
    path = folder / file
    whole = path.read_bytes()
    path.unlink() if damage == "missing" else path.write_bytes(whole[: len(whole) // 2])
    for page, cure in TOLD[file].items():
        at = opened(page)
        assert not at.exception, page
        assert cure in said(at), page
        if cure and not file.startswith(".."):
            assert path.stem in said(at), page
        if page == "compare":
            assert readings(at) == (0 if "portraits" in file else NETWORKS - (file in SHOWN))
        if page == "results":
            named = f"{path.name} cannot be read: it is damaged. Fetch the file again"
            assert (named in said(at)) == (damage == "damaged" and file.startswith(".."))
    path.write_bytes(whole)  # and mended it works without a restart
    at = opened(page)
    assert not at.exception
    assert path.name not in said(at)


def test_who_waits_reads_how_many_are_before_and_then_has_the_answer(folder, monkeypatch):
    line, told, free = Turns(1), [], threading.Event()
    monkeypatch.setattr(waiting, "turns", lambda: line)
    told_before = waiting.place_in_line

    def tell(before, words):
        told.append(told_before(before, words))
        free.set()
        return told[-1]

    monkeypatch.setattr(waiting, "place_in_line", tell)

    def work() -> None:
        with line.turn():
            began.set()
            free.wait(600)

    began = threading.Event()
    other = threading.Thread(target=work)
    other.start()
    began.wait(60)
    at = opened("compare")
    other.join()
    assert told[0] == WORDS("turns.next")
    assert readings(at) == NETWORKS
    assert WORDS("turns.next") not in said(at)


def test_where_too_many_wait_the_page_says_so_and_keeps_the_photos_for_another_try(
    folder, monkeypatch
):
    line = Turns(1, most=0)
    monkeypatch.setattr(waiting, "turns", lambda: line)
    at = opened("compare")
    assert not at.exception
    assert "0 visitors are waiting already, as many as can. Try again in a minute." in said(at)
    assert readings(at) == 0
    line.most = 1
    at.button(key="again").click().run()
    assert not at.exception
    assert readings(at) == NETWORKS
    assert len(at.error) == 0
