"""prepare.py on spaces made by hand; its files are held by tests/model/test_gallery.py."""

import json
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest

import prepare
from model.angles import angles_between
from model.data import Collection
from model.gallery import Gallery, load_gallery, load_spheres
from model.sphere import Layout, person_means
from prepare import LAYOUTS, PAIR, NobodyExcluded, excluded, main, sweep


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    """Eight people of ten images in two spaces with the same people at the same places."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(8), 10)
    centres, noise = rng.normal(size=(8, 24)), rng.normal(size=(80, 24))
    made = [centres[person] + width * noise for width in (0.5, 0.3)]
    spaces = [(v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32) for v in made]
    return Gallery(
        names=tuple("ABCDEFGH"), person=person, image=np.array([f"{i}" for i in range(80)]),
        seen=person < 4, embeddings=dict(zip(PAIR, spaces, strict=True)),
        lengths={name: np.ones(80, np.float32) for name in PAIR},
        centred=np.zeros(0, np.int64), centres={}, checkpoints={},
    )  # fmt: skip


def test_a_sweep_tells_of_each_layout_what_a_choice_needs(gallery):
    tried = [Layout(8, 0.1, link, epochs=60) for link in (0.0, 1.0)]
    rows = sweep(gallery, tried)["layouts"]
    assert [row["link"] for row in rows] == [0.0, 1.0]
    for row in rows:
        assert row["seconds"] > 0
        assert set(row["kept"]) == set(PAIR)
        for kept in row["kept"].values():
            assert 0.5 < kept["trustworthiness"] <= 1
            assert -1 <= kept["rank_correlation"] <= 1
    # what the link is for
    assert rows[1]["correspondence_degrees"] < rows[0]["correspondence_degrees"]


def test_ones_own_folder_says_what_its_spheres_keep(gallery, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "embed_gallery", lambda command: gallery)
    own = tmp_path / "own"
    assert main(["--images", str(tmp_path), "--output", str(own)]) == 0
    found = load_gallery(own / "gallery.npz")
    points = load_spheres(own / "spheres.npz", found)
    assert {file.name for file in own.iterdir()} == {"gallery.npz", "spheres.npz", "layout.json"}
    kept = json.loads((own / "layout.json").read_text())["spheres"]
    assert set(kept) == set(PAIR)
    for name, told in kept.items():
        mean = person_means(found.embeddings[name], found.person)[found.person]
        true = np.degrees(angles_between(found.embeddings[name], mean)).mean()
        drawn = person_means(points[name], found.person)[found.person]
        assert told["true_within"] == pytest.approx(true, abs=0.01)
        near = np.degrees(angles_between(points[name], drawn)).mean()
        assert told["drawn_within"] == pytest.approx(near, abs=0.01)


def test_the_shipped_layout_is_among_those_tried():
    assert Layout() in LAYOUTS
    assert len(LAYOUTS) == len(set(LAYOUTS)) == 12


def test_who_is_excluded_is_there_under_that_name():
    people = ("Ada_Lovelace", normalize("NFD", "René Descartes"), "세종")
    someone = Collection(Path("/people"), people, ("test",) * 3, (), np.zeros(0, np.int64))
    asked = (normalize("NFC", "René Descartes"), "Ada Lovelace", normalize("NFD", "세종"))
    assert excluded(asked, someone) == people
    assert excluded((), someone) == ()
    with pytest.raises(NobodyExcluded, match=r"called Ada Lovelac \(Ada_Lovelace\?\), Grace\."):
        excluded(("Grace", "Ada Lovelac", "세종"), someone)


def test_an_unknown_name_stops_before_anything_is_drawn(people_folder, tmp_path, capsys):
    arguments = [
        "--images",
        str(people_folder),
        "--output",
        str(tmp_path),
        "--exclude",
        "person_10",
    ]
    assert main(arguments) == 2
    assert "nobody in" in capsys.readouterr().err
