"""The lesson through AppTest: every step in both languages, and what its figures say."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from torch import nn

from demo import assets
from demo.colours import INK, luminance
from demo.figures.lesson import (
    LEDGER,
    block_svg,
    highest,
    ledger_figure,
    lengths_figure,
    needed_angle,
    numbers_figure,
    own_probability,
)
from demo.language import text
from demo.pages import lesson
from demo.pages.lesson import STEPS
from demo.pages.terms import explained
from model.backbone import Block
from model.checkpoint import load_checkpoint
from model.lab import adacos


def page() -> None:
    import streamlit as st

    from demo.pages.lesson import lesson_page

    st.session_state.pages = {}
    lesson_page()


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("number", range(1, len(STEPS) + 1))
def test_every_step_opens_in_both_languages(number, language):
    at = AppTest.from_function(page, default_timeout=60)
    at.query_params["lesson-step"] = str(number)
    at.query_params["lang"] = language
    at.run()
    assert not at.exception
    words = text(language)
    name = words(f"lesson.{list(STEPS)[number - 1]}_title")
    assert at.subheader[0].value == words("lesson.numbered", number=number, name=name)


def test_back_and_next():
    at = AppTest.from_function(page, default_timeout=60)
    at.run()
    assert at.button(key="lesson-back-above").disabled
    at.button(key="lesson-next-above").click().run()
    assert at.query_params["lesson-step"] == "2"
    at.button(key="lesson-back-below").click().run()
    assert at.query_params["lesson-step"] == "1"


def test_the_fewest_people_have_a_scale_of_adacos():
    at = AppTest.from_function(page, default_timeout=60)
    at.query_params["lesson-step"] = str(list(STEPS).index("sphere") + 1)
    at.run()
    assert not at.exception
    fewest = int(at.select_slider(key="lesson-people").options[0])
    assert adacos(fewest) > 0  # √2 ln(2 - 1) is none


def test_the_products_add_up_to_the_cosine():
    rng = np.random.default_rng(0)
    pair = rng.normal(size=(2, 256))
    pair /= np.linalg.norm(pair, axis=1, keepdims=True)
    product = np.array(numbers_figure(pair, text("en")).data[0].z)[2]
    assert product.sum() / 16 == pytest.approx(pair[0] @ pair[1])


def test_the_probability_of_the_own_class_by_softmax():
    logits = 16.0 * np.array([math.cos(math.radians(40)), *([0.0] * 99)])
    expected = np.exp(logits[0]) / np.exp(logits).sum()
    assert own_probability(16.0, 100, np.array([40.0]))[0] == pytest.approx(expected)
    angle = needed_angle(16.0, 100)
    assert own_probability(16.0, 100, np.array([angle]))[0] == pytest.approx(0.5)
    assert needed_angle(1.0, 1000) is None
    assert highest(1.0, 1000) < 0.01
    # AdaCos's scale puts the edge at 45 degrees: sqrt(2) ln(C - 1) cos 45 = ln(C - 1)
    assert needed_angle(adacos(1000), 1000) == pytest.approx(45.0)


def test_lengths_are_those_of_the_film():
    reel = assets.playback()["circle"]
    figure = lengths_figure(reel, ["#000000"] * len(reel.names), text("en"))
    drawn = [trace for trace in figure.data if trace.mode == "markers"]
    found = np.concatenate([np.hypot(trace.x, trace.y) for trace in drawn])
    np.testing.assert_allclose(
        np.sort(found), np.sort(reel.films["softmax"].lengths[-1] / 100), atol=0.02
    )


def test_the_ledger_says_what_was_measured_and_its_sentence_holds():
    found = assets.results("ledger")["losses"]
    for trace, row in zip(ledger_figure(found, text("en")).data, found.values(), strict=True):
        assert list(trace.x) == [row[key]["value"] for key in LEDGER]
    control, arcface = found["norm-softmax"], found["arcface"]

    def gain(key: str) -> float:
        """ArcFace's value less the control's, in standard errors."""
        pair = [one[key] for one in (arcface, control)]
        error = math.hypot(*(one["standard_error"] for one in pair))
        return (pair[0]["value"] - pair[1]["value"]) / error

    assert gain("seen_intra") < -2  # what it did
    assert gain("seen_inter") > 2
    assert gain("unseen_inter") > 2
    assert gain("unseen_intra") > -1  # what it did not
    difference = assets.results("view1")["differences"]["arcface less norm-softmax"]
    assert difference["mcnemar"]["p_value"] > 0.05  # "a difference that may be chance"


def test_the_block_drawn_is_the_networks():
    blocks = [
        part for part in load_checkpoint(assets.ASSETS / "arcface.safetensors").network.modules()
        if isinstance(part, Block)
    ]  # fmt: skip
    turned = sum(not isinstance(block.shortcut, nn.Identity) for block in blocks)
    drawn = block_svg(18, len(blocks), turned, text("en"))
    assert (len(blocks), turned) == (8, 3)
    assert "8 such blocks, 3 with a 1 × 1 convolution" in drawn
    assert drawn.index("BatchNorm, ReLU") < drawn.index("BatchNorm</text>")


@pytest.mark.parametrize("page", ["#ffffff", "#0e1117"])
def test_ink_is_read_on_a_light_and_on_a_dark_page(page):
    """As much as one grey can on both: WCAG 2 asks 4.5 of small letters, 3 of large ones."""
    low, high = sorted(luminance(colour) for colour in (INK, page))
    assert (high + 0.05) / (low + 0.05) > 4.2


def test_a_term_has_its_tip_where_it_first_stands():
    html = explained(text("en"), "An **embedding** & an embedding.\n\nNo remarginalising.")
    assert html.count('class="term"') == 1
    assert "<strong><span" in html
    assert "&amp;" in html
    assert html.count("<p>") == 2
    assert text("ko")("tip.embedding") in explained(text("ko"), "임베딩은 방향")


def test_the_first_face_stands_first_whichever_was_given_first(monkeypatch):
    given = lesson.portraits()
    monkeypatch.setattr(
        lesson, "session", lambda: SimpleNamespace(photos=dict(reversed(given.items())))
    )
    assert list(lesson._photos()) == ["left", "right"]
