"""A server in a process of its own, for as long as a test needs it."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120.0  # seconds until it answers


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(
    command: Sequence[str],
    ready: str,
    log: Path,
    folder: Path = ROOT,
    clean: bool = True,
    **environment: str,
) -> Iterator[subprocess.Popen]:
    """The process of `command`, started in `folder`, once the address `ready` answers.

    What it says is in `log`, which holds no traceback at the end if it is to be `clean`.
    """
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=folder, stdout=stream, stderr=stream, env=os.environ | environment
        )
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(ready, timeout=5)
                break
            except OSError:
                time.sleep(0.25)
        else:
            raise AssertionError(f"no answer in {PATIENCE:.0f} s: {log.read_text()}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert not clean or "Traceback" not in log.read_text(), log.read_text()
