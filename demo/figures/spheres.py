"""What the two spheres are drawn from: the gallery, put aside once, and the photos placed in it.

A sphere keeps who is near whom; drawn angles are not the true ones, which are written beside.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import colorcet
import numpy as np
from numpy.typing import NDArray

from demo.service import Comparison, data_url
from model.angles import angles_between
from model.gallery import Gallery
from model.recognizer import Embedding
from model.sphere import HONEST, Places, facing, person_means, place

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
    def data(self) -> dict[str, Any]:
        """The gallery as the component takes it: numbers in base64, angles in tenths."""
        gallery, models = self.gallery, list(self.points)
        order = np.argsort(-np.bincount(gallery.person), kind="stable")
        colours = np.empty(len(gallery.names), dtype=object)
        colours[order] = np.resize(colorcet.b_glasbey_category10, len(order))
        packed = {
            "person": gallery.person.astype(np.uint16).tobytes(),
            "seen": gallery.seen.astype(np.uint8).tobytes(),
            "number": np.array([_number(image) for image in gallery.image], np.uint16).tobytes(),
            "points": np.stack([_short(self.points[m] * 32767) for m in models]).tobytes(),
            "own": np.stack([_short(self.own_angles[m] * 10) for m in models]).tobytes(),
        }
        digest = hashlib.sha256(b"".join(packed.values())).hexdigest()[:16]
        names = [name.replace("_", " ") for name in gallery.names]
        sent = {key: base64.b64encode(value).decode() for key, value in packed.items()}
        return sent | {
            "id": digest, "models": models, "names": names, "colours": colours.tolist()
        }  # fmt: skip

    def place(self, model: str, embeddings: Embedding) -> Places:
        """Where faces (M, D) embedded by a model stand on its sphere."""
        return place(embeddings, self.gallery.embeddings[model], self.points[model])

    def uploads(self, comparison: Comparison | None) -> dict[str, Any]:
        """Both photos as the component takes them: places, true angles, and how to turn."""
        if comparison is None:
            return {"id": "", "photos": [], "facing": {}, "angles": {}}
        photos = (comparison.left, comparison.right)
        places = {
            model: self.place(model, pair)
            for model, pair in comparison.embeddings.items()
            if model in self.points
        }
        shown: list[dict[str, Any]] = [{"crop": data_url(p.crop), "places": {}} for p in photos]
        for model, found in places.items():
            for i, one in enumerate(shown):
                one["places"][model] = {
                    "point": found.points[i].round(5).tolist(),
                    "honest": bool(found.certainty[i] >= HONEST),
                    "neighbours": found.neighbours[i, :DRAWN_NEIGHBOURS].tolist(),
                }
        return {
            "id": hashlib.sha256(b"".join(p.crop.tobytes() for p in photos)).hexdigest()[:16],
            "photos": shown,
            "facing": {
                model: facing(found.points[0], found.points[1]).ravel().round(6).tolist()
                for model, found in places.items()
            },
            "angles": {model: comparison.answers[model].angle for model in places},
        }


def _number(image: str) -> int:
    """'Ann_Example_0007' -> 7; 0 for a file that is named in another way."""
    tail = str(image).rpartition("_")[2]
    return int(tail) % 65536 if tail.isdecimal() else 0


def _short(values: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    return np.round(values).astype(np.int16)
