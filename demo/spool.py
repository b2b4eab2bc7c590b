"""Where a web server's framework spools an upload that is still arriving.

Streamlit and Gradio read uploads with Starlette's form parser, which keeps a part of more than 1 MB
in an unnamed temporary file. On Linux that file can lie in memory, in /dev/shm.
"""

import atexit
import contextlib
import os
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path

from model.images import MAX_BYTES

MEMORY = Path("/dev/shm")
KEPT = 120.0  # seconds that Gradio's copy of an upload lies there; a queue is shorter
ROOM = 512 * 2**20  # bytes that all of them take at most
FOLDER = "marginscope-"
_MADE = re.compile(rf"{FOLDER}([1-9]\d{{0,6}})-[a-z0-9_]{{8}}")  # as mkdtemp ends a name
_ours: set[Path] = set()  # this process's own folders
AT_ONCE = 8  # uploads of the largest size that must fit, or the disk is the safer place


def spool_in_memory(folder: Path = MEMORY) -> bool:
    """Let this process's unnamed temporary files lie in memory; whether the system offers that.

    Asked again and again: where memory has run low, they lie on disk from then on.
    """
    try:
        offered = (
            os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > AT_ONCE * MAX_BYTES
        )
    except OSError:
        offered = False
    tempfile.tempdir = str(folder) if offered else None  # None: the system's own
    return offered


def has_room() -> bool:
    """Whether an upload of the largest size can lie there now."""
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free > MAX_BYTES
    except OSError:  # on a full disk Python finds no folder for temporary files
        return False


def swept_folder(age: float = KEPT, room: int = ROOM) -> Path:
    """A new folder for this process's uploads: none stays longer than `age` seconds.

    Where they take more than `room` bytes the oldest go at once. The folder goes with the process;
    one that a killed process left goes when the next begins. On Windows it stays, unless that
    has its number: nothing there tells harmlessly whether a process lives.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        made = _MADE.fullmatch(left.name)
        if made and left not in _ours and not _alive(int(made[1])):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    _ours.add(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    threading.Thread(target=_keep_swept, args=(folder, age, room), daemon=True).start()
    return folder


def sweep(folder: Path, age: float, room: int) -> None:
    """Delete the files that are older than `age` seconds, and the oldest beyond `room` bytes."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # somebody else has moved it
            status = path.stat()
            found.append((status.st_mtime, 0 if path.is_dir() else status.st_size, path))
    for changed, size, path in sorted(found, reverse=True):
        room -= size
        if time.time() - changed > age or room < 0:
            with contextlib.suppress(OSError):  # a folder that is not empty stays
                path.rmdir() if path.is_dir() else path.unlink()


def _keep_swept(folder: Path, age: float, room: int) -> None:
    while True:
        time.sleep(min(5.0, age / 5))
        sweep(folder, age, room)


def _alive(process: int) -> bool:
    """Whether somebody else has this number: in a container each start has the same."""
    if process == os.getpid():
        return False
    if os.name == "nt":  # where signal 0 is Ctrl+C
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
