"""What scripts and agents may ask over HTTP or MCP; the docstrings are what an agent reads.

Photos come as bytes and are gone with the call. No screen library: tabs/page.py names the
endpoints and gives their parameters a type. Each raises a MarginScopeError where a photo cannot be
answered, PhotoNotGiven or NumberInvalid; its sentence is what the caller is told.
"""

from typing import cast

from typing_extensions import TypedDict  # which pydantic asks for before Python 3.12

from demo import assets
from demo.figures.people import image_name, person_name
from demo.service import Belief, CompareService, Photo, embed_photos
from model.errors import MarginScopeError
from model.sphere import HONEST

MODELS = ("softmax", "norm-softmax", "arcface")
ASKED = ["softmax", "arcface"]  # where nothing else is asked for, as in compare.py
MOST_PHOTOS, MOST_NEIGHBOURS = 64, 50


class FaceFound(TypedDict):
    """A face: left, top, width, height in pixels of the upright photo, and the detector's trust."""

    box: list[float]
    confidence: float


class RemarkTold(TypedDict):
    """Why a face may mislead, such as "tiny", with what was measured and from where it counts."""

    kind: str
    measure: float
    limit: float


class PhotoTold(TypedDict):
    """A photo that was read; face_used counts from 1, from the left."""

    width: int
    height: int
    faces: list[FaceFound]
    face_used: int
    remarks: list[RemarkTold]


class ErrorTold(TypedDict):
    """What was wrong with a photo, and the cure."""

    code: str
    sentence: str


class PhotoRefused(TypedDict):
    """A photo that could not be answered."""

    error: ErrorTold


class ModelAnswer(TypedDict):
    """What one network says of two faces."""

    similarity: float
    angle_degrees: float
    probability_same: float
    verdict: str
    far: float
    far_error: float
    frr: float
    frr_error: float


class Compared(TypedDict):
    """The answer of `compare`."""

    left: PhotoTold
    right: PhotoTold
    prior: float
    limit: float
    models: dict[str, ModelAnswer]


class Embedded(TypedDict):
    """The answer of `embed`."""

    photos: list[PhotoTold | PhotoRefused]
    models: dict[str, list[list[float] | None]]


class Neighbour(TypedDict):
    """A photo of the gallery."""

    person: str
    image: str
    seen: bool
    angle_degrees: float


class Placed(TypedDict):
    """Where a face stands among the gallery's under one network."""

    certainty: float
    has_place: bool
    nearest: list[Neighbour]


class Nearest(TypedDict):
    """The answer of `nearest`."""

    photo: PhotoTold
    models: dict[str, Placed]


class PhotoNotGiven(MarginScopeError):
    """An endpoint was called without a photo."""

    sentence = "{name} is missing: send a JPEG, PNG, WebP, GIF, BMP or TIFF file."


class PhotosTooMany(MarginScopeError):
    """More photos than one call may bring."""

    sentence = "{given} photos came, and at most {most} are taken at once: send them in parts."


class AddressRefused(MarginScopeError):
    """A photo's address where strangers use the server."""

    sentence = "Upload the photo: this server fetches none from an address."


class AddressUnreachable(MarginScopeError):
    """A photo's address that gives no photo."""

    sentence = "{address} cannot be fetched ({problem}): upload the photo."


class NumberInvalid(MarginScopeError):
    """A number outside of what is offered."""

    sentence = "{name} must be {allowed}, and {given} was given."


def compare(
    left: bytes | None,
    right: bytes | None,
    models: list[str] | None = None,
    prior: float = 0.5,
    limit: float = 0.05,
    left_face: int | None = None,
    right_face: int | None = None,
) -> Compared:
    """Say how similar two photos' faces are to networks that differ only in loss and its scale.

    The networks are small and were trained on a few thousand photos: about 1 pair in 10 is told
    wrongly. Use it to show what ArcFace's margin does, never to decide who somebody is, and only
    with the consent of those in the photos. angle_degrees is the angle between the two unit
    embeddings (0 is one and the same, 90 unrelated), similarity its cosine, no percentage.
    verdict is "same", "different" or "unsure", never against the probability. far is the share of
    validation pairs of two people that look at least this alike, frr the share of pairs of one
    person that look less alike, far_error and frr_error their standard errors. probability_same is
    calibrated. Angles of two networks are not on one scale. remarks say why a photo may mislead.

    Args:
        left: The first photo, with at least one face, 20 MB at most.
        right: The second photo.
        models: Which networks answer, of softmax, norm-softmax (the control) and arcface.
        prior: The share of such pairs, beforehand, that show one person, between 0 and 1.
        limit: How large the pair's own far ("same") or frr ("different") may be for a verdict.
        left_face: Use this face of the first photo, from the left, from 1; 0 chooses the main one.
        right_face: The same for the second photo.

    Returns:
        left, right: size, boxes (left, top, width, height in pixels), face_used, remarks. models.
    """
    service = _service(models or ASKED)
    for name, share in (("prior", prior), ("limit", limit)):
        if share is None or not 0 < share < 1:
            raise NumberInvalid(name=name, allowed="between 0 and 1", given=share)
    one = service.read(_given(left, "left"), "left", _face(left_face, "left_face"))
    two = service.read(_given(right, "right"), "right", _face(right_face, "right_face"))
    answer = service.compare(one, two, Belief(prior=prior, limit=limit)).to_json()
    return cast(Compared, answer)


