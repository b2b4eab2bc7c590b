"""The people drawn on the spheres: who they are, their embeddings by each model, their layout.

Two files, read without unpickling: gallery.npz (embeddings and who they are) and spheres.npz (one
float32 (N, 3) array a model, in the gallery's order).
"""

import dataclasses
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.aligned import Faces
from model.data import GALLERY_IMAGES, seen_gallery
from model.errors import MarginScopeError
from model.files import write_whole
from model.recognizer import Embedding

T = TypeVar("T")


class GalleryInvalid(MarginScopeError):
    """A gallery or spheres file that is missing, damaged or not of one another."""

    sentence = "{path} is not a sound gallery: {problem}. Make it again with `python prepare.py`."
    problems: ClassVar[Mapping[str, str]] = {
        "missing": "there is no such file",
        "unreadable": "it cannot be read ({detail})",
        "lacking": "it lacks {detail}",
        "uneven": "its parts have not the same length",
        "foreign": "it belongs to another gallery",
        "off": "it has points off the sphere",
        "outdated": "it was made with another {detail}",
        "few": "fewer than {people} unseen people have {images} images each",
    }


@dataclass(frozen=True)
class Gallery:
    """N images of C people.

    person (N,): index into names. image (N,): the photo's file name without its ending. seen (N,):
    whether the models were trained on that person. embeddings: unit (N, D) by model. lengths: (N,)
    by model, the mean length of the face's and its mirror image's embedding before normalising.
    centred (K,): people whose class centres are known, by their numbers; centres: these, unit
    (K, D), by model. checkpoints: the digest of the file that each model came from.
    """

    names: tuple[str, ...]
    person: NDArray[np.int64]
    image: NDArray[np.str_]
    seen: NDArray[np.bool_]
    embeddings: dict[str, Embedding]
    lengths: dict[str, NDArray[np.float32]]
    centred: NDArray[np.int64]
    centres: dict[str, Embedding]
    checkpoints: dict[str, str]

    @property
    def folders(self) -> NDArray[np.str_]:
        """Each image's person by name, (N,)."""
        return np.asarray(np.array(self.names)[self.person])


