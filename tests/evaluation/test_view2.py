"""evaluation/view2.py: nobody and no pixel in two parts of a fold, resumption, recipes unmixed."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from evaluation import results, runs, view2
from evaluation.runs import trained
from model import folds
from model.aligned import load_faces
from model.checkpoint import half
from model.data import Collection, PartTooSmall, read_lfw
from model.folds import FOLDS, FoldsInvalid, fold_parts, people_of, read_folds
from model.recipe import TrainConfig, recipe_hash
from model.sets import TrainingSet

SMALL = TrainConfig(
    input_size=16, width=4, dimension=8, batch_size=8, epochs=2, stop_after=2, averaging=0.5,
    scale=8.0, save_every=1, precision="float32", learning_rate=0.01,
)  # fmt: skip


@pytest.fixture
def home(tmp_path, portraits):
    """An LFW of 60 "people" with four photos each, each a portrait under noise of their own."""
    rng = np.random.default_rng(0)
    lines = [f"{FOLDS}\t1"]
    people = [f"Person_{i:02d}" for i in range(60)]
    faces = [Image.fromarray(image).resize((160, 160)) for image in portraits]
    for i, name in enumerate(people):
        folder = tmp_path / "lfw_home" / "lfw" / name
        folder.mkdir(parents=True)
        for number in range(1, 5):
            pixels = np.asarray(faces[i % 2]).astype(int) + rng.integers(-9, 9, (160, 160, 3))
            picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
            picture.save(folder / f"{name}_{number:04d}.jpg")
    for fold in range(FOLDS):
        a, b = people[4 * fold], people[4 * fold + 1]
        lines += [f"{a}\t1\t2", f"{a}\t1\t{b}\t3"]
    (tmp_path / "lfw_home" / "pairs.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "lfw_home" / "pairsDevTest.txt").write_text("1\nPerson_00\t1\t2\n")
    return tmp_path / "lfw_home"


@pytest.fixture
def small(home, tmp_path, monkeypatch):
    """view2 on that LFW, with a small recipe, writing into a folder of its own."""
    monkeypatch.setenv("MARGINSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(view2, "RESULTS", tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    monkeypatch.setattr(view2, "ROOT", tmp_path)
    monkeypatch.setattr(folds, "TENTH", 4)  # of so few people
    monkeypatch.setattr(view2, "read_recipe", lambda path: replace(SMALL, loss=path.stem))
    monkeypatch.setattr(view2, "SHORTER", {"epochs": 2})
    (tmp_path / "test_log.json").write_text("[]")
    return home.parent


def test_finished_folds_are_kept_and_an_interrupted_one_goes_on(small, tmp_path, monkeypatch):
    view2.view2(small, loss="norm-softmax", folds=3, final=True)
    whole = json.loads((tmp_path / "view2.json").read_text())["losses"]["norm-softmax"]
    assert list(whole["folds"]) == ["0", "1", "2"]
    (tmp_path / "view2.json").unlink()
    (tmp_path / "test_log.json").write_text("[]")

    steps, take = [], runs.take

    def stops(run, *others):
        if run.state.stem.endswith("-1") and len(steps) == 3:
            raise KeyboardInterrupt
        steps.append(run.state.stem) if run.state.stem.endswith("-1") else None
        take(run, *others)

    with monkeypatch.context() as patched:
        patched.setattr(runs, "take", stops)
        with pytest.raises(KeyboardInterrupt):
            view2.view2(small, loss="norm-softmax", folds=3, final=True)
    report = json.loads((tmp_path / "view2.json").read_text())
    assert list(report["losses"]["norm-softmax"]["folds"]) == ["0"]
    assert (tmp_path / "runs" / "view2" / "norm-softmax-1.safetensors").is_file()
    taken: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(runs, "take", lambda run, *x: (taken.append(run.state.stem), take(run, *x)))
        view2.view2(small, loss="norm-softmax", folds=3, final=True)
    steps_a_fold = taken.count("norm-softmax-2")
    assert taken.count("norm-softmax-0") == 0
    assert taken.count("norm-softmax-1") == steps_a_fold - 3
    again = json.loads((tmp_path / "view2.json").read_text())["losses"]["norm-softmax"]
    for fold, found in whole["folds"].items():
        ours = again["folds"][fold]
        assert {k: v for k, v in ours.items() if k != "seconds"} == {
            k: v for k, v in found.items() if k != "seconds"
        }
    values = [one["accuracy"] for one in whole["folds"].values()]
    assert again["accuracy"]["value"] == pytest.approx(np.mean(values), abs=1e-5)
    error = np.std(values, ddof=1) / np.sqrt(3)
    assert again["accuracy"]["standard_error"] == pytest.approx(error, abs=1e-5)
    assert not list((tmp_path / "runs" / "view2").glob("*.safetensors"))
    assert len(json.loads((tmp_path / "test_log.json").read_text())) == 3


def test_another_loss_that_goes_on_meanwhile_keeps_its_folds(small, tmp_path, monkeypatch):
    whole, meanwhile = view2.scored_fold, []

    def scored_fold(collection, fold, config, state):
        if config.loss == "norm-softmax" and not meanwhile:
            meanwhile.append(view2.view2(small, loss="softmax", folds=1, final=True))
        return whole(collection, fold, config, state)

    monkeypatch.setattr(view2, "scored_fold", scored_fold)
    view2.view2(small, loss="norm-softmax", folds=1, final=True)
    losses = json.loads((tmp_path / "view2.json").read_text())["losses"]
    assert {name: list(one["folds"]) for name, one in losses.items()} == {
        "softmax": ["0"], "norm-softmax": ["0"],
    }  # fmt: skip


def test_losses_are_compared_in_the_folds_that_both_have():
    def folds(**accuracy):
        return {"folds": {f[1:]: {"accuracy": a, "auc": 0.9} for f, a in accuracy.items()}}

    losses = {"softmax": folds(f0=0.80, f1=0.90), "arcface": folds(f0=0.84, f1=0.92, f2=0.5)}
    losses["norm-softmax"] = folds(f1=0.91)  # one fold in common has no spread
    found = view2.differences(losses)
    assert list(found) == ["arcface less softmax"]
    one = found["arcface less softmax"]
    assert one["n"] == 2
    assert one["accuracy"] == {"value": 0.03, "standard_error": 0.01}  # 4 and 2 points
    assert one["auc"] == {"value": 0.0, "standard_error": 0.0}


def test_a_changed_recipe_is_refused_and_what_is_there_stays(small, tmp_path, monkeypatch):
    view2.view2(small, loss="norm-softmax", folds=1, final=True)
    before = (tmp_path / "view2.json").read_bytes()
    monkeypatch.setattr(view2, "SHORTER", {"epochs": 3})
    with pytest.raises(view2.RecipeChanged, match="norm-softmax by recipe"):
        view2.view2(small, loss="norm-softmax", final=True)
    assert (tmp_path / "view2.json").read_bytes() == before
    with pytest.raises(view2.NotFinal):
        view2.view2(small)


def test_anybodys_own_people_have_ten_folds(small, tmp_path):
    people = small / "lfw_home" / "lfw"
    with pytest.raises(results.OutputMissing):
        view2.view2(images=people)
    view2.view2(images=people, output=tmp_path / "own.json", loss="arcface", folds=2)
    found = json.loads((tmp_path / "own.json").read_text())["losses"]["arcface"]
    assert [one["people"]["test"] for one in found["folds"].values()] == [6, 6]
    assert [one["pairs"] for one in found["folds"].values()] == [6 * 6 + 6 * 5 // 2] * 2
    assert json.loads((tmp_path / "test_log.json").read_text()) == []
    collection, folds_of = view2.read_folder_folds(people)
    assert set().union(*(fold.people for fold in folds_of)) == set(collection.people)
    assert sum(len(fold.people) for fold in folds_of) == len(collection.people)


def test_a_fold_without_both_kinds_of_pair_is_refused_before_it_is_trained(
    small, tmp_path, monkeypatch
):
    monkeypatch.setattr(view2, "trained", None)
    collection = read_lfw(small / "lfw_home")
    with pytest.raises(PartTooSmall, match=r"1 with a usable photo are in the fold's test part"):
        view2.scored_fold(collection, view2.Fold({"Person_00"}, None), SMALL, tmp_path / "state")


def test_the_recipes_hash_is_blind_to_seed_and_machine_and_to_nothing_else():
    same = replace(SMALL, seed=7, threads=3, device="cpu", save_every=9, workers=2)
    assert recipe_hash(same) == recipe_hash(SMALL)
    assert recipe_hash(replace(SMALL, scale=9.0)) != recipe_hash(SMALL)
    assert recipe_hash(replace(SMALL, stop_after=1)) != recipe_hash(SMALL)


def test_a_training_is_the_same_in_one_go_and_in_two(tmp_path, monkeypatch):
    inputs = torch.randn(24, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    learn = TrainingSet(inputs, np.arange(24) % 3, np.arange(3))
    whole = trained(SMALL, learn, tmp_path / "whole", "x")
    took, really = [], runs.take

    def stops(*all_):
        if len(took) == 4:
            raise KeyboardInterrupt
        took.append(1)
        really(*all_)

    monkeypatch.setattr(runs, "take", stops)
    with pytest.raises(KeyboardInterrupt):
        trained(SMALL, learn, tmp_path / "halves", "x")
    monkeypatch.setattr(runs, "take", really)
    halves = trained(SMALL, learn, tmp_path / "halves", "x")
    for name, weights in half(whole.network).items():
        torch.testing.assert_close(half(halves.network)[name], weights, rtol=0, atol=0)
    assert len(halves.history) == len(whole.history) == 6


def test_a_state_beyond_the_last_step_is_begun_anew(tmp_path, capsys):
    inputs = torch.randn(24, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    learn = TrainingSet(inputs, np.arange(24) % 3, np.arange(3))
    shorter = replace(SMALL, stop_after=1)
    wanted = trained(shorter, learn, tmp_path / "fresh", "x")
    trained(SMALL, learn, tmp_path / "state", "x")
    found = trained(shorter, learn, tmp_path / "state", "x")
    assert "begun anew: it took 6 steps, and the last is 3" in "".join(capsys.readouterr())
    assert (found.training.step, len(found.history)) == (3, 3)
    for name, weights in half(wanted.network).items():
        torch.testing.assert_close(half(found.network)[name], weights, rtol=0, atol=0)


def test_folds_that_share_a_person_are_refused(home):
    lines = (home / "pairs.txt").read_text().splitlines()
    (home / "pairs.txt").write_text("\n".join([*lines[:-1], "Person_00\t1\t2"]) + "\n")
    with pytest.raises(FoldsInvalid, match="a person is in two"):
        read_folds(home)
    (home / "pairs.txt").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(FoldsInvalid, match="19 pairs are not ten"):
        read_folds(home)
    (home / "pairs.txt").unlink()
    with pytest.raises(FoldsInvalid, match="No such file"):
        read_folds(home)


@pytest.mark.lfw
def test_lfws_folds_are_the_papers(lfw):
    sets = read_folds(lfw)
    assert [len(pairs) for pairs in sets] == [600] * FOLDS
    for pairs in sets:
        assert sum(a[0] == b[0] for a, b in pairs) == 300


@pytest.mark.lfw
@pytest.mark.parametrize("fold", [0, 9])
def test_no_person_and_no_pixels_are_in_two_parts_of_a_fold(lfw, fold):
    pairs = read_folds(lfw)[fold]
    collection: Collection = fold_parts(read_lfw(lfw), people_of(pairs))
    parts = dict(zip(collection.people, collection.parts, strict=True))
    assert {name for name, part in parts.items() if part == "test"} == people_of(pairs)
    counts = np.bincount(collection.person)
    held = [i for i, part in enumerate(collection.parts) if part == "validation"]
    left = sum(part != "test" for part in collection.parts)
    assert 0.08 < len(held) / left < 0.12
    most = sorted((n for i, n in enumerate(counts) if collection.parts[i] != "test"), reverse=True)
    assert counts[held].max() <= most[8]  # the eight with most images train
    faces = load_faces(collection)
    where: dict[bytes, set[str]] = {}
    for crop, part in zip(faces.crops, faces.part, strict=True):
        where.setdefault(crop.tobytes(), set()).add(str(part))
    assert all(len(parts) == 1 for parts in where.values())
    people = {
        part: {name.rpartition("_")[0] for name in faces.image[faces.indices(part)]}
        for part in np.unique(faces.part)
    }
    assert not people["train"] & people["test"]
    assert not people["train"] & people["validation"]
    told, no_face = view2.fold_pairs(faces, pairs)
    assert no_face == (1 if fold == 9 else 0)  # Marilyn_Monroe_0001
    assert len(told.same) == 600 - no_face
    assert told.same.sum() == (300 if fold == 0 else 299)
    assert set(faces.part[told.left]) == {"test"}
