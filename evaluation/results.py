"""Where results lie, how they are written, and how a number with its error is shown."""

import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from model.aligned import Progress
from model.checkpoint import provenance
from model.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
RESULTS, ASSETS = ROOT / "results", ROOT / "assets"
LOSSES = ("softmax", "norm-softmax", "arcface")


def made_by(command: str) -> dict[str, Any]:
    """How a result was made: its command, the versions that decide numbers, the git revision."""
    versions, revision = provenance()
    return {"command": command, "versions": versions, "git": revision}


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode())


def read_json(name: str) -> Any:
    """What results/<name>.json holds."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def percent(measure: dict[str, float]) -> str:
    """'91.2 ± 0.9 %'"""
    return f"{100 * measure['value']:.1f} ± {100 * measure['standard_error']:.1f} %"


def plain(measure: dict[str, float]) -> str:
    """'0.9694 ± 0.0050'"""
    return f"{measure['value']:.4f} ± {measure['standard_error']:.4f}"


def bar(what: str) -> Progress:
    """A progress bar in the form that load_faces takes."""
    return lambda items, total: tqdm(items, desc=what, total=total)
