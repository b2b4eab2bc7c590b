"""What an earlier call left: finished results, and trainings to go on with; never mixed."""

import hashlib
import json
from pathlib import Path
from typing import Any

from model.data import Collection
from model.errors import MarginScopeError


class OutputOther(MarginScopeError):
    """The file to write holds something that this command did not."""

    sentence = (
        "{path} is there already and {problem}, so this command did not write it. Name another "
        "file with --output, or remove that one."
    )


class PhotosChanged(MarginScopeError):
    """Finished results of other photos."""

    sentence = (
        "{path} has results of other photos than {root} has now, and the two are not mixed. Name "
        "another file with --output, or remove that one to begin anew."
    )


def earlier(path: Path, *holds: str) -> dict[str, Any]:
    """The JSON of an earlier call, empty where there is none; OutputOther unless it has `holds`."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # neither JSON nor, perhaps, text
        raise OutputOther(path=path, problem="is no JSON") from None
    lacks = [key for key in holds if not isinstance(found, dict) or key not in found]
    if lacks:
        raise OutputOther(path=path, problem=f"has no {lacks[0]!r}")
    return dict(found)


def same_photos(path: Path, found: dict[str, Any], root: Path, photos: str | None) -> None:
    """PhotosChanged unless what `path` holds, `found`, is of these photos_hash(); of LFW: None."""
    if found and found.get("photos_sha256") != photos:
        raise PhotosChanged(path=path, root=root)


def photos_hash(collection: Collection) -> str:
    """A hash of a folder's photos by their names and sizes, person by person."""
    digest = hashlib.sha256()
    for photo in collection.images:
        size = photo.stat().st_size if photo.is_file() else ""  # or a broken link
        fact = f"{photo.parent.name}/{photo.name}|{size}\n"
        digest.update(fact.encode(errors="surrogateescape"))
    return digest.hexdigest()


def states_of(usual: Path, output: Path | None) -> Path:
    """The folder of a study's saved states: the usual one, or with --output one of that file's own.

    Two files of one name may lie in two folders, so a hash of the whole path is in its name.
    """
    if output is None:
        return usual
    whole = str(output.resolve()).encode(errors="surrogateescape")
    return usual.with_name(f"{output.stem}-{hashlib.sha256(whole).hexdigest()[:8]}")
