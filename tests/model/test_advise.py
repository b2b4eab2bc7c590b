"""Advice: whether a margin helps, on data where the answer is known, and settings that work."""

import numpy as np
import pytest
from scipy import stats

from model.advise import CHECKS, SEEDS, Advice, Advisor, Trial, arcface_torch, grid, recipe
from model.advise import metric_learning as snippet
from model.labelled import labelled
from model.recipe import read_recipe


def clusters(noise: float):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(6, 24))
    person = np.repeat(np.arange(6), 12)
    rows = centres[person] + noise * rng.normal(size=(len(person), 24))
    return labelled(rows, person.astype(str))


def test_the_grid_has_each_margin_with_each_ramp_and_one_control_a_scale():
    trials = grid(16)
    scales = {trial.scale for trial in trials}
    assert len([trial for trial in trials if trial.margin == 0]) == len(scales)
    assert len(set(trials)) == len(trials) == len(scales) * 7


@pytest.fixture(scope="module")
def advisor():
    trials = [Trial(4.0, 0.0, 0.3), Trial(4.0, 0.3, 0.3), Trial(0.01, 0.0, 0.3)]
    advisor = Advisor(clusters(0.3), trials)
    taken = 0
    while advisor.take():
        taken += 1
    assert taken > SEEDS * len(trials)  # in pieces
    return advisor


def test_every_trial_has_its_seeds_and_the_checks_are_others(advisor):
    assert advisor.done == advisor.total == SEEDS * 3 + 2 * CHECKS
    assert all(len(found) == SEEDS for found in advisor.outcomes.values())
    mean, spread = advisor.mean(advisor.trials[0], "accuracy")
    values = [one.accuracy for one in advisor.outcomes[advisor.trials[0]]]
    assert mean == pytest.approx(np.mean(values))
    assert spread == pytest.approx(np.std(values, ddof=1))


def test_where_everything_is_easy_a_margin_makes_no_difference(advisor):
    advice = advisor.advice
    assert advice.best.margin == 0.3
    assert advice.control.scale == 4.0  # the one that learns
    assert advice.verdict == "even"
    assert advice.gain_angle > 0


def test_the_verdict_is_that_of_a_paired_t_test_over_the_checks():
    trial = Trial(4.0, 0.3, 0.0)
    gains = np.array([0.01, 0.03, 0.02, 0.04, 0.0])
    error = gains.std(ddof=1) / np.sqrt(CHECKS)
    for mean in np.linspace(-0.05, 0.05, 41):
        p = stats.ttest_1samp(gains - gains.mean() + mean, 0.0).pvalue
        verdict = Advice(trial, trial, float(mean), float(error), 0.0).verdict
        assert verdict == ("even" if p > 0.05 else "helps" if mean > 0 else "harms")
    # two standard errors, as for a large sample, would err in 12 of 100
    assert Advice(trial, trial, 0.05, 0.02, 0.0).verdict == "even"


def test_two_people_have_a_grid_as_well():
    assert {trial.scale for trial in grid(2)} == {1.0, 2.0, 4.0, 8.0, 16.0}


def test_a_trial_that_runs_away_counts_as_nothing_learned(monkeypatch):
    from model import advise

    monkeypatch.setattr(advise.Trial, "setting", property(
        lambda self: advise.Setting(scale=4.0, learning_rate=10.0, weight_decay=1.0, steps=100)
    ))  # fmt: skip
    found = [one for one in advise.train(clusters(0.3), Trial(4.0, 0.0, 0.3), 0) if one]
    assert found == [advise.Outcome(0.0, np.pi / 2)]


def test_the_settings_are_a_recipe_and_snippets(tmp_path):
    trial = Trial(7.5, 0.35, 0.3)
    path = tmp_path / "mine.toml"
    path.write_text(recipe(trial))
    config = read_recipe(path)
    assert (config.loss, config.scale, config.add_angle, config.ramp) == ("arcface", 7.5, 0.35, 0.3)
    assert "margin=20.1, scale=7.5" in snippet(trial, 6)  # degrees there
    assert "CombinedMarginLoss(7.5, 1.0, 0.35, 0.0)" in arcface_torch(trial)
    for text in (snippet(trial, 6), arcface_torch(trial)):
        compile(text, "snippet", "exec")
        assert "# No ramp in here" in text
        assert "the first 30 %" in text
    for at_once in (Trial(7.5, 0.35, 0.0), Trial(7.5, 0.0, 0.3)):  # there is nothing to ramp
        assert "#" not in snippet(at_once, 6) + arcface_torch(at_once)
