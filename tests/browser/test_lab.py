"""The lab in Chromium: train, pause, change m, look back, come back from the URL."""

import re
import time

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import IDLE, opened
from tests.browser.test_playback import pictures

pytestmark = pytest.mark.browser
SLOW = 60_000
READY = ".lab[data-painted]"


@pytest.fixture
def page(browser, app_url):
    page = opened(browser, f"{app_url}/lab?lab-steps=2000", READY)
    yield page
    page.context.close()


def last(page: Page) -> int:
    return int(page.locator(".lab").get_attribute("data-last"))


def button(page: Page, name: str):
    return page.locator(f".st-key-lab-{name} button")


def get_on(page: Page, steps: int) -> None:
    """Wait until the browser has frames of so many steps."""
    end = time.monotonic() + SLOW / 1000
    while last(page) < steps:
        assert time.monotonic() < end, f"only step {last(page)} came"
        page.wait_for_timeout(100)


def test_train_pause_go_on_and_change_the_margin(page: Page):
    before = pictures(page)
    assert np.abs(before[0].astype(int) - before[1]).mean() < 3  # both sides begin alike
    button(page, "train").click()
    get_on(page, 17)
    button(page, "pause").click()
    expect(button(page, "resume")).to_be_visible(timeout=SLOW)
    expect(page.locator(IDLE)).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(1500)
    stood = last(page)
    page.wait_for_timeout(1500)
    assert last(page) == stood
    after = pictures(page)
    assert np.abs(after[1].astype(int) - before[1]).mean() > 0.5
    title = page.locator(".lab .stage figcaption b").nth(1)
    expect(title).to_contain_text("m₂ = 0.5")
    slider = page.locator(".st-key-lab-add_angle [role=slider], .st-key-lab-add_angle input").first
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"lab-add_angle=0\.7"), timeout=SLOW)
    button(page, "resume").click()
    get_on(page, stood + 17)


def test_one_step_and_reset(page: Page):
    button(page, "step").click()
    expect(button(page, "resume")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Step 1 of 2000").first).to_be_visible(timeout=SLOW)
    button(page, "reset").click()
    expect(button(page, "train")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Step 1 of 2000")).to_have_count(0, timeout=SLOW)


def test_one_looks_back_while_it_runs_and_finds_the_present_again(page: Page):
    button(page, "train").click()
    get_on(page, 51)
    scrub = page.locator(".lab .scrub")
    scrub.evaluate("r => { r.value = 0; r.dispatchEvent(new Event('input')); }")
    expect(page.locator(".lab")).to_have_attribute("data-frame", "0")
    get_on(page, last(page) + 17)
    expect(page.locator(".lab")).to_have_attribute("data-frame", "0")
    scrub.evaluate("r => { r.value = r.max; r.dispatchEvent(new Event('input')); }")
    lab = page.locator(".lab")
    expect(lab).not_to_have_attribute("data-frame", "0")
    there = int(lab.get_attribute("data-frame"))
    get_on(page, last(page) + 17)
    assert int(lab.get_attribute("data-frame")) > there


def test_the_url_restores_settings_and_a_preset(browser, app_url):
    page = opened(browser, f"{app_url}/lab?lab-preset=scale_far", READY)
    title = page.locator(".lab .stage figcaption b").nth(1)
    expect(title).to_contain_text("s = 200")
    expect(page.locator(".lab .stage figcaption b").nth(0)).to_contain_text("s = 3.8")
    page.context.close()
    page = opened(browser, f"{app_url}/lab?lab-add_cosine=0.35&lab-add_angle=0&lab-scale=16", READY)
    expect(page.locator(".lab .stage figcaption b").nth(1)).to_contain_text("m₃ = 0.35, s = 16")
    page.context.close()


def test_what_was_set_stands_after_a_reload_and_another_page(browser, app_url):
    page = opened(browser, f"{app_url}/lab?lab-preset=full_margin", READY)
    title = page.locator(".lab .stage figcaption b").nth(1)
    expect(title).to_contain_text("m₂ = 1, s = 64")
    slider = page.locator(".st-key-lab-add_angle").get_by_role("slider")
    slider.focus()
    slider.press("Home")  # none at all, the least that the slider has
    expect(page).to_have_url(re.compile(r"lab-add_angle=0(\.0)?(&|$)"), timeout=SLOW)
    expect(title).to_contain_text("m = 0, s = 64", timeout=SLOW)
    page.reload()
    expect(title).to_contain_text("m = 0, s = 64", timeout=SLOW)
    page.get_by_role("link", name="Margin", exact=True).first.click()
    expect(page.get_by_role("heading", name="The margin in degrees")).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="Lab", exact=True).first.click()
    expect(title).to_contain_text("m = 0, s = 64", timeout=SLOW)
    page.get_by_text("Learning rate, ramp, steps and more").click()
    ramp = page.locator(".st-key-lab-ramp").get_by_role("slider")
    expect(ramp).to_have_value("0")  # the preset's, as ever
    page.context.close()
    page = opened(browser, f"{app_url}/lab?lab-preset=full_margin", READY)
    title = page.locator(".lab .stage figcaption b").nth(1)
    page.locator(".st-key-lab-preset input").click()
    page.get_by_role("option", name="Your own setting").click()
    expect(page).to_have_url(re.compile("lab-preset=own"), timeout=SLOW)
    expect(page).to_have_url(re.compile(r"lab-add_angle=1"), timeout=SLOW)
    page.reload()
    expect(title).to_contain_text("m₂ = 1, s = 64", timeout=SLOW)
    page.context.close()


def test_it_survives_a_change_of_page(page: Page):
    button(page, "train").click()
    get_on(page, 17)
    page.get_by_role("link", name="Margin", exact=True).first.click()
    expect(page.get_by_role("heading", name="The margin in degrees")).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="Lab", exact=True).first.click()
    expect(page.locator(".lab[data-painted]")).to_be_visible(timeout=SLOW)
    get_on(page, 17)
