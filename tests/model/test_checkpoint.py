import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from model.backbone import Backbone, embed
from model.calibration import Calibration
from model.checkpoint import (
    Card,
    CheckpointInvalid,
    WeightsNotFinite,
    half,
    load_checkpoint,
    load_network,
    save_checkpoint,
)
from model.recipe import TrainConfig, resolved
from model.state import StateInTheWay, StateUnfit, load_state, refuse_to_overwrite, save_state
from model.training import Training

CONFIG = TrainConfig(input_size=32, width=4, blocks=(1, 1, 1, 1), dimension=8)


@pytest.fixture
def card() -> Card:
    rng = np.random.default_rng(0)
    same = np.arange(300) < 100
    left = np.arange(300) % 20
    cosine = np.clip(rng.normal(0.1, 0.1, 300) + 0.4 * same, -1, 1)
    return Card(
        loss="arcface",
        recipe=resolved(CONFIG),
        split={"train": {"people": 2, "images": 5}},
        training={"steps": 3},
        calibration=Calibration.from_pairs(cosine, same, left, np.where(same, left, left + 1)),
        validation={"auc": {"value": 0.9, "standard_error": 0.01}},
        centre_people=("Ada", "Grace"),
        versions={"torch": torch.__version__},
        git="unknown",
    )


@pytest.fixture
def network() -> Backbone:
    network = Backbone(32, 4, (1, 1, 1, 1), 8, 0.0)
    network(torch.randn(16, 3, 32, 32))  # running statistics of its own
    return network.eval()


@pytest.fixture
def saved(tmp_path, card, network):
    path = tmp_path / "arcface.safetensors"
    save_checkpoint(path, half(network), torch.randn(2, 8), None, card)
    return path


def test_what_is_loaded_is_what_was_saved(saved, card, network):
    found = load_checkpoint(saved)
    assert found.card == card
    assert found.card.config.final_margin == CONFIG.final_margin
    assert found.card.recipe["scale"] == CONFIG.final_scale
    assert found.centres.shape == (2, 8)
    assert found.bias is None
    x = torch.randn(5, 3, 32, 32)
    rounded = load_network(CONFIG, half(network))
    assert torch.equal(embed(found.network, x), embed(rounded, x))
    angle = torch.rad2deg(torch.arccos((embed(network, x) * embed(rounded, x)).sum(1).clamp(-1, 1)))
    assert angle.max() < 0.5  # what float16 costs


def rewrite(path, change_tensors=lambda t: t, change_metadata=lambda m: m):
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in list(file.keys())}
        metadata = file.metadata()
    save_file(change_tensors(tensors), path, change_metadata(metadata))


def one_weight(tensors):
    tensors["network.project.weight"][0, 0] += 1
    return tensors


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: p.unlink(), "no such file"),
        (lambda p: p.write_bytes(b""), "cannot be read"),
        (lambda p: p.write_bytes(p.read_bytes()[:500]), "cannot be read"),
        (lambda p: p.write_bytes(b"\x80\x04cos\nsystem\n" * 20), "cannot be read"),  # a pickle
        (lambda p: rewrite(p, one_weight), "own digest"),
        (lambda p: rewrite(p, lambda t: {k: t[k] for k in list(t)[1:]}), "own digest"),
        (
            lambda p: rewrite(
                p, change_metadata=lambda m: m | {"card": m["card"][:-9] + "changed}"}
            ),
            "own digest",
        ),
        (
            lambda p: rewrite(p, change_metadata=lambda m: m | {"format": "other"}),
            "format is 'other'",
        ),
        (lambda p: rewrite(p, change_metadata=lambda m: {}), "format is None"),
    ],
)
def test_a_tampered_checkpoint_is_refused_with_a_reason(saved, change, reason):
    change(saved)
    with pytest.raises(CheckpointInvalid, match=reason) as caught:
        load_checkpoint(saved)
    assert "train.py recipes/arcface.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        ({"width": 8}, "size mismatch"),
        ({"loss": "cosface"}, "card says arcface and its recipe cosface"),
        ({"dimension": 16}, "size mismatch"),
        ({"epochs": -1}, "epochs = -1 is not within"),
        ({"colour": 1}, "unknown key 'colour'"),
    ],
)
def test_a_sound_digest_over_a_card_that_does_not_fit(tmp_path, card, network, recipe, reason):
    path = tmp_path / "arcface.safetensors"
    wrong = dataclasses.replace(card, recipe=card.recipe | recipe)
    save_checkpoint(path, half(network), torch.randn(2, 8), None, wrong)
    with pytest.raises(CheckpointInvalid, match=reason):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("centres", "bias", "changes", "reason"),
    [
        (torch.zeros(3, 8), None, {}, r"centres \(3, 8\)"),
        (torch.zeros(2, 9), None, {}, r"centres \(2, 9\)"),
        (torch.full((2, 8), float("inf")), None, {}, "centres that are not finite"),
        (torch.zeros(2, 8), torch.zeros(2), {}, "softmax alone has a bias"),
        (torch.zeros(2, 8), None, {"genuine": [0] * 1800}, "empty"),
        (torch.zeros(2, 8), None, {"impostor": [1] * 5}, "number of bins"),
        (torch.zeros(2, 8), None, {"threshold": "x"}, "."),
    ],
)
def test_a_sound_digest_over_what_does_not_fit_together(
    tmp_path, card, network, centres, bias, changes, reason
):
    text = json.loads(card.to_json())
    text["calibration"] |= changes
    forged = type("Forged", (), {"to_json": lambda self: json.dumps(text)})()
    path = tmp_path / "arcface.safetensors"
    save_checkpoint(path, half(network), centres, bias, forged)
    with pytest.raises(CheckpointInvalid, match=reason):
        load_checkpoint(path)


