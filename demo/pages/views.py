"""The sections of the margin page, each a figure beside the others, and its numbers as CSV."""

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from demo import assets
from demo.figures.dial import degrees
from demo.figures.fan import fan_figure
from demo.figures.flat import config
from demo.figures.histograms import highest, histogram_figure, shares
from demo.figures.people import image_name, person_name
from demo.figures.plane import plane_figure
from demo.figures.target import FINE, MIDDLES, Curve, curves, target_figure
from demo.language import Text
from demo.pages.address import chosen, keep
from demo.pages.table import csv_button
from demo.pages.terms import note
from demo.service import Comparison
from model.checkpoint import Card
from model.gallery import Gallery
from model.margins import Margin
from model.views import Fan, Plane, Space, fan, fan_around, nearest_centres, plane

MIDDLE = ("mean", "centre")  # of a fan
FACTORS = {"m1": (1.0, 2.0, 1.0), "m2": (0.0, 1.0, 0.3), "m3": (0.0, 0.6, 0.2)}  # low, high, first
Drawn = dict[str, go.Figure]


@st.fragment
def fans(spaces: dict[str, Space], gallery: Gallery, words: Text) -> None:
    """One person in the middle, under each loss."""
    st.subheader(words("margin.fan_title"), anchor=False)
    with st.container(horizontal=True):
        person = _person("fan-person", gallery, None, int(trained(spaces)[0]), words)
        about = MIDDLE[0]
        if gallery.seen[gallery.person == person].all():
            about = st.segmented_control(
                words("margin.about"), MIDDLE, key="fan-about", required=True,
                default=chosen("fan-about", MIDDLE, MIDDLE[1]), on_change=keep("fan-about"),
                format_func=lambda which: words(f"margin.about_{which}"),
            )  # fmt: skip
    found = {name: fan(one, person, about == MIDDLE[1]) for name, one in spaces.items()}
    said, alts = {}, {}
    for name, one in found.items():
        nearest = one.stranger
        assert nearest is not None  # fan() always finds it
        numbers = {
            "own": degrees(float(np.degrees(one.ring or 0.0))),
            "nearest": degrees(float(np.degrees(nearest.angles.min()))),
        }
        said[name] = words("margin.fan_said", who=person_name(gallery, nearest.person), **numbers)
        alts[name] = words(
            "margin.fan_alt", loss=words.loss(name), who=person_name(gallery, person), **numbers
        )
    drawn = {name: fan_figure(one, gallery, name) for name, one in found.items()}
    _row("fan", drawn, said, alts, words)
    note(words, words("margin.fan_how"))
    csv_button("fan", ("loss", "person", "image", "degrees"), _fan_rows(found, gallery), words)


def _fan_rows(found: dict[str, Fan], gallery: Gallery) -> Iterator[tuple[object, ...]]:
    for name, one in found.items():
        for group in (*((one.own,) if one.own else ()), *one.others):
            for image, angle in zip(group.images, np.degrees(group.angles), strict=True):
                who = person_name(gallery, group.person)
                yield name, who, image_name(gallery, int(image)), float(angle)


@st.fragment
def histograms(spaces: dict[str, Space], words: Text) -> None:
    """Genuine and impostor angles, seen and unseen people apart."""
    st.subheader(words("margin.histogram_title"), anchor=False)
    top = highest(spaces)
    drawn, alts, rows = {}, {}, []
    for name, one in spaces.items():
        threshold = one.card.calibration.threshold
        drawn[name] = histogram_figure(one.pairs, name, threshold, top, words)
        alts[name] = words(
            "margin.histogram_alt", loss=words.loss(name), threshold=degrees(threshold)
        )
        for part, pairs in one.pairs.items():
            for angle, *both in zip(MIDDLES, *shares(pairs), strict=True):
                rows.append((name, part, float(angle), *(float(share) for share in both)))
    _row("histograms", drawn, {}, alts, words)
    first = next(iter(spaces.values()))
    people = {part: len(np.unique(found.left)) for part, found in first.pairs.items()}
    note(words, words("margin.histogram_how", **people))
    head = "loss", "part", "degrees", "genuine_percent", "impostor_percent"
    csv_button("histograms", head, rows, words)


@st.fragment
def planes(spaces: dict[str, Space], gallery: Gallery, words: Text) -> None:
    """Two seen people, by their angles to both class centres."""
    st.subheader(words("margin.plane_title"), anchor=False)
    start = nearest_centres(next(reversed(spaces.values())))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _person("plane-first", gallery, trained(spaces), start[0], words)
        second = _person("plane-second", gallery, trained(spaces), start[1], words, first)
        lines = st.toggle(
            words("margin.lines"), True, key="plane-lines", bind="query-params",
            help=words("margin.lines_help"),
        )  # fmt: skip
    margins = {curve.name: curve.margin for curve in curves(_cards(), Margin())[:-1]}
    drawn, said, alts, found = {}, {}, {}, {}
    for name, one in spaces.items():
        found[name] = seen = plane(one, first, second)
        others = {k: m for k, m in margins.items() if m not in (one.margin, Margin())}
        drawn[name] = plane_figure(seen, one, gallery, others if lines else {}, words)
        counts = {"right": int(seen.right.sum()), "count": len(seen.images)}
        both = {"first": person_name(gallery, first), "second": person_name(gallery, second)}
        alts[name] = words("margin.plane_alt", loss=words.loss(name), **both, **counts)
        said[name] = words("margin.plane_said_softmax", **counts)
        if one.margin == Margin():
            said[name] = words("margin.plane_said_none", **counts)
        elif one.margin is not None:
            said[name] = words("margin.plane_said", clear=int(seen.clear.sum()), **counts)
    _row("plane", drawn, said, alts, words)
    note(words, words("margin.plane_how"))
    if "softmax" in found:
        short, long = (f"{length:.1f}" for length in found["softmax"].lengths)
        note(words, words("margin.plane_softmax", short=short, long=long))
    head = "loss", "person", "image", "degrees_first", "degrees_second", "length", "right", "clear"
    csv_button("plane", head, _plane_rows(found, spaces, gallery), words)


