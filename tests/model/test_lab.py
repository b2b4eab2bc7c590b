"""The lab's trainings: one start, the same batches, what a margin does, what a failure is."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from evaluation.results import ASSETS
from model.diagnosis import LOW_PROBABILITY, diagnose, scale_for, target_slope
from model.film import FULL
from model.gallery import load_gallery
from model.lab import (
    FRAMES,
    HELD,
    LEAST_SCALE,
    MOST_IMAGES,
    PRESETS,
    Lab,
    Setting,
    adacos,
    batches,
    begin,
    beside,
    cast_of,
    fewer,
    highest_probability,
    small_network,
)
from model.labelled import unseen_people
from model.margins import Margin
from model.playback import TRUNK

SHORT = 60


@pytest.fixture(scope="module")
def people():
    return unseen_people(load_gallery(ASSETS / "gallery.npz"), TRUNK)


@pytest.fixture(scope="module")
def who(people):
    return cast_of(people, range(16))


def trained(who, yours: Setting, left: Setting | None = None) -> Lab:
    lab = Lab(who, (left or yours.control, yours))
    while lab.take():
        pass
    return lab


def test_of_each_person_three_tenths_are_held_out_and_the_same_each_time(people, who):
    assert who.names == people.names[:16]
    counts = np.bincount(who.person)
    assert counts.max() <= MOST_IMAGES
    held = np.bincount(who.person, who.held)
    np.testing.assert_array_equal(held, np.maximum(1, np.round(HELD * counts)))
    again = cast_of(people, range(16))
    np.testing.assert_array_equal(who.held, again.held)
    assert (cast_of(people, range(16), seed=1).held != who.held).any()


def test_fewer_images_are_learned_and_none_is_lost(who):
    few = fewer(who, 2)
    assert np.bincount(few.person, ~few.held).max() == 2
    assert len(few.held) == len(who.held)
    assert few.held[who.held].all()


def test_both_sides_share_their_start_and_their_batches(who):
    yours = Setting(add_angle=0.5, steps=SHORT)
    lab = Lab(who, (yours.control, yours))
    left, right = lab.trainings
    for a, b in zip(left.network.parameters(), right.network.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(left.head.weight, right.head.weight)
    pairs = zip(batches(who, left), batches(who, right), strict=True)
    for (x, y), (u, v) in pairs:
        assert torch.equal(x, u)
        assert torch.equal(y, v)
    learned = torch.from_numpy(who.features[~who.held])
    x, _ = next(batches(who, left))
    assert torch.cdist(x, learned).min(dim=1).values.max() < 1.0  # noise of 0.02 in 256 dimensions


def test_without_a_margin_both_sides_are_one_training(who):
    lab = trained(who, Setting(steps=SHORT))
    for frame in lab.frames:
        left, right = frame.shots
        np.testing.assert_array_equal(left.points, right.points)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_larger_margin_brings_faces_nearer_to_their_centre(who, seed):
    own = {}
    for m in (0.0, 0.2, 0.5):
        lab = trained(who, Setting(add_angle=m, seed=seed))
        own[m] = lab.frames[-1].shots[1].curves["own"]
    assert own[0.0] > own[0.2] > own[0.5]


def test_frames_are_unit_vectors_at_rising_steps(who):
    lab = trained(who, Setting(add_angle=0.5, steps=250))
    steps = [frame.step for frame in lab.frames]
    assert steps[0] == 0
    assert steps[-1] == 250
    assert len(steps) <= FRAMES + 2
    assert (np.diff(steps) > 0).all()
    for shot in lab.frames[-1].shots:
        np.testing.assert_allclose(np.linalg.norm(shot.points / FULL, axis=1), 1, atol=1e-3)
    assert math.isnan(lab.frames[0].shots[0].curves["loss"])
    assert lab.frames[-1].shots[1].margin == Margin(add_angle=0.5)


def test_the_margin_and_the_scale_change_while_it_runs(who):
    lab = Lab(who, (Setting(steps=SHORT), Setting(add_angle=0.2, steps=SHORT)))
    for _ in range(30):
        lab.take()
    lab.change(Margin(add_angle=0.6), 16.0)
    while lab.take():
        pass
    left, right = lab.frames[-1].shots
    assert right.margin == Margin(add_angle=0.6)
    assert (left.margin, left.scale, right.scale) == (Margin(), 16.0, 16.0)  # the control follows
    assert [(s.add_angle, s.scale) for s in lab.settings] == [(0, 16.0), (0.6, 16.0)]


def test_adacos_and_normface_by_hand():
    assert adacos(1001) == pytest.approx(math.sqrt(2) * math.log(1000))
    # Two people, opposite to each other: logits s and -s
    assert highest_probability(1.0, 2) == pytest.approx(1 / (1 + math.exp(-2)))
    # Four as a tetrahedron: the other cosines are -1/3
    own, other = math.exp(5.0), 3 * math.exp(-5.0 / 3)
    assert highest_probability(5.0, 4) == pytest.approx(own / (own + other))


def test_slope_of_the_target_curve_by_difference():
    setting = Setting(multiply=1.2, add_angle=0.4)
    theta = torch.tensor([0.9 - 1e-5, 0.9 + 1e-5], dtype=torch.float64)
    low, high = setting.margin.target(theta)
    assert target_slope(setting, 0.9) == pytest.approx(abs(float(high - low)) / 2e-5, rel=1e-5)


@pytest.mark.parametrize(
    ("preset", "code", "setting"),
    [
        ("paper", "works", None),
        ("cosface", "works", None),
        ("too_much", "crowded", None),
        ("why_scale", "scale_small", None),
        ("full_margin", "crowded", None),
        ("scale_far", "cured", "scale"),  # in these three both sides have the same margin
        ("rate_high", "cured", "learning_rate"),
        ("no_warm_up", "cured", "warm_up"),
        ("few_images", "few_images", None),
    ],
)
def test_each_preset_shows_what_it_promises(who, preset, code, setting):
    chosen = PRESETS[preset]
    lab = trained(who, chosen.setting(), chosen.sides(16)[0])
    found = diagnose(lab)
    assert (found[0].code, found[0].setting) == (code, setting)
    assert setting is None or "crowded" not in {finding.code for finding in found}
    left, right = (shot.curves for shot in lab.frames[-1].shots)
    if chosen.cure is not None and code != "scale_small":
        assert left["accuracy_held"] > right["accuracy_held"] + 0.05


def ended(yours: dict[str, float], beside: dict[str, float], settings) -> Any:
    """A training that is over, with these curves at its end."""
    curves = [{"mean": 0.2, "mean_held": 0.3, "own": 0.2, "gap": 1.0} | c for c in (beside, yours)]
    cast = SimpleNamespace(names=("a", "b"), person=np.repeat([0, 1], 10), held=np.zeros(20, bool))
    training = SimpleNamespace(last_step=100, head=SimpleNamespace(scale=32.0))
    return SimpleNamespace(
        failed=None, over=True, step=100, settings=settings, casts=(cast, cast),
        trainings=(training, training),
        frames=[SimpleNamespace(shots=[SimpleNamespace(curves=c) for c in curves])],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("yours", "beside", "cure", "code"),
    [
        ((1.0, 0.9), (1.0, 0.92), {"warm_up": 0.2}, "works"),
        ((1.0, 0.7), (1.0, 0.9), {"warm_up": 0.2}, "behind"),  # nobody says why
        ((0.7, 0.6), (0.7, 0.6), {"warm_up": 0.2}, "behind"),  # nor of two that both fail
        ((0.7, 0.6), (1.0, 0.9), {"warm_up": 0.2}, "cured"),
        ((0.7, 0.6), (1.0, 0.9), {"images": 9}, "cured"),
        ((0.7, 0.6), (1.0, 0.9), {"ramp": 0.9}, "crowded"),
        ((0.7, 0.6), (1.0, 0.9), {"add_angle": 0.1}, "crowded"),
        ((0.7, 0.6), (1.0, 0.9), {"add_angle": 0.1, "images": 9}, "crowded"),
    ],
)
def test_what_is_said_follows_from_what_differs_and_from_both_accuracies(yours, beside, cure, code):
    setting = Setting(add_angle=0.5)
    pair = [dict(zip(("accuracy", "accuracy_held"), one, strict=True)) for one in (yours, beside)]
    lab = ended(*pair, (replace(setting, **cure), setting))
    found = diagnose(lab)
    assert [finding.code for finding in found] == [code]
    if code == "cured":
        ((name, value),) = cure.items()
        assert found[0].setting == name
        assert found[0].numbers == {"here": getattr(setting, name), "there": value}
    lab.over = False  # it may still get there
    assert [finding.code for finding in diagnose(lab)] == ([] if code == "behind" else [code])


@pytest.mark.parametrize("people", [2, 3, 16, 200, 1081])
def test_the_scale_that_is_advised_reaches_what_is_asked(people):
    least = scale_for(LOW_PROBABILITY, people)
    assert highest_probability(least, people) == pytest.approx(LOW_PROBABILITY)
    # as the sentence has it
    assert least == pytest.approx(math.log(9 * (people - 1)) * (people - 1) / people)


def test_a_scale_that_is_too_small_is_told_one_that_is_not(who):
    setting = Setting(scale=1.0, steps=SHORT)
    small = diagnose(Lab(who, (setting.control, setting)))[0]
    enough = small.numbers["enough"]
    assert highest_probability(enough, 16) >= LOW_PROBABILITY > highest_probability(3.8, 16)
    assert enough == pytest.approx(scale_for(LOW_PROBABILITY, 16), abs=0.1)


def test_a_loss_that_is_no_number_ends_the_training_and_is_said(who):
    lab = trained(who, Setting(add_angle=0.5, learning_rate=10.0, weight_decay=1.0, steps=200))
    assert lab.failed is not None
    assert lab.over
    assert not lab.take()
    assert [finding.code for finding in diagnose(lab)] == ["not_finite"]


def test_a_cure_of_scale_zero_is_adacos():
    cure = beside(PRESETS["scale_far"].setting(), PRESETS["scale_far"], 16)
    assert cure.scale == round(adacos(16), 1)
    assert beside(Setting(add_angle=0.3), None, 16) == Setting()


@pytest.mark.parametrize("people", [2, 3])
def test_of_few_people_whom_adacos_does_not_fit_the_scale_has_a_floor(people):
    left, right = PRESETS["why_scale"].sides(people)
    assert (left.scale, right.scale) == (LEAST_SCALE, 1.0)
    assert adacos(people) == pytest.approx(math.sqrt(2) * math.log(people - 1))
    assert highest_probability(left.scale, people) > LOW_PROBABILITY


def test_a_training_learns_in_three_dimensions(who):
    training = begin(who, Setting())
    assert training.network(torch.from_numpy(who.features)).shape == (len(who.person), 3)


def test_a_seed_gives_the_same_start_whatever_other_threads_draw():
    def first(seed: int) -> torch.Tensor:
        return small_network(256, 3, seed)[0].weight.detach().clone()

    alone = [first(seed) for seed in range(4)]
    seeds = [seed % 4 for seed in range(400)]
    with ThreadPoolExecutor(8) as threads:
        for seed, weights in zip(seeds, threads.map(first, seeds), strict=True):
            torch.testing.assert_close(weights, alone[seed], rtol=0, atol=0)
