"""The results page: its numbers are those of results/, and what is missing says its command."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from demo import assets
from demo.figures.evidence import Curve, curves_figure, ledger_figure, roc_figure, sweep_figure
from demo.language import text
from demo.pages import results

PAGE = """
from demo.pages.results import results_page
results_page()
"""


def page(**query: str) -> AppTest:
    at = AppTest.from_string(PAGE, default_timeout=120)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


@pytest.fixture
def results_are(monkeypatch, tmp_path):
    """Let the page read these results in place of those that ship."""
    kept = assets.results

    def use(**own):
        monkeypatch.setattr(assets, "results", lambda name: own.get(name, kept(name)))

    return use


IDENTIFY = {
    "closed": {
        "rank_1": {"value": 0.41, "standard_error": 0.01},
        "ceiling": {"value": 0.66, "standard_error": 0.01},
        "rank_1_of_known": {"value": 0.62, "standard_error": 0.01},
        "trained": {"images": 10, "people": 5},
    },
    "open": {
        "enrolled": 3, "probes": 7, "strangers": 4,
        "losses": {"arcface": {
            "rank_1": {"value": 0.5, "standard_error": 0.1},
            "rank_5": {"value": 0.7, "standard_error": 0.1},
            "at_far": {far: {"found": {"value": 0.4, "standard_error": 0.1},
                             "false_alarms": {"value": 0.9123, "standard_error": 0.1}}
                       for far in ("0.01", "0.001")},
        }},
    },
}  # fmt: skip
ROWS = [
    {"setting": f"s {s:g}, m {m:g}", "scale": s, "margin": m, "ramp": 0.33, "seeds": 2,
     "failed": int(m > 1), "auc": {"value": 0.9 - m / 10, "standard_deviation": 0.01}}
    for s, m in ((24.0, 0.0), (24.0, 0.4), (24.0, 1.2), (8.0, 0.4))
]  # fmt: skip
SWEEP = {"seeds": 2, "at": {"scale": 24.0, "margin": 0.4}, "settings": ROWS}


def test_every_protocol_stands_on_the_page_or_says_its_command(results_are):
    results_are(view2={}, seeds={}, sweep={}, identify={})
    at = page()
    assert not at.exception
    told = " ".join(info.value for info in at.info)
    for name in ("view2 --final", "seeds --final", "sweep", "identify --final"):
        assert f"python evaluate.py {name}" in told
    titles = [heading.value for heading in at.subheader]
    assert titles == [text("en")(f"results.{name}_title") for name in results.PARTS] + [
        text("en")("margin.ledger_title")
    ]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_differences_say_whether_they_may_be_chance(language):
    found = assets.results("view1")
    lines = results.verdicts(found, text(language))
    assert len(lines) == 3
    for line, one in zip(lines, found["differences"].values(), strict=True):
        p_value = one["mcnemar"]["p_value"]
        assert f"{p_value:.2g}" in line
        assert f"{100 * one['accuracy']['value']:.1f}".lstrip("-") in line
        assert ("may be chance" in line or "우연일 수" in line) == (p_value >= 0.05)
        tar = one["tar_at_far"]["0.01"]
        sure = abs(tar["value"]) > 2 * tar["standard_error"]
        assert ("more than two" in line or "넘습니다" in line) == sure


def test_folds_and_searches_and_sweeps_are_told(results_are):
    folds = {str(i): {"accuracy": 0.9 + i / 100, "auc": 0.95} for i in range(3)}
    view2 = {
        "schedule": {"stop_after": 19},
        "losses": {"arcface": {"n": 3, "folds": folds,
                               "accuracy": {"value": 0.91, "standard_error": 0.006}}},
        "differences": {"arcface less softmax": {
            "n": 3, "accuracy": {"value": 0.03, "standard_error": 0.01},
            "auc": {"value": -0.002, "standard_error": 0.001}}},
    }  # fmt: skip
    results_are(view2=view2, identify=IDENTIFY, sweep=SWEEP)
    at = page(lang="ko", sweep="auc", spoilt="noise")
    assert not at.exception
    markdown = " ".join(m.value for m in at.markdown)
    assert "10개 폴드 가운데 3개에서 91.0 ± 0.6 %" in markdown
    assert "정확도 +3.0 ± 1.0 %p, AUC −0.0020 ± 0.0010(3개 폴드)" in markdown
    assert "66.0 ± 1.0 %" in markdown
    assert "s 24, m 1.2 (2번 가운데 1번)" in markdown


def test_margin_and_scale_are_told_apart():
    at = page(lang="en")
    assert not at.exception
    found = assets.results("factors")
    markdown = " ".join(m.value for m in at.markdown)
    for name, one in found["differences"].items():
        value = f"{one['auc']['value']:+.4f}".replace("-", "−")
        assert f"**{name}**" in markdown
        assert f"{value} ± {one['auc']['standard_error']:.4f} on test people" in markdown
    tables = " ".join(html.proto.body for html in at.get("html")).replace("\u00a0", " ")
    for one in found["networks"].values():
        assert f"{one['w_ec']['value']:.1f} ± {one['w_ec']['standard_error']:.1f}°" in tables


@pytest.mark.parametrize("count", [1, 2])
def test_one_fold_alone_is_told_and_not_drawn(results_are, count):
    folds = {str(i): {"accuracy": 0.91, "auc": 0.95} for i in range(count)}
    one = {"n": count, "folds": folds, "accuracy": {"value": 0.91}}
    results_are(view2={"schedule": {"stop_after": 19}, "losses": {"arcface": one}})
    at = page(lang="en")
    assert not at.exception
    assert f"ArcFace: 91.0 % over {count} of the 10 folds" in " ".join(m.value for m in at.markdown)
    drawn = {chart.proto.id.rpartition("-")[2] for chart in at.get("plotly_chart")}
    assert ("view2" in drawn) == (count > 1)


def test_the_roc_is_drawn_from_what_was_measured():
    losses = {name: one["roc"] for name, one in assets.results("view1")["losses"].items()}
    figure = roc_figure(losses, text("en"))
    assert figure.layout.xaxis.type == "log"
    for trace, one in zip(figure.data, losses.values(), strict=True):
        assert list(trace.x) == one["far"]
        assert list(trace.y) == one["tar"]


def test_a_band_reaches_one_error_either_way():
    curve = Curve("arcface", [1.0, 2.0], [0.5, 0.7], [0.1, 0.2])
    band, line = curves_figure([curve], "x", "y", text("en")).data
    np.testing.assert_allclose(band.y, [0.6, 0.9, 0.5, 0.4])
    np.testing.assert_allclose(line.y, [0.5, 0.7])


def test_a_failed_setting_is_a_cross():
    rows = [row for row in ROWS if row["scale"] == 24]
    trace = sweep_figure(rows, "margin", "auc", text("en")).data[0]
    assert list(trace.x) == [0, 0.4, 1.2]
    assert list(trace.marker.symbol) == ["circle", "circle", "x-open"]
    np.testing.assert_allclose(trace.y, [0.9, 0.86, 0.78])


def test_the_ledgers_statistics_stand_beside_the_papers():
    found = assets.results("ledger")
    figure = ledger_figure(found, text("en"))
    ours, theirs = figure.data[2], figure.data[4]
    assert (ours.name, theirs.name) == ("ArcFace", "Paper: ArcFace")
    assert ours.x[0] == found["losses"]["arcface"]["w_ec"]["value"]
    assert ours.error_x.array[0] == found["losses"]["arcface"]["w_ec"]["standard_error"]
    assert theirs.x[0] == 14.29


def test_the_data_of_each_figure_is_there_as_csv(results_are):
    results_are(identify=IDENTIFY, sweep=SWEEP)
    at = page()
    buttons = {b.proto.id.split("-")[-1] for b in at.get("download_button")}
    assert {"roc", "reliability", "degrade", "sweep", "ledger"} <= buttons
