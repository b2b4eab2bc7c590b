"""Files that are whole or not there."""

import hashlib
import os
from pathlib import Path

from model.errors import MarginScopeError


class FileNotWritten(MarginScopeError):
    """A file that could not be written, such as on a full disk."""

    sentence = (
        "{path} could not be written ({problem}). Make room and start again, a training with "
        "--resume; what was saved before is still whole."
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write under another name, then move: whoever looks finds the old file or the new one.

    Makes the folder. Raises FileNotWritten and leaves nothing half-written behind.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FileNotWritten(path=path, problem=error.strerror or str(error)) from None


def fingerprint(path: Path) -> str:
    """The sha256 of a file, by which what was made with it knows it again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
