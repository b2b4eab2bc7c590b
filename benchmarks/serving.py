"""Streamlit servers and a Chromium, for the benchmarks that need a page.

Needs requirements-dev.txt (Playwright) and Debian's chromium.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import ROOT
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PageTimeout

from tests.conftest import FLAGS
from tests.serving import free_port

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 120  # seconds
BARE = """\
import streamlit as st
import torch

st.button(f"PyTorch {torch.__version__}", key="ready")
"""
# Visible and enabled, looked at before each picture that the browser draws.
USABLE = """selector => {
    const button = document.querySelector(selector);
    return button && !button.disabled && button.checkVisibility({visibilityProperty: true});
}"""


@dataclass(frozen=True)
class Site:
    """A script for `streamlit run`, and the button whose appearance makes its page usable."""

    script: Path
    button: str

    def wait_until_usable(self, page: Page) -> None:
        """Return when the button can be pressed; RuntimeError tells what was there instead."""
        try:
            page.wait_for_function(USABLE, arg=self.button, polling="raf", timeout=PATIENCE * 1000)
        except PageTimeout:
            shown = page.locator("body").inner_text()[:500]
            raise RuntimeError(f"no {self.button} in {PATIENCE} s, but: {shown!r}") from None


APP = Site(ROOT / "app.py", ".st-key-buttons button")  # the first is a ready pair's


def bare_site(folder: Path) -> Site:
    """A page that imports torch and shows a button, nothing else, written into `folder`."""
    script = folder / "bare.py"
    script.write_text(BARE, encoding="utf-8")
    return Site(script, ".st-key-ready button")


@contextmanager
def serving(site: Site, **environment: str) -> Iterator[tuple[int, str]]:
    """`streamlit run` in a fresh process, with the app's own configuration: (process id, address).

    Yields when the server answers.
    """
    port = free_port()
    command = [
        "-m", "streamlit", "run", str(site.script), "--server.port", str(port),
        "--server.headless", "true",
    ]  # fmt: skip
    with _running(command, f"http://localhost:{port}", "/_stcore/health", environment) as found:
        yield found


@contextmanager
def serving_gradio(**environment: str) -> Iterator[tuple[int, str]]:
    """`python gradio_app.py` in a fresh process: (process id, address)."""
    port = free_port()
    environment |= {"GRADIO_SERVER_PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    with _running([str(ROOT / "gradio_app.py")], address, "/", environment) as found:
        yield found


@contextmanager
def _running(
    command: Sequence[str], address: str, health: str, environment: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    """Python with this command, until the end of the context; yields when it answers."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(address + health, process)
        yield process.pid, address
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode} before it answered")
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(f"the server did not answer within {PATIENCE} seconds")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium, as tests/browser starts it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def new_page(browser: Browser) -> Iterator[Page]:
    """A page of a visitor who was never here: nothing is cached."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    yield context.new_page()
    context.close()
