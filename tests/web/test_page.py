"""The Gradio page in a real Chromium, with real photos, and that it forgets them."""

import base64
import gc
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demo import assets, spool
from demo.assets import PORTRAITS
from demo.figures.dial import degrees
from demo.figures.people import image_name
from demo.service import CompareService, Photo
from demo.spool import FOLDER, sweep, swept_folder
from demo.tabs.page import _forget
from tests.browser.conftest import watch_requests
from tests.serving import free_port

pytestmark = pytest.mark.browser
SLOW = 60_000
READY = "Try two portraits"


def opened(browser, url: str, **options) -> Page:
    usual = {"viewport": {"width": 1280, "height": 1000}, "locale": "en-US"}
    page = browser.new_context(**(usual | {"reduced_motion": "reduce"} | options)).new_page()
    outside = watch_requests(page, url)
    page.goto(url)
    expect(page.locator("#left input[type=file]")).to_have_count(1, timeout=SLOW)
    expect(page.locator(".reading")).to_have_count(2, timeout=SLOW)  # the page has greeted
    assert not outside, outside
    return page


def give(page: Page, side: str, path: Path) -> None:
    page.locator(f"#{side} input[type=file]").set_input_files(str(path))


@pytest.fixture(scope="module")
def angles() -> dict[str, str]:
    """What the service says of the two portraits."""
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    photos = (service.read(path.read_bytes(), "left") for path in PORTRAITS)
    found = service.compare(*photos).answers
    return {name: degrees(answer.angle) for name, answer in found.items()}


@pytest.mark.parametrize("kind", ["wide light", "phone dark"])
def test_two_uploads_are_compared_and_drawn(kind, gradio_url, browser, angles):
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    page = opened(browser, gradio_url, **(phone if kind.startswith("phone") else {}))
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    outside = watch_requests(page, gradio_url)
    for side, path in zip(("left", "right"), PORTRAITS, strict=True):
        give(page, side, path)
        expect(page.locator(f"#{side} .photo")).to_be_visible(timeout=SLOW)
    expect(page.locator(".reading strong")).to_have_text(list(angles.values()), timeout=SLOW)
    spheres = page.locator("#spheres .spheres")
    expect(spheres).to_have_attribute("data-photos", re.compile(r"\w{16}"), timeout=SLOW)
    painted = page.evaluate(
        """() => [...document.querySelectorAll('#spheres canvas')].map(canvas => {
            const { width, height } = canvas;
            const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
            return new Set(new Uint32Array(pixels.buffer)).size;
        })"""
    )
    assert all(colours > 100 for colours in painted), painted
    with page.expect_download() as saved:
        page.locator("a.save").click()
    assert '"angle_degrees"' in saved.value.path().read_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not wrong
    assert not outside, outside
    page.context.close()


