"""What the spheres are drawn from, against the gallery and the service themselves."""

import base64

import numpy as np
import pytest

from demo import assets
from demo.assets import PORTRAITS
from demo.service import CompareService
from model.sphere import HONEST


@pytest.fixture(scope="module")
def comparison():
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    return service.compare(*(service.read(path.read_bytes(), "left") for path in PORTRAITS))


def numbers(text: str, kind) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def test_the_gallery_that_ships_is_the_one_that_the_design_defines():
    drawn = assets.spheres()
    gallery = drawn.gallery
    people, first = np.unique(gallery.person, return_index=True)
    seen = gallery.seen[first]
    assert (seen.sum(), (~seen).sum(), len(people)) == (43, 43, 86)
    assert gallery.seen.sum() == (~gallery.seen).sum() == 985
    assert list(drawn.points) == ["softmax", "norm-softmax", "arcface", "untrained"]


def test_what_is_sent_is_the_layout_to_a_hundredth_of_a_degree():
    drawn = assets.spheres()
    data = drawn.data
    count = len(drawn.gallery.person)
    points = numbers(data["points"], np.int16).reshape(4, count, 3) / 32767
    for sent, name in zip(points, data["models"], strict=True):
        np.testing.assert_allclose(sent, drawn.points[name], atol=2e-5)
    assert numbers(data["person"], np.uint16).tolist() == drawn.gallery.person.tolist()
    own = numbers(data["own"], np.int16).reshape(4, count) / 10
    np.testing.assert_allclose(own[2], drawn.own_angles["arcface"], atol=0.051)
    assert len(set(data["colours"])) == len(data["names"]) == 86
    assert sum(len(v) for v in data.values() if isinstance(v, str)) < 150_000  # bytes, once


def test_both_photos_are_placed_with_their_true_angles(comparison):
    drawn = assets.spheres()
    uploads = drawn.uploads(comparison)
    for model, answer in comparison.answers.items():
        assert uploads["angles"][model] == answer.angle
        turn = np.array(uploads["facing"][model]).reshape(3, 3)
        left, right = (np.array(photo["places"][model]["point"]) for photo in uploads["photos"])
        np.testing.assert_allclose(turn @ left, [0, 0, 1], atol=1e-4)
        assert (turn @ right)[1] == pytest.approx(0, abs=1e-4)
        for i, photo in enumerate(uploads["photos"]):
            cosine = drawn.gallery.embeddings[model] @ comparison.embeddings[model][i]
            nearest = np.argsort(-cosine)[:5]
            assert photo["places"][model]["neighbours"] == nearest.tolist()
            certainty = drawn.place(model, comparison.embeddings[model]).certainty[i]
            assert photo["places"][model]["honest"] == (certainty >= HONEST)
    assert drawn.uploads(None)["photos"] == []


def test_what_is_said_of_a_sphere_was_measured():
    kept = assets.results("layout")["spheres"]
    assert set(kept) == set(assets.spheres().points)
    for found in kept.values():
        assert 0.5 < found["trustworthiness"] < 1
    trained = ("softmax", "norm-softmax", "arcface")
    assert all(kept[name]["from_arcface_degrees"] < 5 for name in trained)
