"""The small trainings on film, on people made by hand, against their definitions."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from model.film import CURVES, FULL, PER_LENGTH, load_playback, save_playback
from model.gallery import Gallery, GalleryInvalid
from model.margins import Margin
from model.playback import (
    BATCH,
    RUNS,
    SETS,
    STRIP,
    Cast,
    Setting,
    batch,
    cast,
    film,
    frame_steps,
    measure,
    reel,
    start,
    train,
)

SHORT = Setting(people=4, steps=30, frames=8)


def unit(seed: int, *shape: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=shape)
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def made(people: int, images: int, noise: float, dimension: int = 32) -> Cast:
    """People whose images lie about a direction of their own, every fifth held out."""
    person = np.repeat(np.arange(people), images)
    vectors = unit(0, people, dimension)[person] + noise * unit(1, len(person), dimension)
    return Cast(
        names=tuple(f"Person_{j}" for j in range(people)),
        features=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        person=person,
        held=np.tile(np.arange(images) % 5 == 4, people),
    )


@pytest.fixture(scope="module")
def few() -> Cast:
    return made(people=4, images=20, noise=0.8)


def test_the_cast_is_the_unseen_people_with_most_images_a_fifth_of_each_held_out():
    images = {"seen": 80, "few": 6, "most": 70, "many": 21}
    person = np.repeat(np.arange(4), list(images.values()))
    gallery = Gallery(
        names=tuple(images),
        person=person,
        image=np.array([f"{i:04d}" for i in range(len(person))]),
        seen=person == 0,
        embeddings={"norm-softmax": unit(0, len(person), 16)},
        lengths={},
        centred=np.array([], dtype=np.int64),
        centres={},
        checkpoints={},
    )
    who = cast(gallery, 2)
    assert who.names == ("most", "many")
    assert np.bincount(who.person).tolist() == [50, 21]  # of one person at most fifty, in order
    assert np.bincount(who.person, who.held).tolist() == [10, 4]
    rows = np.concatenate([np.flatnonzero(person == 2)[:50], np.flatnonzero(person == 3)])
    np.testing.assert_array_equal(who.features, gallery.embeddings["norm-softmax"][rows])
    with pytest.raises(GalleryInvalid, match=r"fewer than 4 .* python prepare\.py|fewer than 4"):
        cast(gallery, 4)


@pytest.mark.parametrize("setting", SETS.values(), ids=SETS)
def test_about_sixty_frames_from_the_start_to_the_end(setting: Setting):
    steps = frame_steps(setting)
    assert 55 <= len(steps) <= 60
    assert (steps[0], steps[-1]) == (0, setting.steps)
    assert (np.diff(steps) > 0).all()


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("run", ["softmax", "norm-softmax", "arcface-0.5"])
def test_frames_are_unit_vectors(few: Cast, run: str, dimension: int):
    one = film(few, RUNS[run], replace(SHORT, dimension=dimension))
    frames = len(frame_steps(SHORT))
    assert one.points.shape == (frames, len(few.person), dimension)
    assert one.centres.shape == (frames, 4, dimension)
    for vectors in (one.points, one.centres):
        assert vectors.dtype == np.int16
        length = np.linalg.norm(vectors.astype(float) / FULL, axis=2)
        np.testing.assert_allclose(length, 1, atol=1e-4)
    assert {len(curve) for curve in one.curves.values()} == {frames}
    assert set(one.curves) == set(CURVES)


def test_a_film_repeats_for_a_seed_and_is_another_for_another(few: Cast):
    first, again = (film(few, RUNS["arcface-0.5"], SHORT) for _ in range(2))
    np.testing.assert_array_equal(first.points, again.points)
    np.testing.assert_array_equal(first.curves["own"], again.curves["own"])
    other = film(few, RUNS["arcface-0.5"], replace(SHORT, seed=1))
    assert (first.points != other.points).any()


@pytest.mark.parametrize("warm_up", [0, 5])
@pytest.mark.parametrize("run", RUNS)
def test_every_training_starts_from_the_same_weights(few: Cast, run: str, warm_up: int):
    setting = replace(SHORT, warm_up=warm_up)
    network, head = start(few, RUNS[run], setting)
    reference, control = start(few, RUNS["softmax"], setting)
    for one, other in zip(network.parameters(), reference.parameters(), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(head.weight, control.weight)
    assert head.bias is None  # softmax too is without
    assert head.margin == RUNS[run]
    assert head.scale == (1 if run == "softmax" else SHORT.scale)
    fresh, _ = start(few, RUNS[run], SHORT)
    assert torch.equal(fresh[0].weight, network[0].weight) == (warm_up == 0)


@pytest.mark.parametrize("step", [0, 7, 29])
def test_a_batch_is_decided_by_seed_and_step_alone_and_has_nobody_who_is_held_out(step: int):
    who = made(people=4, images=40, noise=0.5)
    x, y = batch(who, SHORT, step)
    again, _ = batch(who, SHORT, step)
    assert torch.equal(x, again)
    assert len(y) == BATCH
    cosine = torch.nn.functional.normalize(x, dim=1) @ torch.from_numpy(who.features).T
    nearest = cosine.argmax(dim=1).numpy()
    assert not who.held[nearest].any()
    assert (who.person[nearest] == y.numpy()).all()


def test_what_is_held_out_changes_nothing_that_is_learned(few: Cast):
    """Replace every held-out image by noise: the weights at the end are the same, bit by bit."""
    changed = few.features.copy()
    changed[few.held] = unit(5, int(few.held.sum()), few.features.shape[1])
    ends = []
    for who in (few, replace(few, features=changed)):
        *_, (network, head) = train(who, RUNS["cosface"], SHORT)
        ends.append([*network.parameters(), *head.parameters()])
    for one, other in zip(*ends, strict=True):
        assert torch.equal(one, other)
    films = [
        film(replace(few, features=f), RUNS["cosface"], SHORT) for f in (few.features, changed)
    ]
    learned = [one.points[:, ~few.held] for one in films]
    np.testing.assert_array_equal(*learned)
    assert films[0].curves["own_held"][-1] < films[1].curves["own_held"][-1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_larger_margin_ends_nearer_the_own_centre(seed: int):
    who = made(people=8, images=30, noise=1.0)
    setting = Setting(people=8, steps=150, frames=2, seed=seed)
    own = [film(who, Margin(add_angle=m), setting).curves["own"][-1] for m in (0.0, 0.2, 0.5)]
    assert own[0] > own[1] > own[2]
    assert all(angle < math.radians(25) for angle in own)


def test_the_curves_are_the_angles_of_the_frames(few: Cast):
    """By hand, with acos, from what is drawn."""
    one = film(few, RUNS["arcface-0.5"], SHORT)
    points, centres = (v[-1].astype(float) / FULL for v in (one.points, one.centres))
    own = np.arccos(np.clip((points * centres[few.person]).sum(axis=1), -1, 1))
    cosines = points @ centres.T
    right = cosines.argmax(axis=1) == few.person
    means = np.stack([points[(few.person == j) & ~few.held].sum(axis=0) for j in range(4)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    mean = np.arccos(np.clip((points * means[few.person]).sum(axis=1), -1, 1))
    gap = min(math.acos(means[i] @ means[j]) for i in range(4) for j in range(i))
    for name, values in (("own", own), ("mean", mean), ("accuracy", right)):
        assert one.curves[name][-1] == pytest.approx(values[~few.held].mean(), abs=2e-3)
        assert one.curves[f"{name}_held"][-1] == pytest.approx(values[few.held].mean(), abs=2e-3)
    assert one.curves["gap"][-1] == pytest.approx(gap, abs=2e-3)


def test_measures_of_points_made_by_hand():
    """Two people on a circle at 0 and 90 degrees, images 10 degrees to either side of them."""
    degrees = np.radians([-10, 10, 80, 100, 30])
    features = np.stack([np.cos(degrees), np.sin(degrees)], axis=1).astype(np.float32) * 3
    who = Cast(
        names=("a", "b"), features=features, person=np.array([0, 0, 1, 1, 0]),
        held=np.array([False, False, False, False, True]),
    )  # fmt: skip
    turned = np.radians([5, 90])
    centres = np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
    found = measure(features, centres, np.array([True, True, True, False, True]), who)
    expected = {
        "own": math.radians((15 + 5 + 10 + 10) / 4), "own_held": math.radians(25),
        "mean": math.radians(10), "mean_held": math.radians(30),
        "gap": math.radians(90), "accuracy": 0.75, "accuracy_held": 1.0,
    }  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-6)


def test_lengths_are_kept_where_the_logits_know_them(few: Cast):
    softmax, arcface = (film(few, RUNS[run], SHORT) for run in ("softmax", "arcface-0.5"))
    assert arcface.lengths is None
    assert softmax.lengths.shape == softmax.points.shape[:2]
    *_, (network, _) = train(few, None, SHORT)
    # By hand: BatchNorm with the statistics of the training images
    linear, norm, _, last = network
    x = torch.from_numpy(few.features)
    hidden = linear(x)
    seen = hidden[torch.from_numpy(~few.held)]
    hidden = (hidden - seen.mean(dim=0)) / (seen.var(dim=0) + norm.eps).sqrt()
    out = last(torch.relu(norm.weight * hidden + norm.bias)).detach().numpy()
    length = np.linalg.norm(out, axis=1)
    np.testing.assert_allclose(softmax.lengths[-1] / PER_LENGTH, length, atol=0.02)


def test_the_file_keeps_every_frame_and_has_the_same_bytes_again(few: Cast, tmp_path):
    runs = {run: RUNS[run] for run in ("softmax", "arcface-0.5")}
    for name in ("one.npz", "two.npz"):
        save_playback(tmp_path / name, {"few": reel(few, SHORT, runs)}, "a digest")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    reels, trunk = load_playback(tmp_path / "one.npz")
    kept = reels["few"]
    assert trunk == "a digest"
    shown = reel(few, SHORT, runs)
    assert kept.names == few.names
    assert list(kept.films) == list(runs)
    np.testing.assert_array_equal(kept.steps, frame_steps(SHORT))
    for run, one in shown.films.items():
        np.testing.assert_array_equal(kept.films[run].points, one.points)
        np.testing.assert_array_equal(kept.films[run].curves["gap"], one.curves["gap"])
    np.testing.assert_array_equal(kept.films["softmax"].lengths, shown.films["softmax"].lengths)
    with pytest.raises(GalleryInvalid, match="no such file"):
        load_playback(tmp_path / "none.npz")


def test_the_strip_is_arcface_from_no_margin_to_six_tenths():
    assert [RUNS[run].add_angle for run in STRIP] == pytest.approx(np.arange(7) / 10)
    assert all(RUNS[run].multiply == 1 and RUNS[run].add_cosine == 0 for run in STRIP)
