import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from model.data import Pairs
from model.verification import (
    Ranked,
    auc,
    balanced_accuracy,
    best_threshold,
    bootstrap_over_people,
    calibration_error,
    degrees,
    equal_error_rate,
    listed_draws,
    mcnemar,
    pair_cosines,
    people_draws,
    perfect_calibration_errors,
    reliability,
)

SAME = np.array([True, True, True, True, False, False, False, False])
COSINE = np.array([0.9, 0.8, 0.6, 0.3, 0.5, 0.2, 0.1, 0.0])


def test_measures_of_a_case_made_by_hand():
    assert auc(COSINE, SAME) == pytest.approx(15 / 16)  # one of 16 pairs of pairs is wrong
    threshold = best_threshold(COSINE, SAME)
    assert 0.2 < threshold <= 0.3 or 0.5 < threshold <= 0.6
    assert balanced_accuracy(COSINE, SAME, threshold) == 7 / 8
    assert equal_error_rate(COSINE, SAME) == pytest.approx(0.25)
    assert balanced_accuracy(COSINE, SAME, 0.55) == pytest.approx((0.75 + 1) / 2)


@given(st.integers(0, 1000))
def test_no_threshold_beats_the_best(seed: int):
    rng = np.random.default_rng(seed)
    same = np.r_[True, False, rng.random(60) < 0.3]
    cosine = np.round(rng.normal(size=62) * 0.2 + same * 0.3, 2)
    best = balanced_accuracy(cosine, same, best_threshold(cosine, same))
    tried = [balanced_accuracy(cosine, same, t) for t in [*cosine, *(cosine + 1e-6), 9.0]]
    assert best == pytest.approx(max(tried))


@given(st.integers(0, 1000))
def test_equal_error_rate_lies_between_both_errors_around_the_crossing(seed: int):
    rng = np.random.default_rng(seed)
    same = np.r_[True, False, rng.random(200) < 0.5]
    cosine = rng.normal(size=202) + same
    eer = equal_error_rate(cosine, same)
    both = [((cosine[~same] >= t).mean(), (cosine[same] < t).mean()) for t in np.sort(cosine)]
    assert min(max(pair) for pair in both) >= eer - 1e-9
    assert max(min(pair) for pair in both) <= eer + 1e-9


def test_auc_is_scikit_learns_with_weights():
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, 8).astype(float) + 0.5
    assert auc(COSINE, SAME, weight) == roc_auc_score(SAME, COSINE, sample_weight=weight)


def test_pair_cosines_are_the_dot_products():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(6, 16)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    pairs = Pairs(np.array([0, 2, 4]), np.array([1, 3, 5]), np.array([True, False, True]))
    expected = [float(embeddings[i] @ embeddings[i + 1]) for i in (0, 2, 4)]
    np.testing.assert_allclose(pair_cosines(embeddings, pairs), expected, atol=1e-6)
    np.testing.assert_allclose(degrees(np.array([1.0, 0.0, -1.0])), [0, 90, 180])


def test_bootstrap_error_is_that_of_a_mean_over_people():
    """Each of 400 people brings one pair of value x: the error of the mean is sd / sqrt(400)."""
    rng = np.random.default_rng(0)
    value, people = rng.normal(size=400), np.arange(400)
    error = bootstrap_over_people(
        lambda weight: float(np.average(value, weights=weight)), people, people, draws=2000
    )
    assert error == pytest.approx(value.std(ddof=1) / 20, rel=0.06)


def test_bootstrap_knows_that_pairs_of_one_person_are_not_independent():
    """Ten copies of each person's pair tell no more than one."""
    rng = np.random.default_rng(0)
    value = np.repeat(rng.normal(size=100), 10)
    people = np.repeat(np.arange(100), 10)
    error = bootstrap_over_people(
        lambda weight: float(np.average(value, weights=weight)), people, people, draws=2000
    )
    assert error == pytest.approx(value.std(ddof=1) / 10, rel=0.08)