def _plane_rows(
    found: dict[str, Plane], spaces: dict[str, Space], gallery: Gallery
) -> Iterator[tuple[object, ...]]:
    for name, one in found.items():
        for i, image in enumerate(one.images):
            who = person_name(gallery, one.people[int(one.second[i])])
            first, second = (float(angle) for angle in np.degrees(one.theta[i]))
            length = float(spaces[name].lengths[image])
            told = bool(one.right[i]), bool(one.clear[i])
            yield name, who, image_name(gallery, int(image)), first, second, length, *told


@st.fragment
def targets(words: Text) -> None:
    """Target curves and the measured own-centre angles under them."""
    st.subheader(words("margin.target_title"), anchor=False)
    with st.container(key="factors"):
        columns = st.columns(len(FACTORS))
        m1, m2, m3 = (
            column.slider(
                words(f"margin.{key}"), low, high, first, step=0.05, key=key, bind="query-params"
            )
            for column, (key, (low, high, first)) in zip(columns, FACTORS.items(), strict=True)
        )
    cards = _cards()
    drawn = curves(cards, Margin(multiply=m1, add_angle=m2, add_cosine=m3))
    means = ", ".join(
        f"{words.loss(name)} {degrees(card.training['own_angle_mean'])}"
        for name, card in cards.items()
    )
    st.plotly_chart(
        target_figure(drawn, cards, words), key="target", config=config("target"),
        alt=words("margin.target_alt", means=means),
    )  # fmt: skip
    note(words, words("margin.target_how"))
    csv_button("target", ("kind", "loss", "degrees", "value"), _target_rows(drawn), words)


def _target_rows(drawn: list[Curve]) -> Iterator[tuple[object, ...]]:
    for curve in drawn:
        for angle, value in zip(FINE, curve.values, strict=True):
            yield "target", curve.name, float(angle), float(value)
    for name, card in _cards().items():
        for kind in ("own_angles_start", "own_angles_end"):
            for angle, count in zip(MIDDLES, card.training[kind], strict=True):
                yield kind, name, float(angle), count


def _row(key: str, drawn: Drawn, said: dict[str, str], alts: dict[str, str], words: Text) -> None:
    """The losses beside one another, on a phone under one another."""
    for column, (name, figure) in zip(st.columns(len(drawn)), drawn.items(), strict=True):
        with column:
            st.markdown(f"**{words.loss(name)}**")
            st.plotly_chart(
                figure, key=f"{key}-{name}", config=config(f"{key}-{name}"), alt=alts[name]
            )
            if name in said:
                note(words, said[name])


def marked(spaces: dict[str, Space], gallery: Gallery, comparison: Comparison, words: Text) -> None:
    """Fans around the first photo and histograms of unseen people, with both photos in them."""
    top = highest(spaces)
    fans_drawn, histograms_drawn, alts = {}, {}, {}
    for name, one in spaces.items():
        threshold, angle = one.card.calibration.threshold, comparison.answers[name].angle
        around = fan_around(one, comparison.embeddings[name][0])
        fans_drawn[name] = fan_figure(around, gallery, name, photo=angle, reach=threshold)
        unseen = {"unseen": one.pairs["unseen"]}
        histograms_drawn[name] = histogram_figure(unseen, name, threshold, top, words, angle)
        alts[name] = words(
            "margin.uploads_alt", loss=words.loss(name), angle=degrees(angle),
            threshold=degrees(threshold),
        )  # fmt: skip
    _row("marked-fan", fans_drawn, {}, alts, words)
    _row("marked-histogram", histograms_drawn, {}, alts, words)
    note(words, words("margin.uploads_how"))


def trained(spaces: dict[str, Space]) -> NDArray[np.int64]:
    """Whose class centres are known, by rising number."""
    return np.sort(next(iter(spaces.values())).owners)


def _cards() -> dict[str, Card]:
    _, spaces = assets.spaces()
    return {name: one.card for name, one in spaces.items()}


def _person(
    key: str,
    gallery: Gallery,
    people: NDArray[np.int64] | None,
    first: int,
    words: Text,
    without: int | None = None,
) -> int:
    """A person of the gallery, by name in the URL; of `people` alone where they are given."""
    people = np.unique(gallery.person) if people is None else people
    count = np.bincount(gallery.person)
    numbers = {address_name(gallery, int(j)): int(j) for j in people if j != without}

    def label(name: str) -> str:
        j = numbers[name]
        part = words(
            "spheres.seen" if gallery.seen[gallery.person == j].all() else "spheres.unseen"
        )
        return words("margin.option", who=person_name(gallery, j), part=part, count=count[j])

    options = list(numbers)
    wanted = chosen(key, options, address_name(gallery, first))
    if wanted not in numbers:
        wanted = options[0]
    name = st.selectbox(
        words(f"margin.{key.replace('-', '_')}"), options, index=options.index(wanted), key=key,
        format_func=label, on_change=keep(key),
    )  # fmt: skip
    return numbers[name]


def address_name(gallery: Gallery, person: int) -> str:
    """How a person is called in the URL."""
    return person_name(gallery, person).replace(" ", "_")
