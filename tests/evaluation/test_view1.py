"""evaluation/view1.py on networks made by hand: every measure against its own definition."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve

from evaluation import scored as scored_
from evaluation import view1
from evaluation.results import ASSETS
from evaluation.scored import (
    FolderChanged,
    PairsInvalid,
    PairsWithoutFolder,
    Scored,
    folder_pairs,
)
from model.aligned import Faces
from model.calibration import Calibration
from model.data import Collection, Pairs, PartTooSmall, pairs_of_people, read_folder
from model.recognizer import Recognizer
from model.verification import calibration_error, degrees, equal_error_rate

PEOPLE, EACH = 40, 4


def network(name: str, noise: float, rng: np.random.Generator) -> Recognizer:
    """A network that knows people by the first pixel and errs by `noise`."""
    directions = rng.normal(size=(PEOPLE, 16))
    errors = rng.normal(size=(PEOPLE, EACH, 16)) * noise
    table = (directions[:, None] + errors).reshape(-1, 16)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    pairs = pairs_of_people(np.repeat(np.arange(PEOPLE), EACH))
    cosine = np.einsum("pd,pd->p", table[pairs.left], table[pairs.right])
    who = np.repeat(np.arange(PEOPLE), EACH)
    calibration = Calibration.from_pairs(cosine, pairs.same, who[pairs.left], who[pairs.right])

    def embed(crops: np.ndarray) -> np.ndarray:
        return table[crops[:, 0, 0, 0]].astype(np.float32)

    return Recognizer(name, calibration, embed)


@pytest.fixture
def scored() -> Scored:
    person = np.repeat(np.arange(PEOPLE), EACH)
    crops = np.zeros((len(person), 112, 112, 3), dtype=np.uint8)
    crops[:, 0, 0, 0] = np.arange(len(person))
    rng = np.random.default_rng(3)
    pairs = pairs_of_people(person)
    kept = np.sort(rng.choice(len(pairs.same), 300, replace=False))
    few = Pairs(pairs.left[kept], pairs.right[kept], pairs.same[kept])
    return Scored(crops, person, few, listed=True)


@pytest.fixture
def report(scored, monkeypatch):
    monkeypatch.setattr(view1, "DRAWS", 60)
    monkeypatch.setattr(view1, "DRAWS_OF_ALL", 20)
    rng = np.random.default_rng(0)
    networks = [network("softmax", 0.9, rng), network("arcface", 0.5, rng)]
    return networks, view1.compared(scored, networks)


def test_each_measure_is_what_its_name_says(scored, report):
    networks, found = report
    assert (found["people"], found["images"], found["pairs"]) == (PEOPLE, PEOPLE * EACH, 300)
    every = np.triu_indices(PEOPLE * EACH, 1)
    same = scored.person[every[0]] == scored.person[every[1]]
    assert found["all_pairs"] == {"genuine": same.sum(), "impostor": (~same).sum()}
    for one in networks:
        scores, vectors = found["losses"][one.name], one.embed(scored.crops).astype(float)
        cosine = (vectors[scored.pairs.left] * vectors[scored.pairs.right]).sum(axis=1)
        right = (degrees(cosine) <= one.calibration.threshold) == scored.pairs.same
        balanced = balanced_accuracy_score(scored.pairs.same, right == scored.pairs.same)
        assert scores["accuracy"]["value"] == pytest.approx(balanced, abs=1e-5)
        area = roc_auc_score(scored.pairs.same, cosine)
        assert scores["auc"]["value"] == pytest.approx(area, abs=1e-5)
        eer = equal_error_rate(cosine, scored.pairs.same)
        assert scores["eer"]["value"] == pytest.approx(eer, abs=1e-4)
        share = scored.pairs.same.mean()  # not half of them are genuine here
        said = np.array([one.calibration.probability(angle, share) for angle in degrees(cosine)])
        off = calibration_error(said, scored.pairs.same)
        assert scores["calibration_error"]["value"] == pytest.approx(off, abs=1e-4)
        # Each has EACH photos, so all weigh alike: the weights of people change nothing
        far, tar, _ = roc_curve(same, (vectors @ vectors.T)[every], drop_intermediate=False)
        for name, value in view1.FARS.items():
            expected = tar[far <= value].max()
            assert scores["tar_at_far"][name]["value"] == pytest.approx(expected, abs=1e-4)
        curve = dict(zip(scores["roc"]["far"], scores["roc"]["tar"], strict=True))
        assert curve[0.1] == pytest.approx(tar[far <= 0.1].max(), abs=1e-4)
        assert curve[1.0] == 1.0
        for measure in ("accuracy", "auc", "eer", "calibration_error"):
            assert 0 < scores[measure]["standard_error"] < 0.2


def test_nobody_with_many_photos_is_the_statistic():
    """Of 12, 5, 2 and 1 photos: ten genuine pairs a person at most, one impostor pair of two."""
    person = np.repeat(np.arange(4), (12, 5, 2, 1))
    crops = np.zeros((len(person), 112, 112, 3), dtype=np.uint8)
    few = Scored(crops, person, pairs_of_people(person), listed=False)
    every = few.all_pairs(np.arange(len(person)))
    weight, (left, right) = every.by_people(), every.people()
    own = [weight[(left == j) & (right == j)].sum() for j in range(4)]
    np.testing.assert_allclose(own, [10, 10, 1, 0])
    for a, b in np.transpose(np.triu_indices(4, 1)):
        assert weight[(left == a) & (right == b)].sum() == pytest.approx(1)
    assert len(few.pairs.same) == pytest.approx(weight.sum())
    some = few.all_pairs(np.arange(10, 20))  # two photos are left of the first
    left, right = some.people()
    assert some.by_people()[(left == 0) & (right == 0)].tolist() == [1]


def test_differences_are_paired(scored, report):
    networks, found = report
    (name, difference), *rest = found["differences"].items()
    assert (name, rest) == ("arcface less softmax", [])
    losses = found["losses"]
    for measure in ("accuracy", "auc", "eer"):
        gap = losses["arcface"][measure]["value"] - losses["softmax"][measure]["value"]
        assert difference[measure]["value"] == pytest.approx(gap, abs=2e-5)
    answers = []
    for one in networks:
        vectors = one.embed(scored.crops).astype(float)
        cosine = (vectors[scored.pairs.left] * vectors[scored.pairs.right]).sum(axis=1)
        answers.append((degrees(cosine) <= one.calibration.threshold) == scored.pairs.same)
    test = difference["mcnemar"]
    assert test["only_first"] == (answers[1] & ~answers[0]).sum()
    assert test["only_second"] == (answers[0] & ~answers[1]).sum()


def test_a_network_does_not_differ_from_itself(scored, monkeypatch):
    monkeypatch.setattr(view1, "DRAWS", 10)
    monkeypatch.setattr(view1, "DRAWS_OF_ALL", 10)
    one = network("softmax", 0.7, np.random.default_rng(0))
    twin = Recognizer("arcface", one.calibration, one.function)
    (difference,) = view1.compared(scored, [one, twin])["differences"].values()
    assert difference["accuracy"] == {"value": 0, "standard_error": 0}
    assert difference["tar_at_far"]["0.01"] == {"value": 0, "standard_error": 0}
    assert difference["mcnemar"] == {"only_first": 0, "only_second": 0, "p_value": 1.0}


def test_pairs_of_everybody_with_everybody_have_no_test_of_independent_ones(scored, monkeypatch):
    monkeypatch.setattr(view1, "DRAWS", 10)
    monkeypatch.setattr(view1, "DRAWS_OF_ALL", 10)
    rng = np.random.default_rng(0)
    networks = [network("softmax", 0.9, rng), network("arcface", 0.5, rng)]
    person = scored.person
    every = replace(scored, pairs=pairs_of_people(person), listed=False)
    (difference,) = view1.compared(every, networks)["differences"].values()
    assert "mcnemar" not in difference
    assert difference["auc"]["standard_error"] > 0


@pytest.mark.parametrize("people", [2, 3])
def test_of_two_people_there_is_no_error(scored, monkeypatch, people):
    """Each draw of two people that has both kinds of pair is the same: it would be 0."""
    monkeypatch.setattr(view1, "DRAWS", 10)
    monkeypatch.setattr(view1, "DRAWS_OF_ALL", 10)
    some = scored.person < people
    few = Scored(
        scored.crops[some], scored.person[some], pairs_of_people(scored.person[some]), False
    )
    rng = np.random.default_rng(0)
    found = view1.compared(few, [network("softmax", 2.0, rng), network("arcface", 2.0, rng)])
    (difference,) = found["differences"].values()
    for one in (difference, *found["losses"].values()):
        for measure in (one["auc"], one["accuracy"], one["eer"], *one["tar_at_far"].values()):
            assert ("standard_error" in measure) == (people == 3)


def test_of_a_large_folder_the_pairs_of_some_images_are_told(scored, monkeypatch):
    monkeypatch.setattr(view1, "DRAWS", 10)
    monkeypatch.setattr(view1, "DRAWS_OF_ALL", 10)
    monkeypatch.setattr(view1, "MOST", 60)
    found = view1.compared(scored, [network("softmax", 0.7, np.random.default_rng(0))])
    assert sum(found["all_pairs"].values()) == 60 * 59 // 2


def test_it_scores_lfw_only_when_no_choice_is_left():
    with pytest.raises(view1.NotFinal):
        view1.view1()
    with pytest.raises(view1.OutputMissing):
        view1.view1(images="anybody")
    with pytest.raises(PairsWithoutFolder, match=r"own\.csv lists photos.*--images"):
        view1.view1(pairs="own.csv", final=True)


def test_ones_own_people_are_scored_by_the_shipped_checkpoints(
    people_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(view1, "DRAWS", 10)
    monkeypatch.setattr(view1, "DRAWS_OF_ALL", 10)
    view1.view1(images=people_folder, output=tmp_path / "own.json")
    found = json.loads((tmp_path / "own.json").read_text())
    assert found["people"] == 9
    assert set(found["losses"]) == {"softmax", "norm-softmax", "arcface"}
    assert all("mcnemar" not in one for one in found["differences"].values())


def unaligned(collection: Collection) -> Faces:
    """A folder's photos as if each showed a face: who is there is asked, not how they look."""
    names = [photo.stem for photo in collection.images]
    return Faces(
        crops=np.zeros((len(names), 112, 112, 3), np.uint8), person=collection.person,
        part=np.array(collection.parts)[collection.person], image=np.array(names),
        names=collection.people, unreadable=(), faceless=(), shared=(),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Nine people of four photos each, none of which is ever opened."""
    for person in range(9):
        for photo in range(4):
            path = tmp_path / "people" / f"person-{person}" / f"{photo}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    monkeypatch.setattr(scored_, "load_faces", lambda collection, bar: unaligned(collection))
    return tmp_path / "people"


def test_checkpoints_are_scored_on_the_very_folder_that_they_were_trained_on(folder, tmp_path):
    trained = {"arcface.safetensors": unaligned(read_folder(folder)).split()}
    held_out = folder_pairs(folder, None, trained)
    assert len(np.unique(held_out.person)) == 2  # an eighth, at least two
    assert len(np.unique(folder_pairs(folder, None).person)) == 9
    shutil.copytree(folder / "person-0", folder / "person-9")
    with pytest.raises(FolderChanged, match=r"5 people with 20 .* has 6 people with 24 .*Train"):
        folder_pairs(folder, None, trained)
    shutil.copy(ASSETS / "arcface.safetensors", tmp_path)  # of LFW
    with pytest.raises(FolderChanged, match=r"^arcface\.safetensors was trained"):
        view1.view1(images=folder, checkpoints=tmp_path, output=tmp_path / "own.json")


def test_what_is_said_of_a_part_that_is_too_small_is_of_that_part(folder, monkeypatch):
    faces = unaligned(read_folder(folder))
    held = faces.indices("test")
    alone = faces.person == faces.person[held[0]]
    faces = replace(faces, part=np.where(alone | (faces.part != "test"), faces.part, "train"))
    monkeypatch.setattr(scored_, "load_faces", lambda collection, bar: faces)
    with pytest.raises(
        PartTooSmall, match=r"1 with a usable photo are in the test part, 1 of them"
    ):
        folder_pairs(folder, None, {"arcface.safetensors": faces.split()})


def test_a_checkpoint_under_another_losss_name_is_refused(tmp_path):
    shutil.copy(ASSETS / "arcface.safetensors", tmp_path / "softmax.safetensors")
    with pytest.raises(
        view1.LossOther, match=r"softmax\.safetensors is of arcface, not of softmax"
    ):
        view1.recognizers(tmp_path)


def test_a_list_of_pairs_is_read_and_one_that_does_not_fit_is_refused(folder, tmp_path):
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.*"))
    listed = tmp_path / "pairs.csv"
    listed.write_text(f"left,right\n{names[0]},{names[1]}\n{names[0]},{names[-1]}\n")
    pairs = folder_pairs(folder, listed).pairs
    assert pairs.same.tolist() == [True, False]
    listed.write_text(f"left,right\n{names[0]},nobody/1.jpg\n")
    with pytest.raises(PairsInvalid, match=r"line 2.*nobody/1"):
        folder_pairs(folder, listed)
    listed.write_text("left,right\n")
    with pytest.raises(PairsInvalid, match="no pair"):
        folder_pairs(folder, listed)
    with pytest.raises(PairsInvalid, match="cannot be read"):
        folder_pairs(folder, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("left,right\n{a},\n", "line 2: its right names no photo"),
        ("left,right\n{a}\n", "line 2: its right names no photo"),
        ("left,right\n.,{a}\n", "line 2: its left names no photo"),
        ("one,two\n{a},{b}\n", "line 1: its columns are 'one', 'two'"),
        ("left;right\n{a};{b}\n", "line 1: its columns are 'left;right'"),
        ("left, right\n{a}, {b}\n", "line 1: its columns are 'left', ' right'"),
        ("", "line 1: its columns are none"),
        ("left,right\n{a},{b}\n{a},{a}\n", "line 3: it pairs a photo with itself"),
        (
            "left,right\n{a},{twin}\n",
            "line 2: 'person-2/0' is 2 photos that differ in their endings",
        ),
        ("left,right\n{a},{b}\n", "all its pairs are of one person, and pairs of two people"),
        ("left,right\n{a},{c}\n", "all its pairs are of two people, and pairs of one person"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_with_the_reason(folder, tmp_path, text, problem):
    shutil.copy(folder / "person-2" / "0.png", folder / "person-2" / "0.bmp")
    names = {"a": "person-0/0.png", "b": "person-0/1.png", "c": "person-1/0.png",
             "twin": "person-2/0.png"}  # fmt: skip
    listed = tmp_path / "pairs.csv"
    listed.write_text(text.format(**names))
    with pytest.raises(PairsInvalid, match=re.escape(problem)):
        folder_pairs(folder, listed)
