"""The lesson through AppTest: every step in both languages, and what its figures say."""

import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from demo import assets
from demo.figures.lesson import (
    LEDGER,
    highest,
    ledger_figure,
    lengths_figure,
    needed_angle,
    numbers_figure,
    own_probability,
)
from demo.language import text
from demo.pages.lesson import STEPS
from demo.pages.terms import explained
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
    scores = assets.results("view1")["losses"]
    right = [scores[loss]["accuracy"] for loss in ("norm-softmax", "arcface")]
    error = math.hypot(*(one["standard_error"] for one in right))
    assert abs(right[0]["value"] - right[1]["value"]) < error  # what it did not


def test_a_term_has_its_tip_where_it_first_stands():
    html = explained(text("en"), "An **embedding** & an embedding.\n\nNo remarginalising.")
    assert html.count('class="term"') == 1
    assert "<strong><span" in html
    assert "&amp;" in html
    assert html.count("<p>") == 2
    assert text("ko")("tip.embedding") in explained(text("ko"), "임베딩은 방향")
