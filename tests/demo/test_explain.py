"""The explanation of a pair on the compare page and its figure, with the two portraits."""

import base64
import dataclasses
import io
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from demo import assets, session
from demo.assets import ASSETS, PORTRAITS
from demo.colours import CARRIES, HINDERS, LOSS
from demo.figures.occlusion import (
    colour_bar,
    coloured,
    common_scale,
    degrees_more,
    overlay,
)
from demo.figures.people import image_name, person_name
from demo.language import text
from demo.service import CompareService
from model.explain import Occlusion
from model.faces import CROP

APP = Path(__file__).resolve().parents[2] / "app.py"
SVG = "{http://www.w3.org/2000/svg}"
WORDS = text("en")


@pytest.fixture(autouse=True)
def no_lfw(monkeypatch, tmp_path):
    """As on a machine that has nothing but this app."""
    monkeypatch.setenv("MARGINSCOPE_DATA", str(tmp_path))
    for found in (assets.gallery_photos, session.ready_pairs):
        found.cache_clear()
    yield
    for found in (assets.gallery_photos, session.ready_pairs):
        found.cache_clear()


@pytest.fixture(scope="module")
def comparison():
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    return service.compare(*(service.read(path.read_bytes(), "left") for path in PORTRAITS))


def opened(language: str = "en", **query: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    at.context = {"theme": "light", "locale": "en-US"}
    at.query_params |= {"explain": "true", "lang": language, **query}
    return at.run().button(key="ready-portraits").click().run()


def maps(at: AppTest) -> dict[str, Occlusion]:
    return at.session_state.explained.maps


def rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def flat(value: float) -> Occlusion:
    """Every square costs `value` degrees."""
    return Occlusion(1.0, np.full((2, 7, 7), math.radians(value)))


def test_a_pixel_takes_the_colour_of_its_sign_as_strongly_as_its_degrees():
    crop = np.full((CROP, CROP, 3), 128, np.uint8)
    ramp = np.broadcast_to(np.linspace(-4, 4, CROP), (CROP, CROP))
    row = coloured(crop, ramp, 4.0)[0].astype(float)
    grey = coloured(crop, np.zeros((CROP, CROP)), 4.0)[0, 0].astype(float)
    assert np.ptp(grey) <= 1
    for end, colour in ((0, HINDERS), (-1, CARRIES)):
        np.testing.assert_allclose(row[end], 0.2 * grey + 0.8 * np.array(rgb(colour)), atol=1)
    away = np.abs(row - grey).sum(axis=1)
    assert (np.diff(away[: CROP // 2]) <= 1).all()
    assert (np.diff(away[CROP // 2 :]) >= -1).all()
    assert not {CARRIES, HINDERS} & set(LOSS.values())  # hue is the loss


def test_the_frame_lies_on_the_square_that_costs_most():
    grown = np.zeros((2, 7, 7))
    grown[0, 5, 3] = math.radians(3.04)
    crops = (np.zeros((CROP, CROP, 3), np.uint8),) * 2
    tree = ElementTree.fromstring(overlay(crops, Occlusion(1.0, grown), 4.0))
    first, second = tree.findall(f"{SVG}g")
    frames = first.findall(f"{SVG}rect")
    assert {(f.get("x"), f.get("y"), f.get("width")) for f in frames} == {("42", "70", "28")}
    assert not second.findall(f"{SVG}rect")  # nothing costs anything there
    assert [g.find(f"{SVG}text").text for g in (first, second)] == ["○ +3.0°", "□ 0.0°"]
    sent = first.find(f"{SVG}image").get("href").partition(",")[2]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(sent))))
    assert picture.shape == (CROP, CROP, 3)
    assert (picture[0, 0] == picture[-1, 0]).all()
    assert (picture[84, 56] != picture[0, 0]).any()


def test_one_scale_holds_every_map_and_the_bar_says_it():
    assert common_scale([flat(0.2)]) == 1
    assert common_scale([flat(1.2), flat(-4.1)]) == 5
    bar = colour_bar(5.0, WORDS)
    assert "−5°" in bar
    assert "+5°" in bar
    assert [degrees_more(math.radians(v)) for v in (2.34, -1.0, -0.01)] == [
        "+2.3°",
        "−1.0°",
        "0.0°",
    ]


def test_the_page_says_what_the_maps_show(comparison):
    at = opened()
    assert not at.exception
    found = maps(at)
    assert list(found) == ["softmax", "arcface"]
    alts = [image.proto.imgs[0].alt for image in at.get("image")]
    said = " ".join(m.value for m in at.markdown)
    for loss, one in found.items():
        answer = comparison.answers[loss]
        assert math.degrees(one.angle) == pytest.approx(answer.angle, abs=0.01)
        for side in (0, 1):
            most = one.most(side)
            assert most.grown == one.grown[side].max()
            if most.grown > 0:
                assert f"covering **{WORDS(f'region.{most.region}')}** costs most" in said
                assert degrees_more(most.grown) in said
        assert any(alt.startswith(f"{WORDS.loss(loss)}: both faces") for alt in alts)
    scale = f"{common_scale(found.values()):g}°"
    assert any(alt.startswith("The colours:") and scale in alt for alt in alts)
    assert any("Zeiler and Fergus 2014" in one.proto.body for one in at.get("html"))


def test_the_nearer_faces_are_counted_and_named(comparison):
    at = opened()
    gallery = assets.spheres(ASSETS).gallery
    said = [m.value for m in at.markdown]
    for loss, answer in comparison.answers.items():
        for face in comparison.embeddings[loss].astype(np.float64):
            cosine = gallery.embeddings[loss].astype(np.float64) @ face
            away = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
            near = away < answer.angle
            people = len(set(gallery.person[near].tolist()))
            counted = f"{near.sum():,} of {len(near):,} gallery faces, of {people} people"
            assert any(counted in sentence for sentence in said) == bool(near.any())
            nearest = int(away.argmin())
            named = f"1. {image_name(gallery, nearest)} · {away[nearest]:.1f}°\n"
            assert any(sentence.startswith(named) for sentence in said)
    assert any("nothing of who somebody is" in one.proto.body for one in at.get("html"))


def near(comparison) -> None:
    from demo.language import text
    from demo.pages.explain import _neighbours

    _neighbours(list(comparison.embeddings), comparison, text("en"))


def test_a_pair_of_the_gallery_is_not_compared_with_its_own_person(comparison):
    """Who is the photo itself, or known to be the same person, is no chance likeness."""
    gallery = assets.spheres(ASSETS).gallery
    mine = np.flatnonzero(gallery.person == gallery.person[0])
    pair = {loss: gallery.embeddings[loss][mine[:2]] for loss in comparison.embeddings}
    found = dataclasses.replace(comparison, embeddings=pair)
    at = AppTest.from_function(near, args=(found,), default_timeout=60).run()
    assert not at.exception
    said = " ".join(m.value for m in at.markdown)
    assert person_name(gallery, int(gallery.person[0])) not in said
    assert said.count(f" of {len(gallery.person) - len(mine):,} gallery faces") == 4


def test_a_rerun_and_the_other_language_compute_nothing_again():
    at = opened()
    found = dict(maps(at))
    next(b for b in at.get("button_group") if b.key == "lang").set_value("ko").run()
    assert not at.exception
    assert any("유사도에 기여하는가" in m.value for m in at.markdown)
    assert all(maps(at)[loss] is one for loss, one in found.items())
    at.toggle(key="control").set_value(True).run()
    assert not at.exception
    assert maps(at)["arcface"] is found["arcface"]
    assert len(maps(at)) == 3
    at.button(key="swap").click().run()  # another pair: the same squares, the other way round
    assert not at.exception
    np.testing.assert_allclose(maps(at)["softmax"].grown, found["softmax"].grown[::-1], atol=1e-4)


def test_nothing_is_computed_before_it_is_asked_for():
    at = AppTest.from_file(APP, default_timeout=120).run()
    at.button(key="ready-portraits").click().run()
    assert "explained" not in at.session_state
    assert not any("costs most" in m.value for m in at.markdown)


def test_where_no_square_costs_anything_the_page_says_so(monkeypatch):
    monkeypatch.setattr("demo.pages.explain.occlusion_map", lambda *_: flat(-0.5))
    said = " ".join(m.value for m in opened().markdown)
    assert said.count("no square costs anything") == 4
    monkeypatch.setattr("demo.pages.explain.occlusion_map", lambda *_: flat(0.5))
    said = " ".join(m.value for m in opened().markdown)
    assert said.count("no square brings the faces nearer") == 4
    assert "hardly any similarity" not in said
    far = dataclasses.replace(flat(0.5), angle=math.pi / 2)
    monkeypatch.setattr("demo.pages.explain.occlusion_map", lambda *_: far)
    assert " ".join(m.value for m in opened().markdown).count("hardly any similarity") == 2


def test_without_a_gallery_the_maps_stand_alone_and_it_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setenv("MARGINSCOPE_GALLERY", str(tmp_path))
    at = opened()
    assert not at.exception
    assert any("costs" in m.value for m in at.markdown)
    assert any("python prepare.py" in info.value for info in at.info)


def test_faces_have_pictures_where_the_machine_has_them(lfw, monkeypatch):
    monkeypatch.setenv("MARGINSCOPE_IMAGES", str(lfw / "lfw"))
    at = opened()
    assert not at.exception
    alts = [image.proto.imgs[0].alt for image in at.get("image")]
    named = [
        m.value.rpartition(" · ")[0] for m in at.markdown if re.search(r" · [\d.]+°$", m.value)
    ]
    shown = [alt for alt in alts if alt in named]
    assert len(shown) == 2 * 2 * 5
