"""A clean room for a Space's folder, as a stranger's machine would run it.

An interpreter with nothing but the folder's pinned requirements, a user without privileges, a
checkout that only others may write, a small home, and a network of its own that leads nowhere.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest

from hosting.pins import CUDA

USER = 1000
HOME_SIZE = "64m"
ENTER = """ip link set lo up &&
mount -t tmpfs -o size=$1,uid=$2,gid=$2,mode=700 none "$3" && shift && user=$1 && shift 2 &&
exec setpriv --reuid=$user --regid=$user --clear-groups --no-new-privs env -i "$@"
"""


def needs_rights() -> None:
    """Skip where this process may not make a network namespace and become another user."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user and take the network away")
    for tool in ("unshare", "nsenter", "setpriv", "ip"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (util-linux, iproute2)")
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("this machine does not permit unshare --net --mount")


@dataclass(frozen=True)
class Room:
    """Where things stand in it: the interpreter, its libraries, the apps, the home."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "python" / "bin" / Path(sys.executable).resolve().name

    def app(self, kind: str) -> Path:
        return self.folder / kind

    def command(self, *command: str, **environment: str) -> list[str]:
        """`command` as the other user without a network."""
        home = self.folder / "home"
        settings = {
            "HOME": str(home),
            "PATH": f"{self.python.parent}:/usr/bin:/bin",
            "LD_LIBRARY_PATH": str(self.folder / "python" / "lib"),
            "PYTHONPATH": str(self.folder / "site-packages"),
        } | environment
        told = [f"{name}={value}" for name, value in settings.items()]
        return ["unshare", "--net", "--mount", "sh", "-c", ENTER, "sh",
                HOME_SIZE, str(USER), str(home), *told, *command]  # fmt: skip


@contextmanager
def furnished(*spaces: Path) -> Iterator[Room]:
    """A room with copies of the folders `spaces`, which ask for the same libraries.

    What is installed here gets a second name there, so that nothing is fetched or copied.
    """
    with tempfile.TemporaryDirectory(prefix="marginscope-room-") as made:
        room = Room(Path(made))
        room.folder.chmod(0o755)
        (room.folder / "home").mkdir()
        for space in spaces:
            shutil.copytree(space, room.app(space.name))
            for path in (room.app(space.name), *room.app(space.name).rglob("*")):
                path.chmod(0o555 if path.is_dir() else 0o444)
        _interpreter(room.folder / "python")
        pins = {(space / "requirements.txt").read_text(encoding="utf-8") for space in spaces}
        names = {line.partition("==")[0] for line in "".join(pins).split()}
        assert len(pins) == 1
        installed = {str(found.metadata["Name"]) for found in distributions()}
        names |= {name for name in installed if name.lower().startswith(CUDA)}  # torch's own
        for name in names:
            _library(name, room.folder / "site-packages")
        yield room


def _interpreter(target: Path) -> None:
    """This interpreter and the standard library, without what was installed into it."""
    (target / "bin").mkdir(parents=True)
    executable = Path(sys.executable).resolve()
    place(executable, target / "bin" / executable.name)
    standard = Path(sysconfig.get_path("stdlib"))
    ignore = shutil.ignore_patterns(
        "site-packages", "dist-packages", "test", "idlelib", "ensurepip"
    )
    shutil.copytree(standard, target / "lib" / standard.name, copy_function=place, ignore=ignore)
    shared = Path(sysconfig.get_config_var("LIBDIR")) / sysconfig.get_config_var("INSTSONAME")
    if shared.suffix != ".a" and shared.is_file():
        place(shared, target / "lib" / shared.name)


def _library(name: str, target: Path) -> None:
    for file in distribution(name).files or ():
        if ".." not in file.parts:  # a command in bin/
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            place(Path(str(file.locate())), target / file)


def place(source: str | Path, target: str | Path) -> None:
    """A second name for a file, or a copy where that cannot be."""
    if Path(target).exists() or not Path(source).is_file():
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def serving(
    room: Room, kind: str, *command: str, **environment: str
) -> Iterator[tuple[list[str], Path]]:
    """An app of the room, started by Python with `command`: how to enter its network, and its log.

    The log has no trace of an error at the end.
    """
    log = room.folder / "log.txt"
    with log.open("w") as stream:
        process = subprocess.Popen(
            room.command(str(room.python), *command, **environment),
            cwd=room.app(kind), stdout=stream, stderr=stream,
        )  # fmt: skip
    try:
        yield ["nsenter", f"--net=/proc/{process.pid}/ns/net"], log
    finally:
        process.terminate()
        process.wait(timeout=30)
        print(log.read_text())  # which pytest shows of a test that failed
    assert "Traceback" not in log.read_text(), log.read_text()


def answers(enter: list[str], command: list[str], log: Path, seconds: int = 120) -> None:
    """Wait until `command`, in the room's network, succeeds."""
    end = time.monotonic() + seconds
    while subprocess.run([*enter, *command], capture_output=True).returncode:
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.5)
