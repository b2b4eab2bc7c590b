"""Our server's resident memory over that of a bare Streamlit page with torch, and how it grows.

python benchmarks/memory.py

Read from the kernel (/proc, so Linux alone) for the one process of `streamlit run`: when the
server answers, after the first page, after the first comparison, after 20 more. A comparison is
made in Chromium as a person makes it: Clear, then the button of a ready pair. Where LFW is on this
machine each is of two other photos, else of the two portraits that ship. The bare page imports
torch and shows a button. "resident" is VmRSS after a second of rest, "at most" is VmHWM. The ratio
is of the two after their first page. Needs requirements-dev.txt and Debian's chromium.
"""

import re
import tempfile
import time
from pathlib import Path

import tyro
from measuring import keep, line, ratio, show, take_turns
from playwright.sync_api import Browser, Page, expect
from serving import APP, PATIENCE, Site, bare_site, chromium, new_page, serving

from model.data import DataNotFound, lfw_home

Memory = dict[str, float]  # moment -> MiB
REST = 1.0  # seconds
PAGE, FIRST = "first page: resident", "first comparison: resident"


def main(rounds: int = 3, more: int = 20) -> None:
    """Compare the memory of the app's server with a bare page's.

    Args:
        rounds: How often each side is started.
        more: How many comparisons follow the first.
    """
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        sides = {
            "app.py": lambda: watch(APP, browser, more),
            "bare page": lambda: watch(bare_site(Path(folder)), browser, 0),
        }
        turns = take_turns(sides, rounds, warm_up=0)
    found = {}
    for name, some in turns.items():
        print(f"{name}:")
        found[name] = show({moment: [turn[moment] for turn in some] for moment in some[0]}, "MiB")
    app, bare = turns["app.py"], [turn[PAGE] for turn in turns["bare page"]]
    result = ratio([turn[PAGE] for turn in app], bare)
    last = f"{more} more comparisons: resident"
    full = ratio([turn[last] for turn in app], bare)
    print(line("app.py / bare page, after the first page", result, "times"))
    print(line("the same, app.py after all comparisons", full, "times"))
    growth = show(
        {"growth a comparison": [(t[last] - t[FIRST]) / max(1, more) for t in app]}, "MiB"
    )
    told = {"after_all_comparisons": full, "sides": found, "photos": photos()} | growth
    keep(result | told, packages=("streamlit", "plotly"))


def photos() -> str:
    """What the ready button compares on this machine."""
    try:
        lfw_home()
    except DataNotFound:
        return "the two portraits each time"
    return "another pair of LFW each time"


def watch(site: Site, browser: Browser, more: int) -> Memory:
    """A fresh server's memory at each moment; a bare page knows no comparisons."""
    found: Memory = {}
    with new_page(browser) as page, serving(site) as (pid, address):
        note(found, "server answers", pid)
        page.goto(address)
        site.wait_until_usable(page)
        note(found, "first page", pid)
        if site is not APP:
            return found
        compare(page)
        note(found, "first comparison", pid)
        for _ in range(more):
            page.locator(".st-key-clear button").click()
            expect(page.locator(".reading strong")).to_have_count(0, timeout=PATIENCE * 1000)
            compare(page)
        note(found, f"{more} more comparisons", pid)
    return found


def compare(page: Page) -> None:
    """Press the ready pair's button, wait for the answers and for the script to end."""
    page.locator(APP.button).first.click()
    expect(page.locator(".reading strong")).not_to_have_count(0, timeout=PATIENCE * 1000)
    expect(page.get_by_test_id("stApp")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=PATIENCE * 1000
    )


def note(found: Memory, moment: str, pid: int) -> None:
    """Let the server rest, then write down what it holds and the most that it held."""
    time.sleep(REST)
    status = Path(f"/proc/{pid}/status").read_text()
    for word, field in (("resident", "VmRSS"), ("at most", "VmHWM")):
        kibibytes = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        assert kibibytes is not None
        found[f"{moment}: {word}"] = int(kibibytes[1]) / 1024


if __name__ == "__main__":
    tyro.cli(main)
