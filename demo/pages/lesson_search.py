"""A step of the lesson: what a threshold does in a search among many strangers."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from demo import assets
from demo.figures.dial import FARS, degrees, signed
from demo.figures.flat import config
from demo.language import Text
from demo.pages.address import chosen, keep
from demo.pages.details import per_hundred
from demo.pages.frame import saying
from demo.pages.table import table
from demo.pages.terms import note
from model.calibration import Calibration

MOST = 1_000_000
SIZES = [str(first * 10**zeros) for zeros in range(6) for first in (1, 2, 5)] + [str(MOST)]
FIRST = "10000"
# Of results/quality.json: what was done to one photo of a pair, and how strongly
POOR = {"tiny": 6, "blurred": 4, "cut_off": 0.3, "dark": 0.1}


@st.fragment
def search_step(words: Text) -> None:
    """False alarms and misses of each loss at three thresholds, and what must not be built."""
    with saying(words):
        _search(words)


def _search(words: Text) -> None:
    st.markdown(words("search.about"))
    size = st.select_slider(
        words("search.strangers"), SIZES, chosen("search-n", SIZES, FIRST), key="search-n",
        format_func=lambda label: f"{int(label):,}", on_change=keep("search-n"),
    )  # fmt: skip
    count = int(size)
    calibrations = {name: assets.recognizer(name).calibration for name in assets.SHIPPED}
    said = sentence(count, calibrations["arcface"], words)
    st.markdown(said)
    figures(count, calibrations, said, words)
    heads = ("threshold", "alarms", "missed", "right")
    head = [words("break.loss"), *(words(f"search.{key}") for key in heads)]
    st.html(table(head, list(lines(count, calibrations, words))))
    note(words, words("search.how"))
    limits(words)


def alarms(count: int, far: float) -> str:
    """The expected number of false alarms, N x FAR."""
    expected = count * far
    return f"{expected:,.0f}" if expected >= 10 else f"{expected:.3g}"


def right(count: int, far: float, frr: float) -> float:
    """The share of right ones among the expected alarms, 0..1, if the person is among N others.

    Bayes: (1 - FRR) right alarms are expected, and N x FAR false ones.
    """
    return (1.0 - frr) / (1.0 - frr + count * far)


def percent(share: float) -> str:
    """0.4321 -> '43.2', 0.000123 -> '0.012'."""
    return f"{100 * share:.1f}" if share >= 0.001 else f"{100 * share:.2g}"


def sentence(count: int, calibration: Calibration, words: Text) -> str:
    """What the strictest of the thresholds gives."""
    far = FARS[-1]
    frr, _ = calibration.frr(calibration.threshold_at_far(far))
    return words(
        "search.said", count=f"{count:,}", loss=words.loss("arcface"), far=f"{100 * far:g}",
        alarms=alarms(count, far), missed=f"{100 * frr:.0f}", right=percent(right(count, far, frr)),
    )  # fmt: skip


def lines(count: int, calibrations: dict[str, Calibration], words: Text) -> Iterable[list[str]]:
    """A row for each loss and FAR."""
    for name, calibration in calibrations.items():
        for far in FARS:
            angle = calibration.threshold_at_far(far)
            frr, error = calibration.frr(angle)
            at = words("search.far", far=f"{100 * far:g}")
            yield [
                words.loss(name), f"{at}: {degrees(angle)}", alarms(count, far),
                f"{per_hundred(frr, error)} %", f"{percent(right(count, far, frr))} %",
            ]  # fmt: skip


def figures(count: int, calibrations: dict[str, Calibration], said: str, words: Text) -> None:
    """False alarms over the number of strangers, and beside them who is missed."""
    from demo.figures.alarms import alarms_figure, misses_figure  # Plotly

    misses = {
        name: [one.frr(one.threshold_at_far(far)) for far in FARS]
        for name, one in calibrations.items()
    }
    drawn = {
        "alarms": (alarms_figure(count, MOST, words), said),
        "misses": (misses_figure(misses, words), words("search.alt_misses")),
    }
    for column, (name, (figure, alt)) in zip(st.columns(2), drawn.items(), strict=True):
        with column:
            st.markdown(f"**{words(f'search.title_{name}')}**")
            st.plotly_chart(figure, key=f"search-{name}", config=config(f"search-{name}"), alt=alt)


def limits(words: Text) -> None:
    """Where it goes wrong, who is missing, what it must not be used for."""
    st.markdown(words("search.wrong"))
    found = assets.results("quality")
    if found:
        st.markdown(words("search.wrong_measured", people=found["people"], **falls(found)))
    st.markdown(words("search.missing"))
    st.markdown(words("search.never"))


def falls(found: dict[str, Any]) -> dict[str, str]:
    """The fall of accuracy at each of POOR, in points with its error, and the faces not found."""
    told = {}
    for kind, strength in POOR.items():
        step = next(s for s in found["kinds"][kind]["steps"] if s["step"] == strength)
        error = 100 * step["standard_error"]
        told[kind] = f"{signed(100 * step['fall'], 1)} ± {error:.1f}"
        if kind == "dark":
            told["lost"] = str(step["lost"])
    return told
