"""The margin page in Chromium: painted, its choices in the URL, both screens, both languages."""

import re

import pytest
from playwright.sync_api import Page, expect

from demo import assets
from demo.pages.views import address_name
from model.views import fan
from tests.browser.conftest import watch_requests

pytestmark = pytest.mark.browser
SLOW = 120_000  # milliseconds; the first visit loads Plotly and the networks
FIGURES = 10  # fans, histograms and planes of three networks, and the target curves


@pytest.fixture
def page(screen, app_url):
    outside = watch_requests(screen, app_url)
    screen.goto(f"{app_url}/margin")
    painted(screen)
    yield screen
    assert not outside


def painted(page: Page) -> None:
    """Every figure is there and has drawn something."""
    figures = page.locator(".js-plotly-plot")
    expect(figures).to_have_count(FIGURES, timeout=SLOW)
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".trace path").first).to_be_attached(timeout=SLOW)


def points(page: Page, loss: str) -> int:
    """How many images the fan of a loss draws, each a marker of its own."""
    return page.locator(f".st-key-fan-{loss} .scatterlayer path.point").count()


def images(loss: str, person: int) -> int:
    """How many it has to draw, by the model."""
    found = fan(assets.spaces()[1][loss], person)
    return len(found.own.images) + sum(len(group.images) for group in found.others)


def choose(page: Page, key: str, label: str) -> None:
    box = page.locator(f".st-key-{key} input")
    box.click()
    box.fill(label)
    page.get_by_role("option", name=re.compile(label)).click()


def test_a_person_is_chosen_drawn_and_kept_in_the_url(page: Page):
    gallery, spaces = assets.spaces()
    stranger = int(gallery.person[~gallery.seen][0])
    name = address_name(gallery, stranger)
    if page.viewport_size["width"] > 500:
        choose(page, "fan-person", name.replace("_", " "))
    else:  # a phone's list has no field to type in
        page.goto(f"{page.url}?fan-person={name}")
    expect(page).to_have_url(re.compile(f"fan-person={name}"), timeout=SLOW)
    for loss in spaces:
        expect(page.locator(f".st-key-fan-{loss} .scatterlayer path.point")).to_have_count(
            images(loss, stranger), timeout=SLOW
        )
    page.reload()
    painted(page)
    assert name.replace("_", " ") in page.locator(".st-key-fan-person input").input_value()
    assert points(page, "arcface") == images("arcface", stranger)


def test_the_other_language_keeps_the_figures_and_says_what_they_keep(page: Page):
    page.get_by_text("한국어").click()
    expect(page.get_by_role("heading", name="두 사람을 가르는 선")).to_be_visible(timeout=SLOW)
    painted(page)
    expect(page.get_by_text("지키는 것").first).to_be_visible()
    expect(page).to_have_url(re.compile("lang=ko"))


def test_a_network_left_out_leaves_its_figures_out(page: Page):
    page.locator(".st-key-losses button", has_text="Norm-softmax").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(FIGURES - 3, timeout=SLOW)
    expect(page).to_have_url(re.compile("losses=softmax(,|%2C)arcface"))
    expect(page.locator(".st-key-fan-norm-softmax")).to_have_count(0)


def test_nothing_is_cut_off_and_every_figure_has_its_words(page: Page):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for loss in assets.SHIPPED:
        box = page.locator(f".st-key-fan-{loss} .js-plotly-plot").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    expect(page.get_by_text(re.compile("Own photos: [\\d.]+° on average")).first).to_be_visible()
