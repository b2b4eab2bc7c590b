"""Occlusion maps and nearer faces against slow loops and networks made by hand."""

import math

import numpy as np
import pytest

from demo import assets
from model.explain import (
    EDGE,
    PATCH,
    REGIONS,
    STRIDE,
    Occlusion,
    covered,
    nearer,
    occlusion_map,
    region,
    squares,
    strangers,
)
from model.faces import CROP, TEMPLATE, align, detect


@pytest.fixture(scope="module")
def crops(portraits) -> list[np.ndarray]:
    return [align(image, detect(image)[0].landmarks) for image in portraits]


def by_cosine(a: np.ndarray, b: np.ndarray) -> float:
    return math.acos(np.clip(float(a.astype(np.float64) @ b.astype(np.float64)), -1, 1))


def test_the_map_is_that_of_one_patch_at_a_time(crops):
    """A pixel's value by its definition: every square that covers it, embedded alone."""
    embed = assets.recognizer("arcface").embed
    patch, stride = 56, 28
    found = occlusion_map(*crops, embed, patch, stride)
    whole = [embed(crop[None])[0] for crop in crops]
    assert found.angle == pytest.approx(by_cosine(*whole), abs=1e-5)
    for side in (0, 1):
        total, count = np.zeros((CROP, CROP)), np.zeros((CROP, CROP))
        for top in range(0, CROP - patch + 1, stride):
            for left in range(0, CROP - patch + 1, stride):
                hidden = crops[side].copy()
                for channel in range(3):
                    mean = round(float(crops[side][..., channel].mean()))
                    hidden[top : top + patch, left : left + patch, channel] = mean
                grown = by_cosine(embed(hidden[None])[0], whole[1 - side]) - found.angle
                assert found.grown[side, top // stride, left // stride] == pytest.approx(
                    grown, abs=1e-4
                )
                total[top : top + patch, left : left + patch] += grown
                count[top : top + patch, left : left + patch] += 1
        np.testing.assert_allclose(found.maps()[side], total / count, atol=1e-4)


def mouth_only(crops: np.ndarray) -> np.ndarray:
    """A network that looks at the mouth alone: unit (K, 2), turned by how bright it is there."""
    x, y = np.round(TEMPLATE[3:].mean(axis=0)).astype(int)
    bright = crops[:, y - 2 : y + 3, x - 2 : x + 3].mean(axis=(1, 2, 3)) / 255
    return np.stack([np.cos(bright), np.sin(bright)], axis=1).astype(np.float32)


def test_where_one_region_matters_the_map_lights_up_there_and_nowhere_else():
    left = np.zeros((CROP, CROP, 3), np.uint8)
    left[80:104, 40:72] = 255  # both have a bright mouth, so all that is alike is there
    found = occlusion_map(left, left.copy(), mouth_only)
    assert found.angle == 0
    x, y = np.round(TEMPLATE[3:].mean(axis=0)).astype(int)
    for side, drawn in enumerate(found.maps()):
        assert drawn.max() > 0.1
        assert found.most(side).region == "mouth"
        lit = np.argwhere(drawn > 1e-6)
        assert np.abs(lit - [y, x]).max() <= PATCH + 2  # no further than a square that covers it
        assert drawn[y, x] == drawn.max()
        assert (drawn[:56] == 0).all()


def test_a_square_that_hinders_is_negative():
    """Another mouth in the second photo: without it, the two are nearer."""
    left = np.zeros((CROP, CROP, 3), np.uint8)
    right = left.copy()
    right[80:104, 40:72] = 255
    found = occlusion_map(left, right, mouth_only)
    assert found.angle == pytest.approx(1)
    assert found.least(1).region == "mouth"
    assert found.least(1).grown < -0.5
    assert found.most(1).grown == pytest.approx(0, abs=1e-6)


def test_the_squares_cover_every_pixel_in_the_crops_mean_colour(crops):
    hidden = covered(crops[0])
    assert hidden.shape == (len(squares()), CROP, CROP, 3)
    changed = np.zeros((CROP, CROP), dtype=int)
    mean = np.round(crops[0].mean(axis=(0, 1)))
    for one, (left, top) in zip(hidden, squares(), strict=True):
        place = np.zeros((CROP, CROP), dtype=bool)
        place[top : top + PATCH, left : left + PATCH] = True
        assert (one[place] == mean).all()
        np.testing.assert_array_equal(one[~place], crops[0][~place])
        changed += place
    assert changed.min() == 1
    assert changed.max() == (PATCH // STRIDE) ** 2


@pytest.mark.parametrize(("patch", "stride"), [(22, 11), (28, 0), (14, 28), (113, 1)])
def test_squares_that_do_not_fit_are_refused(patch: int, stride: int):
    with pytest.raises(ValueError, match="does not fit 112 pixels"):
        squares(patch, stride)


def test_a_place_is_called_after_the_nearest_landmark():
    for name, point in REGIONS.items():
        assert region(point) == name
    for corner in ((0, 0), (111, 0), (0, 111), (111, 111)):
        assert region(np.array(corner, dtype=float)) == EDGE
    assert REGIONS["forehead"][1] < TEMPLATE[:, 1].min()
    assert REGIONS["left_cheek"][0] < REGIONS["nose"][0] < REGIONS["right_cheek"][0]


def test_a_square_knows_where_it_lies():
    grown = np.zeros((2, 7, 7))
    grown[1, 2, 3] = 0.25
    square = Occlusion(1.0, grown).most(1)
    assert (square.left, square.top, square.grown) == (3 * STRIDE, 2 * STRIDE, 0.25)
    assert square.region == "bridge"


def test_who_is_nearer_by_a_loop_over_the_gallery():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    person = rng.integers(0, 30, 200)
    face = vectors[17]
    for angle in (0.0, 0.9, math.pi / 2):
        found = nearer(face, vectors, person, angle, people=4)
        best: dict[int, tuple[float, int]] = {}
        images, people = 0, set()
        for i, vector in enumerate(vectors):
            away = by_cosine(face, vector)
            if away < angle:
                images, people = images + 1, people | {int(person[i])}
            best[int(person[i])] = min(best.get(int(person[i]), (math.inf, -1)), (away, i))
        assert (found.images, found.people) == (images, len(people))
        expected = sorted(best.values())[:4]
        assert found.nearest.tolist() == [i for _, i in expected]
        np.testing.assert_allclose(found.angles, [away for away, _ in expected], atol=1e-3)


def test_where_a_gallery_has_few_people_all_of_them_are_named():
    vectors = np.eye(3, dtype=np.float32)
    found = nearer(vectors[0], vectors, np.array([4, 4, 9]), 0.1)
    assert found.nearest.tolist() == [0, 2]
    assert (found.images, found.people) == (1, 1)


def test_whoever_has_a_photo_of_the_pair_in_the_gallery_is_no_stranger():
    def at(*degrees: float) -> np.ndarray:
        angles = np.radians(degrees)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    pair = at(0, 40)
    gallery, person = at(0.01, 20, 40.01, 5, 30, 60), np.array([0, 0, 1, 2, 2, 3])
    among = strangers(pair, gallery, person)
    assert among.tolist() == [False, False, False, True, True, True]
    found = nearer(pair[0], gallery, person, math.radians(40), among=among)
    assert (found.images, found.people) == (2, 1)
    assert found.nearest.tolist() == [3, 5]
    np.testing.assert_allclose(np.degrees(found.angles), [5, 60], atol=1e-3)
    assert strangers(at(10, 50), gallery, person).all()  # neither photo is there
