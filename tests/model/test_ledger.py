"""The paper's angle statistics on embeddings whose angles are known beforehand."""

import numpy as np
import pytest

from model.angles import angles_between
from model.calibration import BINS
from model.ledger import (
    PAPER,
    SHARES,
    STATISTICS,
    PairAngles,
    apart,
    drawn_images,
    equal_error,
    ledger,
    nearest,
    over_people,
    overlap,
    to_mean,
    to_mean_of_others,
    unit,
)
from model.verification import degrees, equal_error_rate


def cone(axis: np.ndarray, angle: float, images: int) -> np.ndarray:
    """`images` unit vectors (n, 3) evenly around `axis`, all at `angle` degrees from it."""
    axis = unit(axis)
    side = unit(np.cross(axis, [0.3, -0.5, 0.8]))
    turn = 2 * np.pi * np.arange(images)[:, None] / images
    around = np.cos(turn) * side + np.sin(turn) * np.cross(axis, side)
    return np.cos(np.radians(angle)) * axis + np.sin(np.radians(angle)) * around


def on_circle(*angles: float) -> np.ndarray:
    """Directions (C, 3) in one plane at these degrees."""
    turn = np.radians(angles)
    return np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)


def test_intra_of_a_cone_is_its_half_angle_and_leave_one_out_is_what_the_formula_says():
    faces = np.stack([cone(np.array(axis), 30, 10) for axis in ([0, 0, 1.0], [1.0, 2, 3])])
    np.testing.assert_allclose(np.degrees(to_mean(faces)), 30, atol=1e-9)
    # The sum of the others is 9 cos(30) along the axis and -sin(30) away from the image left out.
    expected = 30 + np.degrees(np.arctan(np.tan(np.radians(30)) / 9))
    np.testing.assert_allclose(np.degrees(to_mean_of_others(faces)), expected, atol=1e-9)


@pytest.mark.parametrize(("images", "reads"), [(2, 30.0), (10, 42.1)])
def test_intra_reads_too_low_with_few_images_as_the_design_says(images: int, reads: float):
    """True 45 degrees in many dimensions: images a quarter turn apart in what they do not share."""
    shared, own = np.eye(images + 1)[:1], np.eye(images + 1)[1:]
    faces = ((shared + own) / np.sqrt(2))[None]  # (1, n, n + 1)
    np.testing.assert_allclose(np.degrees(to_mean(faces)), reads, atol=0.05)
    cosine = 0.5 / np.sqrt(0.5 + 0.5 / (images - 1))
    np.testing.assert_allclose(np.cos(to_mean_of_others(faces)), cosine, atol=1e-12)


def test_inter_is_the_mean_distance_to_the_nearest_other():
    angles = apart(on_circle(0, 40, 100, 170))
    np.testing.assert_allclose(np.degrees(angles[0, 1:]), [40, 100, 170], atol=1e-9)
    assert np.isinf(np.diag(angles)).all()
    found = nearest(angles)
    assert np.degrees(found.value) == pytest.approx((40 + 40 + 60 + 70) / 4)
    assert found.standard_error > 0


def test_the_error_over_people_is_that_of_a_mean():
    values = np.random.default_rng(1).normal(1.0, 0.2, size=43)
    found = over_people(values)
    assert found.value == pytest.approx(values.mean())
    assert found.standard_error == pytest.approx(values.std() / np.sqrt(43), rel=0.1)
    assert over_people(np.full(43, 0.7)).standard_error == pytest.approx(0, abs=1e-12)
    simplex = np.where(np.eye(6, dtype=bool), np.inf, 1.2)  # whoever is drawn, the nearest is there
    assert nearest(simplex).standard_error == pytest.approx(0, abs=1e-12)


def test_the_draw_takes_as_many_of_each_and_the_same_again():
    person = np.repeat([3, 5, 8, 9], [12, 10, 9, 121])
    drawn = drawn_images(person)
    assert drawn.shape == (3, 10)
    assert [set(person[row].tolist()) for row in drawn] == [{3}, {5}, {9}]  # 8 has too few
    assert all(len(set(row.tolist())) == 10 for row in drawn)
    np.testing.assert_array_equal(drawn, drawn_images(person))
    assert (drawn != drawn_images(person, seed=1)).any()


