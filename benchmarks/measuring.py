"""What the benchmarks share: sides that take turns, medians and spreads, the file written.

Importing this puts the repository's root on the path, so that `python benchmarks/<name>.py` finds
model/ and demo/.
"""

import importlib.util
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Measured = TypeVar("Measured")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
LOAD = os.getloadavg()[0]  # before we add to it: more than about 0.3 is no quiet machine
INSTALL = "pip install --no-deps -r benchmarks/requirements.txt"


def need(*modules: str) -> None:
    """Exit with one line that names the cure unless all of these modules can be imported."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"{Path(sys.argv[0]).name}: no module {', '.join(missing)}. Run: {INSTALL}")


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, by the clock on the wall."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def take_turns(
    sides: dict[str, Callable[[], Measured]], rounds: int, warm_up: int = 1
) -> dict[str, list[Measured]]:
    """Measure side after side, A B A B ..., `rounds` times each after `warm_up` unrecorded ones.

    A side returns what it measured, such as `lambda: seconds(work)`.
    """
    measured: dict[str, list[Measured]] = {name: [] for name in sides}
    for number in range(-warm_up, rounds):
        for name, measure in sides.items():
            value = measure()
            if number >= 0:
                measured[name].append(value)
    return measured


def spread(values: Sequence[float]) -> dict[str, Any]:
    """The median as "value", with the quartiles, the extremes and n."""
    low, quarter, middle, three_quarters, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    return {
        "value": round(float(middle), 5),
        "quartiles": [round(float(quarter), 5), round(float(three_quarters), 5)],
        "range": [round(float(low), 5), round(float(high), 5)],
        "n": len(values),
    }


def ratio(above: Sequence[float], below: Sequence[float]) -> dict[str, Any]:
    """The medians' ratio; its spread is that of the ratios of turns taken next to each other."""
    turns = spread([a / b for a, b in zip(above, below, strict=True)])
    return turns | {"value": round(float(np.median(above) / np.median(below)), 4)}


def line(name: str, found: dict[str, Any], unit: str) -> str:
    """'ours      0.412 s   (quartiles 0.409..0.420, range 0.401..0.450, n = 20)'"""
    low, high = found["quartiles"]
    least, most = found["range"]
    return (
        f"{name:42}{found['value']:10.4g} {unit:9}"
        f"(quartiles {low:.4g}..{high:.4g}, range {least:.4g}..{most:.4g}, n = {found['n']})"
    )


def show(sides: dict[str, Sequence[float]], unit: str) -> dict[str, Any]:
    """Print each side's median and spread; return them by name, with their unit."""
    found = {name: spread(values) | {"unit": unit} for name, values in sides.items()}
    for name, one in found.items():
        print(line(name, one, unit))
    return found


def keep(result: dict[str, Any], packages: Sequence[str] = (), name: str | None = None) -> None:
    """Write results/benchmarks/<name>.json: the result and where it comes from.

    `name` is the script's unless another is given.

    `packages` are those, beside provenance()'s, whose version decides the numbers.
    """
    import torch

    from model.checkpoint import provenance
    from model.files import write_whole

    script = Path(sys.argv[0]).stem
    versions, revision = provenance()
    told = {
        "command": shlex.join(["python", f"benchmarks/{script}.py", *sys.argv[1:]]),
        "versions": versions | {name: version(name) for name in packages},
        "git": revision,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": round(LOAD, 2),
    }
    path = Path("results", "benchmarks", f"{name or script}.json")
    write_whole(ROOT / path, (json.dumps(result | told, indent=1) + "\n").encode())
    print(f"{path} written; load before: {LOAD:.2f}")
