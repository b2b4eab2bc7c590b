"""Where results lie, how they are written, and how a number with its error is shown."""

import datetime
import json
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from model.aligned import Progress
from model.checkpoint import load_checkpoint, provenance
from model.errors import MarginScopeError
from model.files import fingerprint, write_whole
from model.gallery import Gallery, GalleryInvalid, load_gallery
from model.recipe import recipe_hash

ROOT = Path(__file__).resolve().parent.parent
RESULTS, ASSETS = ROOT / "results", ROOT / "assets"
LOSSES = ("softmax", "norm-softmax", "arcface")


def made_by(command: str) -> dict[str, Any]:
    """How a result was made: its command, the versions that decide numbers, the git revision."""
    versions, revision = provenance()
    return {"command": command, "versions": versions, "git": revision}


class OutputMissing(MarginScopeError):
    """results/ is of the shipped checkpoints on LFW and of nothing else."""

    sentence = "Name the JSON file to write with --output."


def shipped() -> dict[str, dict[str, str]]:
    """The files that ship, by loss: their sha256 and that of the recipe that made each."""
    found = {}
    for loss in LOSSES:
        path = ASSETS / f"{loss}.safetensors"
        recipe = recipe_hash(load_checkpoint(path).card.config)
        found[loss] = {"checkpoint_sha256": fingerprint(path), "recipe_sha256": recipe}
    return found


def shipped_gallery() -> Gallery:
    """assets/gallery.npz; GalleryInvalid where the checkpoints beside it did not make it."""
    gallery = load_gallery(ASSETS / "gallery.npz")
    for loss, digest in gallery.checkpoints.items():
        path = ASSETS / f"{loss}.safetensors"
        if not path.is_file() or fingerprint(path) != digest:
            raise GalleryInvalid(path="gallery.npz", problem="outdated", detail=path.name)
    return gallery


def finished(report: dict[str, Any], began: float) -> dict[str, Any]:
    """The report with the seconds since `began`, of time.monotonic()."""
    return report | {"seconds": round(time.monotonic() - began, 1)}


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode())


def read_json(name: str) -> Any:
    """What results/<name>.json holds."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def append_to_test_log(entry: dict[str, Any]) -> None:
    """Keep that a checkpoint scored test people; the same by the same command is a repetition."""
    log: list[dict[str, Any]] = read_json("test_log")
    keys = ("checkpoint_sha256", "command")
    if all(any(entry[key] != one[key] for key in keys) for one in log):
        today = {"date": datetime.date.today().isoformat()}
        write_json(RESULTS / "test_log.json", [*log, today | entry])


def percent(measure: dict[str, float]) -> str:
    """'91.2 ± 0.9 %'; without the error where there is none yet"""
    error = f" ± {100 * measure['standard_error']:.1f}" if "standard_error" in measure else ""
    return f"{100 * measure['value']:.1f}{error} %"


def plain(measure: dict[str, float]) -> str:
    """'0.9694 ± 0.0050'; without the error where there is none yet"""
    error = f" ± {measure['standard_error']:.4f}" if "standard_error" in measure else ""
    return f"{measure['value']:.4f}{error}"


def bar(what: str) -> Progress:
    """A progress bar in the form that load_faces takes."""
    return lambda items, total: tqdm(items, desc=what, total=total)


def rows(head: str, *lines: str) -> str:
    """A Markdown table from its lines without outer bars."""
    rule = "---|" * (head.count("|") + 1)
    return f"| {head} |\n|{rule}\n" + "".join(f"| {line} |\n" for line in lines)
