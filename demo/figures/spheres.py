"""What the two spheres are drawn from: the gallery, put aside once, and the photos placed in it.

A sphere keeps who is near whom; drawn angles are not the true ones, which are written beside.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.figures.people import people_colours, shown_name
from demo.service import Photo, data_url
from model.angles import angles_between
from model.gallery import Gallery
from model.recognizer import Embedding
from model.sphere import HONEST, Places, Points, facing, person_means, place

DRAWN_NEIGHBOURS = 5  # to which lines are drawn


@dataclass(frozen=True, eq=False)
class SphereSet:
    """A gallery and its layout (N, 3) by model: what the component needs, made once a process."""

    gallery: Gallery
    points: dict[str, NDArray[np.float32]]

    @cached_property
    def own_angles(self) -> dict[str, NDArray[np.float64]]:
        """The true angle of each image to its person's mean, (N,) degrees, by model."""
        _, index = np.unique(self.gallery.person, return_inverse=True)
        return {
            name: np.degrees(
                angles_between(vectors, person_means(vectors, self.gallery.person)[index])
            )
            for name, vectors in self.gallery.embeddings.items()
        }

    @cached_property
    def names(self) -> list[str]:
        """The people as they are called on the screen."""
        return [shown_name(folder) for folder in self.gallery.names]

    @cached_property
    def centre_points(self) -> dict[str, Points]:
        """Where the class centres stand, (K, 3) by model: placed as a photo would be."""
        return {
            model: self.place(model, centres).points
            for model, centres in self.gallery.centres.items()
            if model in self.points
        }

    @cached_property
    def data(self) -> dict[str, Any]:
        """The gallery as the component takes it: numbers in base64, angles in tenths."""
        gallery = self.gallery
        models, headed = list(self.points), list(self.centre_points)
        packed = {
            "person": gallery.person.astype(np.uint16).tobytes(),
            "seen": gallery.seen.astype(np.uint8).tobytes(),
            "number": np.array([_number(image) for image in gallery.image], np.uint16).tobytes(),
            "points": np.stack([_short(self.points[m] * 32767) for m in models]).tobytes(),
            "own": np.stack([_short(self.own_angles[m] * 10) for m in models]).tobytes(),
            "centred": gallery.centred.astype(np.uint16).tobytes(),
            "centres": b"".join(_short(self.centre_points[m] * 32767).tobytes() for m in headed),
        }
        digest = hashlib.sha256(b"".join(packed.values())).hexdigest()[:16]
        sent = {key: base64.b64encode(value).decode() for key, value in packed.items()}
        return sent | {
            "id": digest, "models": models, "headed": headed, "names": self.names,
            "colours": people_colours(gallery),
        }  # fmt: skip

    def place(self, model: str, embeddings: Embedding) -> Places:
        """Where faces (M, D) embedded by a model stand on its sphere."""
        return place(embeddings, self.gallery.embeddings[model], self.points[model])

    @cached_property
    def addresses(self) -> list[str]:
        """What each image is called in the URL: its person's folder and its file's name."""
        both = zip(self.gallery.folders, self.gallery.image, strict=True)
        return [f"{folder}/{image}" for folder, image in both]

    def index_of(self, address: str | None) -> int:
        """The place in the gallery of an image by its address; -1 where it is not there."""
        return self.addresses.index(address) if address in self.addresses else -1

    def nearest(self, model: str, index: int, count: int) -> list[tuple[int, float]]:
        """The nearest other faces of face `index`, with true angles in degrees."""
        found = self.nearest_to(model, self.gallery.embeddings[model][index], count + 1)
        return [(i, angle) for i, angle in found if i != index][:count]

    def nearest_to(self, model: str, vector: Embedding, count: int) -> list[tuple[int, float]]:
        """The nearest faces of a unit vector (D,), with true angles in degrees."""
        angles = np.degrees(angles_between(self.gallery.embeddings[model], vector))
        order = np.argsort(angles, kind="stable")[:count]
        return [(int(i), float(angles[i])) for i in order]


def uploads(
    drawn: SphereSet,
    photos: Sequence[tuple[str, Photo]],
    embeddings: Mapping[str, Embedding],
    pair: bool,
) -> dict[str, Any]:
    """Photos as the component takes them: places, true angles, and how to turn.

    photos: each with its mark (ring, square or a number). embeddings: (M, D) by model, in that
    order. pair: whether the first two are the ones compared, with an arc between them.
    """
    shown: list[dict[str, Any]] = [
        {"label": label, "crop": data_url(photo.crop), "places": {}} for label, photo in photos
    ]
    turns, angles = {}, {}
    for model, vectors in embeddings.items():
        found = drawn.place(model, vectors)
        for i, one in enumerate(shown):
            one["places"][model] = {
                "point": found.points[i].round(5).tolist(),
                "certainty": round(float(found.certainty[i]), 3),
                "honest": bool(found.certainty[i] >= HONEST),
                "neighbours": found.neighbours[i, :DRAWN_NEIGHBOURS].tolist(),
                "angles": np.degrees(found.angles[i, :DRAWN_NEIGHBOURS]).round(2).tolist(),
            }
        if shown:
            right = found.points[1] if pair else None
            turns[model] = facing(found.points[0], right).ravel().round(6).tolist()
        if pair:
            angles[model] = float(np.degrees(angles_between(vectors[0], vectors[1])))
    looked_at = [photo.crop.tobytes() for _, photo in photos[: 2 if pair else 1]]
    return {
        "id": hashlib.sha256(b"".join(looked_at)).hexdigest()[:16] if photos else "",
        "photos": shown,
        "pair": pair,
        "facing": turns,
        "angles": angles,
    }


def _number(image: str) -> int:
    """'Ann_Example_0007' -> 7; 0 for a file that is named in another way."""
    tail = str(image).rpartition("_")[2]
    return int(tail) % 65536 if tail.isdecimal() else 0


def _short(values: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    return np.round(values).astype(np.int16)
