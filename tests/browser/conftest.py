"""The running app and a real Chromium."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import ROOT, free_port, served

IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"  # no script of the page runs


@contextmanager
def running_app(
    folder: Path,
    script: str = "app.py",
    port: int | None = None,
    within: tuple[str, ...] = (),
    clean: bool = True,
) -> Iterator[tuple[str, int, Path]]:
    """`streamlit run app.py` on a free port, without LFW, so that every machine shows the same.

    Gives its address, its process and its log, which is clean at the end. `within` is a command
    that runs the server's.
    """
    port = port or free_port()
    url, log = f"http://localhost:{port}", folder / "streamlit.log"
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}"]
    with served(
        [*within, *command, "--server.headless=true"], f"{url}/_stcore/health", log, clean=clean,
        MARGINSCOPE_DATA=str(folder), PYTHONPATH=str(ROOT),
    ) as process:  # fmt: skip
        yield url, process.pid, log


@pytest.fixture(scope="session")
def app_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, Path]]:
    with running_app(tmp_path_factory.mktemp("streamlit")) as running:
        yield running


@pytest.fixture(scope="session")
def app_url(app_process) -> str:
    return app_process[0]


@pytest.fixture(params=["wide light", "phone dark"])
def screen(request, browser) -> Iterator[Page]:
    """A page of a browser of its own, wide and light or a dark phone's; scripts raise no error."""
    wide = request.param.startswith("wide")
    context = browser.new_context(
        viewport={"width": 1280, "height": 900} if wide else {"width": 390, "height": 844},
        color_scheme="light" if wide else "dark",
        locale="en-US",
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    assert not wrong
    context.close()


def watch_requests(page: Page, app_url: str) -> list[str]:
    """What the page asks for from now on that is not the app's own."""
    ours = (app_url, app_url.replace("http", "ws"), "data:", "blob:")
    outside: list[str] = []
    page.on("request", lambda r: None if r.url.startswith(ours) else outside.append(r.url))
    return outside


def opened(browser: Browser, url: str, ready: str, **options: Any) -> Page:
    """A page in a context of its own, once `ready` is there; nothing moves unless asked to."""
    usual = {"viewport": {"width": 1280, "height": 1000}, "locale": "en-US"}
    context = browser.new_context(**(usual | {"reduced_motion": "reduce"} | options))
    page = context.new_page()
    page.goto(url)
    expect(page.locator(ready).first).to_be_visible(timeout=60_000)
    return page
