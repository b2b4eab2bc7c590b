"""evaluation/identify.py, degrade.py, sweep.py and seeds.py on cases made by hand."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from evaluation import degrade, identify, seeds, sweep
from evaluation.results import ASSETS, LOSSES, OutputMissing
from evaluation.runs import Run
from evaluation.view2 import NotFinal
from model import sets
from model.aligned import Faces
from model.calibration import Calibration
from model.data import DataNotFound, pairs_of_people, read_lfw
from model.degrade import DEGRADATIONS, Degradation
from model.recognizer import Recognizer
from model.sets import TrainingSet, ValidationSet
from model.training import Training


def test_ranks_count_who_is_more_alike():
    names = np.array([7, 8, 9])
    cosine = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.2, 0.3, 0.4], [0.2, 0.3, 0.4]])
    person = np.array([7, 9, 8, 5])
    np.testing.assert_array_equal(identify.ranks(cosine, names, person), [0, 2, 1, 3])


def test_one_image_is_enrolled_and_no_probe_is_enrolled():
    person = np.array([1, 1, 1, 2, 3, 3, 4])
    enrolled, probes, strangers = identify.enrolment(person)
    assert sorted(person[enrolled]) == [1, 3]
    assert sorted([*enrolled, *probes, *strangers]) == list(range(7))
    np.testing.assert_array_equal(person[strangers], [2, 4])


def test_found_and_false_alarms_by_hand():
    known = np.eye(2, 3)  # two people enrolled
    probes = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.6, 0.8, 0]])  # at 0, 37 and 53 degrees
    strangers = np.array([[0, 0, 1.0], [0.8, 0, 0.6]])
    found = identify.named(
        known, np.array([0, 1]), probes, np.array([0, 0, 0]), strangers, np.array([5, 6]),
        {0.01: 30.0, 0.1: 45.0},
    )  # fmt: skip
    assert found["rank_1"]["value"] == pytest.approx(2 / 3, abs=1e-5)
    assert found["rank_5"]["value"] == 1
    strict, loose = found["at_far"]["0.01"], found["at_far"]["0.1"]
    assert strict["found"]["value"] == pytest.approx(1 / 3, abs=1e-5)
    assert loose["found"]["value"] == pytest.approx(2 / 3, abs=1e-5)
    assert strict["false_alarms"]["value"] == 0
    assert loose["false_alarms"]["value"] == 0.5
    assert loose["if_independent"] == pytest.approx(1 - 0.9**2)


def test_the_random_split_is_of_images_and_the_ceiling_is_who_is_in_training():
    out = identify.random_images(100, 20)
    assert out.sum() == 20
    np.testing.assert_array_equal(identify.random_images(100, 20), out)
    share = identify.over_people(np.repeat([True, False], 4), np.repeat(np.arange(4), 2))
    assert share["value"] == 0.5
    # Four people of whom two are right: the mean of four draws of 0 or 1
    assert share["standard_error"] == pytest.approx(np.sqrt(1 / 16), abs=0.02)
    of_two = identify.over_people(np.array([True, True, False, False]), np.array([0, 0, 1, 1]))
    assert of_two == {"value": 0.5}  # two draws say nothing of an error


@pytest.mark.lfw
def test_of_lfws_random_test_images_two_thirds_show_somebody_in_training(lfw):
    person = read_lfw(lfw).person
    out = identify.random_images(len(person), identify.TEST_IMAGES)
    known = np.isin(person[out], person[~out]).mean()
    assert known == pytest.approx(2 / 3, abs=0.04)


def by_brightness(name: str, sharpness: float) -> Recognizer:
    """A network that knows a face by its mean grey level alone."""

    def embed(crops: np.ndarray) -> np.ndarray:
        angle = crops.reshape(len(crops), -1).mean(axis=1) / 255 * np.pi * sharpness
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)

    angle = np.radians(np.r_[np.linspace(0, 5, 50), np.linspace(4, 90, 50)])
    same, who = np.arange(100) < 50, np.arange(100)
    calibration = Calibration.from_pairs(np.cos(angle), same, who, np.where(same, who, who - 1))
    return Recognizer(name, calibration, embed)


def test_a_darker_face_is_lost_by_who_goes_by_brightness(monkeypatch):
    people = np.linspace(60, 200, 12).astype(np.uint8)
    crops = np.broadcast_to(people[:, None, None, None], (12, 112, 112, 3)).copy()
    table = {"darkness": Degradation(DEGRADATIONS["darkness"].function, "share", (1, 0.5, 0.1), 1)}
    monkeypatch.setattr(degrade, "DEGRADATIONS", table)
    networks = [by_brightness("softmax", 1.0), by_brightness("arcface", 1.0)]
    found = degrade.measured(crops, crops, networks)
    assert (found["genuine"], found["impostor"]) == (12, 120)
    steps = found["kinds"]["darkness"]["steps"]
    whole, half, dark = (step["losses"]["softmax"] for step in steps)
    assert whole["auc"]["value"] == 1
    assert whole["genuine_degrees"] == pytest.approx(0, abs=0.1)
    assert whole["accuracy"]["value"] > 0.9 > half["accuracy"]["value"]
    assert dark["auc"]["value"] < 0.75
    expected = np.degrees(np.abs(people - np.round(people * 0.5)) / 255 * np.pi).mean()
    assert half["genuine_degrees"] == pytest.approx(expected, abs=0.3)
    for step in steps:  # of twins
        assert step["differences"]["arcface less softmax"]["auc"] == {
            "value": 0, "standard_error": 0,
        }  # fmt: skip


def test_two_photos_are_of_one_person_and_never_one_photo():
    person = np.array([3, 3, 3, 5, 8, 8])
    first, second = degrade.two_photos(person)
    np.testing.assert_array_equal(person[first], [3, 8])
    np.testing.assert_array_equal(person[second], [3, 8])
    assert (first != second).all()


def test_the_sweep_says_where_training_failed(tmp_path, monkeypatch):
    inputs = torch.randn(96, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    person = np.repeat(np.arange(6), 16)
    inputs[:, :, :8] += torch.from_numpy(np.sin(person))[:, None, None, None].float() * 3
    inputs[:, :, 8:, :8] += torch.from_numpy(np.cos(person))[:, None, None, None].float() * 3
    learn = TrainingSet(inputs, person, np.arange(6))
    validation = ValidationSet(inputs, person, pairs_of_people(person))
    monkeypatch.setattr(sweep, "ROOT", tmp_path)

    def small(self, seed):
        return replace(
            sweep.BASE, loss="arcface", input_size=16, width=4, dimension=8, batch_size=16,
            epochs=15, scale=self.scale, add_angle=self.margin, ramp=self.ramp, seed=seed,
            learning_rate=0.02, precision="float32", evaluate_every=15,
        )  # fmt: skip

    monkeypatch.setattr(sweep.Setting, "config", small)
    control = sweep.CONTROL
    state = tmp_path / "state.safetensors"
    one = sweep.run(control, control.config(0), learn, validation, "x", state)
    assert one["auc"] > 0.7
    assert one["trained_right"] > 0.5
    for name in ("w_ec", "w_inter", "intra", "inter"):
        assert 0 < one[f"{name}_degrees"] < 180
    assert state.is_file()  # sweep() removes it when the result is written
    worse = one | {"setting": "s 24, m 1.2", "auc": one["auc"] - sweep.FALL}
    done = {
        "a": one,
        "b": worse,
        "c": {"setting": "s 96, m 0.4", "seed": 0, "not_finite_at_step": 3},
    }
    rows = {row["setting"]: row for row in sweep.report(done, control.config(0), 1, {})["settings"]}
    assert [rows[name]["failed"] for name in ("s 24, m 0", "s 24, m 1.2", "s 96, m 0.4")] == [
        0,
        1,
        1,
    ]
    assert "auc" not in rows["s 96, m 0.4"]
    del done["a"]
    done["d"] = {"setting": control.name, "seed": 0, "not_finite_at_step": 3}
    rows = {row["setting"]: row for row in sweep.report(done, control.config(0), 1, {})["settings"]}
    assert [rows[name]["failed"] for name in (control.name, "s 24, m 1.2")] == [1, 0]


def test_anybodys_own_people_are_swept_and_what_is_finished_is_kept(
    people_folder, face_cache, tmp_path, monkeypatch
):
    def small(self, seed):
        return replace(
            sweep.BASE, loss="arcface", input_size=16, width=4, dimension=8, batch_size=8,
            epochs=1, scale=self.scale, add_angle=self.margin, seed=seed,
        )  # fmt: skip

    monkeypatch.setattr(sweep, "ROOT", tmp_path)
    monkeypatch.setattr(sweep.Setting, "config", small)
    monkeypatch.setattr(sweep, "SETTINGS", sweep.SETTINGS[:2])
    with pytest.raises(OutputMissing):
        sweep.sweep(images=people_folder)
    path = tmp_path / "swept.json"
    sweep.sweep(images=people_folder, output=path, seeds=1)
    found = json.loads(path.read_text())
    assert found["command"] == "python evaluate.py sweep --images ..."
    assert [row["setting"] for row in found["settings"]] == ["s 24, m 0", "s 24, m 0.2"]
    monkeypatch.setattr(sweep, "run", None)  # nothing is trained a second time
    sweep.sweep(images=people_folder, output=path, seeds=1)
    assert json.loads(path.read_text())["trainings"] == found["trainings"]


def test_a_sweep_that_is_stopped_keeps_the_state_it_goes_on_from(tmp_path, monkeypatch):
    def stopped(config, learn, state, data):
        state.parent.mkdir(parents=True)
        state.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "trained", stopped)
    state = tmp_path / "sweep" / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        sweep.run(sweep.CONTROL, sweep.CONTROL.config(0), None, None, "x", state)
    assert state.read_bytes() == b"half of it"


class OnAnotherDevice:
    """Class centres that, as CUDA's, are of no use before they are brought here."""

    def __init__(self, centres: torch.Tensor) -> None:
        self.centres = centres

    def detach(self) -> "OnAnotherDevice":
        return self

    def cpu(self) -> torch.Tensor:
        return self.centres


