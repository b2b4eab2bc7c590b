"""Each degradation against what it must do to a crop, worked out without it."""

import numpy as np
import pytest

from model.degrade import (
    DEGRADATIONS,
    GREY,
    blurred,
    coarse,
    compressed,
    covered,
    displaced,
    exposed,
    noisy,
    rotated,
)
from model.faces import CROP, TEMPLATE, align, detect


@pytest.fixture(scope="module")
def crop(portraits) -> np.ndarray:
    return align(portraits[0], detect(portraits[0])[0].landmarks)


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a.astype(float) - b)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_row_goes_from_harmless_to_worst(crop, name):
    row = DEGRADATIONS[name]
    series = row.series(crop)
    assert series.shape == (len(row.strengths), CROP, CROP, 3)
    assert series.dtype == np.uint8
    assert row.default in row.strengths[1:]
    steps = np.diff(row.strengths)
    assert (steps > 0).all() or (steps < 0).all()
    if name == "jpeg":  # which has no lossless quality
        assert difference(series[0], crop).mean() < 2
    else:
        np.testing.assert_array_equal(series[0], crop)
    far = [difference(one, crop).mean() for one in series]
    assert far[-1] > far[1] > 0
    np.testing.assert_array_equal(series, row.series(crop))  # the same each time


def test_blur_keeps_the_mean_and_lowers_the_variance(crop):
    # A point becomes the Gaussian, whose peak is 1 / (2 pi sigma^2) of it
    variances = [blurred(crop, sigma).var() for sigma in (0, 1, 2, 4)]
    assert (np.diff(variances) < 0).all()
    assert blurred(crop, 2).mean() == pytest.approx(crop.mean(), abs=1.5)
    point = np.zeros((41, 41, 3), dtype=np.uint8)
    point[20, 20] = 255
    peak = 255 / (2 * np.pi * 1.5**2)
    assert blurred(point, 1.5)[20, 20, 0] == pytest.approx(peak, rel=0.05)


def test_noise_has_the_sigma_asked_for_and_a_seed():
    grey = np.full((CROP, CROP, 3), 128, dtype=np.uint8)
    error = noisy(grey, 10.0).astype(float) - 128
    assert error.std() == pytest.approx(10, rel=0.03)
    assert error.mean() == pytest.approx(0, abs=0.2)
    np.testing.assert_array_equal(noisy(grey, 10.0), noisy(grey, 10.0))
    assert (exposed(grey, 1.0, 10.0, seed=1) != noisy(grey, 10.0)).any()


def test_darkness_halves(crop):
    np.testing.assert_allclose(exposed(crop, 0.5), crop / 2, atol=0.5)
    assert not exposed(crop, 0.0).any()


def test_jpeg_loses_more_at_a_lower_quality(crop):
    lost = [difference(compressed(crop, q), crop).mean() for q in (100, 75, 30, 10, 1)]
    assert (np.diff(lost) > 0).all()
    flat = np.full((CROP, CROP, 3), 90, dtype=np.uint8)
    assert difference(compressed(flat, 30), flat).max() <= 2


def test_resolution_keeps_112_pixels_and_a_flat_face(crop):
    np.testing.assert_array_equal(coarse(crop, 112), crop)
    flat = np.full((CROP, CROP, 3), 90, dtype=np.uint8)
    np.testing.assert_array_equal(coarse(flat, 8), flat)
    assert coarse(crop, 8).mean() == pytest.approx(crop.mean(), abs=2)
    stripes = np.zeros((CROP, CROP, 3), dtype=np.uint8)
    stripes[:, ::2] = 200  # finer than 56 pixels can show
    np.testing.assert_allclose(coarse(stripes, 56), 100, atol=1)


def test_occlusion_is_grey_from_below(crop):
    half = covered(crop, 0.5)
    np.testing.assert_array_equal(half[:56], crop[:56])
    assert (half[56:] == GREY).all()
    assert (covered(crop, 1.0) == GREY).all()


def test_rotation_by_quarters_and_by_a_whole_turn(crop):
    inside = (slice(2, -2), slice(2, -2))
    for degrees, turns in ((90, 3), (180, 2), (270, 1), (360, 0)):  # np.rot90 turns the other way
        found, wanted = rotated(crop, degrees)[inside], np.rot90(crop, turns)[inside]
        assert difference(found, wanted).max() <= 2, degrees


def test_displaced_landmarks_shift_the_crop(crop):
    moved = displaced(crop, 8)
    np.testing.assert_array_equal(moved[:, :-8], crop[:, 8:])
    assert not moved[:, -8:].any()
    np.testing.assert_array_equal(align(crop, TEMPLATE), crop)
