import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from model.calibration import Calibration, NoBetterThanChance
from model.data import pairs_of_people
from model.verification import bootstrap_over_people


@pytest.fixture(scope="module")
def pairs():
    """Pairs of 120 people of four images, with angles as a recogniser gives them."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(120), 4)
    pairs = pairs_of_people(person)
    ease = rng.normal(0, 6, 120)  # some people are easier than others
    mean = np.where(pairs.same, 57 + ease[person[pairs.left]], 89)
    angle = rng.normal(mean, np.where(pairs.same, 6, 7))
    return angle, pairs.same, person[pairs.left], person[pairs.right]


@pytest.fixture(scope="module")
def calibration(pairs):
    angle, same, left, right = pairs
    return Calibration.from_pairs(np.cos(np.radians(angle)), same, left, right)


def test_it_counts_what_it_was_given(pairs, calibration):
    angle, same, *_ = pairs
    assert sum(calibration.genuine) == same.sum()
    assert sum(calibration.impostor) == (~same).sum()
    for asked in (40.0, 57.3, 70.0, 89.9, 120.0):
        assert calibration.far(asked)[0] == pytest.approx((angle[~same] <= asked).mean(), abs=2e-3)
        assert calibration.frr(asked)[0] == pytest.approx((angle[same] > asked).mean(), abs=4e-3)
    assert calibration.far(0.0) == (0.0, 0.0)
    assert calibration.frr(180.0) == (0.0, 0.0)
    assert 65 < calibration.threshold < 80
    assert calibration.typical(same=True) == pytest.approx(np.median(angle[same]), abs=0.1)
    assert calibration.typical(same=False) == pytest.approx(np.median(angle[~same]), abs=0.1)


@pytest.mark.parametrize("asked", [50.0, 60.0, 80.0])
def test_the_errors_are_those_of_a_bootstrap_over_people(pairs, calibration, asked):
    angle, same, left, right = pairs
    for kind, found in ((True, calibration.frr(asked)[1]), (False, calibration.far(asked)[1])):
        within = (angle <= asked)[same == kind]

        def share(weight, within=within, kind=kind):
            return float(np.average(within, weights=weight[same == kind]))

        assert found == pytest.approx(bootstrap_over_people(share, left, right), rel=0.02, abs=1e-6)


def test_people_who_differ_make_the_error_larger_than_a_binomial_one(pairs, calibration):
    share, error = calibration.frr(57.0)
    genuine = pairs[1].sum()
    assert error > 1.3 * np.sqrt(share * (1 - share) / genuine)


def test_wrong_lengths_are_refused(calibration):
    with pytest.raises(ValueError, match="number of bins"):
        Calibration((1, 2), calibration.impostor, (0.0,), (0.0,), 70.0, 1.0, 0.0)


def test_the_probability_is_the_logistic_regression_on_the_pairs_themselves(pairs, calibration):
    """Against scikit-learn on each pair's own cosine, both kinds weighing alike."""
    angle, same, *_ = pairs
    weight = np.where(same, 1000 / same.sum(), 1000 / (~same).sum())
    oracle = LogisticRegression(C=1e6, max_iter=1000).fit(
        np.cos(np.radians(angle))[:, None], same, sample_weight=weight
    )
    for asked in (45.0, 70.0, 76.0, 95.0):
        expected = oracle.predict_proba([[np.cos(np.radians(asked))]])[0, 1]
        assert calibration.probability(asked) == pytest.approx(expected, abs=0.003)


def test_another_prior_follows_by_bayes(calibration):
    even = calibration.probability(70.0)
    for prior in (0.01, 0.3, 0.9):
        expected = even * prior / (even * prior + (1 - even) * (1 - prior))
        assert calibration.probability(70.0, prior) == pytest.approx(expected)


def test_the_verdict_follows_the_pairs_own_errors(calibration):
    said = [calibration.verdict(a) for a in np.arange(0, 180, 0.5)]
    order = {"same": 0, "unsure": 1, "different": 2}
    ranks = [order[verdict] for verdict in said]
    assert ranks == sorted(ranks)
    assert {said[0], said[-1]} == {"same", "different"}
    for angle, verdict in zip(np.arange(0, 180, 0.5), said, strict=True):
        if verdict == "same":
            assert calibration.far(angle)[0] <= 0.05
        elif verdict == "different":
            assert calibration.frr(angle)[0] <= 0.05
        else:
            assert min(calibration.far(angle)[0], calibration.frr(angle)[0]) > 0.05
    # With a strict limit both kinds of error are too common around the crossing
    assert calibration.verdict(74.0, limit=0.001) == "unsure"
    # With a lax one both hold there, and the more probable one is said
    assert calibration.verdict(60.0, limit=0.6) == "same"
    assert calibration.verdict(86.0, limit=0.6) == "different"


@pytest.mark.parametrize("far", [0.1, 0.01, 0.001])
def test_a_threshold_keeps_its_far(pairs, calibration, far):
    angle, same, *_ = pairs
    threshold = calibration.threshold_at_far(far)
    assert (angle[~same] < threshold).mean() <= far
    assert (angle[~same] < threshold + 0.2).mean() > far
    assert calibration.far(threshold)[0] <= far + 1e-9


def test_where_both_errors_are_small_the_prior_counts(calibration):
    assert calibration.verdict(74.0, limit=0.6, prior=0.99) == "same"
    assert calibration.verdict(74.0, limit=0.6, prior=0.01) == "different"


@given(
    angle=st.floats(0, 180), prior=st.floats(0.001, 0.999),
    limits=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)  # fmt: skip
def test_a_verdict_is_never_against_the_probability_nor_turned_round_by_a_smaller_limit(
    calibration, angle, prior, limits
):
    strict, lax = (calibration.verdict(angle, limit, prior) for limit in sorted(limits))
    assert strict in (lax, "unsure")
    probable = calibration.probability(angle, prior) >= 0.5
    assert {"same": True, "different": False}.get(lax, probable) == probable


@pytest.mark.parametrize(
    "change",
    [lambda cosine: -cosine, np.zeros_like, lambda cosine: cosine * np.nan],
    ids=["the wrong way round", "all alike", "no numbers"],
)
def test_a_network_that_tells_nobody_apart_is_refused_with_the_cure(pairs, change):
    angle, same, left, right = pairs
    with pytest.raises(
        NoBetterThanChance, match=r"no better than chance.*--stop-after.*more people"
    ):
        Calibration.from_pairs(change(np.cos(np.radians(angle))), same, left, right)
