"""The sphere's geometry against hand-made points, and a layout of spaces made by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.sphere import (
    HONEST,
    Layout,
    correspondence,
    facing,
    faithfulness,
    on_plane,
    on_sphere,
    person_means,
    place,
    project,
    smooth_weights,
    umap_transform,
)

SEEDS = st.integers(0, 10_000)


def unit(seed: int, *shape: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=shape)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_umaps_coordinates_are_turned_into_points_however_far_they_ran():
    angles = np.array([[0, 0], [np.pi / 2, 0], [np.pi / 2, np.pi / 2], [np.pi, 1], [7.1, -9.3]])
    points = on_sphere(angles)
    np.testing.assert_allclose(points[:4], [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, -1]], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)


@given(SEEDS, st.floats(0, 4))
def test_two_angles_of_a_point_lead_back_to_it_however_far_they_ran(seed: int, reach: float):
    points = np.concatenate([unit(seed, 20, 3), np.eye(3), -np.eye(3)])
    angles = on_plane(points)
    np.testing.assert_allclose(on_sphere(angles), points, atol=1e-12)
    assert (np.abs(angles) <= np.pi).all()
    far = 10**reach * np.random.default_rng(seed).normal(size=(20, 2))
    ran = on_sphere(far)
    np.testing.assert_allclose(on_sphere(on_plane(ran)), ran, atol=1e-9)


@given(SEEDS)
def test_facing_brings_left_to_the_front_and_right_to_its_right(seed: int):
    left, right = unit(seed, 2, 3)
    turn = facing(left, right)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_allclose(turn @ left, [0, 0, 1], atol=1e-9)
    x, y, z = turn @ right
    assert y == pytest.approx(0, abs=1e-9)
    assert x >= 0
    assert np.arctan2(x, z) == pytest.approx(np.arccos(left @ right), abs=1e-6)


@pytest.mark.parametrize("right", [None, "same", "opposite"])
@pytest.mark.parametrize("left", [[0, 0, 1], [0, 1, 0], [0, -1, 0], [0.6, 0.64, 0.48]])
def test_facing_works_where_the_right_says_no_direction(left, right):
    left = np.array(left, dtype=float)
    turn = facing(left, {None: None, "same": left, "opposite": -left}[right])
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(turn @ left, [0, 0, 1], atol=1e-9)
    if abs(left[1]) < 1:
        assert (turn @ [0, 1, 0])[1] > 0  # upright


def test_means_of_people():
    vectors = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]])
    means = person_means(vectors, np.array([7, 7, 3, 3]))
    np.testing.assert_allclose(means, [[0, 0, 1], [0.5**0.5, 0.5**0.5, 0]])


@given(SEEDS, st.integers(3, 30))
def test_weights_are_those_of_umaps_smooth_knn(seed: int, count: int):
    distance = np.sort(np.random.default_rng(seed).uniform(0.05, 1.5, (4, count)), axis=1)
    weights = smooth_weights(distance)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (np.diff(weights, axis=1) <= 1e-12).all()
    # UMAP: before scaling, the nearest weighs 1 and all together log2(K)
    np.testing.assert_allclose(1 / weights[:, 0], np.log2(count), rtol=1e-3)


def test_a_face_is_placed_among_its_neighbours_the_same_alone_as_among_others():
    gallery = np.concatenate([unit(0, 40, 16) * 0.2 + axis for axis in np.eye(16)[:3]])
    gallery = (gallery / np.linalg.norm(gallery, axis=1, keepdims=True)).astype(np.float32)
    points = np.repeat(np.eye(3), 40, axis=0)
    faces = np.eye(16, dtype=np.float32)[:3]
    found = place(faces, gallery, points)
    np.testing.assert_allclose(found.points, np.eye(3), atol=1e-9)
    assert (found.certainty > 0.99).all()
    assert (found.neighbours // 40 == np.arange(3)[:, None]).all()
    assert (np.diff(found.angles, axis=1) >= 0).all()
    cosine = (gallery[found.neighbours[1]] @ faces[1]).astype(float)
    np.testing.assert_allclose(np.cos(found.angles[1]), cosine, atol=1e-5)
    alone = place(faces[1:2], gallery, points)
    np.testing.assert_array_equal(alone.points[0], found.points[1])
    assert alone.certainty[0] == found.certainty[1]


def test_umaps_transform_is_that_of_a_fitted_umap_with_those_places(spaces):
    """A UMAP that has laid its gallery out itself, whose places are then written as ours are."""
    import umap

    made, _ = spaces
    gallery, faces = made[1][::2], made[1][1::20]
    layout = Layout(neighbours=10)
    fitted = umap.UMAP(
        n_neighbors=10, min_dist=layout.distance, metric="cosine", output_metric="haversine",
        random_state=0, transform_seed=0,
    ).fit(gallery)  # fmt: skip
    points = on_sphere(fitted.embedding_)
    fitted.embedding_ = on_plane(points).astype(np.float32)
    expected = on_sphere(fitted.transform(faces))
    transform = umap_transform(gallery, points, layout)
    np.testing.assert_allclose(transform(faces), expected, atol=1e-6)
    np.testing.assert_array_equal(transform(faces), transform(faces))


def test_a_stranger_between_people_has_no_honest_place():
    gallery = unit(1, 300, 64).astype(np.float32)
    found = place(unit(2, 50, 64).astype(np.float32), gallery, unit(3, 300, 3))
    assert (found.certainty < HONEST).mean() > 0.8


@pytest.fixture(scope="module")
def spaces():
    """Twenty people of fifteen images in two spaces of 32 dimensions, the second tighter."""
    person = np.repeat(np.arange(20), 15)
    centres, noise = unit(0, 20, 32), unit(1, 300, 32)
    made = [centres[person] + width * noise for width in (0.9, 0.5)]
    return [(v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32) for v in made], person


def test_one_joint_layout_has_a_person_at_one_place_on_both_spheres_and_again(spaces):
    made, person = spaces
    layout = Layout(neighbours=10, epochs=200)
    points = project(made, layout)
    for drawn, space in zip(points, made, strict=True):
        assert drawn.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)
        kept = faithfulness(space, drawn, person)
        assert kept.trustworthiness > 0.9
        assert kept.drawn_within < 15 < kept.true_within
        assert kept.rank_correlation > 0.05
    for again, before in zip(project(made, layout), points, strict=True):
        np.testing.assert_array_equal(again, before)
    alone = [project([space], Layout(10, epochs=200, seed=i))[0] for i, space in enumerate(made)]
    assert correspondence(points[0], points[1], person) < 25
    assert correspondence(alone[0], alone[1], person) > 50  # independent layouts share nothing
    # UMAP draws both alike, though the second space is far tighter
    kept = [faithfulness(space, drawn, person) for space, drawn in zip(made, points, strict=True)]
    assert kept[0].true_within - kept[1].true_within > 10
    assert abs(kept[0].drawn_within - kept[1].drawn_within) < 3
