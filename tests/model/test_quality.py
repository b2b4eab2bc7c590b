import dataclasses
import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.faces import TEMPLATE, Face, align, detect
from model.quality import LIMITS, Quality, Remark, measure, remarks, turn

# Eyes, nose, corners of the mouth of an adult head in millimetres; x right, y down, z towards us.
HEAD = np.array([[-32, -35, 0], [32, -35, 0], [0, 0, 38], [-26, 35, 3], [26, 35, 3]], dtype=float)
GOOD = Quality(eye_distance=40.0, sharpness=5.0, brightness=180.0, turn=5.0, outside=0.0)


def at(landmarks: np.ndarray) -> Face:
    return Face((0.0, 0.0, 1.0, 1.0), landmarks, 1.0)


def scaled(landmarks: np.ndarray, factor: float) -> np.ndarray:
    """Where landmarks lie in a photo resized by `factor`; a pixel's centre is a whole number."""
    return (landmarks + 0.5) * factor - 0.5


@pytest.fixture(scope="module")
def found(portraits) -> list[tuple[np.ndarray, Face]]:
    return [(image, detect(image)[0]) for image in portraits]


def test_the_portraits_get_no_remark(found):
    for image, face in found:
        assert remarks(measure(image, face)) == ()


def test_the_crop_may_be_given(found):
    image, face = found[0]
    assert measure(image, face, align(image, face.landmarks)) == measure(image, face)


@pytest.mark.parametrize("factor", [0.5, 0.25, 2.0])
def test_the_distance_between_the_eyes_is_in_pixels_of_the_photo(found, factor: float):
    for image, face in found:
        resized = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        now = measure(resized, at(scaled(face.landmarks, factor)))
        before = measure(image, face)
        assert now.eye_distance == pytest.approx(before.eye_distance * factor, rel=1e-9)
        assert now.turn == pytest.approx(before.turn, abs=1e-6)


def test_sharpness_falls_with_blur_and_forgets_contrast_and_noise(found):
    rng = np.random.default_rng(0)
    for image, face in found:
        crop = align(image, face.landmarks)
        blurred = [crop, *(cv2.GaussianBlur(crop, (0, 0), s) for s in (1, 2, 3, 4, 6))]
        values = [measure(image, face, c).sharpness for c in blurred]
        assert (np.diff(values) < 0).all()
        assert values[-1] < values[0] / 5
        paler = (crop.astype(float) * 0.5 + 60).round().astype(np.uint8)
        noisy = np.clip(crop + rng.normal(0, 4, crop.shape), 0, 255).astype(np.uint8)
        for other in (paler, noisy):
            assert measure(image, face, other).sharpness == pytest.approx(values[0], rel=0.05)


def test_a_small_and_a_large_photo_of_one_scene_are_as_sharp_and_as_bright(found):
    for image, face in found:
        measured = []
        for width in (250, 1500):
            factor = width / image.shape[1]
            kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
            resized = cv2.resize(image, None, fx=factor, fy=factor, interpolation=kind)
            measured.append(measure(resized, at(scaled(face.landmarks, factor))))
        small, large = measured
        assert small.sharpness == pytest.approx(large.sharpness, rel=0.2)  # one has eyes 21 apart
        assert small.brightness == pytest.approx(large.brightness, abs=3)


def test_brightness_goes_with_the_light(found):
    for image, face in found:
        shares = (1.0, 0.7, 0.4, 0.2, 0.1, 0.0)
        values = [measure((image * s).astype(np.uint8), face).brightness for s in shares]
        np.testing.assert_allclose(values, values[0] * np.array(shares), atol=1.0)
        dark = measure((image * 0.1).astype(np.uint8), face)
        assert [remark.kind for remark in remarks(dark)] == ["dark"]


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Turned to the side, then nodding, then tilted in the picture's plane; in degrees."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = [[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]
    about_x = [[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]]
    about_z = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    return np.array(about_z) @ about_x @ about_y


@pytest.mark.parametrize("yaw", [-60, -35, -15, 0, 10, 25, 45, 70])
@pytest.mark.parametrize("pitch", [-15, 0, 15])
@pytest.mark.parametrize("roll", [-40, 0, 170])
def test_the_turn_of_a_head_seen_from_afar(yaw: float, pitch: float, roll: float):
    seen = (HEAD @ rotation(yaw, pitch, roll).T)[:, :2] * 1.7 + [300, 200]
    assert turn(seen) == pytest.approx(abs(yaw), abs=3.0)


@pytest.mark.parametrize("yaw", [-40, -20, 0, 20, 40])
def test_the_turn_of_a_head_one_metre_from_the_camera(yaw: float):
    points = HEAD @ rotation(yaw, 5, 0).T
    seen = 1000 * points[:, :2] / (1000 - points[:, 2:])
    assert turn(seen) == pytest.approx(abs(yaw), abs=4.0)


def test_the_template_is_frontal_and_a_profile_is_90_degrees():
    assert turn(TEMPLATE) < 1.5
    profile = np.array([[50.0, 50], [50, 50], [30, 70], [45, 90], [45, 90]])
    assert turn(profile) == 90.0
    assert np.isfinite(turn(np.full((5, 2), 7.0)))


