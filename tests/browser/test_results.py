"""The results page in Chromium: its figures are painted, its numbers are those of results/."""

import csv
import io

import pytest
from playwright.sync_api import expect

from demo import assets
from tests.browser.conftest import watch_requests

pytestmark = pytest.mark.browser
SLOW = 120_000  # milliseconds; the first visit loads Plotly


def test_figures_are_painted_and_saved_as_the_results_have_them(screen, app_url):
    outside = watch_requests(screen, app_url)
    screen.goto(f"{app_url}/results")
    figures = screen.locator(".js-plotly-plot")
    expect(figures.nth(3)).to_be_attached(timeout=SLOW)  # ROC, reliability, degrade, ledger
    expect(screen.get_by_text("A demonstration of a loss")).to_be_visible(timeout=SLOW)
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".trace path").first).to_be_attached(timeout=SLOW)
    losses = assets.results("view1")["losses"]
    for one in losses.values():
        accuracy = f"{100 * one['accuracy']['value']:.1f}"
        expect(screen.locator(".numbers").first).to_contain_text(accuracy)
    with screen.expect_download() as saved:
        screen.locator(".st-key-csv-roc button").click()
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    for loss, one in losses.items():
        tar = [float(row["tar"]) for row in rows if row["loss"] == loss]
        assert tar == pytest.approx(one["roc"]["tar"], abs=1e-5)
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not outside
