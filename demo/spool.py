"""Where a web server's framework spools an upload that is still arriving.

Streamlit and Gradio read uploads with Starlette's form parser, which keeps a part of more than 1 MB
in an unnamed temporary file. On Linux that file can lie in memory, in /dev/shm.
"""

import os
import shutil
import tempfile
from pathlib import Path

from model.images import MAX_BYTES

MEMORY = Path("/dev/shm")
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