def embed(photos: list[bytes] | None, models: list[str] | None = None) -> Embedded:
    """Turn the main face of each photo into a unit vector of 256 numbers under each network.

    The cosine of two vectors of one network is the similarity of the faces. An embedding of a face
    is biometric data: keep it only with the person's consent. A photo that cannot be answered has
    an error instead of a size, and null instead of a vector; the others are answered all the same.

    Args:
        photos: Up to 64 photos, 20 MB each at most.
        models: Which networks answer, of softmax, norm-softmax (the control) and arcface.

    Returns:
        photos: size, boxes, face_used, or error with code and sentence. models: vectors by name.
    """
    given = photos or []
    if not given:
        raise PhotoNotGiven(name="photos")
    if len(given) > MOST_PHOTOS:
        raise PhotosTooMany(given=len(given), most=MOST_PHOTOS)
    service = _service(models or ASKED)
    read = [_read(service, data) for data in given]
    good = [photo for photo in read if isinstance(photo, Photo)]
    answer: Embedded = {"photos": [_told(photo) for photo in read], "models": {}}
    found = service.embed(*good)
    for name in (recognizer.name for recognizer in service.recognizers):
        vectors = iter(found[name].tolist() if good else [])
        answer["models"][name] = [
            [round(v, 6) for v in next(vectors)] if isinstance(photo, Photo) else None
            for photo in read
        ]
    return answer


def nearest(photo: bytes | None, count: int = 5) -> Nearest:
    """Name the photos of the gallery that are nearest to a face under each network.

    The gallery that ships holds photos of 86 people of Labeled Faces in the Wild; half of them were
    trained on (seen), half were not. Nearest is nearest of these: a stranger has a nearest one too,
    so this does not say who somebody is. certainty is how far the 15 nearest agree where the face
    belongs on the sphere, 0 to 1; below 0.5 it has no honest place there.

    Args:
        photo: A photo with at least one face, 20 MB at most.
        count: How many, from 1 to 50.

    Returns:
        photo: size, boxes, face_used. models: certainty, has_place, nearest with angle_degrees.
    """
    if count is None or not 1 <= count <= MOST_NEIGHBOURS or count != int(count):
        allowed = f"a whole number from 1 to {MOST_NEIGHBOURS}"
        raise NumberInvalid(name="count", allowed=allowed, given=count)
    found = CompareService([]).read(_given(photo, "photo"), "given")
    drawn = assets.spheres(assets.gallery_folder())
    gallery = drawn.gallery
    models: dict[str, Placed] = {}
    for name in (model for model in MODELS if model in drawn.points):
        vector = embed_photos(name, assets.embedder_of(name), [found])
        certainty = float(drawn.place(name, vector).certainty[0])
        models[name] = {
            "certainty": round(certainty, 4),
            "has_place": certainty >= HONEST,
            "nearest": [
                {
                    "person": person_name(gallery, int(gallery.person[k])),
                    "image": image_name(gallery, k),
                    "seen": bool(gallery.seen[k]),
                    "angle_degrees": round(angle, 2),
                }
                for k, angle in drawn.nearest_to(name, vector[0], int(count))
            ],
        }
    return {"photo": cast(PhotoTold, found.to_json()), "models": models}


def _service(names: list[str]) -> CompareService:
    """The networks asked for, in the order of MODELS."""
    for name in names:
        if name not in MODELS:
            raise NumberInvalid(name="models", allowed=" or ".join(MODELS), given=name)
    return CompareService([assets.recognizer(name) for name in MODELS if name in names])


def _given(data: bytes | None, name: str) -> bytes:
    if data is None:
        raise PhotoNotGiven(name=name)
    return data


def _face(number: float | None, name: str) -> int | None:
    """A face's number; None, which chooses the main one, where none or 0 is given."""
    if number is not None and number != int(number):
        raise NumberInvalid(name=name, allowed="a whole number", given=number)
    return int(number) if number else None


def _read(service: CompareService, data: bytes) -> Photo | MarginScopeError:
    try:
        return service.read(data, "given")
    except MarginScopeError as error:
        return error.bare()


def _told(photo: Photo | MarginScopeError) -> PhotoTold | PhotoRefused:
    if isinstance(photo, Photo):
        return cast(PhotoTold, photo.to_json())
    return {"error": {"code": photo.code, "sentence": str(photo)}}
