"""Exact views against angles and logits computed by hand, on the gallery that ships."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from demo import assets
from model.head import Head
from model.ledger import drawn_images
from model.margins import LOSSES, Margin
from model.views import (
    Space,
    fan,
    fan_around,
    nearest_centres,
    plane,
    softmax_boundary,
    softmax_logits,
)

COSINE = {name: loss.margin for name, loss in LOSSES.items() if loss.margin is not None}


@pytest.fixture(scope="module")
def spaces() -> dict[str, Space]:
    return assets.spaces()[1]


def angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return math.acos(max(-1.0, min(1.0, cosine)))


def head_of(space: Space, first: int, second: int) -> Head:
    """A head with the two people's rows of W as trained."""
    rows = [space.row(first), space.row(second)]
    head = Head(2, space.weights.shape[1], space.card.config.final_scale, space.margin)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(space.weights[rows]))
        if head.bias is not None:
            head.bias.copy_(torch.from_numpy(space.bias[rows]))
    return head


@pytest.mark.parametrize("name", list(COSINE))
def test_the_boundary_is_where_the_heads_argmax_changes(name: str):
    """Two centres 80 degrees apart in three dimensions, faces on a grid of both angles."""
    apart, margin = math.radians(80), COSINE[name]
    head = Head(2, 3, 16.0, margin)
    with torch.no_grad():
        head.weight.copy_(
            torch.tensor([[2.0, 0, 0], [3 * math.cos(apart), 3 * math.sin(apart), 0]])
        )
    checked = 0
    for one in np.radians(np.arange(2, 140, 3.0)):
        for two in np.radians(np.arange(2, 140, 3.0)):
            x = math.cos(one)
            y = (math.cos(two) - x * math.cos(apart)) / math.sin(apart)
            left = 1 - x * x - y * y
            if left < 0:
                continue  # no direction has both angles
            face = torch.tensor([[x, y, math.sqrt(left)]], dtype=torch.float32)
            line = float(margin.boundary(torch.tensor(one, dtype=torch.float64)))
            if abs(two - line) > 1e-3:
                logits = head(face * 5, torch.tensor([0]))
                wins = bool(logits[0].argmax() == 0)
                assert wins == (two > line), (math.degrees(one), math.degrees(two))
                checked += 1
    assert checked > 500


def test_the_boundaries_have_the_papers_shapes():
    theta = torch.linspace(0.1, 1.8, 50, dtype=torch.float64)
    np.testing.assert_allclose(Margin().boundary(theta), theta, atol=1e-7)
    np.testing.assert_allclose(Margin(add_angle=0.5).boundary(theta), theta + 0.5)
    np.testing.assert_allclose(Margin(multiply=1.35).boundary(theta), 1.35 * theta)
    np.testing.assert_allclose(
        torch.cos(Margin(add_cosine=0.35).boundary(theta)), torch.cos(theta) - 0.35
    )
    assert torch.isnan(Margin(add_angle=0.5).boundary(torch.tensor(math.pi - 0.4)))


@pytest.mark.parametrize("about_centre", [False, True])
def test_a_fans_angles_are_those_computed_by_hand(spaces, about_centre):
    for space in spaces.values():
        person = int(space.owners[4])
        drawn = fan(space, person, about_centre)
        own = space.embeddings[space.person == person].astype(np.float64)
        middle = space.weights[4] if about_centre else own.sum(axis=0)
        expected = [angle(face, middle) for face in own]
        np.testing.assert_allclose(drawn.own.angles, expected, atol=1e-6)
        assert drawn.ring == pytest.approx(np.mean(expected))
        away = {}
        for j in set(space.person.tolist()) - {person}:
            away[j] = angle(space.embeddings[space.person == j].sum(axis=0), middle)
        assert [group.person for group in drawn.others] == sorted(away, key=away.get)[:6]
        for group in drawn.others:
            faces = space.embeddings[group.images].astype(np.float64)
            assert set(space.person[group.images].tolist()) == {group.person}
            assert len(faces) == (space.person == group.person).sum()
            expected = [angle(face, middle) for face in faces]
            np.testing.assert_allclose(group.angles, expected, atol=1e-6)
        others = space.embeddings[space.person != person].astype(np.float64)
        assert drawn.stranger.person != person
        nearest = min(angle(face, middle) for face in others)
        assert drawn.stranger.angles[0] == pytest.approx(nearest, abs=1e-6)
        if space.margin is None or not about_centre:
            assert drawn.beyond is None
        else:
            assert drawn.beyond == pytest.approx(drawn.ring + space.margin.add_angle)