def ended(centres: object, network: torch.nn.Module) -> SimpleNamespace:
    """A training that is over."""
    training = SimpleNamespace(head=SimpleNamespace(weight=centres), step=7)
    history = [{"loss": 1.0}] * 8
    return SimpleNamespace(training=training, network=network, history=history, seconds=1.0)


def test_centres_that_were_trained_on_another_device_are_brought_here(tmp_path, monkeypatch):
    person = np.repeat(np.arange(3), 4)
    inputs = torch.eye(3)[person] + 0.01 * torch.randn(12, 3)
    run = ended(OnAnotherDevice(torch.eye(3)), torch.nn.Identity())
    learn = TrainingSet(inputs, person, np.arange(3))
    held = ValidationSet(inputs, person, pairs_of_people(person))
    for where in (sweep, identify, sets):  # inputs that are embeddings already
        monkeypatch.setattr(where, "embed", lambda network, inputs: normalize(inputs))
    monkeypatch.setattr(sweep, "trained", lambda *of: run)
    config = replace(sweep.CONTROL.config(0), epochs=2)
    found = sweep.run(sweep.CONTROL, config, learn, held, "x", tmp_path / "state")
    assert found["trained_right"] == 1.0
    assert found["w_inter_degrees"] == 90.0

    faces = Faces(
        crops=np.zeros((12, 112, 112, 3), np.uint8), person=person,
        part=np.array(["train"] * 12), image=np.array(["x"] * 12), names=("A", "B", "C"),
        unreadable=(), faceless=(), shared=(),
    )  # fmt: skip
    monkeypatch.setattr(identify, "trained", lambda *of: run)
    known = SimpleNamespace(people=np.arange(3), fingerprint=lambda names: "x")
    monkeypatch.setattr(identify, "training_set", lambda *of: known)
    monkeypatch.setattr(identify, "to_input", lambda crops, size: inputs[: len(crops)])
    monkeypatch.setattr(identify, "half", lambda network: {})
    monkeypatch.setattr(identify, "append_to_test_log", lambda entry: None)
    assert identify.closed_set(faces)["test"]["images"] == 2


