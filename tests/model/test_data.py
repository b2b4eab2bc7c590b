import hashlib
import os
import shutil
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model import data
from model.aligned import load_faces
from model.data import (
    PARTS,
    DataNotFound,
    LfwCutShort,
    TooFewPeople,
    drop_shared_pixels,
    lfw_home,
    pairs_of_people,
    read_folder,
    read_lfw,
    read_pairs,
    seen_gallery,
)
from model.sets import TrainingSet


@pytest.fixture(scope="module")
def people(lfw):
    return read_lfw(lfw)


@pytest.mark.lfw
def test_lfw_is_whole(people):
    assert len(people.people) == 5749
    assert len(people.images) == 13233


@pytest.mark.lfw
def test_the_split_is_the_one_of_the_design(people, lfw):
    listed = (lfw / "pairsDevTest.txt").read_text().split("\n")[1:]
    test = {word for line in listed for word in line.split() if not word.isdigit()}
    counts = Counter(people.people[j] for j in people.person)
    most = {name for name, _ in counts.most_common(8)}
    by_part = {part: set() for part in PARTS}
    for name, part in zip(people.people, people.parts, strict=True):
        by_part[part].add(name)
    assert by_part["test"] == test
    assert len(test) == 963
    assert sum(counts[name] for name in test) == 2741
    for name in set(people.people) - test:
        eighth = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 8 == 0
        assert (name in by_part["validation"]) == (eighth and name not in most)


@pytest.mark.lfw
def test_no_person_of_test_or_validation_is_trained_on(people):
    whom = {part: set() for part in PARTS}
    for photo, j in zip(people.images, people.person, strict=True):
        whom[people.parts[j]].add(photo.parent.name)
    for a, b in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not whom[a] & whom[b]


@pytest.mark.lfw
def test_no_pixel_stands_in_two_parts(people):
    faces = load_faces(people)
    keys = {part: set() for part in PARTS}
    for i in range(len(faces.crops)):
        keys[str(faces.part[i])].add(hashlib.sha256(faces.crops[i].tobytes()).hexdigest())
    for a, b in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not keys[a] & keys[b]
    assert [photo.name for photo in faces.shared] == ["Raul_Ibanez_0001.jpg"]
    assert [photo.name for photo in faces.faceless] == ["Marilyn_Monroe_0001.jpg"]
    assert not faces.unreadable


@pytest.mark.lfw
def test_the_seen_gallery_mirrors_the_unseen_one(people):
    parts = np.array(people.parts)[people.person]
    gallery = seen_gallery(people.person, parts, people.people)
    unseen = Counter(people.person[parts == "test"].tolist())
    wanted = sorted((n for n in unseen.values() if n >= 10), reverse=True)
    assert [count for _, count in gallery] == wanted
    assert len(gallery) == 43
    assert sum(wanted) == 985
    assert all(people.parts[j] == "train" for j, _ in gallery)


@pytest.mark.lfw
def test_the_test_pairs_show_test_people_alone(people, lfw):
    pairs = read_pairs(lfw / "pairsDevTest.txt")
    assert len(pairs) == 1000
    assert sum(a[0] == b[0] for a, b in pairs) == 500
    part = dict(zip(people.people, people.parts, strict=True))
    assert {part[name] for pair in pairs for name, _ in pair} == {"test"}


@given(st.lists(st.integers(0, 12), min_size=2, max_size=120), st.integers(0, 99))
def test_pairs_are_right_and_nobody_is_the_statistic(whom: list[int], seed: int):
    person = np.array(whom)
    pairs = pairs_of_people(person, seed)
    assert (pairs.left != pairs.right).all()
    assert ((person[pairs.left] == person[pairs.right]) == pairs.same).all()
    counts = Counter(whom)
    genuine = Counter(person[pairs.left[pairs.same]].tolist())
    for who, n in counts.items():
        assert genuine[who] == min(10, n * (n - 1) // 2)
    impostors = list(zip(pairs.left[~pairs.same], pairs.right[~pairs.same], strict=True))
    of_people = [frozenset((person[a], person[b])) for a, b in impostors]
    assert len(of_people) == len(set(of_people)) == len(counts) * (len(counts) - 1) // 2
    drawn = [tuple(sorted(pair)) for pair in zip(pairs.left, pairs.right, strict=True)]
    assert len(set(drawn)) == len(drawn)


def test_shared_pixels_leave_train_and_validation_but_not_test():
    parts = np.array(["train", "validation", "test", "train", "train", "validation", "train"])
    pixels = ["a", "a", "b", "b", "c", "d", "c"]
    kept = drop_shared_pixels(parts, pixels)
    assert kept.tolist() == [False, False, True, False, True, True, True]


def test_a_folder_is_split_by_person(people_folder):
    folder = read_folder(people_folder)
    assert Counter(folder.parts) == {"train": 5, "validation": 2, "test": 2}
    assert len(folder.images) == 9 * 4 + 2


def test_a_folder_with_too_few_people_says_how_many_are_needed(tmp_path):
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "1.jpg").write_bytes(b"")
    with pytest.raises(TooFewPeople, match=r"1 people, 0 of them .* at least 6"):
        read_folder(tmp_path)


