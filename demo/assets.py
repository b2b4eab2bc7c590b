"""Finds and loads what ships: checkpoints, the reference's calibration, portraits, results."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from demo.figures.people import people_colours
from demo.figures.spheres import SphereSet
from demo.once import Once
from model.checkpoint import Checkpoint, load_checkpoint
from model.data import IMAGE_SUFFIXES, DataNotFound, lfw_home
from model.errors import MarginScopeError
from model.files import fingerprint
from model.film import Reel, load_playback
from model.gallery import Gallery, GalleryInvalid, load_gallery, load_spheres
from model.images import RGB, read_image
from model.playback import TRUNK
from model.recognizer import UNTRAINED, Embedding, Recognizer, embedder, untrained
from model.reference import REFERENCE, beside, load_onnx, load_reference, reference_installed
from model.views import Space, space

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PORTRAITS = (ASSETS / "portraits" / "astronaut.png", ASSETS / "portraits" / "grace_hopper.jpg")
SHIPPED = ("softmax", "norm-softmax", "arcface")
ONNX = "MARGINSCOPE_ONNX"  # names an ONNX file that the app shows beside ours
GALLERY = "MARGINSCOPE_GALLERY"  # names a folder made by `prepare.py --images --output`
IMAGES = "MARGINSCOPE_IMAGES"  # names the folder of people that such a gallery was made from


class AssetUnreadable(MarginScopeError):
    """A file of the product that is missing, or whose content is not what belongs there."""

    sentence = (
        "{path} cannot be read: {problem}. Fetch the file again, or make it again with the command "
        "that README names."
    )
    problems: ClassVar[Mapping[str, str]] = {
        "missing": "there is no such file",
        "damaged": "it is damaged",
    }


def shipped(path: Path) -> bytes:
    """The content of a file that ships; AssetUnreadable."""
    try:
        return path.read_bytes()
    except OSError as error:
        problem = "missing" if isinstance(error, FileNotFoundError) else error.strerror
        raise AssetUnreadable(path=path.name, problem=problem) from None


def shipped_photo(path: Path) -> bytes:
    """The same of a photo, which is one."""
    data = shipped(path)
    try:
        read_image(data)
    except MarginScopeError:
        raise AssetUnreadable(path=path.name, problem="damaged") from None
    return data


@Once
def recognizer(name: str) -> Recognizer:
    """A recogniser by its loss or as the reference, loaded once a process.

    CheckpointInvalid, ReferenceMissing or CalibrationMissing says the cure.
    """
    if name == REFERENCE:
        return load_reference(ASSETS / "reference.json")
    return Recognizer.load(ASSETS / f"{name}.safetensors")


def onnx_recognizer(path: Path) -> Recognizer:
    """The recogniser of an ONNX file, loaded again where it or its calibration has changed."""
    times = [file.stat().st_mtime_ns if file.exists() else 0 for file in (path, beside(path))]
    return _onnx(path, tuple(times))


@Once
def _onnx(path: Path, times: tuple[int, ...]) -> Recognizer:
    return load_onnx(path)


def gallery_folder() -> Path:
    """Where gallery.npz and spheres.npz are: what $MARGINSCOPE_GALLERY names, or what ships."""
    return Path(os.environ.get(GALLERY) or ASSETS)


@Once
def spheres(folder: Path) -> SphereSet:
    """A folder's gallery and its layout; GalleryInvalid where they have not been made."""
    gallery = load_gallery(folder / "gallery.npz")
    _hold("gallery.npz", gallery.checkpoints)
    return SphereSet(gallery, load_spheres(folder / "spheres.npz", gallery))


def _hold(made: str, checkpoints: Mapping[str, str]) -> None:
    """GalleryInvalid unless the file `made` came from the checkpoints that ship, by their digests.

    CheckpointInvalid where one of these is not sound. `checkpoints`: digests by loss.
    """
    for name, digest in checkpoints.items():
        file = ASSETS / f"{name}.safetensors"
        if not file.is_file() or fingerprint(file) != digest:
            checkpoint(name)  # which may be what is wrong
            raise GalleryInvalid(path=made, problem="outdated", detail=file.name)