def test_both_languages_and_the_photos_stay(gradio_url, browser, angles):
    page = opened(browser, gradio_url, locale="ko-KR")
    page.get_by_role("button", name="예시 사진 두 장 보기").click(timeout=SLOW)
    expect(page.locator(".reading strong").first).to_have_text(angles["softmax"], timeout=SLOW)
    expect(page.get_by_role("button", name="서로 바꾸기")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "ko"
    page.get_by_label("English").check()
    expect(page.get_by_role("button", name="Swap")).to_be_visible(timeout=SLOW)
    expect(page.locator(".reading em").nth(1)).to_have_text("Different people")
    expect(page.locator("#left .photo")).to_be_visible()
    assert "lang=en" in page.url
    page.reload()  # the address has the language now
    expect(page.get_by_role("button", name=READY)).to_be_visible(timeout=SLOW)
    page.context.close()


def test_the_keyboard_moves_a_slider_and_a_language_reaches_an_open_tab(gradio_url, browser):
    page = opened(browser, gradio_url)
    page.get_by_role("button", name=READY).click()
    answer = page.locator("a.save")
    expect(answer).to_be_visible(timeout=SLOW)
    for _ in range(3):  # the last of several in a row counts
        page.locator(".settings input[type=range]").first.press("ArrowRight")
    for _ in range(300):
        data = base64.b64decode(answer.get_attribute("href").partition("base64,")[2])
        if b'"limit": 0.08' in data:
            break
        page.wait_for_timeout(200)
    assert b'"limit": 0.08' in data
    page.get_by_role("tab", name="Margin", exact=True).click()
    shown = page.locator("strong:visible")
    expect(shown.filter(has_text="Keeps").first).to_be_visible(timeout=SLOW)
    page.get_by_label("한국어").check()
    expect(shown.filter(has_text="지키는 것").first).to_be_visible(timeout=SLOW)
    page.context.close()


def test_swap_clear_undo_and_a_bad_photo(gradio_url, browser, tmp_path):
    page = opened(browser, gradio_url)
    page.get_by_role("button", name=READY).click()
    expect(page.locator(".reading strong").first).to_be_visible(timeout=SLOW)
    first = page.locator("#left .crop img").get_attribute("src")
    page.get_by_role("button", name="Swap").click()
    expect(page.locator("#right .crop img")).to_have_attribute("src", first, timeout=SLOW)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".photo")).to_have_count(0, timeout=SLOW)
    expect(page.locator(".reading strong")).to_have_count(0)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"this is no photo")
    give(page, "left", broken)
    expect(page.get_by_role("alert")).to_contain_text("cannot be read as a photo", timeout=SLOW)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#right .crop img")).to_have_attribute("src", first, timeout=SLOW)
    page.context.close()


def test_of_two_faces_the_visitor_picks_one(gradio_url, browser, tmp_path):
    both = [Image.open(path).convert("RGB").resize((512, 512)) for path in PORTRAITS]
    group = Image.new("RGB", (1024, 512))
    for i, image in enumerate(both):
        group.paste(image, (512 * i, 0))
    group.save(tmp_path / "group.png")
    page = opened(browser, gradio_url)
    give(page, "left", tmp_path / "group.png")
    expect(page.get_by_text("2 faces were found")).to_be_visible(timeout=SLOW)
    give(page, "right", PORTRAITS[0])
    said = page.locator(".reading strong").first
    below_25, above_60 = r"^(1?\d|2[0-4])\.\d°$", r"^([6-9]\d|1\d\d)\.\d°$"
    for number, angle in (("1", below_25), ("2", above_60)):  # with oneself, and with another
        page.locator("#left").get_by_role("radio", name=number).check()
        expect(said).to_have_text(re.compile(angle), timeout=SLOW)
    page.context.close()


def test_a_click_on_a_sphere_lists_the_nearest_faces(gradio_url, browser):
    page = opened(browser, gradio_url)
    page.get_by_role("button", name=READY).click()
    expect(page.locator(".reading strong").first).to_be_visible(timeout=SLOW)
    page.locator("#spheres .spheres").focus()
    page.keyboard.press("Enter")  # the point in the middle
    rows = page.locator(".numbers tr")
    expect(rows).to_have_count(6, timeout=SLOW)  # a heading and five faces
    name = page.locator("b", has_text="(").inner_text().split(" (")[0]
    drawn = assets.spheres(assets.ASSETS)
    index = [image_name(drawn.gallery, i) for i in range(len(drawn.gallery.image))].index(name)
    nearest, angle = drawn.nearest("arcface", index, 1)[0]
    expect(rows.nth(1)).to_contain_text(f"{image_name(drawn.gallery, nearest)} · {degrees(angle)}")
    page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_fan_histograms_and_film(width, gradio_url, browser):
    page = opened(browser, gradio_url, viewport={"width": width, "height": 900})
    page.get_by_role("tab", name="Margin").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(6, timeout=SLOW)
    if width < 500:  # there the last tab is behind a button
        page.locator(".overflow-menu > button").click()
        page.locator(".overflow-dropdown button").click()
    else:
        page.get_by_role("tab", name="A training on film").click()
    slider = page.locator("#film .scrub")
    expect(slider).to_be_visible(timeout=SLOW)
    expect(page.locator("#film output")).to_contain_text("step", timeout=SLOW)
    widths = page.evaluate(
        "[...document.querySelectorAll('#film .stage canvas')].map(c => c.clientWidth)"
    )
    assert widths[0] == widths[1] > 100
    before = page.locator("#film output").inner_text()
    slider.fill("3")
    expect(page.locator("#film output")).not_to_have_text(before)
    page.context.close()