def test_weights_that_no_checkpoint_can_hold_are_a_failed_training(tmp_path, monkeypatch):
    learn = TrainingSet(torch.zeros(9, 3, 16, 16), np.arange(9) % 3, np.arange(3))
    config = replace(
        sweep.CONTROL.config(0), input_size=16, width=4, dimension=8, batch_size=8, epochs=1
    )

    def trained(config, learn, state, data):
        training = Training(config, 3, 1)
        with torch.no_grad():
            next(training.averaged.parameters()).fill_(1e6)  # float16 ends at 65,504
        training.step = 7
        return Run(training, [], state, data)

    monkeypatch.setattr(sweep, "trained", trained)
    found = sweep.run(sweep.CONTROL, config, learn, None, "x", tmp_path / "state")
    assert found == {"setting": sweep.CONTROL.name, "seed": 0, "not_finite_at_step": 7}
    assert sweep.failed(found, {"a": found})


def test_angles_of_validation_people_by_hand():
    faces = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 1.0]], dtype=np.float32)
    inter, intra = sweep.validation_angles(faces, np.array([0, 0, 1]))
    assert np.degrees(intra) == pytest.approx(53.13, abs=0.01)
    assert np.degrees(inter) == pytest.approx(90)


def test_one_seed_ships_for_all_three_losses():
    aucs = {"softmax": [0.90, 0.95, 0.92], "norm-softmax": [0.97, 0.95, 0.95],
            "arcface": [0.98, 0.97, 0.96]}  # fmt: skip
    assert seeds.best(aucs) == 1  # the mean decides, not ArcFace's own


