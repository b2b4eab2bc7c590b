"""evaluation/kept.py, and view2 and sweep by it: no two studies are mixed, nor their states."""

import json
from types import SimpleNamespace

import pytest

from evaluation import sweep, view2
from evaluation.kept import OutputOther, PhotosChanged, earlier, photos_hash, states_of
from evaluation.results import RESULTS
from model import folds
from model.data import PartTooSmall, read_folder

FOLD = {"accuracy": 0.5, "auc": 0.5, "checkpoint_sha256": "0" * 64, "seconds": 1.0}


@pytest.fixture
def people(tmp_path):
    """Thirty people of four photos each, none of which is ever opened."""
    for person in range(30):
        for photo in range(4):
            path = tmp_path / "people" / f"person-{person}" / f"{photo}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"a photo")
    return tmp_path / "people"


@pytest.fixture
def ten_folds(tmp_path, monkeypatch):
    """view2 that trains nothing; the states that it was to train at."""
    states = []

    def scored_fold(collection, fold, config, state):
        states.append(state)
        return FOLD

    monkeypatch.setattr(view2, "ROOT", tmp_path)
    monkeypatch.setattr(view2, "RESULTS", tmp_path)
    monkeypatch.setattr(view2, "read_recipe", lambda path: sweep.BASE)
    monkeypatch.setattr(view2, "scored_fold", scored_fold)
    monkeypatch.setattr(view2, "append_to_test_log", lambda entry: None)
    monkeypatch.setattr(folds, "TENTH", 2)  # of so few people
    return states


def one_fold(people, output):
    view2.view2(images=people, output=output, loss="arcface", folds=1)


def test_photos_are_known_by_names_and_sizes(people):
    before = photos_hash(read_folder(people))
    assert photos_hash(read_folder(people)) == before
    photo = people / "person-3" / "0.png"
    with photo.open("ab") as stream:
        stream.write(b"!")
    longer = photos_hash(read_folder(people))
    photo.rename(photo.with_stem("9"))
    renamed = photos_hash(read_folder(people))
    assert len({before, longer, renamed}) == 3
    (people / "person-3" / "gone.png").symlink_to(people / "nowhere.png")
    assert len(photos_hash(read_folder(people))) == 64


def test_folds_that_leave_nobody_to_validate_on_are_refused_at_once(
    people, tmp_path, ten_folds, monkeypatch
):
    monkeypatch.setattr(folds, "TENTH", 10**9)
    with pytest.raises(PartTooSmall, match="fold's validation part"):
        one_fold(people, tmp_path / "own.json")
    assert ten_folds == []


def test_folds_of_other_photos_are_not_mixed_in(people, tmp_path, ten_folds):
    output = tmp_path / "own.json"
    one_fold(people, output)
    before = output.read_bytes()
    one_fold(people, output)
    assert (output.read_bytes(), len(ten_folds)) == (before, 1)  # finished
    (people / "person-4" / "3.png").unlink()
    with pytest.raises(PhotosChanged, match=r"own\.json has results of other photos"):
        one_fold(people, output)
    assert (output.read_bytes(), len(ten_folds)) == (before, 1)


def test_lfws_folds_are_known_without_its_photos_and_no_folder_goes_on_with_them(
    people, tmp_path, ten_folds, monkeypatch
):
    output = tmp_path / "view2.json"
    monkeypatch.setattr(view2, "read_lfw_folds", lambda data_home: view2.read_folder_folds(people))
    view2.view2(loss="arcface", folds=1, final=True)
    assert "photos_sha256" not in json.loads(output.read_text())
    view2.view2(loss="arcface", folds=2, final=True)
    assert [state.stem for state in ten_folds] == ["arcface-0", "arcface-1"]
    with pytest.raises(PhotosChanged):
        one_fold(people, output)


def test_each_output_has_states_of_its_own(people, tmp_path, ten_folds):
    for folder in ("a", "b"):
        one_fold(people, tmp_path / folder / "own.json")
    first, second = ten_folds
    assert first.parent != second.parent
    assert {state.parent.parent for state in ten_folds} == {tmp_path / "runs"}
    assert first.parent.name.startswith("own-")
    usual = tmp_path / "runs" / "view2"
    assert states_of(usual, None) == usual
    assert states_of(usual, tmp_path / "a" / "own.json") == first.parent


def test_a_header_is_of_the_code_that_trained(people, tmp_path, ten_folds, monkeypatch):
    order, train = [], view2.scored_fold
    monkeypatch.setattr(view2, "made_by", lambda command: order.append("header") or {})
    monkeypatch.setattr(view2, "scored_fold", lambda *of: order.append("training") or train(*of))
    one_fold(people, tmp_path / "own.json")
    assert order == ["header", "training"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("half a fi", "is no JSON"), ("[1]", "has no 'losses'"), ('{"losses": {}}', "has no 'cat")],
)
def test_what_this_command_did_not_write_is_not_overwritten(
    people, tmp_path, ten_folds, text, problem
):
    output = tmp_path / "own.json"
    output.write_text(text)
    with pytest.raises(OutputOther, match=problem):
        one_fold(people, output)
    with pytest.raises(OutputOther):
        sweep.sweep(images=people, output=output)
    assert (output.read_text(), ten_folds) == (text, [])


def test_what_ships_can_be_gone_on_with():
    for name, holds in (("view2", view2.HOLDS), ("sweep", ("trainings", "settings"))):
        found = earlier(RESULTS / f"{name}.json", *holds)
        assert "photos_sha256" not in found
    assert sweep.known(found) == found["trainings"]


def test_a_sweep_of_other_photos_is_refused_and_a_finished_one_left_alone(
    people, tmp_path, monkeypatch
):
    one = {"setting": sweep.CONTROL.name, "seed": 0, "not_finite_at_step": 3}
    seen = []

    def run(setting, config, learn, validation, data, state):
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_bytes(b"a training")
        seen.append(state)
        return one

    write = sweep.write_json
    monkeypatch.setattr(sweep, "ROOT", tmp_path)
    monkeypatch.setattr(sweep, "SETTINGS", sweep.SETTINGS[:1])
    monkeypatch.setattr(sweep, "load_faces", lambda collection, bar: SimpleNamespace(names=()))
    monkeypatch.setattr(sweep, "validation_set", lambda *of: None)
    learn = SimpleNamespace(fingerprint=lambda names: "x")
    monkeypatch.setattr(sweep, "training_set", lambda *of: learn)
    monkeypatch.setattr(sweep, "run", run)
    monkeypatch.setattr(
        sweep, "write_json", lambda path, found: (seen[-1].read_bytes(), write(path, found))
    )  # the state is there until its result is
    output = tmp_path / "own.json"
    sweep.sweep(images=people, output=output, seeds=1)
    assert not seen[0].exists()
    assert seen[0].parent == states_of(tmp_path / "runs" / "sweep", output)
    monkeypatch.setattr(sweep, "write_json", None)
    sweep.sweep(images=people, output=output, seeds=1)
    assert len(seen) == 1
    (people / "person-4" / "3.png").unlink()
    with pytest.raises(PhotosChanged):
        sweep.sweep(images=people, output=output, seeds=1)