def test_a_session_that_is_over_leaves_no_photo(browser, monkeypatch, tmp_path):
    """In this process, so that its memory can be looked through."""
    from demo.tabs.page import serve

    monkeypatch.setenv("MARGINSCOPE_DATA", str(tmp_path))
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    port = free_port()
    blocks = serve(stays=1e6, left=1.0, server_port=port)
    holder = blocks.app.state_holder

    def photos() -> int:
        gc.collect()
        # by type: isinstance() would ask weak proxies for what is gone
        return sum(type(thing) is Photo for thing in gc.get_objects())

    before = photos()
    page = opened(browser, f"http://127.0.0.1:{port}")
    page.get_by_role("button", name=READY).click()
    expect(page.locator(".reading strong").first).to_be_visible(timeout=SLOW)
    assert photos() >= before + 2
    assert any("data:image/jpeg" in repr(s.config_values) for s in holder.session_data.values())
    page.context.close()
    for _ in range(100):
        if not holder.session_data and photos() == before:
            break
        time.sleep(0.3)
    assert not holder.session_data
    assert photos() == before
    blocks.close()


def test_sessions_are_kept_as_long_as_somebody_may_come_back():
    now = datetime.now()

    class Holder:
        lock = threading.Lock()
        session_data: ClassVar[dict] = {}
        time_last_used: ClassVar[dict] = {}

    def session(name: str, idle: float, closed: bool = False, page: bool = True) -> None:
        state = {1: "photos"} if page else {}
        found = SimpleNamespace(is_closed=closed, state_data=state)
        Holder.session_data[name] = found
        Holder.time_last_used[name] = now - timedelta(seconds=idle)

    session("open", 1000)
    session("left long ago", 2000)
    session("closed", 100, closed=True)
    session("just closed", 10, closed=True)
    session("script", 10, page=False)
    session("at work", 1, page=False)
    session("just made", 0)
    del Holder.time_last_used["just made"]
    seen: dict = {}
    _forget(Holder, 1800, 60, seen)
    assert set(Holder.session_data) == {"open", "just closed", "at work", "just made"}
    Holder.time_last_used["just closed"] = now  # its connection alone was broken
    _forget(Holder, 1800, 60, seen)
    assert not Holder.session_data["just closed"].is_closed
    assert seen == {}


def test_what_a_killed_process_of_the_same_number_left_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{FOLDER}{os.getpid()}-before_0"
    left.mkdir()
    ours = swept_folder()
    assert not left.exists()
    swept_folder()
    assert ours.exists()


def test_of_other_folders_only_what_another_process_of_ours_left_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f"{FOLDER}{ended.pid}-k3_x09ab"
    others = [tmp_path / f"{FOLDER}{name}" for name in (
        "main", "2024", ended.pid, f"{ended.pid}-notes", f"{ended.pid}-k3_x09ab.kept",
        f"{os.getppid()}-k3_x09ab", f"{10**12}-k3_x09ab",
    )]  # fmt: skip
    for folder in (left, *others):
        folder.mkdir()
    swept_folder()
    assert not left.exists()
    assert all(folder.exists() for folder in others)


def test_no_signal_is_sent_on_windows_where_it_would_end_the_process(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(os, "kill", lambda *_: pytest.fail("a signal was sent"))
        patched.setattr(os, "name", "nt")
        assert spool._alive(os.getppid())
        assert not spool._alive(os.getpid())


def test_a_sweep_takes_what_is_old_and_what_is_too_much(tmp_path):
    now = time.time()
    for i, age in enumerate((500, 30, 20, 10)):
        path = tmp_path / f"{i}" / "photo.jpg"
        path.parent.mkdir()
        path.write_bytes(bytes(100))
        for one in (path, path.parent):
            os.utime(one, (now - age, now - age))
    sweep(tmp_path, age=100, room=250)
    assert sorted(p.parent.name for p in tmp_path.rglob("photo.jpg")) == ["2", "3"]
