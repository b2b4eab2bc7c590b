"""What the tests share: LFW and Chromium where they are, portraits, a small folder of people."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from PIL import Image
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from demo.assets import PORTRAITS
from model.data import DataNotFound, lfw_home
from model.images import read_image

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


# A busy machine is slow and no fault: nothing waits for less than half a minute.
expect.set_options(timeout=30_000)  # milliseconds
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def missing(reason: str) -> None:
    """Skip with the reason, or fail where .ci/run has promised that nothing is missing."""
    if os.environ.get("MARGINSCOPE_SKIP_NOTHING"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def lfw() -> Path:
    try:
        return lfw_home()
    except DataNotFound as error:
        missing(str(error))
        raise


@pytest.fixture(scope="session")
def chromium() -> Path:
    if not CHROMIUM.exists():
        missing("Debian's chromium is not installed: apt-get install chromium")
    return CHROMIUM


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """Playwright, which may be started once a process: its loop then runs in this thread."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(chromium, driver) -> Iterator[Browser]:
    browser = driver.chromium.launch(executable_path=str(chromium), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def portraits() -> list[np.ndarray]:
    """The two public-domain portraits, uint8 (H, W, 3)."""
    return [read_image(path.read_bytes()) for path in PORTRAITS]


@pytest.fixture(autouse=True)
def _same_start():
    """One seed; and where app.py lets temporary files lie ends with the test."""
    torch.manual_seed(0)
    before = tempfile.tempdir
    yield
    tempfile.tempdir = before


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory, portraits) -> Path:
    """Nine "people" of four photos: each a portrait under a colour of its own, a little moved.

    Enough for the mechanics of training; nothing is claimed of what is learned from it.
    """
    root = tmp_path_factory.mktemp("people")
    rng = np.random.default_rng(0)
    for person in range(9):
        folder = root / f"person-{person}"
        folder.mkdir()
        tint = rng.uniform(0.5, 1.0, size=3)
        base = portraits[person % 2]
        for photo in range(4):
            moved = np.roll(base, rng.integers(-12, 12, size=2), axis=(0, 1))
            Image.fromarray((moved * tint).astype(np.uint8)).save(folder / f"{photo}.png")
    (root / "person-0" / "broken.jpg").write_bytes(b"this is no photo")
    Image.new("RGB", (100, 100), "grey").save(root / "person-1" / "nobody.png")
    return root


@pytest.fixture
def face_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of aligned faces of its own, so that a test starts from nothing."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MARGINSCOPE_CACHE", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
