"""The shipped recognisers: sound, small, alike in all but the loss, as good as they are said."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from demo import assets
from evaluation.scored import view1_pairs
from model.aligned import load_faces
from model.checkpoint import load_checkpoint
from model.data import PARTS, read_lfw
from model.verification import auc, degrees, pair_cosines

RESULTS = Path(__file__).resolve().parents[2] / "results"
LOSSES = ("softmax", "norm-softmax", "arcface")


@pytest.fixture(scope="module", params=LOSSES)
def shipped(request):
    return load_checkpoint(assets.ASSETS / f"{request.param}.safetensors"), request.param


def test_the_file_is_what_its_name_says_and_small(shipped):
    checkpoint, loss = shipped
    assert checkpoint.card.loss == loss
    assert (assets.ASSETS / f"{loss}.safetensors").stat().st_size < 10_000_000


def test_only_the_loss_differs():
    of_the_loss = {"loss", "scale", "multiply", "add_angle", "add_cosine"}
    cards = [load_checkpoint(assets.ASSETS / f"{loss}.safetensors").card for loss in LOSSES]
    common = [{k: v for k, v in c.recipe.items() if k not in of_the_loss} for c in cards]
    assert common[0] == common[1] == common[2]
    assert cards[0].split == cards[1].split == cards[2].split
    conditions = [{k: c.training[k] for k in ("precision", "threads", "steps")} for c in cards]
    assert conditions[0] == conditions[1] == conditions[2]


def test_it_carries_no_more_centres_than_the_seen_gallery(shipped):
    checkpoint, loss = shipped
    assert len(checkpoint.card.centre_people) == 43
    assert checkpoint.centres.shape == (43, checkpoint.card.config.dimension)
    assert (checkpoint.bias is not None) == (loss == "softmax")


def test_training_drew_faces_to_their_own_centre(shipped):
    training = shipped[0].card.training
    start, end = training["own_angles_start"], training["own_angles_end"]
    assert sum(start) == sum(end) == shipped[0].card.split["trained"]["images"]
    assert abs(np.average(np.arange(180) + 0.5, weights=start) - 90) < 10
    assert np.average(np.arange(180) + 0.5, weights=end) < 60


def test_arcface_is_tighter_on_the_people_it_trained_on_than_its_control():
    """The story that the product tells (DESIGN.md): the margin acts strongly on seen people."""
    mean = {
        loss: load_checkpoint(assets.ASSETS / f"{loss}.safetensors").card.training["own_angle_mean"]
        for loss in LOSSES
    }
    assert mean["arcface"] < mean["norm-softmax"]


def test_embed_is_strict_about_what_goes_in():
    recognizer = assets.recognizer("arcface")
    for wrong in (np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, 112, 112, 3), np.float32)):
        with pytest.raises(ValueError, match="expected uint8"):
            recognizer.embed(wrong)
    found = recognizer.embed(np.zeros((3, 112, 112, 3), np.uint8))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


@pytest.mark.lfw
def test_no_test_or_validation_person_is_among_the_centres(shipped, lfw):
    people = read_lfw(lfw)
    part = dict(zip(people.people, people.parts, strict=True))
    assert {part[name] for name in shipped[0].card.centre_people} == {"train"}
    assert set(PARTS) == set(people.parts)


@pytest.fixture(scope="module")
def scored(lfw):
    """The shipped models' scores, after making sure that these very files were scored before."""
    measured = json.loads((RESULTS / "view1.json").read_text())["losses"]
    log = json.loads((RESULTS / "test_log.json").read_text())
    for loss in LOSSES:
        digest = hashlib.sha256((assets.ASSETS / f"{loss}.safetensors").read_bytes()).hexdigest()
        assert digest == measured[loss]["checkpoint_sha256"], f"{loss} is not the one measured"
        assert digest in {entry["checkpoint_sha256"] for entry in log}
    scored = view1_pairs(load_faces(read_lfw(lfw)), lfw)
    same, found = scored.pairs.same, {}
    for loss in LOSSES:
        recognizer = assets.recognizer(loss)
        cosine = pair_cosines(recognizer.embed(scored.crops), scored.pairs)
        right = (degrees(cosine) <= recognizer.calibration.threshold) == same
        found[loss] = {"accuracy": right.mean(), "auc": auc(cosine, same)}
    return found, measured


@pytest.mark.lfw
@pytest.mark.parametrize("loss", LOSSES)
def test_the_test_pairs_score_what_was_measured(scored, loss: str):
    """A regression test of shipped models: it chooses nothing."""
    found, measured = scored
    for name, within in (("accuracy", 0.003), ("auc", 0.001)):
        expected = measured[loss][name]["value"]
        assert found[loss][name] == pytest.approx(expected, abs=within)


@pytest.mark.lfw
def test_arcface_reaches_its_bar_of_accuracy_on_the_test_pairs(scored):
    assert scored[0]["arcface"]["accuracy"] >= 0.905


@pytest.mark.xfail(
    strict=True,
    reason="missed and reported: AUC .9670 ± .0070 (README, results/recipes.md); a recipe that is "
    "better on validation people has to reach it",
)
def test_arcface_reaches_its_bar_of_auc_on_the_test_pairs(scored):
    assert scored[0]["arcface"]["auc"] >= 0.968
