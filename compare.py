"""Two photos on the command line -> the same answer as the app.

python compare.py left.jpg right.jpg
python compare.py left.jpg right.jpg --json
python compare.py --pairs pairs.csv > answers.jsonl
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tqdm import tqdm

from demo.assets import recognizer
from demo.language import Text, text
from demo.pairs import PairsUnreadable, PhotoMissing, compare_pairs, read_bytes, read_rows
from demo.service import CompareService, Comparison, FaceNumberInvalid, Photo
from model.checkpoint import CheckpointInvalid
from model.errors import MarginScopeError

MODELS = ("softmax", "arcface")
USAGE = (CheckpointInvalid, FaceNumberInvalid, PairsUnreadable, PhotoMissing)


@dataclass(frozen=True)
class Command:
    """Say how similar two faces are under softmax and under ArcFace.

    Exit codes: 0 answered (with --pairs: every row has its line); 2 usage; 3 a photo cannot be
    read or shows no face.
    """

    left: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="LEFT")] = None
    """The first photo."""
    right: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="RIGHT")] = None
    """The second photo."""
    pairs: Path | None = None
    """Instead of two photos a CSV file with columns left and right: one JSON line a row."""
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print one JSON object instead of a table."""
    left_face: int | None = None
    """Compare this face of the first photo, counted from the left, from 1."""
    right_face: int | None = None
    """Compare this face of the second photo."""
    lang: Literal["en", "ko"] = "en"
    """The language of the table and of errors."""


class PhotosNotNamed(MarginScopeError):
    """Neither two photos nor a list of pairs."""

    sentence = "Name two photos, LEFT and RIGHT, or a list with --pairs FILE.csv."


def main(argv: list[str]) -> int:
    """Run the command line and return its exit code."""
    command = tyro.cli(Command, args=argv)
    words = text(command.lang)
    try:
        service = CompareService([recognizer(name) for name in MODELS])
        if (command.pairs is None) == (command.left is None):
            raise PhotosNotNamed()
        if command.pairs is not None:
            return score_list(service, command.pairs, words)
        if command.left is None or command.right is None:  # RIGHT alone is missing
            raise PhotosNotNamed()
        left = service.read(read_bytes(command.left), "left", command.left_face)
        right = service.read(read_bytes(command.right), "right", command.right_face)
        comparison = service.compare(left, right)
    except MarginScopeError as error:
        print(f"compare.py: {words.error(error)}", file=sys.stderr)
        return 2 if isinstance(error, (*USAGE, PhotosNotNamed)) else 3
    print(json.dumps(comparison.to_json()) if command.json else table(comparison, words))
    return 0


def score_list(service: CompareService, path: Path, words: Text) -> int:
    """One JSON line a row on stdout, progress on stderr."""
    rows = read_rows(path)

    def bar(paths: object, total: int) -> tqdm:
        return tqdm(paths, desc="reading photos", total=total, unit="photo")

    for line in compare_pairs(service, rows, words, bar):
        print(json.dumps(line, ensure_ascii=False))
    return 0


def table(comparison: Comparison, words: Text) -> str:
    """The answer for a terminal."""
    lines = [
        describe("left", comparison.left, words),
        describe("right", comparison.right, words),
        "",
        f"{'':14}{'cos':>7}{'angle':>9}{'P(same)':>9}{'FAR':>8}{'FRR':>8}",
    ]
    for name, answer in comparison.answers.items():
        lines.append(
            f"{name:14}{answer.similarity:7.3f}{answer.angle:8.1f}°{answer.probability:9.2f}"
            f"{100 * answer.far:7.1f}%{100 * answer.frr:7.1f}%  "
            f"{words(f'verdict.{answer.verdict}')}"
        )
    return "\n".join([*lines, "", words("terminal.legend"), words("terminal.notice")])


def describe(side: str, photo: Photo, words: Text) -> str:
    """One line a photo: its size, its faces, the one used."""
    return words(
        "terminal.photo",
        side=words(f"side.{side}"),
        width=photo.width,
        height=photo.height,
        count=len(photo.faces),
        number=photo.used + 1,
        box=", ".join(f"{v:.0f}" for v in photo.faces[photo.used].box),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
