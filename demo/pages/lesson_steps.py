"""The steps of the lesson that need no controls of their own, or a slider or two."""

import math
from typing import Any

import numpy as np
import streamlit as st

from demo import assets
from demo.colours import OTHER
from demo.figures.dial import degrees, dial, signed
from demo.figures.flat import config
from demo.language import Text
from demo.pages.frame import go
from demo.pages.terms import note, tell
from demo.service import Photo, answer, embed_photos
from model.lab import adacos

CONTROL = "norm-softmax"


def embedding(photos: dict[str, Photo], words: Text) -> None:
    """1: both crops, both embeddings, their products, one number."""
    from demo.figures.lesson import numbers_figure

    tell(words, "lesson.embedding_says")
    recognizer = assets.recognizer("arcface")
    both = [photos["left"], photos["right"]]
    pair = embed_photos("arcface", recognizer.embed, both)
    found = answer(recognizer.calibration, pair)
    with st.container(key="lesson-pair"):
        for side, photo in photos.items():
            st.image(
                photo.crop, width=150, alt=words("compare.crop_alt", photo=words(f"side.{side}"))
            )
        st.image(
            dial("arcface", recognizer.calibration, found.angle, words), width=360,
            alt=words("lesson.embedding_alt", angle=degrees(found.angle)),
        )  # fmt: skip
    st.plotly_chart(
        numbers_figure(pair, words), key="lesson-numbers", config=config("numbers"),
        alt=words("lesson.numbers_alt", similarity=signed(found.similarity, 3)),
    )  # fmt: skip
    tell(
        words, "lesson.embedding_reads", count=pair.shape[1],
        similarity=signed(found.similarity, 3), angle=degrees(found.angle),
    )  # fmt: skip


def residual(_: dict[str, Photo], words: Text) -> None:
    """3: the block, and what shortcuts gave at two depths."""
    from demo.figures.depth import depth_alt, depth_caption, depth_figure, depth_sentences
    from demo.figures.lesson import block_svg

    tell(words, "lesson.residual_says")
    card = assets.recognizer("arcface").card
    assert card is not None
    blocks, turned = sum(card.config.blocks), len(card.config.blocks) - 1  # a stage's first
    block = block_svg(2 * blocks + 2, blocks, turned, words)
    st.image(block, width="stretch", alt=words("lesson.block_alt"))
    found = assets.results("depth")
    if found:
        st.plotly_chart(
            depth_figure(found, words), key="depth", config=config("depth"),
            alt=depth_alt(found, words),
        )  # fmt: skip
        for sentence in depth_sentences(found, words):
            st.markdown(sentence)
        note(words, depth_caption(found, words))


def softmax(_: dict[str, Photo], words: Text) -> None:
    """4: lengths and directions."""
    from demo.figures.lesson import lengths_figure

    tell(words, "lesson.softmax_says")
    reel, colours = assets.playback()["circle"], assets.colours_by_folder()
    film = reel.films["softmax"]
    assert film.lengths is not None
    length = np.sort(film.lengths[-1] / 100)
    fields: dict[str, Any] = {"short": f"{length[0]:.1f}", "long": f"{length[-1]:.1f}"}
    st.plotly_chart(
        lengths_figure(reel, [colours.get(name, OTHER) for name in reel.names], words),
        key="lesson-lengths", config=config("lengths"), alt=words("lesson.lengths_alt", **fields),
    )  # fmt: skip
    tell(words, "lesson.softmax_reads", **fields)


def sphere(_: dict[str, Photo], words: Text) -> None:
    """5: normalisation and the scale."""
    from demo.figures.lesson import highest, needed_angle, scale_figure

    tell(words, "lesson.sphere_says")
    with st.container(horizontal=True):
        scale = st.select_slider(
            words("lab.scale"), [1, 2, 4, 8, 12, 16, 24, 32, 64], 16, key="lesson-scale",
            bind="query-params",
        )  # fmt: skip
        people = st.select_slider(
            words("lesson.people"), [3, 10, 100, 1_000, 10_000, 100_000], 1_000,
            key="lesson-people", bind="query-params", format_func=lambda n: f"{n:,}",
        )  # fmt: skip
    half = needed_angle(scale, people)
    fields: dict[str, Any] = {
        "s": f"{scale:g}", "people": f"{people:,}", "adacos": f"{adacos(people):.1f}",
        "top": f"{100 * highest(scale, people):.1f}",
        "half": degrees(half) if half is not None else "–",
    }  # fmt: skip
    st.plotly_chart(
        scale_figure(scale, people, words), key="lesson-scales", config=config("scale"),
        alt=words("lesson.sphere_reads", **fields).replace("*", ""),
    )  # fmt: skip
    tell(words, "lesson.sphere_reads", **fields)


def margin(_: dict[str, Photo], words: Text) -> None:
    """6: target curve, the zone between two people, and what it does in a small training."""
    from demo.figures.lesson import target_figure, zone_figure

    tell(words, "lesson.margin_says")
    m = st.slider(words("lab.add_angle"), 0.0, 0.6, 0.5, 0.1, key="lesson-m", bind="query-params")
    m = round(m, 1)  # a URL may name one in between
    film = assets.playback()["sixteen"].films[f"arcface-{m:.1f}" if m else CONTROL]
    own = {key: degrees(math.degrees(film.curves[key][-1])) for key in ("own", "own_held")}
    fields: dict[str, Any] = {"m": f"{m:g}", "degrees": degrees(math.degrees(m)), **own}
    alt = words("lesson.margin_reads", **fields).replace("*", "")
    left, right = st.columns(2)
    left.plotly_chart(
        target_figure(m, words), key="lesson-target", config=config("target"), alt=alt
    )
    right.plotly_chart(zone_figure(m, words), key="lesson-zone", config=config("zone"), alt=alt)
    tell(words, "lesson.margin_reads", **fields)
    with st.container(horizontal=True):
        for page in ("playback", "margin", "lab"):
            if st.button(words(f"lesson.to_{page}"), key=f"lesson-to-{page}",
                         icon=":material/arrow_forward:"):  # fmt: skip
                go(page)


def ledger(_: dict[str, Photo], words: Text) -> None:
    """7: what the margin did to LFW, and what it did not."""
    from demo.figures.lesson import LEDGER, ledger_figure

    tell(words, "lesson.ledger_says")
    found = assets.results("ledger").get("losses", {})
    scores = assets.results("view1").get("losses", {})
    if not found or not scores:
        st.info(words("margin.ledger_missing"))
        return
    fields: dict[str, Any] = {}
    for place, loss in (("control", CONTROL), ("arcface", "arcface")):
        for key in LEDGER:
            fields[f"{key}_{place}"] = f"{_measured(found[loss][key], 1)}°"
        fields[f"accuracy_{place}"] = _measured(scores[loss]["accuracy"], 100)
    st.plotly_chart(
        ledger_figure(found, words), key="lesson-ledger", config=config("ledger"),
        alt=words("lesson.ledger_reads", **fields).replace("*", ""),
    )  # fmt: skip
    tell(words, "lesson.ledger_reads", **fields)
    note(words, words("lesson.ledger_how"))


def _measured(measure: dict[str, float], unit: float) -> str:
    """'41.9 ± 0.8'"""
    return f"{unit * measure['value']:.1f} ± {unit * measure['standard_error']:.1f}"
