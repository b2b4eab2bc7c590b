"""The time of one pair on its own over the time of one pair in `compare.py --pairs`.

python benchmarks/pairs.py
python benchmarks/pairs.py --limit 100

The pairs are LFW's View 1 test pairs, written as a CSV file in a temporary folder. --pairs is
compare.main, from its arguments to the last JSON line; it reads each photo once and embeds in
batches. One by one, each pair is what `compare.py LEFT RIGHT --json` does: both photos read, the
two faces compared, a JSON line. That is measured on a sample of pairs evenly spaced through the
list, and both sides are told in seconds a pair. Both run in this process with the networks loaded:
one process a pair would add its start to each. Needs LFW (README says where) and requirements.txt.
"""

import contextlib
import csv
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import tyro
from measuring import keep, line, ratio, seconds, show, take_turns

import compare
from demo.assets import recognizer
from demo.language import text
from demo.pairs import read_bytes, read_rows
from demo.service import CompareService
from model.data import TEST_PAIRS, lfw_home, read_pairs
from model.errors import MarginScopeError

Row = tuple[Path, Path]


def main(
    rounds: int = 3, limit: int = 1000, sample: int = 100, data_home: Path | None = None
) -> None:
    """Compare a list of pairs with pairs one by one.

    Args:
        rounds: How often each side is timed.
        limit: How many of the pairs are in the list, evenly spaced.
        sample: How many of those are done one by one, evenly spaced.
        data_home: The folder that holds lfw_home/.
    """
    service = CompareService([recognizer(name) for name in compare.MODELS])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.csv"
        write_pairs(path, spaced(lfw_rows(lfw_home(data_home)), limit))
        rows = read_rows(path)
        some = spaced(rows, sample)
        distinct = len({photo for row in rows for photo in row})
        print(f"{len(rows)} pairs of {distinct} distinct photos, {len(some)} of them one by one")
        one_by_one(service, some[:2])  # warm-up of both: the networks have run
        measured = take_turns(
            {
                "compare.py --pairs": lambda: seconds(lambda: listed(path)) / len(rows),
                "one by one": lambda: seconds(lambda: one_by_one(service, some)) / len(some),
            },
            rounds,
            warm_up=0,
        )
    found = show(measured, "s a pair")
    result = ratio(measured["one by one"], measured["compare.py --pairs"])
    most = 2 * len(rows) / distinct
    print(line("one by one / --pairs", result, "times"))
    print(f"reading each photo once alone could give {most:.3f} times")
    counts = {"pairs": len(rows), "photos": distinct, "sample": len(some)}
    keep(result | {"sides": found} | counts | {"photos_read_less": round(most, 3)})


def lfw_rows(home: Path) -> list[Row]:
    """View 1's test pairs as files."""
    return [
        (
            home / "lfw" / a / f"{a}_{i:04d}.jpg",
            home / "lfw" / b / f"{b}_{k:04d}.jpg",
        )
        for (a, i), (b, k) in read_pairs(home / TEST_PAIRS)
    ]


def spaced(rows: list[Row], count: int) -> list[Row]:
    """At most `count` of the rows, evenly spaced: genuine pairs come first, impostors after."""
    places = np.linspace(0, len(rows), min(count, len(rows)), endpoint=False).astype(int)
    return [rows[i] for i in places]


def write_pairs(path: Path, rows: list[Row]) -> None:
    """The CSV file that --pairs takes."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("left", "right"), *rows])


def listed(path: Path) -> None:
    """`compare.py --pairs`, with what it prints thrown away."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert compare.main(["--pairs", str(path), "--models", *compare.MODELS]) == 0


def one_by_one(service: CompareService, rows: list[Row]) -> None:
    """What `compare.py LEFT RIGHT --json` does, pair after pair; no face is an answer too."""
    for left, right in rows:
        try:
            both = service.read(read_bytes(left), "left"), service.read(read_bytes(right), "right")
            json.dumps(service.compare(*both).to_json())
        except MarginScopeError as error:
            text("en").error(error)


if __name__ == "__main__":
    tyro.cli(main)
