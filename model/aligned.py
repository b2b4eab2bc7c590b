"""A Collection's photos -> aligned faces, once, in parallel, into a cache that survives a kill.

The cache is a folder of small files, each the faces of a few hundred photos under a name that is
the hash of those photos' paths, sizes and times. A file is written under another name and moved
when it is whole, so whatever is there is complete, and a photo that changes is read again.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from model.data import PARTS, Collection, drop_shared_pixels
from model.errors import MarginScopeError
from model.faces import CROP, FacesTooMany, align, choose, detect
from model.files import write_whole
from model.images import RGB, read_image

VERSION = "1"  # raise it when decoding, detection or alignment change a face
PHOTOS_A_FILE = 256
OK, NO_FACE, UNREADABLE, CROWDED = range(4)

Progress = Callable[[Iterable[Any], int], Iterable[Any]]  # such as a tqdm bar


@dataclass(frozen=True)
class Aligned:
    """Aligned faces of N photos: crops uint8 (N, 112, 112, 3), status (N,), pixel hashes (N,).

    A crop is black where status is not OK.
    """

    crops: NDArray[np.uint8]
    status: NDArray[np.uint8]
    pixels: list[str]


@dataclass(frozen=True)
class Faces:
    """The faces that a training or an evaluation uses, N of them.

    crops: uint8 (N, 112, 112, 3). person (N,): index into names. part (N,): 'train', 'validation'
    or 'test'. image (N,): the photo's file name without its ending.
    unreadable, faceless, shared, crowded: the photos left out, and why: they cannot be decoded,
    show no face, have the pixels of a photo in another part, or too many places to search.
    """

    crops: NDArray[np.uint8]
    person: NDArray[np.int64]
    part: NDArray[np.str_]
    image: NDArray[np.str_]
    names: tuple[str, ...]
    unreadable: tuple[Path, ...]
    faceless: tuple[Path, ...]
    shared: tuple[Path, ...]
    crowded: tuple[Path, ...] = ()

    def indices(self, part: str) -> NDArray[np.int64]:
        """Which faces belong to a part, (K,)."""
        return np.flatnonzero(self.part == part)

    def split(self) -> dict[str, dict[str, int]]:
        """How many people and images each part has, as a checkpoint's card keeps it."""
        parts = {part: self.person[self.indices(part)] for part in PARTS}
        return {
            part: {"people": len(np.unique(person)), "images": len(person)}
            for part, person in parts.items()
        }


def load_faces(collection: Collection, progress: Progress = lambda items, total: items) -> Faces:
    """Align what can be aligned and leave out the rest, by name."""
    aligned = aligned_faces(collection.images, progress)
    part = np.array(collection.parts)[collection.person]
    distinct = drop_shared_pixels(part, aligned.pixels)
    keep = (aligned.status == OK) & distinct
    photos = collection.images

    def left_out(mask: NDArray[np.bool_]) -> tuple[Path, ...]:
        return tuple(photos[i] for i in np.flatnonzero(mask))

    return Faces(
        crops=aligned.crops[keep],
        person=collection.person[keep],
        part=part[keep],
        image=np.array([photos[i].stem for i in np.flatnonzero(keep)]),
        names=collection.people,
        unreadable=left_out(aligned.status == UNREADABLE),
        faceless=left_out(aligned.status == NO_FACE),
        shared=left_out((aligned.status == OK) & ~distinct),
        crowded=left_out(aligned.status == CROWDED),
    )


def aligned_faces(
    photos: Sequence[Path], progress: Progress = lambda items, total: items
) -> Aligned:
    """The chosen face of each photo, from the cache where it is there."""
    from joblib import Parallel, delayed

    groups = [photos[i : i + PHOTOS_A_FILE] for i in range(0, len(photos), PHOTOS_A_FILE)]
    files = [cache_folder() / f"{_key(group)}.npz" for group in groups]
    stored = {file: _load(file) for file in files}
    missing = [(g, file) for g, file in zip(groups, files, strict=True) if stored[file] is None]
    if missing:
        work = Parallel(n_jobs=-1, return_as="generator_unordered")(
            delayed(_align_to_file)(group, file) for group, file in missing
        )
        for _ in progress(work, len(missing)):
            pass
        stored |= {file: _load(file) for _, file in missing}
    parts = [part for part in stored.values() if part is not None]
    return Aligned(
        crops=np.concatenate([part["crops"] for part in parts]),
        status=np.concatenate([part["status"] for part in parts]),
        pixels=[str(key) for part in parts for key in part["pixels"]],
    )


def cache_folder() -> Path:
    """`$MARGINSCOPE_CACHE`, else the user's own cache folder."""
    named = os.environ.get("MARGINSCOPE_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("marginscope") / "faces"


def face_of(photo: Path) -> tuple[RGB, int, str]:
    """One photo's aligned face (112, 112, 3), its status, and the hash of its decoded pixels."""
    black = np.zeros((CROP, CROP, 3), dtype=np.uint8)
    try:
        image = read_image(photo.read_bytes())
    except (MarginScopeError, OSError):
        return black, UNREADABLE, _sha256(str(photo))
    pixels = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
    try:
        faces = detect(image)
    except FacesTooMany:
        return black, CROWDED, pixels
    if not faces:
        return black, NO_FACE, pixels
    return align(image, faces[choose(faces, image.shape)].landmarks), OK, pixels


def _align_to_file(group: Sequence[Path], file: Path) -> None:
    import cv2

    cv2.setNumThreads(1)  # the photos run in parallel, one process a core
    results = [face_of(photo) for photo in group]
    stream = io.BytesIO()
    np.savez(
        stream,
        crops=np.stack([crop for crop, _, _ in results]),
        status=np.array([status for _, status, _ in results], dtype=np.uint8),
        pixels=np.array([pixels for _, _, pixels in results]),
    )
    write_whole(file, stream.getvalue())


def _key(group: Sequence[Path]) -> str:
    facts = [VERSION]
    for photo in group:
        try:
            stat = photo.stat()
        except OSError:  # a broken link
            facts.append(f"{photo}|")
        else:
            facts.append(f"{photo.resolve()}|{stat.st_size}|{stat.st_mtime_ns}")
    return _sha256("\n".join(facts))[:32]


def _sha256(text: str) -> str:
    """Of file names too that are not UTF-8."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _load(file: Path) -> dict[str, NDArray[Any]] | None:
    """What a cache file holds, or None where it is missing or damaged."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {key: stored[key] for key in ("crops", "status", "pixels")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
