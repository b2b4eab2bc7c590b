"""The lesson in Chromium: walked by keyboard, restored from the URL, read on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from demo.language import text
from demo.pages.lesson import STEPS
from tests.browser.conftest import IDLE, opened

pytestmark = pytest.mark.browser
SLOW = 60_000
READY = "[data-testid=stHeading]"


def heading(number: int, language: str = "en") -> re.Pattern[str]:
    words = text(language)
    name = words(f"lesson.{list(STEPS)[number - 1]}_title")
    return re.compile(re.escape(words("lesson.numbered", number=number, name=name)))


def press_on(page: Page, number: int, key: str = "PageDown") -> None:
    """The key until the URL names the step: a press while the page is being made anew is lost."""
    for _ in range(3):
        expect(page.locator(IDLE)).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(300)
        page.keyboard.press(key)
        try:
            page.wait_for_url(re.compile(f"lesson-step={number}$"), timeout=SLOW / 3)
            return
        except PlaywrightTimeout:
            continue
    raise AssertionError(f"step {number} did not come")


def test_the_whole_lesson_is_walked_with_a_presenters_remote(browser, app_url):
    page = opened(browser, f"{app_url}/lesson", READY)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for number in range(1, len(STEPS) + 1):
        expect(page.get_by_role("heading", name=heading(number))).to_be_visible(timeout=SLOW)
        expect(page.locator(".stException")).to_have_count(0)
        page.locator(".told").first.wait_for(timeout=SLOW)
        if number < len(STEPS):
            press_on(page, number + 1)
    expect(page).to_have_url(re.compile(f"lesson-step={len(STEPS)}"))
    press_on(page, len(STEPS) - 1, "PageUp")
    expect(page.get_by_role("heading", name=heading(len(STEPS) - 1))).to_be_visible(timeout=SLOW)
    assert not errors
    page.context.close()


def test_the_url_opens_a_step_in_korean_on_a_phone(browser, app_url):
    page = opened(
        browser,
        f"{app_url}/lesson?lesson-step=5",
        READY,
        locale="ko-KR",
        viewport={"width": 390, "height": 844},
    )
    expect(page.get_by_role("heading", name=heading(5, "ko"))).to_be_visible(timeout=SLOW)
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=SLOW)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    page.context.close()


def test_a_term_tells_what_it_means(browser, app_url):
    page = opened(browser, f"{app_url}/lesson?lesson-step=7", READY)
    term = page.locator(".told .term").first
    term.wait_for(timeout=SLOW)
    term.focus()
    expect(term.locator(".tip")).to_be_visible()
    page.context.close()
