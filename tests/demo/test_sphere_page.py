"""The spheres' page and the panel of a face, through Streamlit's AppTest, with real photos."""

import json
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from demo import assets, session
from demo.assets import ASSETS, PORTRAITS
from demo.language import text
from demo.pages import sphere_page
from model.errors import MarginScopeError

APP = Path(__file__).resolve().parents[2] / "app.py"
SOMEBODY, ADDRESS = "Hugo_Chavez_0024", "Hugo_Chavez/Hugo_Chavez_0024"


def one_page() -> None:
    from demo.pages.sphere_page import sphere_page

    sphere_page()


@pytest.fixture(autouse=True)
def no_lfw(monkeypatch, tmp_path):
    """As on a machine that has nothing but this app."""
    monkeypatch.setenv("MARGINSCOPE_DATA", str(tmp_path))
    yield
    for found in (assets.gallery_photos, session.ready_pairs):
        found.cache_clear()


@pytest.fixture
def page() -> AppTest:
    at = AppTest.from_function(one_page, default_timeout=90)
    at.context = {"theme": "light", "locale": "en-US"}
    return at


def given(at: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = at.file_uploader[0]
    for name, data in files:
        uploader.upload(name, data, "image/png")
    return at.run()


def test_photos_are_numbered_removed_and_brought_back(page):
    files = [(path.name, path.read_bytes()) for path in PORTRAITS]
    page = given(page.run(), *files, ("notes.txt.png", b"no photo"))
    assert not page.exception
    here = page.session_state.several
    assert len(here.photos) == 2
    assert "cannot be read as a photo" in page.error[0].value
    page.button(key="several-remove-0").click().run()
    assert len(page.session_state.several.photos) == 1
    page.button(key="several-undo").click().run()
    assert len(page.session_state.several.photos) == 2
    page.button(key="several-clear").click().run()
    assert page.session_state.several.photos == []
    assert not page.exception


def test_no_more_than_twenty_photos_are_taken_and_it_says_so(page):
    data = PORTRAITS[0].read_bytes()
    page = given(page.run(), *((f"{i}.png", data) for i in range(22)))
    assert len(page.session_state.several.photos) == 20
    assert "2 photos were left out" in page.warning[0].value


def test_photos_that_a_click_interrupts_are_read_by_the_next_run(monkeypatch):
    class Rerun(BaseException):
        """As Streamlit's own, no Exception."""

    class Interrupts:
        def progress(self, done: float, text: str) -> None:
            if done > 0.4 and len(here.given) == 2:
                interruptions.append(done)
                if len(interruptions) == 1:
                    raise Rerun

        def empty(self) -> None:
            pass

    interruptions: list[float] = []
    monkeypatch.setattr(sphere_page.st, "progress", lambda *_: Interrupts())
    data = [path.read_bytes() for path in PORTRAITS]
    here = sphere_page.Several(given=[(1, data[0]), (2, b"no photo"), (3, data[1]), (4, data[0])])
    with pytest.raises(Rerun):
        here.read_given(text("ko"))
    assert [number for number, _ in here.given] == [3, 4]
    here.read_given(text("ko"))
    assert here.given == []
    assert len(here.photos) == 3
    ((number, error),) = here.problems
    assert number == 2
    assert isinstance(error, MarginScopeError)


def test_every_choice_comes_back_from_the_url(page):
    page.query_params |= {
        "sphere-left": "untrained", "sphere-right": "norm-softmax", "sphere-parts": "seen",
        "sphere-size": "large", "sphere-centres": "True", "sphere-people": "Hugo_Chavez,Nobody",
        "sphere-picked": ADDRESS, "lang": "ko",
    }  # fmt: skip
    page.run()
    assert not page.exception
    assert page.selectbox(key="sphere-left").value == "untrained"
    assert page.selectbox(key="sphere-size").value == "large"
    assert page.toggle(key="sphere-centres").value is True
    assert page.multiselect(key="sphere-people").value == ["Hugo_Chavez"]
    assert any(SOMEBODY.replace("_", " ") in m.value for m in page.markdown)
    assert page.title[0].value == "두 공간을 구로 보기"


def test_a_choice_is_kept_for_the_other_pages(page):
    page.run()
    page.selectbox(key="sphere-colour").set_value("angle").run()
    assert page.query_params["sphere-colour"] == "angle"
    assert page.session_state.kept["sphere-colour"] == "angle"
    del page.query_params["sphere-colour"]  # as a change of page does
    page.run()
    assert page.selectbox(key="sphere-colour").value == "angle"


def test_a_face_without_pictures_cannot_be_compared_and_says_so(page):
    page.query_params["sphere-picked"] = ADDRESS
    page.run()
    assert any("does not have the gallery's pictures" in c.value for c in page.caption)
    page.button(key="face-close").click().run()
    assert "sphere-picked" not in page.query_params
    assert not [m for m in page.markdown if SOMEBODY.replace("_", " ") in m.value]


def test_a_face_whose_picture_alone_is_missing_cannot_be_compared(page, monkeypatch):
    index = assets.spheres(ASSETS).index_of(ADDRESS)
    files = [None if i == index else PORTRAITS[0] for i in range(1970)]
    page.query_params["sphere-picked"] = ADDRESS
    with monkeypatch.context() as patched:
        patched.setattr(assets, "gallery_photos", lambda folder: tuple(files))
        page.run()
    assert not page.exception
    assert any("does not have this face's picture" in c.value for c in page.caption)
    assert "face-left" not in {button.key for button in page.button}


def test_a_face_of_the_gallery_is_compared_with_a_click(lfw, monkeypatch):
    monkeypatch.setenv("MARGINSCOPE_DATA", str(lfw.parent))
    assets.gallery_photos.cache_clear()
    at = AppTest.from_file(APP, default_timeout=90)
    at.context = {"theme": "light", "locale": "en-US"}
    at.query_params["sphere-picked"] = ADDRESS
    at.run()
    at.button(key="face-right").click().run()
    assert not at.exception
    assert at.session_state.session.photos["right"].faces
    files = assets.gallery_photos(ASSETS)
    gallery = assets.spheres(ASSETS).gallery
    assert [file.stem for file in files] == gallery.image.tolist()


def notes(page: AppTest) -> list[str]:
    """The sentences below the figures, as HTML."""
    return [one.proto.body for one in page.get("html")]


def test_a_gallery_of_ones_own_opens_by_the_setting(monkeypatch, tmp_path, page):
    for name in ("gallery.npz", "spheres.npz"):
        os.symlink(ASSETS / name, tmp_path / name)
    monkeypatch.setenv("MARGINSCOPE_GALLERY", str(tmp_path))
    page.run()
    assert not page.exception
    assert not page.info
    assert not any("trustworthiness" in said for said in notes(page))  # an older folder
    measured = {"trustworthiness": 0.912, "rank_correlation": 0.25, "drawn_within": 8.0,
                "true_within": 41.5, "from_arcface_degrees": 3.5}  # fmt: skip
    (tmp_path / "layout.json").write_text(json.dumps({"spheres": {"softmax": measured}}))
    assets.kept_by_spheres.cache_clear()
    page.run()
    assert any("trustworthiness 0.91" in said and "41.5°" in said for said in notes(page))
    (tmp_path / "spheres.npz").unlink()
    assets.spheres.cache_clear()
    page.run()
    assert "python prepare.py" in page.info[0].value
    assets.spheres.cache_clear()
    assets.kept_by_spheres.cache_clear()
