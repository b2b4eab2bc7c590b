"""LFW or any folder of people: who is there, which part each person belongs to, which pairs count.

People are split, never images: nobody in test or validation is ever trained on.
"""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import MarginScopeError

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
TEST_PAIRS = "pairsDevTest.txt"
ARCHIVE = "lfw.tgz"  # scikit-learn's fetcher removes it once lfw/ is whole
PARTS = ("train", "validation", "test")
ALWAYS_TRAIN = 8  # the people with most images are never validation people
GENUINE_PAIRS_PER_PERSON = 10  # a person with 500 images must not be the statistic
GALLERY_IMAGES = 10  # an unseen person is in the gallery from this many images on


class DataNotFound(MarginScopeError):
    """LFW is in none of the places looked at."""

    sentence = (
        "LFW is not at {looked}. Name the folder that holds lfw_home/ with --data-home or "
        "$MARGINSCOPE_DATA, or train on your own people with --images FOLDER."
    )


class DownloadFailed(MarginScopeError):
    """scikit-learn could not fetch LFW."""

    sentence = (
        "LFW could not be downloaded ({problem}). Get it by other means, lay it out as "
        "FOLDER/lfw_home/lfw/<Name>/<Name>_NNNN.jpg with its pairs*.txt beside lfw/, and name "
        "FOLDER with --data-home."
    )


class LfwCutShort(DataNotFound):
    """The archive still lies beside LFW, as an interrupted extraction leaves it."""

    sentence = (
        "{folder} may be a part of LFW only: lfw.tgz still lies beside it, as an interrupted "
        "extraction leaves it. Delete lfw.tgz if all 5,749 people are there; else extract it again."
    )


class FolderNotFound(MarginScopeError):
    """--images names no folder."""

    sentence = "{looked} is not a folder. --images wants one with a sub-folder for each person."


class TooFewPeople(MarginScopeError):
    """Too few people with enough photos to train or validate."""

    sentence = (
        "{root} has {people} people, {usable} of them with two usable photos or more; at least "
        "{needed} such people are needed. One sub-folder a person, its photos inside."
    )


class PartTooSmall(MarginScopeError):
    """A part of the people that does not have both kinds of pair."""

    sentence = (
        "Of the people in {root} {people} with a usable photo are in the {part} part, {usable} of "
        "them with two or more. It needs two people, one of them with two photos: add people with "
        "two photos or more, one sub-folder a person."
    )

    @staticmethod
    def of(root: Path, part: str, person: NDArray[np.int64]) -> "PartTooSmall":
        """person (N,): whom each photo of the part shows."""
        _, counts = np.unique(person, return_counts=True)
        usable = int((counts > 1).sum())
        return PartTooSmall(root=root, part=part, people=len(counts), usable=usable)


@dataclass(frozen=True)
class Collection:
    """Photos by person: `images[i]` shows `people[person[i]]`; both are sorted by name.

    parts: each person's part, 'train', 'validation' or 'test', in the order of `people`.
    """

    root: Path
    people: tuple[str, ...]
    parts: tuple[str, ...]
    images: tuple[Path, ...]
    person: NDArray[np.int64]  # (N,)


