"""The compare page as a person meets it, in Chromium, with real photos."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demo import assets
from demo.assets import PORTRAITS
from demo.service import CompareService
from tests.browser.conftest import IDLE, watch_requests

pytestmark = pytest.mark.browser
SLOW = 60_000  # milliseconds; the first visit loads the networks


@pytest.fixture(scope="module")
def answers():
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    both = [service.read(path.read_bytes(), "left") for path in PORTRAITS]
    return service.compare(*both).answers


@pytest.fixture
def page(screen, app_url):
    outside = watch_requests(screen, app_url)
    screen.goto(app_url)
    expect(screen.get_by_role("heading", name="MarginScope")).to_be_visible(timeout=SLOW)
    expect(screen.get_by_role("button", name="Try two portraits")).to_be_visible(timeout=SLOW)
    yield screen
    assert not outside, f"the page asked for {outside}"


def upload(page: Page, side: str, path) -> None:
    page.locator(f".st-key-{side} input[type=file]").set_input_files(str(path))


def test_two_uploads_are_answered(page: Page, answers):
    upload(page, "first", PORTRAITS[0])
    expect(page.get_by_alt_text("The first photo with the faces found in frames")).to_be_visible(
        timeout=SLOW
    )
    upload(page, "second", PORTRAITS[1])
    for loss, answer in answers.items():
        dial = page.locator(f".st-key-dial-{loss}")
        expect(dial.locator(".reading strong")).to_have_text(f"{answer.angle:.1f}°", timeout=SLOW)
        expect(dial.get_by_text("Of 1,000 validation pairs").first).to_be_visible()
        expect(dial.get_by_alt_text(re.compile(f"{answer.angle:.1f}° apart"))).to_be_visible()


def test_the_needle_stands_at_the_angle(page: Page, answers):
    """Read the needle back from the drawing that the browser has."""
    page.get_by_role("button", name="Try two portraits").click()
    for loss, answer in answers.items():
        dial = page.locator(f".st-key-dial-{loss}")
        expect(dial.locator(".reading strong")).to_have_text(f"{answer.angle:.1f}°", timeout=SLOW)
        found = dial.locator("img").evaluate(
            """async image => {
                const svg = await (await fetch(image.currentSrc || image.src)).text();
                const tree = new DOMParser().parseFromString(svg, 'image/svg+xml');
                const along = id => tree.getElementById(id).getAttribute('d')
                    .match(/-?[\\d.]+/g).map(Number);
                const to = ([x, y, u, v]) => Math.atan2(y - v, u - x);
                return (to(along('first')) - to(along('second'))) * 180 / Math.PI;
            }"""
        )
        assert found == pytest.approx(min(answer.angle, 120), abs=0.1)


def test_the_comparison_is_saved_as_one_picture_and_as_json(page: Page, answers, tmp_path):
    page.get_by_role("button", name="Try two portraits").click()
    with page.expect_download(timeout=SLOW) as saved:
        page.get_by_role("button", name="Save as a picture").click(timeout=SLOW)
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    image = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert path.suffix == ".png"
    assert image.shape[1] > image.shape[0] > 600
    red, green, blue = image[..., 0], image[..., 1], image[..., 2]
    assert ((red - blue > 120) & (red - green < 120)).sum() > 2000  # softmax's orange
    assert ((blue - red > 120) & (green - red > 40)).sum() > 2000  # ArcFace's blue
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as JSON").click()
    found = json.loads(saved.value.path().read_text())
    assert found["models"]["arcface"]["angle_degrees"] == pytest.approx(
        answers["arcface"].angle, abs=0.1
    )


def test_a_term_tells_what_it_means_to_the_keyboard(page: Page):
    page.get_by_role("button", name="Try two portraits").click()
    term = page.locator(".st-key-dial-arcface .term", has_text="probability")
    expect(term).to_be_visible(timeout=SLOW)
    expect(term.get_by_role("tooltip")).to_be_hidden()
    term.focus()
    expect(term.get_by_role("tooltip")).to_be_visible()
    expect(term.get_by_role("tooltip")).to_contain_text("logistic regression")


def test_swap_clear_and_undo_by_keyboard(page: Page, answers):
    page.get_by_role("button", name="Try two portraits").focus()
    page.keyboard.press("Enter")
    angle = f"{answers['arcface'].angle:.1f}°"
    reading = page.locator(".st-key-dial-arcface .reading strong")
    expect(reading).to_have_text(angle, timeout=SLOW)
    first = page.locator(".st-key-first img").first
    before = first.get_attribute("src")
    page.get_by_role("button", name="Swap").press("Enter")
    expect(first).not_to_have_attribute("src", before, timeout=SLOW)
    expect(reading).to_have_text(angle)
    page.get_by_role("button", name="Clear").press("Enter")
    expect(reading).to_have_count(0, timeout=SLOW)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(reading).to_have_text(angle, timeout=SLOW)


def test_a_broken_file_says_so_and_keeps_the_other_photo(page: Page, tmp_path):
    upload(page, "first", PORTRAITS[0])
    expect(page.locator(".st-key-first img").first).to_be_visible(timeout=SLOW)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a photo at all")
    upload(page, "second", broken)
    expect(page.get_by_text("cannot be read as a photo")).to_be_visible(timeout=SLOW)
    expect(page.locator(".st-key-first img").first).to_be_visible()


def test_korean_by_the_switch_stays_in_the_url(page: Page):
    page.get_by_text("한국어").click()
    expect(page.get_by_role("button", name="예시 사진 두 장 보기")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("lang=ko"))
    page.reload()
    expect(page.get_by_role("button", name="예시 사진 두 장 보기")).to_be_visible(timeout=SLOW)


def test_what_is_set_beside_the_photos_stands_in_the_url(page: Page):
    page.get_by_role("button", name="Try two portraits").click()
    prior = page.locator(".st-key-prior").get_by_role("slider")
    expect(prior).to_be_visible(timeout=SLOW)
    prior.focus()
    for _ in range(3):
        prior.press("ArrowLeft")
    expect(page).to_have_url(re.compile("prior=47"), timeout=SLOW)
    page.locator(".st-key-control label").click()
    expect(page).to_have_url(re.compile("control=true"), timeout=SLOW)
    page.reload()
    expect(page.locator(".st-key-dial-norm-softmax")).to_be_visible(timeout=SLOW)
    expect(prior).to_have_value("47")


def test_nothing_is_cut_off_on_either_screen(page: Page):
    page.get_by_role("button", name="Try two portraits").click()
    expect(page.locator(".reading strong").nth(1)).to_be_visible(timeout=SLOW)
    for side in ("first", "second"):
        expect(page.locator(f".st-key-{side} img").first).to_be_visible(timeout=SLOW)
    expect(page.locator(IDLE)).to_be_visible(timeout=SLOW)
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for box in (
        element.bounding_box() for element in page.locator("#root .st-key-dials img").all()
    ):
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    photos = [page.locator(f".st-key-{side} img").first.bounding_box() for side in
              ("first", "second")]  # fmt: skip
    assert photos[0]["y"] == pytest.approx(photos[1]["y"], abs=2)  # side by side, phone or not
    assert photos[0]["x"] + photos[0]["width"] <= photos[1]["x"]
