"""Photos in, Comparison out: the one door for Streamlit, Gradio and compare.py."""

import base64
import dataclasses
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from model.angles import angles_between
from model.calibration import Calibration, Verdict
from model.errors import MarginScopeError
from model.faces import Face, FaceNotFound, align, choose, detect, reduced
from model.images import RGB, read_image
from model.quality import Quality, Remark, measure, remarks
from model.recognizer import Embedding, Recognizer

PREVIEW = 900  # pixels, the longer side of what is shown of a photo


class FaceNumberInvalid(MarginScopeError):
    """A face was asked for that was not found."""

    sentence = (
        "Face {number} was asked for in the {photo} photo, where {found} can be found: "
        "give a number up to {found}, or none."
    )


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as a session keeps it: no file, no name, only what the answer needs.

    width, height: of the upright photo. preview: a reduced copy (H, W, 3). faces: from left to
    right, in pixels of the photo. crops: their aligned faces (K, 112, 112, 3). qualities: what was
    measured of each. used: the index of the one that is compared. embedded: what was computed of
    it, (D,) by recogniser and face, so that nothing is computed twice.
    """

    width: int
    height: int
    preview: RGB
    faces: tuple[Face, ...]
    crops: RGB
    qualities: tuple[Quality, ...]
    used: int
    embedded: dict[tuple[str, int], Embedding] = field(default_factory=dict, repr=False)

    def using(self, index: int) -> "Photo":
        """The same photo with another of its faces; IndexError where there is none."""
        if not 0 <= index < len(self.faces):
            raise IndexError(f"face {index} of {len(self.faces)}")
        return dataclasses.replace(self, used=index)

    @property
    def crop(self) -> RGB:
        """The aligned face that is compared, (112, 112, 3)."""
        return np.asarray(self.crops[self.used], dtype=np.uint8)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Why the face that is compared may mislead: tiny, blurred, dark, turned, cut off."""
        return remarks(self.qualities[self.used])

    def to_json(self) -> dict[str, Any]:
        """Size, boxes (left, top, width, height in pixels), the face used, remarks."""
        return {
            "width": self.width,
            "height": self.height,
            "faces": [
                {
                    "box": [round(v, 1) for v in face.box],
                    "confidence": round(face.confidence, 4),
                }
                for face in self.faces
            ],
            "face_used": self.used + 1,
            "remarks": [
                {"kind": r.kind, "measure": round(r.measure, 3), "limit": r.limit}
                for r in self.remarks
            ],
        }


@dataclass(frozen=True)
class Belief:
    """What a person brings along, both 0..1, ends excluded; ValueError for anything else.

    prior: the share of such pairs, beforehand, that show one person. limit: how large the pair's
    own FAR (or FRR) may be for a verdict.
    """

    prior: float = 0.5
    limit: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.prior < 1 and 0 < self.limit < 1):
            raise ValueError(f"{self} has a share that is not within 0..1, ends excluded")


EVEN = Belief()


@dataclass(frozen=True)
class Answer:
    """What one recogniser says of two faces.

    similarity: the cosine, -1..1. angle: in degrees. far: the share of validation pairs of two
    people at least as similar. frr: the share of pairs of one person less similar. Both carry their
    standard error over people. probability: that the faces are one person's, at equal priors.
    verdict: "same", "different" or "unsure" (Calibration.verdict).
    """

    similarity: float
    angle: float
    far: float
    far_error: float
    frr: float
    frr_error: float
    probability: float
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """What scripts read of one recogniser."""
        return {
            "similarity": round(self.similarity, 6),
            "angle_degrees": round(self.angle, 4),
            "probability_same": round(self.probability, 6),
            "verdict": self.verdict,
            "far": round(self.far, 6),
            "far_error": round(self.far_error, 6),
            "frr": round(self.frr, 6),
            "frr_error": round(self.frr_error, 6),
        }