def test_errors_of_a_list_are_those_of_drawing_other_values():
    """Pairs as in View 1's list, values with a little of each person in them."""
    rng = np.random.default_rng(5)
    people = 750
    genuine = np.repeat(rng.choice(people, 350, replace=False), rng.integers(1, 3, 350))
    other = np.stack([rng.choice(people, 2, replace=False) for _ in range(500)])
    left, right = np.r_[genuine, other[:, 0]], np.r_[genuine, other[:, 1]]
    same = left == right

    def values() -> np.ndarray:
        effect = rng.normal(size=people) / 5
        return effect[left] + effect[right] + rng.normal(size=len(left))

    def mean(value: np.ndarray, weight: np.ndarray) -> float:
        return float(np.mean([np.average(value[k], weights=weight[k]) for k in (same, ~same)]))

    true = np.std([mean(values(), np.ones(len(same))) for _ in range(2000)])
    few = [values() for _ in range(8)]
    error, product = (
        np.mean([np.std([mean(value, w) for w in draws]) for value in few])
        for draws in (list(listed_draws(same, left, 300)), list(people_draws(left, right, 300)))
    )
    assert error == pytest.approx(true, rel=0.1)
    assert product > 1.25 * true  # why a list has draws of its own


def test_calibration_error_of_cases_made_by_hand():
    said = np.repeat([0.1, 0.9], 50)
    true = np.tile(np.arange(10) == 0, 10)  # one in each group of ten
    true[50:] = ~true[50:]  # nine in each
    found = reliability(said, true)
    assert [(group["pairs"], group["share"]) for group in found] == [(10, 0.1)] * 5 + [
        (10, 0.9)
    ] * 5
    assert calibration_error(said, true) == pytest.approx(0)
    assert calibration_error(said + 0.05, true) == pytest.approx(0.05)
    weight = np.repeat([1.0, 3.0], 50)
    moved = said + np.repeat([0.0, 0.08], 50)
    assert calibration_error(moved, true, weight) == pytest.approx(0.06)
    assert calibration_error(np.ones(100), np.zeros(100, dtype=bool)) == 1.0
    assert calibration_error(np.zeros(100), np.zeros(100, dtype=bool)) == 0.0


def test_the_error_of_a_perfect_model_is_what_chance_leaves():
    """For one probability in all of ten groups: the mean deviation of a binomial share."""
    from scipy.stats import binom

    pairs, p = 1000, 0.3
    n = pairs // 10
    deviation = np.abs(np.arange(n + 1) / n - p) @ binom.pmf(np.arange(n + 1), n, p)
    found = perfect_calibration_errors(np.full(pairs, p)).mean()
    assert found == pytest.approx(deviation, rel=0.05)


def test_chance_explains_the_error_of_a_calibrated_model_and_not_that_of_a_bold_one():
    rng = np.random.default_rng(1)
    p = rng.uniform(size=4000)
    same = rng.random(4000) < p
    assert np.mean(perfect_calibration_errors(p, draws=200) >= calibration_error(p, same)) > 0.05
    bold = np.clip(1.5 * (p - 0.5) + 0.5, 0, 1)
    assert calibration_error(bold, same) > perfect_calibration_errors(bold, draws=200).max() + 0.02


def pairs_at_random(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    same = np.r_[True, False, rng.random(80) < 0.4]
    cosine = np.round(rng.normal(size=82) * 0.3 + same * 0.3, 1)  # with ties
    return cosine, same, rng.integers(0, 3, 82) + 0.25


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.01, 0.1, 0.37, 1.0]))
def test_tar_at_far_is_the_best_point_of_scikit_learns_curve(seed: int, far: float):
    cosine, same, weight = pairs_at_random(seed)
    for w in (None, weight):
        fars, tars, _ = roc_curve(same, cosine, sample_weight=w, drop_intermediate=False)
        best = tars[fars <= far + 1e-12].max()
        assert Ranked.of(cosine, same).tar([far + 1e-12], w)[0] == pytest.approx(best)


def test_weights_of_the_equal_error_rate_count_pairs():
    cosine, same, _ = pairs_at_random(1)
    times = np.random.default_rng(2).integers(0, 3, len(same))
    again = np.repeat(np.arange(len(same)), times)
    found = equal_error_rate(cosine, same, times.astype(float))
    assert found == pytest.approx(equal_error_rate(cosine[again], same[again]))


def test_mcnemar_of_a_case_made_by_hand():
    first = np.array([True] * 8 + [False] * 2 + [True] * 5)
    second = np.array([False] * 8 + [True] * 2 + [True] * 5)
    found = mcnemar(first, second)
    assert (found["only_first"], found["only_second"]) == (8, 2)
    # Of ten coins eight or more, or two or fewer, heads: 2 (1 + 10 + 45) / 1024
    assert found["p_value"] == pytest.approx(2 * 56 / 1024, rel=0.01)
    assert mcnemar(first, first)["p_value"] == 1.0