def test_pairs_are_all_pairs_with_their_angles():
    vectors = unit(np.random.default_rng(2).normal(size=(6, 8)))
    person = np.array([0, 0, 0, 1, 1, 2])
    pairs = PairAngles.of(vectors, person)
    expected = [angles_between(vectors[i], vectors[j]) for i in range(6) for j in range(i + 1, 6)]
    np.testing.assert_allclose(pairs.angle, expected, atol=1e-9)
    assert pairs.same.sum() == 3 + 1
    genuine, impostor = pairs.histograms()
    assert (genuine.sum(), impostor.sum()) == (4, 11)
    place = int(np.degrees(pairs.angle[0]) * 10)
    assert genuine[place] >= 1


def counted(angles: np.ndarray) -> np.ndarray:
    return np.histogram(angles, bins=BINS, range=(0, 180))[0].astype(np.float64)


def test_overlap_is_what_two_histograms_share():
    low, high = counted(np.linspace(20, 39.99, 2000)), counted(np.linspace(50, 69.99, 2000))
    half = counted(np.linspace(30, 49.99, 2000))
    assert overlap(low, high) == 0
    assert overlap(low, 7 * low) == pytest.approx(1)
    assert overlap(low, half) == pytest.approx(0.5)


def test_the_equal_error_is_scikit_learns():
    rng = np.random.default_rng(3)
    genuine, impostor = rng.normal(55, 10, 2000), rng.normal(85, 7, 20000)
    error, angle = equal_error(counted(genuine), counted(impostor))
    cosine = np.cos(np.radians(np.concatenate([genuine, impostor])))
    assert error == pytest.approx(equal_error_rate(cosine, np.arange(22000) < 2000), abs=1e-3)
    assert np.mean(genuine > np.degrees(angle)) == pytest.approx(error, abs=2e-3)
    assert np.mean(impostor < np.degrees(angle)) == pytest.approx(error, abs=2e-3)
    assert degrees(np.cos(np.array([angle])))[0] == pytest.approx(np.degrees(angle))


def test_the_ledger_of_two_known_galleries():
    """Seen: cones of 10 degrees on a circle; unseen: of 20. Centres turned 5 degrees away."""
    places = (0, 50, 110)
    faces = [cone(axis, 10, 12) for axis in on_circle(*places)]
    faces += [cone(axis, 20, 12) for axis in on_circle(*places)]
    person, seen = np.repeat(np.arange(6), 12), np.repeat([True, False], 36)
    owners = np.array([2, 0, 1])  # in an order of its own
    centres = on_circle(*(place + 5 for place in places))[owners]
    # All images of a cone, so that its mean is its axis: draw ten of ten
    keep = np.concatenate([np.arange(10) + 12 * j for j in range(6)])
    even = np.concatenate([cone(axis, 10 if j < 3 else 20, 10) for j, axis in
                           enumerate(np.tile(on_circle(*places), (2, 1)))])  # fmt: skip
    found = ledger(even, person[keep], seen[keep], centres, owners)
    assert set(found) == {*STATISTICS, *SHARES}
    expected = {
        "w_ec": 5, "w_inter": (50 + 50 + 60) / 3, "seen_intra": 10, "unseen_intra": 20,
        "seen_inter": (50 + 50 + 60) / 3, "unseen_inter": (50 + 50 + 60) / 3,
    }  # fmt: skip
    for name, value in expected.items():
        assert np.degrees(found[name].value) == pytest.approx(value, abs=1e-6), name
    assert found["seen_overlap"].value == found["seen_eer"].value == 0  # 20 degrees against 30
    assert found["unseen_overlap"].value > 0
    # Twelve images a person: the draw moves the mean, and leave-one-out is never the smaller
    drawn = ledger(np.concatenate(faces), person, seen, centres, owners)
    assert np.degrees(drawn["w_ec"].value) == pytest.approx(5, abs=3)
    assert drawn["seen_left_out"].value > drawn["seen_intra"].value


def test_the_papers_table_has_our_names():
    for column in PAPER.values():
        assert set(column) <= set(STATISTICS)
    assert PAPER["arcface"]["w_ec"] == 14.29
    assert PAPER["norm-softmax"]["unseen_inter"] == 65.60