def test_lfw_is_looked_for_where_the_person_says(tmp_path, monkeypatch):
    (tmp_path / "lfw_home" / "lfw").mkdir(parents=True)
    with pytest.raises(DataNotFound, match="--data-home"):
        lfw_home(tmp_path)  # half a download
    (tmp_path / "lfw_home" / "pairsDevTest.txt").write_text("0\n")
    assert lfw_home(tmp_path) == tmp_path / "lfw_home"
    monkeypatch.setenv("MARGINSCOPE_DATA", str(tmp_path))
    assert lfw_home() == tmp_path / "lfw_home"


def test_an_interrupted_extraction_is_not_taken_for_the_whole(tmp_path, monkeypatch):
    """Extracted by scikit-learn's own code, from an archive of two people."""
    from sklearn.datasets import _lfw

    def fetch(data_home, funneled, min_faces_per_person):
        _lfw._check_fetch_lfw(data_home, funneled, download_if_missing=False)

    home = tmp_path / "lfw_home"
    for name in ("Ada", "Grace"):
        (home / "lfw" / name).mkdir(parents=True)
        (home / "lfw" / name / f"{name}_0001.jpg").write_bytes(b"a photo")
    for name in ("pairs.txt", "pairsDevTrain.txt", "pairsDevTest.txt"):
        (home / name).write_text("0\n")
    shutil.make_archive(str(home / "lfw"), "gztar", home, "lfw")
    (home / "lfw.tar.gz").rename(home / "lfw.tgz")
    shutil.rmtree(home / "lfw" / "Grace")
    monkeypatch.delenv("MARGINSCOPE_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr(data, "__file__", str(tmp_path / "none" / "model" / "data.py"))
    monkeypatch.setattr("sklearn.datasets.fetch_lfw_people", fetch)
    for where, download in ((None, False), (tmp_path, True)):
        with pytest.raises(LfwCutShort, match=r"Delete lfw\.tgz if all 5,749 people are there"):
            lfw_home(where, download)
    assert (home / "lfw" / "Ada").is_dir()
    assert lfw_home(download=True) == home
    assert {path.name for path in (home / "lfw").iterdir()} == {"Ada", "Grace"}
    assert lfw_home() == lfw_home(tmp_path) == home


def test_what_systems_hide_in_a_folder_is_nobody(people_folder, tmp_path):
    root = tmp_path / "people"
    shutil.copytree(people_folder, root)
    shutil.copytree(root / "person-1", root / ".thumbnails")
    (root / "person-1" / "._0.png").write_bytes(b"what macOS leaves on other disks")
    ours, theirs = read_folder(root), read_folder(people_folder)
    assert ours.people == theirs.people
    assert [path.name for path in ours.images] == [path.name for path in theirs.images]


def test_a_name_that_is_not_utf_8_is_a_name(people_folder, tmp_path, face_cache):
    root = tmp_path / "people"
    shutil.copytree(people_folder, root)
    name = os.fsdecode(b"Ren\xe9")
    (root / "person-0").rename(root / name)
    faces = load_faces(read_folder(root))
    assert name in faces.names
    assert len(faces.crops) == 36
    everybody = np.arange(len(faces.names))
    learn = TrainingSet(torch.zeros(9, 3, 4, 4), everybody, everybody)
    assert learn.fingerprint(faces.names) != learn.fingerprint(read_folder(people_folder).people)