@Once
def embedder_of(name: str) -> Callable[[RGB], Embedding]:
    """Aligned faces -> embeddings by a recogniser that ships, or by the network as it began."""
    if name != UNTRAINED:
        return recognizer(name).embed
    card = recognizer("arcface").card
    assert card is not None  # a checkpoint of ours has one
    return embedder(untrained(card.config), card.config.input_size)


@Once
def gallery_photos(folder: Path) -> tuple[Path | None, ...] | None:
    """The file of each gallery photo; None where this machine has not one of them.

    They lie in $MARGINSCOPE_IMAGES, or in LFW for the gallery that ships. The gallery knows no
    endings: a.jpg and a.png of one person are two photos "a" in that order. Where there are more
    or fewer such files than photos, which is which cannot be told, and these photos have none.
    """
    try:
        named = os.environ.get(IMAGES)
        home = Path(named) if named else lfw_home() / "lfw"
    except DataNotFound:
        return None
    gallery = spheres(folder).gallery
    files: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for person in gallery.names:
        for file in sorted((home / person).glob("*")):  # the order in which prepare.py took them
            if file.suffix.lower() in IMAGE_SUFFIXES:
                files[person, file.stem].append(file)
    photos = list(zip(gallery.folders.tolist(), gallery.image.tolist(), strict=True))
    counts = Counter(photos)
    told = {photo: iter(files[photo]) for photo in counts if counts[photo] == len(files[photo])}
    found = tuple(next(told[photo]) if photo in told else None for photo in photos)
    return found if any(found) else None


@Once
def checkpoint(name: str) -> Checkpoint:
    """A shipped checkpoint with its network and class centres; CheckpointInvalid."""
    return load_checkpoint(ASSETS / f"{name}.safetensors")


@Once
def spaces() -> tuple[Gallery, dict[str, Space]]:
    """The gallery that ships, and each shipped model's view of it.

    GalleryInvalid or CheckpointInvalid says the cure.
    """
    gallery = spheres(ASSETS).gallery
    return gallery, {name: space(gallery, checkpoint(name)) for name in SHIPPED}


@Once
def playback() -> dict[str, Reel]:
    """The small trainings on film, by set.

    GalleryInvalid where they have not been made, or on another trunk than the one that ships.
    """
    reels, trunk = load_playback(ASSETS / "playback.npz")
    _hold("playback.npz", {TRUNK: trunk})
    return reels


def colours_by_folder() -> dict[str, str]:
    """The colour of each person of the gallery that ships, by folder; as on the spheres."""
    gallery = spheres(ASSETS).gallery
    return dict(zip(gallery.names, people_colours(gallery), strict=True))


def results(name: str) -> dict[str, Any]:
    """What evaluate.py measured, such as "view1"; empty where that is missing or damaged."""
    try:
        return measured(name)
    except AssetUnreadable:
        return {}


def damage(name: str) -> AssetUnreadable | None:
    """Why there are no such results, where the file is there."""
    try:
        measured(name)
    except AssetUnreadable as error:
        return None if error.fields["problem"] == "missing" else error
    return None


@Once
def measured(name: str) -> dict[str, Any]:
    """The same; AssetUnreadable where it is missing or damaged."""
    return _read(ASSETS.parent / "results" / f"{name}.json")


@Once
def kept_by_spheres(folder: Path) -> dict[str, dict[str, float]]:
    """What prepare.py measured of the spheres in a folder, by model; empty where it did not.

    For the gallery that ships it is in results/layout.json, for one's own in its folder.
    """
    try:
        found = measured("layout") if folder == ASSETS else _read(folder / "layout.json")
    except AssetUnreadable:
        return {}
    spheres: dict[str, dict[str, float]] = found.get("spheres", {})
    return spheres


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(shipped(path))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise AssetUnreadable(path=path.name, problem="damaged")
    return found


def has_reference() -> bool:
    """Whether the packages of requirements-reference.txt are installed here."""
    return reference_installed()


def onnx_file() -> Path | None:
    """The ONNX file that $MARGINSCOPE_ONNX names, shown beside ours."""
    named = os.environ.get(ONNX)
    return Path(named) if named else None