def test_a_mirrored_photo_has_the_same_measures(found):
    for image, face in found:
        landmarks = face.landmarks[[1, 0, 2, 4, 3]]
        mirrored = landmarks * [-1, 1] + [image.shape[1] - 1, 0]
        before, after = measure(image, face), measure(image[:, ::-1], at(mirrored))
        for name, value in dataclasses.asdict(before).items():
            # The template is not quite symmetric: the crop moves by 0.8 pixels.
            assert getattr(after, name) == pytest.approx(value, rel=0.06, abs=1e-6), name


@pytest.mark.parametrize(
    ("angle", "x", "y"), [(0, 20.3, -7.5), (15, 0, 0), (-77, 9, 30), (180, 0.5, 0)]
)
def test_a_tilted_and_moved_face_has_the_same_measures(found, angle: float, x: float, y: float):
    image, face = found[1]
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    landmarks = scaled(face.landmarks, 0.5)
    matrix = cv2.getRotationMatrix2D(landmarks.mean(axis=0), angle, 1.0)
    matrix[:, 2] += [500 - landmarks[:, 0].mean() + x, 500 - landmarks[:, 1].mean() + y]
    moved = cv2.warpAffine(small, matrix, (1000, 1000), flags=cv2.INTER_CUBIC)
    before = measure(small, at(landmarks))
    after = measure(moved, at(landmarks @ matrix[:, :2].T + matrix[:, 2]))
    assert after.eye_distance == pytest.approx(before.eye_distance, rel=1e-6)
    assert after.turn == pytest.approx(before.turn, abs=1e-4)
    assert after.sharpness == pytest.approx(before.sharpness, rel=0.1)
    assert after.brightness == pytest.approx(before.brightness, abs=3)
    assert after.outside == 0.0


@given(
    scale=st.floats(0.3, 6),
    angle=st.floats(-3.1, 3.1),
    x=st.floats(-50, 250),
    y=st.floats(-50, 250),
)
def test_the_share_outside_is_that_of_the_polygons(scale: float, angle: float, x: float, y: float):
    """Against the area in which the template's square and the photo's rectangle overlap."""
    height, width = 160, 220
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (TEMPLATE - 56) @ linear.T + [x, y]
    square = np.array([[-0.5, -0.5], [111.5, -0.5], [111.5, 111.5], [-0.5, 111.5]])
    square = ((square - 56) @ linear.T + [x, y]).astype(np.float32)
    right, bottom = width - 0.5, height - 0.5
    photo = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]], np.float32)
    overlap, _ = cv2.intersectConvexConvex(square, photo)
    image = np.full((height, width, 3), 150, np.uint8)
    quality = measure(image, at(landmarks), np.full((112, 112, 3), 150, np.uint8))
    assert quality.outside == pytest.approx(1 - overlap / (112 * scale) ** 2, abs=0.01)


def test_what_is_outside_counts_neither_for_light_nor_for_sharpness(found):
    for image, face in found:
        left = int(face.landmarks[:, 0].mean())  # half of the face
        half, moved = image[:, left:], at(face.landmarks - [left, 0])
        black = measure(half, moved)
        assert black.outside == pytest.approx(0.5, abs=0.05)
        crop = align(half, moved.landmarks)
        crop[:, :50] = 255  # well outside
        assert measure(half, moved, crop) == black
        assert black.sharpness == pytest.approx(measure(image, face).sharpness, rel=0.3)
        assert "cut_off" in [remark.kind for remark in remarks(black)]


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_face_without_contrast_has_finite_measures(level: int):
    image = np.full((112, 112, 3), level, np.uint8)
    for shift in (0, 50, 1000):
        quality = measure(image, at(TEMPLATE + shift))
        assert np.isfinite(list(dataclasses.asdict(quality).values())).all()
        assert quality.sharpness == 0.0


def test_each_limit_is_remarked_on_just_beyond_it_and_not_on_it():
    assert remarks(GOOD) == ()
    for limit in LIMITS:
        beyond = limit.value - 1e-6 if limit.below else limit.value + 1e-6
        poor = dataclasses.replace(GOOD, **{limit.measure: beyond})
        assert remarks(poor) == (Remark(limit.kind, beyond, limit.value),)
        assert remarks(dataclasses.replace(GOOD, **{limit.measure: limit.value})) == ()


def test_a_tiny_face_is_not_called_blurred_as_well():
    poor = dataclasses.replace(GOOD, eye_distance=4.0, sharpness=0.1, turn=80.0)
    assert [remark.kind for remark in remarks(poor)] == ["tiny", "turned"]


def test_a_photo_of_twelve_megapixels_takes_no_longer(found):
    image, face = found[0]
    large = cv2.resize(image, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    landmarks = (face.landmarks + 0.5) * [4000 / image.shape[1], 3000 / image.shape[0]] - 0.5
    crop = align(large, landmarks)
    given = {
        "large": (large, at(landmarks), crop),
        "small": (image, face, align(image, face.landmarks)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in given}
    for _ in range(20):
        for name, arguments in given.items():
            start = time.perf_counter()
            measure(*arguments)
            seconds[name].append(time.perf_counter() - start)
    assert min(seconds["large"]) < 3 * min(seconds["small"])