def test_a_fan_around_a_face_has_it_in_the_middle(spaces):
    space = spaces["arcface"]
    face = space.embeddings[7]
    drawn = fan_around(space, face)
    assert drawn.own is None
    mine = next(group for group in drawn.others if group.person == space.person[7])
    assert mine.angles[mine.images.tolist().index(7)] == pytest.approx(0, abs=1e-6)


def test_nobody_unseen_has_a_class_centre(spaces):
    space = spaces["arcface"]
    stranger = int(space.person[~space.seen][0])
    with pytest.raises(KeyError, match="never seen"):
        fan(space, stranger, about_centre=True)
    assert fan(space, stranger).own is not None


def test_a_planes_angles_and_who_is_right_are_the_heads(spaces):
    for space in spaces.values():
        first, second = nearest_centres(space)
        drawn = plane(space, first, second)
        rows = space.weights[[space.row(first), space.row(second)]]
        for i, image in enumerate(drawn.images):
            expected = [angle(space.embeddings[image].astype(np.float64), row) for row in rows]
            np.testing.assert_allclose(drawn.theta[i], expected, atol=1e-6)
        assert drawn.apart == pytest.approx(angle(*rows))
        assert (drawn.second == (space.person[drawn.images] == second)).all()
        features = torch.from_numpy(
            space.embeddings[drawn.images] * space.lengths[drawn.images, None]
        )
        label = torch.from_numpy(drawn.second.astype(np.int64))
        head = head_of(space, first, second)
        with torch.no_grad():
            clear = (head(features, label).argmax(dim=1) == label).numpy()
            head.margin = None if space.margin is None else Margin()
            right = (head(features, label).argmax(dim=1) == label).numpy()
        np.testing.assert_array_equal(drawn.clear, clear)
        np.testing.assert_array_equal(drawn.right, right)


def test_softmaxs_line_is_that_of_one_length(spaces):
    space = spaces["softmax"]
    people = nearest_centres(space)
    theta = np.radians(np.linspace(40, 120, 60))
    lines = []
    for length in (4.0, 30.0):
        other = softmax_boundary(space, people, theta, length)
        both = np.stack([theta, other], axis=1)[~np.isnan(other)]
        logits = softmax_logits(space, people, both, length)
        np.testing.assert_allclose(logits[:, 0], logits[:, 1], atol=1e-9)
        lines.append(other)
    assert np.nanmax(np.abs(lines[0] - lines[1])) > 1e-3  # so that no one line can be drawn


def test_the_pairs_are_of_ten_images_a_person(spaces):
    space = spaces["norm-softmax"]
    for part, of_part in (("seen", space.seen), ("unseen", ~space.seen)):
        people = len(np.unique(space.person[of_part]))
        pairs = space.pairs[part]
        assert pairs.same.sum() == people * 45
        assert len(pairs.angle) == 10 * people * (10 * people - 1) // 2
    inside = np.flatnonzero(space.seen)
    a, b = inside[drawn_images(space.person[inside])].ravel()[:2]
    expected = angle(*space.embeddings[[a, b]].astype(np.float64))
    assert space.pairs["seen"].angle[0] == pytest.approx(expected, abs=1e-6)


def test_the_nearest_centres_are_the_nearest(spaces):
    space = spaces["arcface"]
    pair = nearest_centres(space)
    least = angle(*(space.weights[space.row(j)] for j in pair))
    for i, a in enumerate(space.weights):
        for b in space.weights[:i]:
            assert angle(a, b) >= least - 1e-9
    swapped = dataclasses.replace(space, owners=space.owners[::-1], weights=space.weights[::-1])
    assert nearest_centres(swapped) == pair
