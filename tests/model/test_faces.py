import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.faces import CROP, TEMPLATE, Face, FacesTooMany, align, choose, detect, similarity


@given(st.floats(0.05, 20), st.floats(-3.1, 3.1), st.floats(-500, 500), st.floats(-500, 500))
def test_a_known_similarity_is_recovered(scale: float, turn: float, x: float, y: float):
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    source = TEMPLATE @ linear.T + [x, y]
    found, shift = similarity(TEMPLATE, source)
    np.testing.assert_allclose(found, linear, atol=1e-7 * max(1, scale))
    np.testing.assert_allclose(shift, [x, y], atol=1e-4)


def test_similarity_is_the_least_squares_one():
    """Against numpy's least squares on the four unknowns written out."""
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(5, 2)) * 30, TEMPLATE
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        values += [u, v]
    a, b, c, d = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    linear, shift = similarity(source, target)
    np.testing.assert_allclose(linear, [[a, -b], [b, a]], atol=1e-9)
    np.testing.assert_allclose(shift, [c, d], atol=1e-9)


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.7, 11.0])
@pytest.mark.parametrize("turn", [0.0, 0.5, -2.0])
def test_landmarks_land_on_the_template(scale: float, turn: float):
    """Soft dots at known places, a colour each, are found on the template to a third of a pixel."""
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    landmarks = (TEMPLATE - 56) @ linear.T
    landmarks += 60 - landmarks.min(axis=0)
    height, width = np.ceil(landmarks.max(axis=0)[::-1] + 60).astype(int)
    ys, xs = np.mgrid[:height, :width]
    for i, (x, y) in enumerate(landmarks):
        image = np.zeros((height, width, 3), np.uint8)
        spread = 3.0 * scale
        dot = 255 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * spread**2))
        image[..., 1] = dot.round()
        crop = align(image, landmarks)[..., 1].astype(float)
        grid_y, grid_x = np.mgrid[:CROP, :CROP]
        found = np.array([(grid_x * crop).sum(), (grid_y * crop).sum()]) / crop.sum()
        np.testing.assert_allclose(found, TEMPLATE[i], atol=0.34)


def test_outside_the_photo_is_black():
    image = np.full((112, 112, 3), 200, np.uint8)
    crop = align(image, TEMPLATE + np.array([60, 0]))
    assert (crop[:, -55:] == 0).all()
    assert (crop[5:-5, :45] == 200).all()


def test_both_portraits_have_one_face_with_eyes_over_mouth(portraits):
    for image in portraits:
        faces = detect(image)
        assert len(faces) == 1
        left, right, nose, mouth_left, mouth_right = faces[0].landmarks
        assert left[0] < nose[0] < right[0]
        assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
        assert mouth_left[0] < mouth_right[0]


def test_landmarks_of_a_larger_copy_are_those_of_the_photo_to_the_subpixel(portraits):
    """Each pixel repeated four times: the same photo to the detector, centres mapped exactly."""
    image = cv2.resize(portraits[0], (1024, 1024), interpolation=cv2.INTER_AREA)
    large = image.repeat(4, axis=0).repeat(4, axis=1)
    small_face, large_face = detect(image)[0], detect(large)[0]
    expected = (small_face.landmarks + 0.5) * 4 - 0.5
    np.testing.assert_allclose(large_face.landmarks, expected, atol=1e-9)
    crops = [align(im, f.landmarks) for im, f in ((image, small_face), (large, large_face))]
    assert np.abs(crops[0].astype(int) - crops[1]).mean() < 2.0  # of 255


@pytest.mark.parametrize("shape", [(20, 60_000, 3), (60_000, 20, 3)])
def test_a_very_thin_photo_has_no_face_and_no_crash(shape):
    assert detect(np.full(shape, 99, np.uint8)) == []


def test_two_people_in_one_photo_are_found_from_left_to_right(portraits):
    height = max(image.shape[0] for image in portraits)
    both = np.concatenate(
        [np.pad(im, ((0, height - im.shape[0]), (0, 0), (0, 0))) for im in portraits], axis=1
    )
    faces = detect(both)
    assert len(faces) == 2
    assert faces[0].box[0] < portraits[0].shape[1] < faces[1].box[0]


def test_no_face_is_an_empty_list():
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8), (0, 0), 9)
    assert detect(noise) == []
    assert detect(np.zeros((20, 20, 3), np.uint8)) == []


def face(left: float, top: float, width: float, height: float) -> Face:
    return Face((left, top, width, height), TEMPLATE, 1.0)


def test_the_face_used_is_the_large_one_near_the_middle():
    shape = (100, 200, 3)
    small_middle, large_edge = face(95, 45, 10, 10), face(0, 0, 30, 30)
    assert choose([large_edge, small_middle], shape) == 1  # 900 - 2 (85^2 + 35^2) < 100
    huge_edge = face(0, 0, 90, 100)
    assert choose([small_middle, huge_edge], shape) == 1  # 9000 - 2 * 55^2 > 100
    with pytest.raises(ValueError, match="empty"):
        choose([], shape)


@pytest.mark.parametrize("index", [0, 1])
def test_a_small_and_a_large_photo_of_one_scene_give_the_same_crop(portraits, index: int):
    image = portraits[index]
    small = cv2.resize(image, (250, 250 * image.shape[0] // image.shape[1]), interpolation=3)
    factor = (12e6 / image[..., 0].size) ** 0.5
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    assert large[..., 0].size > 11.9e6
    crops = [align(im, detect(im)[0].landmarks).astype(float) for im in (small, large)]
    blurred = [cv2.GaussianBlur(crop, (0, 0), 3) for crop in crops]
    assert np.abs(blurred[0] - blurred[1]).mean() < 8  # of 255


def test_a_crowd_of_a_thousand_is_refused_and_a_group_is_not(portraits):
    image = portraits[0]
    crop = align(image, detect(image)[0].landmarks)

    def crowd(side: int, count: int) -> np.ndarray:
        small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(np.tile(small, (count, count, 1)))

    assert len(detect(crowd(100, 5))) == 25
    with pytest.raises(FacesTooMany, match="Crop it"):
        detect(crowd(28, 36))
