"""The running Gradio app."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving import free_port, served


@contextmanager
def running_gradio(folder: Path, **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """`python gradio_app.py` on a free port, without LFW: its address and its process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    given = {"MARGINSCOPE_DATA": str(folder), "GRADIO_SERVER_PORT": str(port)} | environment
    command, log = [sys.executable, "gradio_app.py"], folder / "gradio.log"
    with served(command, f"{url}/gradio_api/info", log, **given) as process:
        yield url, process


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
