"""Each kind of folder, built once a session."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hosting.build import build


@pytest.fixture(scope="session")
def space(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a kind."""
    built: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in built:
            built[kind] = tmp_path_factory.mktemp("space") / kind
            build(kind, built[kind])
        return built[kind]

    return folder
