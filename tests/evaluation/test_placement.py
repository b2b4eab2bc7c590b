"""evaluation/placement.py on hand-made spaces: who is held out, errors, company, refusals."""

import shutil

import numpy as np
import pytest

from evaluation import placement, results
from evaluation.ledger import ledger
from evaluation.placement import (
    HELD_OUT,
    choices,
    company,
    degrees_apart,
    distances,
    gallery_scores,
    held_out,
    one_each,
    refusals,
    share,
    wrapped,
)
from model.aligned import Faces
from model.gallery import GalleryInvalid
from model.sphere import Places


def test_a_fifth_of_each_persons_images_is_held_out_and_the_same_again():
    person = np.random.default_rng(0).permutation(np.repeat(np.arange(4), [10, 14, 25, 4]))
    out = held_out(person)
    assert [int(out[person == j].sum()) for j in range(4)] == [2, 2, 5, 4 // HELD_OUT]
    np.testing.assert_array_equal(held_out(person), out)
    assert (held_out(person, seed=1) != out).any()


def test_distances_are_great_circle_degrees_and_their_shares():
    points = np.array([[0, 0, 1.0], [0, 1, 0], [1, 0, 0]])
    others = np.array([[0, 0, 1.0], [0, 0, 1], [-1, 0, 0]])
    apart = degrees_apart(points, others)
    np.testing.assert_allclose(apart, [0, 90, 180])
    found = distances(apart, np.array([0, 1, 2]))
    assert found["median_degrees"]["value"] == pytest.approx(90)
    assert found["mean_degrees"]["value"] == pytest.approx(90)
    assert found["within_15_degrees"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["mean_degrees"]["standard_error"] > 10
    moved = company(points, others)
    assert (moved["median"], moved["greatest"]) == (pytest.approx(90), pytest.approx(180))


def test_the_error_of_a_share_is_the_binomial_one():
    """One image a person: drawing people with replacement is drawing images."""
    certainty = np.repeat([0.2, 0.9], [60, 140])
    angles = np.radians(np.linspace(0, 99.5, 200))[:, None]
    places = Places(np.zeros((200, 3)), certainty, np.zeros((200, 1), np.int64), angles)
    are = refusals(places, threshold=60.1)
    assert are["nobody_near"].sum() == 79  # 60.5, 61, ..., 99.5
    found = share(are["no_honest_place"], np.arange(200))
    assert found["value"] == pytest.approx(0.3)
    assert found["standard_error"] == pytest.approx((0.3 * 0.7 / 200) ** 0.5, rel=0.2)


def test_whose_neighbours_stand_on_both_sides_of_the_seam():
    angles = np.radians([170.0, -170.0, 10.0, -10.0])
    points = np.stack([np.cos(angles), np.sin(angles), np.zeros(4)], axis=1)
    found = wrapped(points, np.array([[0, 1], [2, 3], [0, 2]]))
    np.testing.assert_array_equal(found, [True, False, False])


def test_a_stranger_is_one_image_of_each_validation_person():
    faces = Faces(
        crops=np.zeros((6, 1), np.uint8), person=np.array([0, 0, 1, 1, 1, 2]),
        part=np.array(["validation"] * 2 + ["train"] * 3 + ["validation"]),
        image=np.array(list("abcdef")), names=("A", "B", "C"),
        unreadable=(), faceless=(), shared=(),
    )  # fmt: skip
    np.testing.assert_array_equal(one_each(faces), [0, 5])


@pytest.mark.parametrize("measure", [ledger, placement.placement])
def test_a_gallery_of_other_checkpoints_is_not_measured(tmp_path, monkeypatch, measure):
    results.shipped_gallery()
    for file in (*results.ASSETS.glob("*.safetensors"), results.ASSETS / "gallery.npz"):
        shutil.copy(file, tmp_path)
    shutil.copy(tmp_path / "softmax.safetensors", tmp_path / "arcface.safetensors")
    monkeypatch.setattr(results, "ASSETS", tmp_path)
    with pytest.raises(GalleryInvalid, match=r"made with another arcface\.safetensors"):
        measure()


@pytest.fixture(scope="module")
def people() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Twelve people of fifteen images, tight in 32 dimensions and on the sphere."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(12), 15)

    def around(dimension: int, width: float) -> np.ndarray:
        centres = rng.normal(size=(12, dimension))
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        made = centres[person] + width * rng.normal(size=(180, dimension))
        return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)

    return around(32, 0.08), around(3, 0.03), person, person < 6


def test_the_images_of_tight_people_fall_on_their_own_people(people):
    found = gallery_scores(*people, threshold=60.0)
    for name in ("place", "umap_transform"):
        assert found[name]["all"]["images"] == 36
        assert found[name]["not_wrapped"]["median_degrees"]["value"] < 60, name  # chance: 90
    assert found["place"]["all"]["within_15_degrees"]["value"] == 1.0
    assert found["place"]["moved_by_company_degrees"]["greatest"] < 1e-5
    assert found["no_honest_place"]["all"]["value"] == 0.0
    assert found["place"]["seen"]["images"] + found["place"]["unseen"]["images"] == 36


def test_a_stricter_limit_refuses_no_fewer(people):
    space, points, person, seen = people
    noise = np.random.default_rng(1).normal(size=(50, 32))
    strangers = (noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype(np.float32)
    for row in choices(space, points, person, seen, strangers):
        shares = [cell["strangers"] for key, cell in row.items() if key.startswith("no_honest")]
        assert shares == sorted(shares)
        strictest = row["no_honest_place_below_0.7"]
        assert strictest["strangers"] > max(strictest["seen"], strictest["unseen"])