def test_weights_that_are_not_finite_are_refused(tmp_path, card, network):
    weights = half(network)
    weights["project.weight"][0, 0] = float("nan")
    path = tmp_path / "arcface.safetensors"
    save_checkpoint(path, weights, torch.randn(2, 8), None, card)
    with pytest.raises(CheckpointInvalid, match="not finite"):
        load_checkpoint(path)


@pytest.mark.parametrize("value", [1e5, float("nan")])
def test_a_network_that_float16_cannot_hold_says_how_to_train_again(network, value):
    """float16 ends at 65,504."""
    with torch.no_grad():
        network.project.weight[0, 0] = value
    with pytest.raises(WeightsNotFinite, match=r"project\.weight.*lower --learning-rate"):
        half(network)


def test_a_card_survives_json(card):
    assert Card.from_json(card.to_json()) == card
    with pytest.raises(ValueError, match="fields"):
        Card.from_json(json.dumps({"loss": "arcface"}))


def test_a_state_of_another_training_is_refused_with_a_reason(tmp_path):
    path = tmp_path / "state.safetensors"
    save_state(path, Training(CONFIG, 3, 10), [{"step": 0}], "these photos")
    assert load_state(path, Training(CONFIG, 3, 10), "these photos") == [{"step": 0}]
    other = dataclasses.replace(CONFIG, learning_rate=0.05)
    with pytest.raises(StateUnfit, match=r"trained with learning_rate = 0\.1"):
        load_state(path, Training(other, 3, 10), "these photos")
    with pytest.raises(StateUnfit, match="other photos"):
        load_state(path, Training(CONFIG, 3, 10), "those photos")
    with pytest.raises(StateUnfit, match="no saved state"):
        load_state(tmp_path / "none", Training(CONFIG, 3, 10), "these photos")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StateUnfit, match="unreadable"):
        load_state(path, Training(CONFIG, 3, 10), "these photos")
    runtime = dataclasses.replace(CONFIG, save_every=1)
    save_state(path, Training(CONFIG, 3, 10), [], "x")
    assert load_state(path, Training(runtime, 3, 10), "x") == []
    bfloat16 = Training(CONFIG, 3, 10).conditions["precision"] == "bfloat16"
    runtime = dataclasses.replace(CONFIG, precision="float32" if bfloat16 else "bfloat16")
    with pytest.warns(UserWarning, match="not bit for bit"):
        load_state(path, Training(runtime, 3, 10), "x")


def test_a_state_from_before_a_field_was_there_goes_on(tmp_path, monkeypatch):
    path = tmp_path / "state.safetensors"
    older = {key: value for key, value in resolved(CONFIG).items() if key != "plain"}
    with monkeypatch.context() as patch:
        patch.setattr("model.state.resolved", lambda config: older)
        save_state(path, Training(CONFIG, 3, 10), [{"step": 0}], "x")
    assert load_state(path, Training(CONFIG, 3, 10), "x") == [{"step": 0}]
    twin = dataclasses.replace(CONFIG, plain=True)
    with pytest.raises(StateUnfit, match="trained with plain = False"):
        load_state(path, Training(twin, 3, 10), "x")


def test_a_card_from_before_a_field_was_there_has_its_default(card):
    older = {key: value for key, value in card.recipe.items() if key != "plain"}
    assert dataclasses.replace(card, recipe=older).config == card.config


def test_a_training_that_is_unfinished_or_another_is_not_overwritten(tmp_path):
    path = tmp_path / "state.safetensors"
    training = Training(CONFIG, 3, 10)
    refuse_to_overwrite(path, training, "x")
    training.step = 4
    save_state(path, training, [], "x")
    with pytest.raises(StateInTheWay, match=r"stopped at step 4 of 380: go on with --resume"):
        refuse_to_overwrite(path, training, "x")
    training.step = training.last_step
    save_state(path, training, [], "x")
    refuse_to_overwrite(path, training, "x")
    for changes, data, problem in (
        ({"stop_after": 60}, "x", "took 380 steps, not 600: go on with --resume, name"),
        ({"seed": 1}, "x", "trained with seed = 0: name"),  # which --resume would refuse as well
        ({}, "y", "trained on other photos: name"),
    ):
        other = Training(dataclasses.replace(CONFIG, **changes), 3, 10)
        with pytest.raises(StateInTheWay, match=f"{problem} another folder"):
            refuse_to_overwrite(path, other, data)
