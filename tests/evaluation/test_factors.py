"""evaluation/factors.py: which networks it trains, and that it measures as the ledger does."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from evaluation import factors
from evaluation.results import ASSETS, RESULTS
from evaluation.view2 import NotFinal
from model.aligned import load_faces
from model.checkpoint import load_checkpoint
from model.data import read_lfw
from model.ledger import STATISTICS
from model.recipe import TrainConfig


def test_it_scores_test_people_only_when_no_choice_is_left():
    with pytest.raises(NotFinal):
        factors.factors()


def test_what_was_trained_is_kept_until_the_result_is(tmp_path, monkeypatch):
    config = TrainConfig(loss="arcface", scale=16.0)
    state = tmp_path / "runs" / "factors" / "arcface-16.safetensors"
    order = []

    def write_json(path, report):
        order.append(state.is_file())

    def four(faces):
        state.parent.mkdir(parents=True)
        state.touch()
        order.append("trained")
        return [factors.Cell(config, torch.nn.Identity(), torch.zeros(1))]

    def compared(faces, home, cells):
        return {cell.name: {"auc": {"value": 0.9}, "validation_auc": {"value": 0.9}}
                for cell in cells}, {}  # fmt: skip

    monkeypatch.setattr(factors, "ROOT", tmp_path)
    monkeypatch.setattr(factors, "made_by", lambda command: order.append("header") or {})
    for name in ("lfw_home", "read_lfw", "load_faces"):
        monkeypatch.setattr(factors, name, lambda *of, **more: None)
    monkeypatch.setattr(factors, "append_to_test_log", lambda entry: None)
    monkeypatch.setattr(factors, "angles", lambda faces, cell: {"checkpoint_sha256": "0"})
    monkeypatch.setattr(factors, "four", four)
    monkeypatch.setattr(factors, "compared", compared)
    monkeypatch.setattr(factors, "write_json", write_json)
    factors.factors(final=True)
    assert order == ["header", "trained", True]
    assert not state.exists()


@pytest.mark.lfw
def test_scale_and_margin_are_each_changed_alone(lfw, monkeypatch):
    asked = []

    def trained(config, learn, state, data):
        asked.append((config, state.name))
        weight = torch.arange(len(learn.people), dtype=torch.float32)[:, None].expand(-1, 256)
        head = SimpleNamespace(weight=weight)
        training = SimpleNamespace(head=head, network=torch.nn.Identity())
        return SimpleNamespace(training=training, network=torch.nn.Identity(), seconds=1.0)

    monkeypatch.setattr(factors, "trained", trained)
    faces = load_faces(read_lfw(lfw))
    cells = factors.four(faces)
    assert [cell.name for cell in cells] == [
        "s 16, m 0", "s 16, m 0.4", "s 24, m 0", "s 24, m 0.4",
    ]  # fmt: skip
    assert [name for _, name in asked] == ["arcface-16.safetensors", "norm-softmax-24.safetensors"]
    arcface, control = (
        load_checkpoint(ASSETS / f"{loss}.safetensors").card for loss in ("arcface", "norm-softmax")
    )
    changed = [
        {key for key, value in vars(config).items() if value != vars(card.config)[key]}
        for (config, _), card in zip(asked, (arcface, control), strict=True)
    ]
    assert changed == [{"scale"}, {"scale"}]
    trained_on = sorted({faces.names[j] for j in faces.person[faces.indices("train")]})
    row = int(cells[1].centres[0, 0])  # its class among the people with two images
    counts = {name: 0 for name in trained_on}
    for j in faces.person[faces.indices("train")]:
        counts[faces.names[j]] += 1
    assert [n for n in trained_on if counts[n] > 1][row] == arcface.centre_people[0]


@pytest.mark.lfw
def test_of_what_ships_it_measures_the_ledgers_angles(lfw):
    faces = load_faces(read_lfw(lfw))
    cell = factors.as_shipped(load_checkpoint(ASSETS / "norm-softmax.safetensors"))
    found = factors.angles(faces, cell)
    ledger = json.loads((RESULTS / "ledger.json").read_text())["losses"]["norm-softmax"]
    assert found["checkpoint_sha256"] == ledger["checkpoint_sha256"]
    for name in STATISTICS:
        assert found[name]["value"] == pytest.approx(ledger[name]["value"], abs=0.05)
    assert "w_ec_last" not in found
    assert np.isfinite(found["w_ec"]["standard_error"])
