"""Where a web server's framework spools an upload that is still arriving.

Streamlit and Gradio read uploads with Starlette's form parser, which keeps a part of more than 1 MB
in an unnamed temporary file. On Linux that file can lie in memory, in /dev/shm.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from model.images import MAX_BYTES

MEMORY = Path("/dev/shm")
KEPT = 300.0  # seconds that an upload lies there at most which nothing has read
FOLDER = "marginscope-"
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


def swept_folder(age: float = KEPT) -> Path:
    """A new folder for this process, where nothing stays longer than `age` seconds.

    Gradio's photos are read and deleted at once (demo/tabs/photo.py); this is for those that
    nobody asked about. The folder goes with the process, or where that was killed with the next.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        if not Path(f"/proc/{left.name.removeprefix(FOLDER).partition('-')[0]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    threading.Thread(target=_sweep, args=(folder, age), daemon=True).start()
    return folder


def _sweep(folder: Path, age: float) -> None:
    while True:
        time.sleep(age / 5)
        for path in sorted(folder.rglob("*"), reverse=True):  # what lies in a folder before it
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > age:
                    path.rmdir() if path.is_dir() else path.unlink()
