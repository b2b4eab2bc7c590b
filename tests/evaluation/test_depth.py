"""evaluation/depth.py on noise with a brightness a person: steps, resumption, schema, errors."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from evaluation import depth, twins
from evaluation.paired import Draws, measured, spread
from model.data import pairs_of_people
from model.recipe import TrainConfig
from model.sets import TrainingSet, ValidationSet, measures
from model.training import Batches, Training, fit
from model.verification import auc, bootstrap_over_people

BASE = TrainConfig(
    loss="softmax", input_size=16, width=4, dimension=8, batch_size=12, epochs=3, averaging=0.0,
    learning_rate=0.05, precision="float32", save_every=3, evaluate_every=1,
)  # fmt: skip
NAMES = ["residual-10", "plain-10", "residual-18", "plain-18"]
STEPS = 3 * 4


@pytest.fixture(autouse=True)
def _shallow(monkeypatch):
    monkeypatch.setattr(twins, "BLOCKS", ((1, 1, 1, 1), (2, 2, 2, 2)))
    monkeypatch.setattr(depth, "THIN", 4)


def faces(people: int, each: int, seed: int) -> tuple[torch.Tensor, np.ndarray]:
    person = np.repeat(np.arange(people), each)
    noise = torch.randn(len(person), 3, 16, 16, generator=torch.Generator().manual_seed(seed))
    return 0.3 * noise + torch.from_numpy(person / people)[:, None, None, None].float(), person


@pytest.fixture
def learn() -> TrainingSet:
    inputs, labels = faces(4, 12, seed=0)
    return TrainingSet(inputs, labels, np.arange(4))


@pytest.fixture
def validation() -> ValidationSet:
    inputs, person = faces(6, 5, seed=1)
    return ValidationSet(inputs, person, pairs_of_people(person))


def timeless(report):
    """The same without what a clock says."""
    if isinstance(report, dict):
        return {key: timeless(value) for key, value in report.items() if key != "seconds"}
    return [timeless(value) for value in report] if isinstance(report, list) else report


def test_each_learns_as_it_would_alone_and_all_is_told(learn, validation, tmp_path):
    report = depth.study(learn, validation, "x", tmp_path, BASE, seeds=2)
    assert report["steps"] == STEPS
    assert report["guessing"] == {"loss": round(math.log(4), 4), "auc": 0.5}
    assert report["trained"] == {"people": 4, "images": 48}
    assert report["validation"]["people"] == 6
    assert list(report["networks"]) == NAMES
    for name, found in report["networks"].items():
        assert found["layers"] == int(name.split("-")[1])
        assert found["plain"] == name.startswith("plain")
        config = dataclasses.replace(
            BASE, blocks=tuple(found["blocks"]), plain=found["plain"], seed=1
        )
        batches = Batches(learn.inputs, learn.labels, config)
        alone = Training(config, 4, batches.steps_an_epoch)
        losses = [step.loss for step in fit(alone, (batches[i] for i in range(STEPS)))]
        run = found["runs"][1]
        np.testing.assert_allclose(run["loss"], np.reshape(losses, (-1, 4)).mean(1), atol=1e-4)
        assert (run["seed"], run["loss_step"]) == (1, [2.5, 6.5, 10.5])
        assert run["step"] == [4, 8, 12]
        assert found["loss"]["each"][1] == pytest.approx(np.mean(losses[-4:]), abs=1e-4)
        cosine = validation.cosines(alone.averaged.eval())
        wanted = measures(cosine, validation)
        for measure in ("auc", "accuracy"):
            assert found[measure]["each"][1] == pytest.approx(wanted[measure]["value"], abs=1e-4)
            assert run[measure][-1] == pytest.approx(wanted[measure]["value"], abs=1e-4)
            mean = np.mean(found[measure]["each"])
            assert found[measure]["value"] == pytest.approx(mean, abs=1e-4)
    assert set(report["differences"]) == {
        "plain-10 less residual-10", "plain-18 less residual-18",
        "residual-18 less residual-10", "plain-18 less plain-10",
    }  # fmt: skip
    of = {name: found["auc"]["value"] for name, found in report["networks"].items()}
    lost = report["differences"]["plain-18 less residual-18"]["auc"]
    assert lost["value"] == pytest.approx(of["plain-18"] - of["residual-18"], abs=1e-4)


def test_an_interrupted_study_goes_on_and_a_finished_one_takes_no_step(
    learn, validation, tmp_path, monkeypatch
):
    whole = depth.study(learn, validation, "x", tmp_path / "whole", BASE, seeds=1)
    taken, really = [], twins.take

    def take(run, *others):
        if len(taken) == 4 * 4 + 2:
            raise KeyboardInterrupt
        taken.append(run.training.step)
        really(run, *others)

    monkeypatch.setattr(twins, "take", take)
    with pytest.raises(KeyboardInterrupt):
        depth.study(learn, validation, "x", tmp_path / "again", BASE, seeds=1)
    (tmp_path / "again" / "plain-10-0.safetensors").unlink()  # it is behind the others then
    taken.clear()
    monkeypatch.setattr(twins, "take", lambda *all_: (taken.append(1), really(*all_)))
    again = depth.study(learn, validation, "x", tmp_path / "again", BASE, seeds=1)
    assert timeless(again) == timeless(whole)
    assert len(taken) == 3 * (STEPS - 3) + STEPS

    taken.clear()
    assert depth.study(learn, validation, "x", tmp_path / "whole", BASE, seeds=1) == whole
    assert not taken
    more = depth.study(learn, validation, "x", tmp_path / "whole", BASE, seeds=2)
    assert len(taken) == 4 * STEPS
    assert more["networks"]["plain-18"]["runs"][0] == whole["networks"]["plain-18"]["runs"][0]


def test_a_state_of_another_study_is_begun_anew(learn, validation, tmp_path, capsys):
    other = dataclasses.replace(BASE, learning_rate=0.01)
    depth.study(learn, validation, "x", tmp_path, other, seeds=1)
    wanted = depth.study(learn, validation, "x", tmp_path / "new", BASE, seeds=1)
    found = depth.study(learn, validation, "x", tmp_path, BASE, seeds=1)
    assert timeless(found) == timeless(wanted)
    assert "begun anew: it was trained with learning_rate = 0.01" in capsys.readouterr().out


def test_the_first_gradients_are_those_at_the_start(learn, validation, tmp_path):
    report = depth.study(learn, validation, "x", tmp_path, BASE, seeds=1)
    config = dataclasses.replace(BASE, blocks=(2, 2, 2, 2), plain=True)
    training = Training(config, 4, 4)
    x, y = Batches(learn.inputs, learn.labels, config)[0]
    loss = functional.cross_entropy(training.head(training.network.train()(x), y), y)
    weights = [
        weight
        for name, weight in training.network.named_parameters()
        if weight.ndim == 4 or name == "project.weight"
    ]  # in the plain twin every convolution is on the way
    by_hand = [grad.norm().item() for grad in torch.autograd.grad(loss, weights)]
    found = report["networks"]["plain-18"]["runs"][0]["gradients"]
    assert len(found) == 18
    np.testing.assert_allclose(found, by_hand, rtol=1e-3)


def test_scores_over_draws_are_sklearns_and_their_errors_paired():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(30), 4)
    validation = ValidationSet(torch.zeros(0), person, pairs_of_people(person))
    same = validation.pairs.same
    common = 0.2 * same + rng.normal(0, 0.2, len(same))
    cosines = np.stack([common, common + 0.05 * same + rng.normal(0, 0.02, len(same))])
    left, right = validation.people()
    draws = Draws.of(same, left, right)
    table = draws.auc(cosines)
    for k, cosine in enumerate(cosines):
        assert table[0, k] == pytest.approx(auc(cosine, same))
        error = bootstrap_over_people(lambda w, c=cosine: auc(c, same, w), left, right)
        assert table[1:, k].std(ddof=1) == pytest.approx(error)
    found = measured(table[:, 1:] - table[:, :1])
    error = bootstrap_over_people(
        lambda w: auc(cosines[1], same, w) - auc(cosines[0], same, w), left, right
    )
    assert found["standard_error"] == pytest.approx(error, abs=1e-5)
    assert found["standard_error"] < table[1:].std(axis=0, ddof=1).min()


def test_areas_and_spreads_by_hand():
    # By rising similarity: impostor, genuine, impostor, genuine; three of four pairings right
    same = np.array([False, True, False, True])
    draws = Draws(same, np.array([[1.0, 1, 1, 1], [1, 0, 3, 1]]))
    np.testing.assert_array_equal(draws.auc(np.array([[0.1, 0.2, 0.3, 0.4]])), [[0.75], [1.0]])
    right = np.array([[True, True, False, True]])
    np.testing.assert_array_equal(draws.accuracy(right), [[0.75], [0.625]])
    assert spread(np.array([1.0, 2.0])) == {
        "value": 1.5, "standard_deviation": round(0.5**0.5, 4), "each": [1.0, 2.0],
    }  # fmt: skip
    assert spread(np.array([1.0])) == {"value": 1.0, "each": [1.0]}


def test_the_command_names_what_differs_from_the_study_that_ships():
    assert depth.command(depth.SEEDS, depth.BASE) == "python evaluate.py depth"
    trial = dataclasses.replace(depth.BASE, epochs=3, learning_rate=0.005)
    wanted = "python evaluate.py depth --seeds 1 --epochs 3 --learning-rate 0.005"
    assert depth.command(1, trial) == wanted
