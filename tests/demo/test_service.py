import dataclasses
import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from demo import assets
from demo.assets import PORTRAITS
from demo.language import text
from demo.service import Belief, CompareService, FaceNumberInvalid, png
from model.faces import FaceNotFound
from model.images import read_image

LOSSES = ("softmax", "norm-softmax", "arcface")


@pytest.fixture(scope="module")
def service() -> CompareService:
    return CompareService([assets.recognizer(name) for name in LOSSES])


@pytest.fixture(scope="module")
def photos(service):
    return [service.read(path.read_bytes(), "left") for path in PORTRAITS]


@pytest.fixture(scope="module")
def group(portraits) -> bytes:
    """Both portraits in one photo."""
    height = max(image.shape[0] for image in portraits)
    padded = [np.pad(im, ((0, height - im.shape[0]), (0, 0), (0, 0))) for im in portraits]
    return png(np.concatenate(padded, axis=1))


def test_the_answer_is_the_angle_between_the_two_embeddings(service, photos):
    comparison = service.compare(*photos)
    assert list(comparison.answers) == list(LOSSES)
    for name, answer in comparison.answers.items():
        a, b = assets.recognizer(name).embed(np.stack([photo.crop for photo in photos]))
        cosine = float(a.astype(float) @ b.astype(float))
        assert answer.similarity == pytest.approx(cosine, abs=1e-5)
        assert answer.angle == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-3)
        calibration = assets.recognizer(name).calibration
        assert (answer.far, answer.far_error) == calibration.far(answer.angle)
        assert (answer.frr, answer.frr_error) == calibration.frr(answer.angle)


def test_order_does_not_matter_and_a_face_is_itself(service, photos):
    there, back = service.compare(*photos), service.compare(*photos[::-1])
    for name in LOSSES:
        assert there.answers[name].angle == pytest.approx(back.answers[name].angle, abs=0.01)
        assert service.compare(photos[0], photos[0]).answers[name].angle == pytest.approx(
            0, abs=0.1
        )


def test_a_mirror_image_is_the_same_face(service, photos, portraits):
    for i, image in enumerate(portraits):
        mirrored = service.read(png(image[:, ::-1].copy()), "right")
        for answer in service.compare(photos[i], mirrored).answers.values():
            assert answer.angle < 25


@pytest.mark.parametrize("index", [0, 1])
def test_one_face_from_250_pixels_and_from_12_megapixels(service, portraits, index: int):
    image = portraits[index]
    small = cv2.resize(
        image, (250, 250 * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA
    )
    factor = (12e6 / image[..., 0].size) ** 0.5
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    stream = io.BytesIO()
    Image.fromarray(large).save(stream, "JPEG", quality=92)
    photos = [service.read(png(small), "left"), service.read(stream.getvalue(), "right")]
    assert photos[1].width * photos[1].height > 11.9e6
    for name, answer in service.compare(*photos).answers.items():
        # Far from what tells people apart: impostor pairs lie around 89 degrees
        assert answer.angle < 16, (name, answer.angle)


def test_of_several_faces_one_is_used_and_another_may_be(service, group, photos):
    photo = service.read(group, "left")
    assert len(photo.faces) == len(photo.crops) == 2
    for i in range(2):
        asked = service.read(group, "left", face=i + 1)
        assert asked.used == i
        np.testing.assert_array_equal(asked.crop, photo.using(i).crop)
        answer = service.compare(asked, photos[i]).answers["arcface"]
        assert answer.angle < 15
    with pytest.raises(FaceNumberInvalid, match=r"give a number up to 2"):
        service.read(group, "left", face=3)
    with pytest.raises(IndexError):
        photo.using(2)


def test_a_faceless_photo_says_what_helps(service):
    data = png(np.full((120, 160, 3), 90, np.uint8))
    with pytest.raises(FaceNotFound, match=r"right photo \(160 x 120 pixels\).*front"):
        service.read(data, "right")


def test_a_photo_keeps_no_more_than_the_answer_needs(service, portraits):
    large = cv2.resize(portraits[0], (3000, 3000))
    photo = service.read(png(large), "left")
    assert max(photo.preview.shape) == 900
    kept = photo.preview.nbytes + photo.crops.nbytes
    assert kept < large.nbytes / 8
    assert (photo.width, photo.height) == (3000, 3000)


def test_the_json_is_what_scripts_were_promised(service, photos):
    found = json.loads(json.dumps(service.compare(*photos).to_json()))
    assert set(found) == {"left", "right", "prior", "limit", "models"}
    assert set(found["models"]) == set(LOSSES)
    for model in found["models"].values():
        assert set(model) == {
            "similarity", "angle_degrees", "probability_same", "verdict",
            "far", "far_error", "frr", "frr_error",
        }  # fmt: skip
        assert model["verdict"] in ("same", "different", "unsure")
        cosine = np.cos(np.radians(model["angle_degrees"]))
        assert model["similarity"] == pytest.approx(cosine, abs=1e-4)
    for side, path in zip(("left", "right"), PORTRAITS, strict=True):
        height, width = read_image(path.read_bytes()).shape[:2]
        assert (found[side]["width"], found[side]["height"]) == (width, height)
        assert found[side]["face_used"] == 1
        left, top, w, h = found[side]["faces"][0]["box"]
        assert 0 <= left < left + w <= width
        assert 0 <= top < top + h <= height


def test_a_poor_photo_says_so_with_its_measure(service, portraits, photos):
    assert [photo.remarks for photo in photos] == [(), ()]
    eyes = photos[0].qualities[0].eye_distance
    small = cv2.resize(portraits[0], None, fx=7 / eyes, fy=7 / eyes, interpolation=cv2.INTER_AREA)
    dark = (portraits[0] * 0.1).astype(np.uint8)
    for image, kind in ((small, "tiny"), (dark, "dark")):
        photo = service.read(png(image), "left")
        assert kind in [remark.kind for remark in photo.remarks]
        told = next(remark for remark in photo.to_json()["remarks"] if remark["kind"] == kind)
        assert told["measure"] < told["limit"]
        for language in ("en", "ko"):
            sentence = text(language).remark(photo.remarks[0])
            assert f"{photo.remarks[0].measure:.0f}" in sentence


def test_a_face_is_embedded_once(service):
    count = {"faces": 0}
    arcface = assets.recognizer("arcface")

    def counted(crops):
        count["faces"] += len(crops)
        return arcface.function(crops)

    counting = CompareService([dataclasses.replace(arcface, function=counted)])
    left, right = (counting.read(path.read_bytes(), "left") for path in PORTRAITS)
    first = counting.compare(left, right)
    again = counting.compare(right, left, Belief(prior=0.1))
    assert count["faces"] == 2
    assert again.answers["arcface"].angle == pytest.approx(first.answers["arcface"].angle)
    assert again.answers["arcface"].probability < first.answers["arcface"].probability
