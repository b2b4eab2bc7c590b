"""The playback in Chromium: plays, stops, is scrubbed, changed, and comes back from the URL."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from demo import assets
from tests.browser.conftest import IDLE, opened
from tests.browser.test_spheres import PAINTED, PIXELS, drag

pytestmark = pytest.mark.browser
SLOW = 60_000
READY = ".playback[data-painted]"


@pytest.fixture
def page(browser, app_url):
    page = opened(browser, f"{app_url}/playback", READY)
    yield page
    page.context.close()


def pictures(page: Page) -> list[np.ndarray]:
    """Both spheres as they are painted, (H, W, 4)."""
    page.wait_for_timeout(300)
    page.evaluate(PAINTED)
    found = []
    for canvas in page.locator(".stage canvas").all():
        size = canvas.evaluate("c => [c.height, c.width]")
        found.append(np.array(canvas.evaluate(PIXELS), dtype=np.uint8).reshape(*size, 4))
    return found


def frame(page: Page) -> int:
    return int(page.locator(".playback").get_attribute("data-frame"))


def last_frame() -> int:
    return len(assets.playback()["sixteen"].steps) - 1


def scrub(page: Page, to: int) -> None:
    page.locator(".scrub").evaluate(
        "(range, to) => { range.value = to; range.dispatchEvent(new Event('input')); }", to
    )


def test_whoever_asks_for_stillness_sees_the_end_and_nothing_moves(page: Page):
    assert frame(page) == last_frame()
    page.wait_for_timeout(800)
    assert frame(page) == last_frame()
    expect(page.locator(".play")).to_have_text("Play")


def test_it_plays_once_by_itself_from_the_start_and_pauses(browser, app_url):
    page = opened(browser, f"{app_url}/playback", READY, reduced_motion="no-preference")
    later = re.compile(r"^([4-9]|\d\d)$")
    expect(page.locator(".playback")).to_have_attribute("data-frame", later, timeout=SLOW)
    # On a slow machine it may be at its end already, where a press would begin anew.
    page.locator(".play").evaluate("b => { if (b.textContent === 'Pause') b.click(); }")
    expect(page.locator(".play")).to_have_text("Play")
    stopped = frame(page)
    page.wait_for_timeout(600)
    assert frame(page) == stopped
    page.context.close()


def test_the_space_bar_plays_without_asking_the_server(page: Page):
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.on("request", lambda request: sent.append(request.url))
    page.reload()  # so that the socket is one that is listened to
    expect(page.locator(READY)).to_be_visible(timeout=SLOW)
    scrub(page, 0)
    page.locator(".pace select").select_option("1")
    page.locator(".scrub").focus()
    expect(page.locator(IDLE)).to_be_visible(timeout=SLOW)
    heard = -1
    while heard != len(sent):  # until the page's own start is over
        heard = len(sent)
        page.wait_for_timeout(1000)
    assert sent, "the page's own start is not heard"
    sent.clear()
    page.keyboard.press(" ")
    expect(page.locator(".play")).to_have_text("Pause")
    expect(page.locator(".playback")).to_have_attribute(
        "data-frame", str(last_frame()), timeout=SLOW
    )
    expect(page.locator(".play")).to_have_text("Play")
    assert not sent


def test_the_scrubber_shows_the_frame_and_its_numbers(page: Page):
    reel = assets.playback()["sixteen"]
    before = pictures(page)
    for to in (0, 20, last_frame()):
        scrub(page, to)
        expect(page.locator(".playback")).to_have_attribute("data-frame", str(to))
        said = f"step {reel.steps[to]} of {reel.steps[-1]}"
        expect(page.locator(".controls output")).to_have_text(said)
        angles = page.locator(".charts figure").nth(1).locator("figcaption > span > span")
        for side, run in enumerate(("softmax", "arcface-0.5")):
            own, held = (
                np.degrees(reel.films[run].curves[curve][to]) for curve in ("own", "own_held")
            )
            expect(angles.nth(side)).to_contain_text(f"● {own:.1f}°  ○ {held:.1f}°")
    for one, other in zip(before, pictures(page), strict=True):
        np.testing.assert_array_equal(one, other)  # at the end again
    page.locator(".scrub").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".playback")).to_have_attribute("data-frame", str(last_frame() - 1))


def test_a_drag_turns_both_and_home_brings_back(page: Page):
    start = pictures(page)
    box = page.locator(".stage canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(page, x, y)
    page.mouse.move(5, 5)
    for one, other in zip(start, pictures(page), strict=True):
        assert (one != other).any(axis=2).mean() > 0.02
    page.locator(".stage").focus()
    page.keyboard.press("Home")
    for one, other in zip(start, pictures(page), strict=True):
        assert (one != other).any(axis=2).mean() < 0.001


def test_lengths_are_a_switch_away_and_change_softmax_alone(page: Page):
    before = pictures(page)
    page.locator(".long input").check()
    after = pictures(page)
    assert (before[0] != after[0]).any(axis=2).mean() > 0.01
    np.testing.assert_array_equal(before[1], after[1])


def test_choices_stand_in_the_url_and_come_back(browser, app_url):
    query = "film-set=circle&film-left=cosface&film-right=arcface-0.3&lang=ko"
    page = opened(
        browser, f"{app_url}/playback?{query}", READY,
        viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True,
    )  # fmt: skip
    titles = page.locator(".stage figcaption b")
    expect(titles.first).to_have_text("CosFace")
    expect(titles.last).to_have_text("ArcFace, m = 0.3")
    expect(page.locator(".long")).to_be_hidden()  # no softmax, no lengths
    assert all((image[..., 3] > 0).any() for image in pictures(page))
    page.context.close()


def test_another_loss_keeps_the_moment_and_the_view(page: Page):
    scrub(page, 12)
    page.locator(".stage").focus()
    page.keyboard.press("ArrowRight")
    left = pictures(page)[0]
    page.locator(".st-key-film-right input").click()
    page.get_by_role("option", name="Norm-softmax (m = 0)").click()
    expect(page.locator(".stage figcaption b").last).to_have_text("Norm-softmax (m = 0)")
    assert frame(page) == 12
    assert (pictures(page)[0] != left).any(axis=2).mean() < 0.001
    assert "film-right=norm-softmax" in page.url
    with page.expect_download() as saved:
        page.locator(".save").click()
    step = assets.playback()["sixteen"].steps[12]
    name = f"marginscope-sixteen-softmax-norm-softmax-{step}.png"
    assert saved.value.suggested_filename == name
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")


def test_on_a_phone_the_row_of_margins_is_pushed_sideways_by_keyboard(browser, app_url):
    page = opened(browser, f"{app_url}/playback", READY, viewport={"width": 390, "height": 844})
    row = page.get_by_role("region", name="The margin at a glance")
    image = row.get_by_role("img", name=re.compile("last moment under ArcFace's margin"))
    expect(image).to_be_visible()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth > 0")
    assert image.bounding_box()["width"] > row.bounding_box()["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    row.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert row.evaluate("row => row.scrollLeft") > 60
    page.context.close()