@dataclass(frozen=True)
class Comparison:
    """Two photos and each recogniser's answer, in the order asked for.

    embeddings: both faces', unit (2, D), by recogniser; they stay in memory and out of to_json().
    """

    left: Photo
    right: Photo
    answers: dict[str, Answer]
    embeddings: dict[str, Embedding]
    belief: Belief = EVEN

    def to_json(self) -> dict[str, Any]:
        """What `compare.py --json` prints."""
        return {
            "left": self.left.to_json(),
            "right": self.right.to_json(),
            "prior": self.belief.prior,
            "limit": self.belief.limit,
            "models": {name: answer.to_json() for name, answer in self.answers.items()},
        }


class CompareService:
    """Reads photos and compares faces with the recognisers that it was given."""

    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        self.recognizers = tuple(recognizers)

    def read(self, data: bytes, photo: str, face: int | None = None) -> Photo:
        """Decode a photo, find its faces, align them.

        `photo` names it in errors ("left", "right"); `face`, from 1, overrides the choice of the
        face. Raises the errors of read_image, FaceNotFound and FaceNumberInvalid.
        """
        image = read_image(data)
        height, width = image.shape[:2]
        faces = detect(image)
        if not faces:
            raise FaceNotFound(photo=photo, width=width, height=height)
        if face is not None and not 1 <= face <= len(faces):
            raise FaceNumberInvalid(photo=photo, number=face, found=len(faces))
        crops = [align(image, f.landmarks) for f in faces]
        return Photo(
            width=width,
            height=height,
            preview=reduced(image, PREVIEW),
            faces=tuple(faces),
            crops=np.stack(crops),
            qualities=tuple(measure(image, *one) for one in zip(faces, crops, strict=True)),
            used=choose(faces, image.shape) if face is None else face - 1,
        )

    def knows(self, *photos: Photo) -> bool:
        """Whether the embeddings of these photos are there, so that compare() computes none."""
        return all((r.name, p.used) in p.embedded for r in self.recognizers for p in photos)

    def embed(self, *photos: Photo) -> dict[str, Embedding]:
        """The faces used, unit (M, D), by recogniser; nothing where there are no photos."""
        if not photos:
            return {}
        return {r.name: embed_photos(r.name, r.embed, photos) for r in self.recognizers}

    def compare(self, left: Photo, right: Photo, belief: Belief = EVEN) -> Comparison:
        """Each recogniser's answer on the two faces used."""
        embeddings = self.embed(left, right)
        answers = {
            r.name: answer(r.calibration, embeddings[r.name], belief) for r in self.recognizers
        }
        return Comparison(left, right, answers, embeddings, belief)


def embed_photos(
    name: str, embed: Callable[[RGB], Embedding], photos: Sequence[Photo]
) -> Embedding:
    """The faces' unit embeddings (M, D) by recogniser `name`; computed where a photo lacks it."""
    new = [p for p in photos if (name, p.used) not in p.embedded]
    if new:
        for photo, one in zip(new, embed(np.stack([p.crop for p in new])), strict=True):
            photo.embedded[name, photo.used] = one
    return np.stack([p.embedded[name, p.used] for p in photos])


def answer(calibration: Calibration, pair: Embedding, belief: Belief = EVEN) -> Answer:
    """What a recogniser with this calibration says of two of its embeddings, (2, D) unit."""
    angle = float(np.degrees(angles_between(pair[0], pair[1])))
    far, far_error = calibration.far(angle)
    frr, frr_error = calibration.frr(angle)
    return Answer(
        similarity=float(np.cos(np.radians(angle))),
        angle=angle,
        far=far,
        far_error=far_error,
        frr=frr,
        frr_error=frr_error,
        probability=calibration.probability(angle, belief.prior),
        verdict=calibration.verdict(angle, belief.limit, belief.prior),
    )


def data_url(image: RGB) -> str:
    """An RGB array (H, W, 3) as a PNG that stands in the page itself."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()


def png(image: RGB) -> bytes:
    """An RGB array (H, W, 3) as PNG."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()
