"""Breaking a face and searching among strangers: what is shown against a direct computation."""

import html
import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from demo import assets
from demo.assets import PORTRAITS, SHIPPED
from demo.language import text
from demo.pages.lesson_break import first_lost
from demo.pages.lesson_search import alarms, right
from demo.service import CompareService
from model.degrade import DEGRADATIONS


def breaking():
    import streamlit as st

    from demo.assets import PORTRAITS
    from demo.language import text
    from demo.pages.lesson_break import break_step
    from demo.service import CompareService

    crop = CompareService([]).read(PORTRAITS[0].read_bytes(), "left").crop
    break_step(crop, text(st.query_params["lang"]))


def searching():
    import streamlit as st

    from demo.language import text
    from demo.pages.lesson_search import search_step

    search_step(text(st.query_params["lang"]))


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    return CompareService([]).read(PORTRAITS[0].read_bytes(), "left").crop


def opened(page, **query: str) -> AppTest:
    at = AppTest.from_function(page, default_timeout=120)
    for key, value in query.items():
        at.query_params[key.replace("_", "-")] = value
    return at.run()


def charts(at: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def cells(at: AppTest) -> list[list[str]]:
    """The rows of the table, without its head."""
    body = next(h.proto.body for h in at.get("html") if "<table>" in h.proto.body)
    body = body.replace("\u00a0", " ")
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("<tr>")[2:]]
    return [[html.unescape(cell) for cell in row] for row in rows]


def degrees(name: str, clean: np.ndarray, worse: np.ndarray) -> float:
    """By the cosine, both crops embedded on their own."""
    recognizer = assets.recognizer(name)
    a, b = (recognizer.embed(one[None])[0].astype(np.float64) for one in (clean, worse))
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_angles_are_those_of_the_crops(crop, language):
    words = text(language)
    at = opened(breaking, lang=language, break_kind="blur", break_blur="5")
    assert not at.exception
    row = DEGRADATIONS["blur"]
    lost = []
    found = {trace["name"]: trace for trace in charts(at)[0]["data"]}
    for name, line in zip(SHIPPED, cells(at), strict=True):
        threshold = assets.recognizer(name).calibration.threshold
        angle = degrees(name, crop, row.function(crop, 5.0))
        assert line[0] == words.loss(name)
        assert float(line[1][:-1]) == pytest.approx(angle, abs=0.06)
        assert line[2] == f"{threshold:.1f}°"
        if angle > threshold:
            lost.append(words.loss(name))
        drawn = np.array(found[words.loss(name)]["y"])
        wanted = [degrees(name, crop, row.function(crop, s)) for s in (2.0, 6.0)]
        np.testing.assert_allclose(drawn[[2, 6]], wanted, atol=0.05)
        assert drawn[0] == pytest.approx(0, abs=1e-3)
        past = [s for s, y in zip(row.strengths, drawn, strict=True) if y > threshold]
        told = words("break.unit_pixels", value=f"{past[0]:g}") if past else words("break.never")
        assert line[3] == told
    said = at.markdown[-1].value
    assert words("break.unit_pixels", value="5") in said
    assert all((f"{name}." in said or f"{name}," in said) for name in lost)


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_each_degradation_is_drawn_and_kept(crop, kind):
    at = opened(breaking, lang="en", break_kind=kind)
    assert not at.exception
    row = DEGRADATIONS[kind]
    assert charts(at)[0]["data"][0]["x"] == [f"{strength:g}" for strength in row.strengths]
    kept = at.session_state["break-curves"]
    assert list(kept) == [(next(iter(kept))[0], kind)]
    first = dict(kept)
    at.select_slider(key=f"break-{kind}").set_value(f"{row.strengths[-1]:g}").run()
    assert not at.exception
    assert at.query_params[f"break-{kind}"] == f"{row.strengths[-1]:g}"
    assert dict(at.session_state["break-curves"]) == first  # computed once
    assert np.isfinite([list(values) for values in next(iter(first.values())).values()]).all()


def test_where_a_curve_passes_its_threshold():
    assert first_lost(np.array([0.0, 40.0, 75.1, 60.0]), 75.0) == 2
    assert first_lost(np.array([0.0, 40.0, 75.0]), 75.0) is None


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_search_counts_alarms_and_misses(language):
    words = text(language)
    at = opened(searching, lang=language, search_n="50000")
    assert not at.exception
    lines = cells(at)
    assert len(lines) == 9
    for i, name in enumerate(SHIPPED):
        calibration = assets.recognizer(name).calibration
        genuine = np.array(calibration.genuine)
        impostor = np.array(calibration.impostor)
        for far, alarm, line in zip(
            (0.1, 0.01, 0.001), ("5,000", "500", "50"), lines[3 * i : 3 * i + 3], strict=True
        ):
            bins = round(float(re.search(r"([\d.]+)°", line[1])[1]) * 10)
            assert impostor[:bins].sum() <= far * impostor.sum() < impostor[: bins + 1].sum()
            assert line[0] == words.loss(name)
            assert line[2] == alarm
            missed = genuine[bins:].sum() / genuine.sum()
            assert float(line[3].split(" ")[0]) == pytest.approx(100 * missed, abs=0.06)
            share = 100 * (1 - missed) / (1 - missed + 50_000 * far)
            assert float(line[4].split(" ")[0]) == pytest.approx(share, abs=0.06, rel=0.1)
    first, second = charts(at)
    for trace, far in zip(first["data"], (0.1, 0.01, 0.001), strict=True):
        np.testing.assert_allclose(trace["y"], np.array(trace["x"]) * far)
        assert trace["x"] == [1, 50_000, 1_000_000]
    assert [trace["name"] for trace in second["data"]] == [words.loss(name) for name in SHIPPED]
    said = at.markdown[1].value
    assert "50,000" in said
    assert "**50" in said
    told = " ".join(m.value for m in at.markdown)
    assert "77.5" in told
    assert "83.5" in told


def test_alarms_and_their_worth():
    assert [alarms(n, 0.001) for n in (1, 200, 10_000, 1_000_000)] == [
        "0.001",
        "0.2",
        "10",
        "1,000",
    ]
    assert right(0, 0.1, 0.3) == 1.0
    assert right(900, 0.001, 0.1) == pytest.approx(0.5)
