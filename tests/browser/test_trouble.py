"""A crowd, a server that dies, a disk that is full: what the browser shows, and that it mends."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demo.assets import PORTRAITS
from demo.language import text
from tests.browser.conftest import opened, running_app
from tests.conftest import missing
from tests.serving import free_port

pytestmark = pytest.mark.browser
PATIENCE = 90_000  # milliseconds
WORDS = text("en")
READY = ".st-key-ready-portraits button"
# Everybody who opens it waits, since others have every turn until somebody asks to free them.
CROWDED = """\
import threading
import streamlit as st
from demo.language import text
from demo.pages.waiting import in_turn
from demo.turns import turns

@st.cache_resource
def others():
    free = threading.Event()
    def work():
        with turns().turn():
            free.wait(600)
    for _ in range(turns().at_once):
        threading.Thread(target=work, daemon=True).start()
    return free

asked = st.query_params["do"]
if asked == "wait":
    others()
    with in_turn(st.empty(), "works", text("en")):
        pass
    st.write("the answer")
elif asked == "count":
    st.write(f"waiting: {turns().waiting}")
else:
    others().set()
    st.write("freed")
"""


def compare_portraits(page: Page) -> list[str]:
    """The angles after a press on the ready pair's button."""
    page.locator(READY).first.click(timeout=PATIENCE)
    expect(page.locator(".reading strong")).to_have_count(2, timeout=PATIENCE)
    return page.locator(".reading strong").all_inner_texts()


def test_who_waits_sees_the_place_and_who_leaves_gives_it_back(browser, tmp_path):
    script = tmp_path / "crowded.py"
    script.write_text(CROWDED, encoding="utf-8")
    with running_app(tmp_path, str(script)) as (url, _, _):

        def come(asked: str, says: str) -> Page:
            page = opened(browser, f"{url}/?do={asked}", "[data-testid=stApp]")
            expect(page.get_by_text(says, exact=True)).to_be_visible(timeout=PATIENCE)
            return page

        first = come("wait", WORDS("turns.next"))
        second = come("wait", WORDS("turns.before", count=1))
        third = come("wait", WORDS("turns.before", count=2))
        first.context.close()
        expect(second.get_by_text(WORDS("turns.next"))).to_be_visible(timeout=PATIENCE)
        expect(third.get_by_text(WORDS("turns.before", count=1))).to_be_visible(timeout=PATIENCE)
        second.reload()  # whoever comes again stands at the end
        expect(third.get_by_text(WORDS("turns.next"))).to_be_visible(timeout=PATIENCE)
        expect(second.get_by_text(WORDS("turns.before", count=1), exact=True)).to_be_visible(
            timeout=PATIENCE
        )
        come("count", "waiting: 2").context.close()
        come("free", "freed").context.close()
        for page in (second, third):
            expect(page.get_by_text("the answer")).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_test_id("stAlert")).to_have_count(0)
            page.context.close()
        come("count", "waiting: 0").context.close()


def test_after_a_killed_server_is_back_the_open_page_works_again(browser, tmp_path):
    port = free_port()
    with running_app(tmp_path, port=port) as (url, pid, _):
        page = opened(browser, url, READY)
        expected = compare_portraits(page)
        os.kill(pid, signal.SIGKILL)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Connection error", timeout=PATIENCE)
        assert page.locator(".reading strong").all_inner_texts() == expected  # what was seen stays
    with running_app(tmp_path, port=port):
        expect(dialog).to_have_count(0, timeout=PATIENCE)
        for language in ("한국어", "English"):  # whatever asks the server shows the new session
            page.get_by_text(language, exact=True).click()
            expect(page.locator(".reading strong")).to_have_count(0, timeout=PATIENCE)
        assert compare_portraits(page) == expected
        page.context.close()


@pytest.fixture
def full_disk(tmp_path) -> tuple[str, ...]:
    """A command that gives a server 256 KiB for temporary files, on disk and in memory."""
    small = tmp_path / "small"
    small.mkdir()
    mounts = " && ".join(f"mount -t tmpfs -o size=256k none {at}" for at in (small, "/dev/shm"))
    within = ("unshare", "--mount", "sh", "-c", f'{mounts} && TMPDIR={small} exec "$@"', "sh")
    if not shutil.which("unshare") or subprocess.run([*within, "true"], check=False).returncode:
        missing("only root can mount a small disk for one process")
    return within


def test_on_a_full_disk_the_page_says_so_and_small_photos_are_compared(
    browser, tmp_path, full_disk
):
    large = tmp_path / "large.png"
    Image.effect_noise((1500, 1500), 60).convert("RGB").save(large)
    assert large.stat().st_size > 2**20
    with running_app(tmp_path, within=full_disk, clean=False) as (url, _, log):
        page = opened(browser, url, READY)
        expect(page.get_by_text("run out of room")).to_be_visible()
        field = page.locator(".st-key-first input[type=file]")
        field.set_input_files(large)
        failed = page.locator(".st-key-first").get_by_text(re.compile("status code 500|failed"))
        expect(failed.first).to_be_visible(timeout=PATIENCE)
        for _ in range(100):  # the log is written after the answer
            if "No space left on device" in log.read_text():
                break
            page.wait_for_timeout(100)
        assert "No space left on device" in log.read_text()
        for side, photo in zip(("first", "second"), PORTRAITS, strict=True):
            page.locator(f".st-key-{side} input[type=file]").set_input_files(photo)
            expect(page.locator(f".st-key-{side} img").first).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".reading strong")).to_have_count(2, timeout=PATIENCE)
        page.context.close()


def test_a_damaged_network_leaves_the_other_one(browser, tmp_path):
    """A copy of what app.py needs, with half of softmax's file."""
    root = Path(__file__).resolve().parents[2]
    for name in ("app.py", "demo", "model", "assets", "results", ".streamlit"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path)
    file = tmp_path / "assets" / "softmax.safetensors"
    file.write_bytes(file.read_bytes()[:100_000])
    with running_app(tmp_path, str(tmp_path / "app.py")) as (url, _, _):
        page = opened(browser, url, READY)
        expect(
            page.get_by_text("softmax.safetensors is not a sound checkpoint").first
        ).to_be_visible()
        page.locator(READY).first.click()
        expect(page.locator(".reading strong")).to_have_count(1, timeout=PATIENCE)
        page.context.close()