def test_a_checkpoint_of_another_seed_is_refused():
    path = ASSETS / "arcface.safetensors"
    networks = [Recognizer.load(path)] * 3
    with pytest.raises(seeds.SeedsUnlike):
        seeds.validated([path] * 3, networks)


@pytest.mark.parametrize("lfw", [True, False])
def test_the_best_seed_ships_only_after_all_are_scored(tmp_path, monkeypatch, lfw):
    """Where LFW is missing assets/ stays as it was."""

    def home(data_home):
        if not lfw:
            raise DataNotFound(looked="/nowhere")

    network = SimpleNamespace()
    results, assets, order = tmp_path / "results", tmp_path / "assets", []
    assets.mkdir()
    for loss in LOSSES:
        (assets / f"{loss}.safetensors").write_bytes(b"as it was")
        for seed in seeds.SEEDS:
            file = tmp_path / "runs" / f"{loss}-{seed}" / f"{loss}.safetensors"
            file.parent.mkdir(parents=True)
            file.write_bytes(f"{loss} {seed}".encode())
    scores = {"accuracy": [0.8, 0.9, 0.8], "auc": [0.9, 0.95, 0.9]}
    monkeypatch.setattr(seeds, "RESULTS", results)
    monkeypatch.setattr(seeds, "ASSETS", assets)
    monkeypatch.setattr(seeds, "made_by", lambda command: order.append("header") or {})
    monkeypatch.setattr(seeds.Recognizer, "load", lambda path: order.append("load") or network)
    monkeypatch.setattr(seeds, "validated", lambda paths, networks: scores)
    monkeypatch.setattr(seeds, "lfw_test", home)
    monkeypatch.setattr(seeds, "tested", lambda *of: {})
    if lfw:
        seeds.seeds(runs=tmp_path / "runs", final=True)
        assert order[:2] == ["header", "load"]
        assert json.loads((results / "seeds.json").read_text())["ships"] == 1
    else:
        with pytest.raises(DataNotFound):
            seeds.seeds(runs=tmp_path / "runs", final=True)
    for loss in LOSSES:
        ships = (assets / f"{loss}.safetensors").read_bytes()
        assert ships == (f"{loss} 1".encode() if lfw else b"as it was")


def test_the_test_people_too_are_told_where_asked(tmp_path, monkeypatch):
    state = tmp_path / "runs" / "identify" / "closed.safetensors"

    def closed_set(faces):
        state.parent.mkdir(parents=True)
        state.touch()
        return {}

    faces = SimpleNamespace(
        indices=lambda part: np.arange(2), crops=np.zeros(2), person=np.zeros(2)
    )
    monkeypatch.setattr(identify, "ROOT", tmp_path)
    monkeypatch.setattr(identify, "RESULTS", tmp_path / "none")
    for name in ("lfw_home", "read_lfw", "show"):
        monkeypatch.setattr(identify, name, lambda *of, **more: None)
    monkeypatch.setattr(identify, "load_faces", lambda *of: faces)
    monkeypatch.setattr(identify, "open_set", lambda *of: {"losses": {}})
    monkeypatch.setattr(identify, "closed_set", closed_set)
    identify.identify(output=tmp_path / "own.json", final=True)
    assert json.loads((tmp_path / "own.json").read_text())["closed"] == {}
    assert not (tmp_path / "none").exists()
    assert not state.exists()  # the result is kept, the network is not


def test_ones_own_people_are_spoilt_and_searched(people_folder, tmp_path, monkeypatch):
    table = {"blur": replace(DEGRADATIONS["blur"], strengths=(0.0, 4.0))}
    monkeypatch.setattr(degrade, "DEGRADATIONS", table)
    degrade.degrade(images=people_folder, output=tmp_path / "degrade.json")
    assert json.loads((tmp_path / "degrade.json").read_text())["people"] == 9
    with pytest.raises(identify.TooFewStrangers, match=r"9 have two photos or more.*0 have one"):
        identify.identify(images=people_folder, output=tmp_path / "identify.json")
    alone = tmp_path / "people"
    shutil.copytree(people_folder, alone)
    for photo in sorted(next(alone.iterdir()).iterdir())[1:]:
        photo.unlink()
    identify.identify(images=alone, output=tmp_path / "identify.json")
    found = json.loads((tmp_path / "identify.json").read_text())["open"]
    assert (found["enrolled"], found["probes"], found["strangers"]) == (8, 24, 1)
    for command in (degrade.degrade, identify.identify):
        with pytest.raises(OutputMissing):
            command(images=people_folder)


def test_test_people_are_named_only_when_no_choice_is_left():
    with pytest.raises(NotFinal):
        identify.identify()