def gallery_faces(
    faces: Faces, exclude: tuple[str, ...] = ()
) -> tuple[NDArray[np.int64], set[int]]:
    """Which faces are drawn (N,), sorted by person, and which people were trained on.

    Unseen: the test people with GALLERY_IMAGES images or more, all of their images. Seen: the train
    people with most images, the k-th giving as many (the first in order) as the k-th unseen has.
    """
    counts = Counter(faces.person[faces.indices("test")].tolist())
    unseen = [(person, count) for person, count in counts.items() if count >= GALLERY_IMAGES]
    seen = seen_gallery(faces.person, faces.part, faces.names)
    chosen: list[int] = []
    for person, count in [*unseen, *seen]:
        if faces.names[person] not in exclude:
            chosen += np.flatnonzero(faces.person == person)[:count].tolist()
    return np.sort(np.array(chosen, dtype=np.int64)), {person for person, _ in seen}


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """An .npz whose bytes depend on the arrays alone: no time stamps. FileNotWritten."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            part = io.BytesIO()
            np.lib.format.write_array(part, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue())
    write_whole(path, stream.getvalue())


def save_gallery(path: Path, gallery: Gallery) -> None:
    """Write gallery.npz; embeddings as float16, which moves an angle by less than 0.1 degrees."""
    arrays: dict[str, NDArray[Any]] = {
        "names": np.array(gallery.names), "person": gallery.person, "image": gallery.image,
        "seen": gallery.seen, "centred": gallery.centred,
    }  # fmt: skip
    for name, embeddings in gallery.embeddings.items():
        arrays[f"embedding.{name}"] = embeddings.astype(np.float16)
        arrays[f"length.{name}"] = gallery.lengths[name]
    for name, centres in gallery.centres.items():
        arrays[f"centres.{name}"] = centres.astype(np.float16)
    for name, digest in gallery.checkpoints.items():
        arrays[f"checkpoint.{name}"] = np.array(digest)
    write_npz(path, arrays)


def rounded(gallery: Gallery) -> Gallery:
    """The gallery as load_gallery will read it: embeddings and centres through float16."""
    return dataclasses.replace(
        gallery,
        embeddings={m: _unit(v.astype(np.float16)) for m, v in gallery.embeddings.items()},
        centres={m: _unit(v.astype(np.float16)) for m, v in gallery.centres.items()},
    )


def load_gallery(path: Path) -> Gallery:
    """Read what save_gallery wrote; GalleryInvalid."""
    arrays = read_npz(path)
    try:
        embeddings = _by_model(arrays, "embedding", _unit)
        gallery = Gallery(
            names=tuple(arrays["names"].tolist()),
            person=arrays["person"].astype(np.int64),
            image=arrays["image"],
            seen=arrays["seen"].astype(np.bool_),
            embeddings=embeddings,
            lengths={name: arrays[f"length.{name}"] for name in embeddings},
            centred=arrays["centred"].astype(np.int64),
            centres=_by_model(arrays, "centres", _unit),
            checkpoints=_by_model(arrays, "checkpoint", str),
        )
        even = _even(gallery)
    except KeyError as error:
        raise GalleryInvalid(path=path.name, problem="lacking", detail=str(error)) from None
    except (TypeError, ValueError, IndexError) as error:  # other kinds of numbers, other axes
        raise GalleryInvalid(path=path.name, problem="unreadable", detail=str(error)) from None
    if not even:
        raise GalleryInvalid(path=path.name, problem="uneven")
    return gallery


def _even(gallery: Gallery) -> bool:
    """Whether what a gallery says of its images and people is of as many, and of at least one."""
    count = len(gallery.person)
    parts = (gallery.image, gallery.seen, *gallery.embeddings.values(), *gallery.lengths.values())
    people = np.concatenate([gallery.person, gallery.centred])
    return (
        count > 0
        and bool(gallery.embeddings)
        and all(len(part) == count for part in parts)
        and all(len(centres) == len(gallery.centred) for centres in gallery.centres.values())
        and bool(0 <= people.min() <= people.max() < len(gallery.names))
    )


def _by_model(
    arrays: dict[str, NDArray[Any]], kind: str, read: Callable[[NDArray[Any]], T]
) -> dict[str, T]:
    """What stands under "<kind>.<model>", by model."""
    names = [key.removeprefix(f"{kind}.") for key in arrays if key.startswith(f"{kind}.")]
    return {name: read(arrays[f"{kind}.{name}"]) for name in names}


def _unit(vectors: NDArray[np.float16]) -> Embedding:
    """Back to float32 and to length one, which rounding took away."""
    wide = vectors.astype(np.float32)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True))


def load_spheres(path: Path, gallery: Gallery) -> dict[str, NDArray[np.float32]]:
    """The layout (N, 3) by model; GalleryInvalid where it is not of that gallery."""
    arrays = read_npz(path)
    try:
        spheres = {name: array.astype(np.float32) for name, array in arrays.items()}
    except ValueError as error:
        raise GalleryInvalid(path=path.name, problem="unreadable", detail=str(error)) from None
    for name, points in spheres.items():
        if points.shape != (len(gallery.person), 3) or name not in gallery.embeddings:
            raise GalleryInvalid(path=path.name, problem="foreign")
        if not np.allclose(np.linalg.norm(points, axis=1), 1.0, atol=1e-4):
            raise GalleryInvalid(path=path.name, problem="off")
    return spheres


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz without unpickling; GalleryInvalid where it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except FileNotFoundError:
        raise GalleryInvalid(path=path.name, problem="missing") from None
    except Exception as error:  # zlib, struct, codecs: a damaged archive ends in many ways
        raise GalleryInvalid(path=path.name, problem="unreadable", detail=str(error)) from None
