"""The running Gradio app."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running_gradio(folder: Path, **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """`python gradio_app.py` on a free port, without LFW: its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "gradio.log"
    url = f"http://127.0.0.1:{port}"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "gradio_app.py"], cwd=ROOT, stdout=stream, stderr=stream,
            env=os.environ
            | {"MARGINSCOPE_DATA": str(folder), "GRADIO_SERVER_PORT": str(port)}
            | environment,
        )  # fmt: skip
    try:
        for _ in range(480):
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"{url}/gradio_api/info", timeout=5)
                break
            except OSError:
                time.sleep(0.25)
        yield url, process
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session")
def gradio_process(tmp_path_factory: pytest.TempPathFactory):
    with running_gradio(tmp_path_factory.mktemp("gradio")) as running:
        yield running


@pytest.fixture(scope="session")
def gradio_url(gradio_process) -> str:
    return gradio_process[0]


@pytest.fixture(scope="session")
def hosted_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as strangers meet it."""
    folder = tmp_path_factory.mktemp("hosted")
    with running_gradio(folder, MARGINSCOPE_HOSTED="1") as (url, _):
        yield url
