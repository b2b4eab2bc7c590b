"""Two photos on the command line -> the same answer as the app.

python compare.py left.jpg right.jpg
python compare.py left.jpg right.jpg --json
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from demo.assets import recognizer
from demo.service import CompareService, Comparison, FaceNumberInvalid, Photo
from model.checkpoint import CheckpointInvalid
from model.errors import MarginScopeError

MODELS = ("softmax", "arcface")
VERDICTS = {"same": "same person", "different": "different people", "unsure": "cannot tell"}


@dataclass(frozen=True)
class Command:
    """Say how similar two faces are under softmax and under ArcFace.

    Exit codes: 0 answered; 2 usage; 3 a photo cannot be read or shows no face.
    """

    left: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="LEFT")]
    """The first photo."""
    right: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RIGHT")]
    """The second photo."""
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print one JSON object instead of a table."""
    left_face: int | None = None
    """Compare this face of the first photo, counted from the left, from 1."""
    right_face: int | None = None
    """Compare this face of the second photo."""


class PhotoMissing(MarginScopeError):
    """A photo cannot be opened."""

    sentence = "{path} cannot be opened ({problem}): check the path."


def main(argv: list[str]) -> int:
    """Run the command line and return its exit code."""
    command = tyro.cli(Command, args=argv)
    try:
        service = CompareService([recognizer(name) for name in MODELS])
        left = service.read(read(command.left), "left", command.left_face)
        right = service.read(read(command.right), "right", command.right_face)
        comparison = service.compare(left, right)
    except MarginScopeError as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2 if isinstance(error, FaceNumberInvalid | CheckpointInvalid | PhotoMissing) else 3
    print(json.dumps(comparison.to_json()) if command.json else table(comparison))
    return 0


def read(path: Path) -> bytes:
    """A file's bytes; PhotoMissing where it cannot be opened."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PhotoMissing(path=path, problem=error.strerror or error) from None


def table(comparison: Comparison) -> str:
    """The answer for a terminal."""
    lines = [describe("left", comparison.left), describe("right", comparison.right), ""]
    lines.append(
        f"{'':14}{'similarity':>11}{'angle':>9}{'P(same)':>9}{'FAR':>8}{'FRR':>8}  verdict"
    )
    for name, answer in comparison.answers.items():
        lines.append(
            f"{name:14}{answer.similarity:11.3f}{answer.angle:8.1f}°{answer.probability:9.2f}"
            f"{100 * answer.far:7.1f}%{100 * answer.frr:7.1f}%  {VERDICTS[answer.verdict]}"
        )
    lines += [
        "",
        "FAR: the share of validation pairs of two people that look at least this alike.",
        "FRR: the share of validation pairs of one person that look less alike.",
        "P(same) is at equal priors. 'Same' needs FAR <= 5 %, 'different' FRR <= 5 %.",
        "A demonstration of a loss, not a way to decide who somebody is.",
    ]
    return "\n".join(lines)


def describe(side: str, photo: Photo) -> str:
    """One line a photo: its size, its faces, the one used."""
    box = ", ".join(f"{v:.0f}" for v in photo.faces[photo.used].box)
    faces = "1 face" if len(photo.faces) == 1 else f"{len(photo.faces)} faces"
    return (
        f"{side:6}{photo.width} x {photo.height} pixels, {faces}, number {photo.used + 1} used: "
        f"left, top, width, height = {box}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
