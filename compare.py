"""Two photos on the command line -> the same answer as the app.

python compare.py left.jpg right.jpg
python compare.py left.jpg right.jpg --json
python compare.py left.jpg right.jpg --onnx w600k_r50.onnx
python compare.py --pairs pairs.csv > answers.jsonl
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from unicodedata import east_asian_width

import tyro
from tqdm import tqdm

from demo.assets import has_reference, recognizer
from demo.language import Text, text
from demo.pairs import PairsUnreadable, PhotoMissing, compare_pairs, read_bytes, read_rows
from demo.service import Belief, CompareService, Comparison, FaceNumberInvalid, Photo
from model.checkpoint import CheckpointInvalid
from model.commands import run
from model.errors import MarginScopeError
from model.reference import (
    CalibrationMissing,
    OnnxInvalid,
    ReferenceMissing,
    load_onnx,
)

Model = Literal["softmax", "norm-softmax", "arcface", "reference"]
MODELS: tuple[Model, ...] = ("softmax", "arcface")


@dataclass(frozen=True)
class Command:
    """Say how similar two faces are under softmax, under ArcFace and, where it is installed, to a
    reference trained on 3 million faces.

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
    models: tuple[Model, ...] | None = None
    """Which recognisers answer; softmax, arcface and, where it is installed, the reference."""
    onnx: Path | None = None
    """An ONNX network from 112 x 112 faces to embeddings (InsightFace's, say) that answers too."""
    prior: float = 0.5
    """The share of such pairs, beforehand, that show one person: the probability follows."""
    limit: float = 0.05
    """How large a pair's own FAR (for "same person") or FRR ("different people") may be."""
    left_face: int | None = None
    """Compare this face of the first photo, counted from the left, from 1."""
    right_face: int | None = None
    """Compare this face of the second photo."""
    lang: Literal["en", "ko"] = "en"
    """The language of the table and of errors."""


class ShareInvalid(MarginScopeError):
    """--prior or --limit is not a share."""

    sentence = "--prior and --limit are shares between 0 and 1, both ends excluded, such as 0.05."


class FacesOfAList(MarginScopeError):
    """A face's number beside a list of pairs."""

    sentence = "--left-face and --right-face choose in two photos, not in a list of --pairs."


class PhotosNotNamed(MarginScopeError):
    """Neither two photos nor a list of pairs."""

    sentence = "Name two photos, LEFT and RIGHT, or a list with --pairs FILE.csv."


USAGE = (
    CheckpointInvalid, FaceNumberInvalid, FacesOfAList, PairsUnreadable, PhotoMissing,
    PhotosNotNamed, ShareInvalid, CalibrationMissing, OnnxInvalid, ReferenceMissing,
)  # fmt: skip


def main(argv: list[str]) -> int:
    """Run the command line and return its exit code."""
    return run("compare.py", lambda: answer(tyro.cli(Command, args=argv)))


def answer(command: Command) -> int:
    """Compare two photos or a list of pairs, and print; an error of ours goes to stderr."""
    words = text(command.lang)
    file = None
    try:
        service, belief = recognizers(command), share(command)
        if (command.pairs is None) == (command.left is None):
            raise PhotosNotNamed()
        if command.pairs is not None:
            if (command.left_face, command.right_face) != (None, None):
                raise FacesOfAList()
            return score_list(service, command.pairs, words, belief)
        if command.left is None or command.right is None:  # RIGHT alone is missing
            raise PhotosNotNamed()
        photos = []
        for side, path, face in (
            ("left", command.left, command.left_face),
            ("right", command.right, command.right_face),
        ):
            file = path  # which an error is about
            photos.append(service.read(read_bytes(path), side, face))
        comparison = service.compare(photos[0], photos[1], belief)
    except MarginScopeError as error:
        about = f"{file}: " if file and not isinstance(error, USAGE) else ""
        print(f"compare.py: {about}{words.error(error)}", file=sys.stderr)
        return 2 if isinstance(error, USAGE) else 3
    print(json.dumps(comparison.to_json()) if command.json else table(comparison, words))
    return 0


def recognizers(command: Command) -> CompareService:
    """The recognisers asked for, loaded."""
    others: tuple[Model, ...] = ("reference",) if has_reference() else ()
    names = command.models or (*MODELS, *others)
    found = [recognizer(name) for name in names]
    return CompareService([*found, load_onnx(command.onnx)] if command.onnx else found)


def share(command: Command) -> Belief:
    """--prior and --limit; ShareInvalid."""
    try:
        return Belief(prior=command.prior, limit=command.limit)
    except ValueError:
        raise ShareInvalid() from None


def score_list(service: CompareService, path: Path, words: Text, belief: Belief) -> int:
    """One JSON line a row on stdout, progress on stderr."""
    rows = read_rows(path)

    def bar(paths: object, total: int) -> tqdm:
        return tqdm(paths, desc="reading photos", total=total, unit="photo")

    for line in compare_pairs(service, rows, words, bar, belief):
        print(json.dumps(line))
    return 0


def table(comparison: Comparison, words: Text) -> str:
    """The answer for a terminal."""
    lines = [
        describe("left", comparison.left, words),
        describe("right", comparison.right, words),
        "",
        f"{'':21}{'cos':>7}{wide(words('terminal.angle'), 9)}"
        f"{wide(words('terminal.probability'), 10)}{'FAR':>8}{'FRR':>8}",
    ]
    for name, answer in comparison.answers.items():
        lines.append(
            f"{wide(words.loss(name)[:20], -21)}{answer.similarity:7.3f}{answer.angle:8.1f}°"
            f"{answer.probability:10.2f}"
            f"{100 * answer.far:7.1f}%{100 * answer.frr:7.1f}%  "
            f"{words(f'verdict.{answer.verdict}')}"
        )
    return "\n".join(
        [
            *lines,
            "",
            words("terminal.legend", limit=f"{100 * comparison.belief.limit:g}"),
            words("terminal.notice"),
        ]
    )


def wide(words: str, columns: int) -> str:
    """Words to the right of so many columns of a terminal, to the left where they are negative."""
    taken = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)
    space = " " * (abs(columns) - taken)
    return words + space if columns < 0 else space + words


def describe(side: str, photo: Photo, words: Text) -> str:
    """A photo's size, its faces, the one used, and a line for each remark."""
    remarks = [words.remark(remark).replace("**", "") for remark in photo.remarks]
    line = words(
        "terminal.photo",
        side=words(f"side.{side}"),
        width=photo.width,
        height=photo.height,
        count=len(photo.faces),
        number=photo.used + 1,
        box=", ".join(f"{v:.0f}" for v in photo.faces[photo.used].box),
    )
    return "\n  ".join([line, *remarks])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