def lfw_home(data_home: Path | None = None, download: bool = False) -> Path:
    """The folder `lfw_home` with LFW inside.

    Looked for in `data_home` or else $MARGINSCOPE_DATA, which must have it if they are given; else
    in ../shared/data and scikit-learn's own data home, where it is downloaded if `download` allows,
    and extracted again where that was cut short; elsewhere that is LfwCutShort. DataNotFound names
    the places that were tried; DownloadFailed says why it was not to be had.
    """
    environment = os.environ.get("MARGINSCOPE_DATA")
    named = data_home or (Path(environment) if environment else None)
    own = Path(os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")).expanduser()
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    places = [named] if named else [beside, own]
    for place in places:
        home = place / "lfw_home"
        if (home / "lfw").is_dir() and (home / TEST_PAIRS).is_file():
            if not (home / ARCHIVE).exists():
                return home
            if named or not download or place != own:
                raise LfwCutShort(folder=home / "lfw")
            shutil.rmtree(home / "lfw")
    if named or not download:
        raise DataNotFound(looked=", ".join(str(place) for place in places))
    _download(own)
    return own / "lfw_home"


def _download(data_home: Path) -> None:
    """Let scikit-learn's fetcher bring LFW; we read the JPEGs ourselves."""
    from sklearn.datasets import fetch_lfw_people

    print(f"LFW is not on this machine: downloading about 180 MB, once, into {data_home}")
    try:
        # One person alone has 500 images: this brings the files and builds a small array.
        fetch_lfw_people(data_home=str(data_home), funneled=False, min_faces_per_person=500)
    except (OSError, ValueError) as error:
        raise DownloadFailed(problem=error) from None


def read_lfw(home: Path) -> Collection:
    """LFW as a Collection, split as DESIGN.md says: its test people are pairsDevTest.txt's."""
    test = {name for pair in read_pairs(home / TEST_PAIRS) for name, _ in pair}
    by_person = _photos_by_person(home / "lfw")
    most = sorted(by_person, key=lambda name: (-len(by_person[name]), name))[:ALWAYS_TRAIN]

    def part(name: str) -> str:
        if name in test:
            return "test"
        return "validation" if name_hash(name) % 8 == 0 and name not in most else "train"

    return _collection(home / "lfw", by_person, {name: part(name) for name in by_person})


def read_folder(root: Path) -> Collection:
    """Any folder with one sub-folder a person.

    Of the people with two images or more, an eighth (at least two) is validation and as many are
    test, in the order of their names' hashes; a person with one image trains or not at all. Adding
    people may move somebody to another part: a model trained before is then not to be scored.
    Raises TooFewPeople where that leaves fewer than two to train on.
    """
    if not root.is_dir():
        raise FolderNotFound(looked=root)
    by_person = _photos_by_person(root)
    usable = sorted((name for name in by_person if len(by_person[name]) > 1), key=name_hash)
    share = max(2, len(usable) // 8)
    if len(usable) < 3 * share:
        raise TooFewPeople(root=root, people=len(by_person), usable=len(usable), needed=6)
    parts = dict.fromkeys(by_person, "train")
    parts |= dict.fromkeys(usable[:share], "validation")
    parts |= dict.fromkeys(usable[share : 2 * share], "test")
    return _collection(root, by_person, parts)


def _photos_by_person(root: Path) -> dict[str, list[Path]]:
    found = {
        folder.name: [p for p in _visible(folder) if p.suffix.lower() in IMAGE_SUFFIXES]
        for folder in _visible(root)
        if folder.is_dir()
    }
    return {name: photos for name, photos in found.items() if photos}


def _visible(folder: Path) -> list[Path]:
    """What lies in a folder, by name, without what systems hide there (.thumbnails, ._x.jpg)."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _collection(root: Path, by_person: dict[str, list[Path]], parts: dict[str, str]) -> Collection:
    counts = [len(photos) for photos in by_person.values()]
    return Collection(
        root=root,
        people=tuple(by_person),
        parts=tuple(parts[name] for name in by_person),
        images=tuple(photo for photos in by_person.values() for photo in photos),
        person=np.repeat(np.arange(len(by_person), dtype=np.int64), counts),
    )


def name_hash(name: str) -> int:
    """From a person's name alone; LFW's parts depend on nothing else."""
    return int(hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8], 16)


def drop_shared_pixels(parts: NDArray[np.str_], pixels: Sequence[str]) -> NDArray[np.bool_]:
    """Which images stay, (N,), when equal pixels stand in two parts.

    `parts` (N,) is each image's part, `pixels` the hash of its decoded pixels. A picture known to
    two parts is dropped from train and validation; test keeps its own.
    """
    where: dict[str, set[str]] = {}
    for part, key in zip(parts, pixels, strict=True):
        where.setdefault(key, set()).add(str(part))
    shared = np.array([len(where[key]) > 1 for key in pixels], dtype=bool)
    return np.asarray(~(shared & (parts != "test")), dtype=bool)


Pair = tuple[tuple[str, int], tuple[str, int]]  # ((name, image number from 1), (name, number))


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of LFW's pairs*.txt; a pair is genuine where both names are the same."""
    pairs: list[Pair] = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        words = line.split()
        if len(words) == 3:
            pairs.append(((words[0], int(words[1])), (words[0], int(words[2]))))
        elif len(words) == 4:
            pairs.append(((words[0], int(words[1])), (words[2], int(words[3]))))
    return pairs


@dataclass(frozen=True)
class Pairs:
    """Pairs of images by index: left, right (P,); same (P,) is True for a genuine pair."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]


def pairs_of_people(person: NDArray[np.int64], seed: int = 0) -> Pairs:
    """Genuine and impostor pairs among N images of which `person` (N,) tells who they show.

    At most ten genuine pairs a person, and one impostor pair for each pair of people, one image
    of each, drawn by `seed`. Indices are into `person`.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(person, kind="stable")
    people, starts, counts = np.unique(person[order], return_index=True, return_counts=True)
    left, right = [], []
    for start, count in zip(starts, counts, strict=True):
        a, b = np.triu_indices(count, k=1)
        if len(a) > GENUINE_PAIRS_PER_PERSON:
            kept = np.sort(rng.choice(len(a), GENUINE_PAIRS_PER_PERSON, replace=False))
            a, b = a[kept], b[kept]
        left.append(order[start + a])
        right.append(order[start + b])
    genuine = sum(len(x) for x in left)
    a, b = np.triu_indices(len(people), k=1)
    left.append(order[starts[a] + rng.integers(0, counts[a])])
    right.append(order[starts[b] + rng.integers(0, counts[b])])
    same = np.zeros(genuine + len(a), dtype=bool)
    same[:genuine] = True
    return Pairs(np.concatenate(left), np.concatenate(right), same)


def seen_gallery(
    person: NDArray[np.int64], parts: NDArray[np.str_], names: Sequence[str]
) -> list[tuple[int, int]]:
    """Who of the trained people is drawn, and with how many images: [(person, images), ...].

    The train people with most images, the k-th giving as many as the k-th of the unseen gallery
    (the test people with ten images or more) has. `person`, `parts` (N,) speak of images.
    """

    def ranked(part: str) -> list[tuple[int, int]]:
        counts = Counter(person[parts == part].tolist())
        return sorted(counts.items(), key=lambda item: (-item[1], names[item[0]]))

    unseen = [count for _, count in ranked("test") if count >= GALLERY_IMAGES]
    return [
        (j, min(count, wanted)) for (j, count), wanted in zip(ranked("train"), unseen, strict=False)
    ]
