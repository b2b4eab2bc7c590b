"""Where an upload lies while it arrives, and that sessions share nothing, in a real browser."""

import os
import re
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from demo.assets import PORTRAITS
from demo.spool import spool_in_memory

pytestmark = pytest.mark.browser
SLOW = 60_000


def unnamed_files(process: int) -> set[str]:
    """Where the deleted files lie that a process holds open."""
    found = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.endswith("(deleted)"):
            found.add(target)
    return found


@pytest.fixture
def large(tmp_path) -> Path:
    """A photo of several megabytes."""
    image = Image.open(PORTRAITS[0]).convert("RGB").resize((1600, 1600))
    noisy = np.asarray(image) ^ np.random.default_rng(0).integers(
        0, 4, (1600, 1600, 3), dtype=np.uint8
    )
    path = tmp_path / "birthday-of-my-neighbour.png"
    Image.fromarray(noisy).save(path)
    assert path.stat().st_size > 3 * 2**20
    return path


def test_an_upload_that_arrives_lies_in_memory_and_is_gone_afterwards(app_process, browser, large):
    if not spool_in_memory():
        pytest.skip("this system offers no /dev/shm with room for eight uploads")
    url, process, log = app_process
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("button", name="Try two portraits")).to_be_visible(timeout=SLOW)
    before, seen, done = unnamed_files(process), set(), threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.update(unnamed_files(process) - before)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2**21}
    network.send("Network.emulateNetworkConditions", slow)
    page.locator(".st-key-first input[type=file]").set_input_files(str(large))
    expect(page.get_by_alt_text(re.compile("first photo with the faces"))).to_be_visible(
        timeout=SLOW
    )
    done.set()
    watcher.join()
    assert seen, "the upload was never seen on its way: has the framework changed?"
    assert all(target.startswith("/dev/shm/") for target in seen), seen
    assert unnamed_files(process) - before == set()
    with urllib.request.urlopen(f"{url}/_stcore/metrics") as metrics:
        kept = [line for line in metrics.read().decode().splitlines() if "ploaded" in line]
    sizes = [float(line.rpartition(" ")[2]) for line in kept if not line.startswith("#")]
    assert sum(sizes) < 10_000, kept  # Streamlit has let the upload go, as it would not by itself
    assert large.name not in log.read_text()
    # The page's old elements go a moment after the new ones have come.
    page.wait_for_function("!document.documentElement.outerHTML.includes('birthday')")
    context.close()


def test_two_visitors_do_not_see_one_another(app_url, browser):
    visitors = [browser.new_context(locale="en-US").new_page() for _ in range(2)]
    for page in visitors:
        page.goto(app_url)
        expect(page.get_by_role("button", name="Try two portraits")).to_be_visible(timeout=SLOW)
    visitors[0].get_by_role("button", name="Try two portraits").click()
    expect(visitors[0].locator(".reading strong").first).to_be_visible(timeout=SLOW)
    visitors[1].reload()
    expect(visitors[1].get_by_role("button", name="Try two portraits")).to_be_visible(timeout=SLOW)
    expect(visitors[1].locator(".reading strong")).to_have_count(0)
    expect(visitors[1].locator(".st-key-first input[type=file]")).to_have_count(1)
    for page in visitors:
        page.context.close()
