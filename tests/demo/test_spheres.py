"""What the spheres are drawn from, against the gallery and the service themselves."""

import base64
import csv
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from demo import assets
from demo.assets import ASSETS, PORTRAITS
from demo.figures.atlas import CELL, COLUMNS, atlas
from demo.figures.spheres import SphereSet, uploads
from demo.figures.standalone import standalone
from demo.placed import as_csv, embed_all, points
from demo.service import CompareService
from model.checkpoint import load_checkpoint
from model.gallery import GalleryInvalid
from model.sphere import HONEST

MODELS = ("softmax", "arcface")


@pytest.fixture(scope="module")
def comparison():
    service = CompareService([assets.recognizer(name) for name in MODELS])
    return service.compare(*(service.read(path.read_bytes(), "left") for path in PORTRAITS))


@pytest.fixture(scope="module")
def drawn() -> SphereSet:
    return assets.spheres(ASSETS)


@pytest.fixture(scope="module")
def marked(comparison):
    return [("○", comparison.left), ("□", comparison.right)]


def numbers(text: str, kind) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def test_the_gallery_that_ships_is_the_one_that_the_design_defines(drawn):
    gallery = drawn.gallery
    people, first = np.unique(gallery.person, return_index=True)
    seen = gallery.seen[first]
    assert (seen.sum(), (~seen).sum(), len(people)) == (43, 43, 86)
    assert gallery.seen.sum() == (~gallery.seen).sum() == 985
    assert list(drawn.points) == ["softmax", "norm-softmax", "arcface", "untrained"]


def test_what_is_sent_is_the_layout_to_a_hundredth_of_a_degree(drawn):
    data = drawn.data
    count = len(drawn.gallery.person)
    points = numbers(data["points"], np.int16).reshape(4, count, 3) / 32767
    for sent, name in zip(points, data["models"], strict=True):
        np.testing.assert_allclose(sent, drawn.points[name], atol=2e-5)
    assert numbers(data["person"], np.uint16).tolist() == drawn.gallery.person.tolist()
    own = numbers(data["own"], np.int16).reshape(4, count) / 10
    np.testing.assert_allclose(own[2], drawn.own_angles["arcface"], atol=0.051)
    assert len(set(data["colours"])) == len(data["names"]) == 86
    assert sum(len(v) for v in data.values() if isinstance(v, str)) < 150_000  # bytes, once


def test_class_centres_are_the_heads_own_and_stand_among_their_people(drawn):
    gallery = drawn.gallery
    for model in ("softmax", "norm-softmax", "arcface"):
        checkpoint = load_checkpoint(ASSETS / f"{model}.safetensors")
        rows = [checkpoint.card.centre_people.index(gallery.names[p]) for p in gallery.centred]
        wanted = checkpoint.centres[rows].numpy()
        wanted = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
        assert (gallery.centres[model] * wanted).sum(axis=1).min() > 0.9999
    assert gallery.seen[np.isin(gallery.person, gallery.centred)].all()
    assert "untrained" not in drawn.centre_points
    # Under ArcFace nearly every centre's nearest face is its own person's
    nearest = drawn.place("arcface", gallery.centres["arcface"]).neighbours[:, 0]
    assert (gallery.person[nearest] == gallery.centred).mean() > 0.9


def test_both_photos_are_placed_with_their_true_angles(drawn, comparison, marked):
    placed = uploads(drawn, marked, comparison.embeddings, pair=True)
    for model, answer in comparison.answers.items():
        assert placed["angles"][model] == pytest.approx(answer.angle, abs=1e-9)
        turn = np.array(placed["facing"][model]).reshape(3, 3)
        left, right = (np.array(photo["places"][model]["point"]) for photo in placed["photos"])
        np.testing.assert_allclose(turn @ left, [0, 0, 1], atol=1e-4)
        assert (turn @ right)[1] == pytest.approx(0, abs=1e-4)
        for i, photo in enumerate(placed["photos"]):
            cosine = drawn.gallery.embeddings[model] @ comparison.embeddings[model][i]
            nearest = np.argsort(-cosine)[:5]
            found = photo["places"][model]
            assert found["neighbours"] == nearest.tolist()
            np.testing.assert_allclose(
                np.cos(np.radians(found["angles"])), cosine[nearest], atol=1e-3
            )
            assert found["honest"] == (found["certainty"] >= HONEST)
    assert uploads(drawn, [], {}, pair=False)["photos"] == []


def test_a_third_photo_changes_neither_place_nor_view_of_the_two(drawn, comparison, marked):
    two = uploads(drawn, marked, embed_all(MODELS, marked), pair=True)
    more = [*marked, ("1", comparison.left)]
    three = uploads(drawn, more, embed_all(MODELS, more), pair=True)
    assert three["id"] == two["id"]
    assert three["facing"] == two["facing"]
    assert three["photos"][:2] == two["photos"]
    alone = uploads(drawn, more[2:], embed_all(MODELS, more[2:]), pair=False)
    assert alone["photos"][0]["places"] == two["photos"][0]["places"]
    assert alone["angles"] == {}


def test_the_nearest_faces_of_a_face_are_those_of_the_largest_cosine(drawn):
    vectors = drawn.gallery.embeddings["arcface"].astype(np.float64)
    cosine = vectors @ vectors[7]
    cosine[7] = -2
    order = np.argsort(-cosine)[:5]
    found = drawn.nearest("arcface", 7, 5)
    assert [i for i, _ in found] == order.tolist()
    np.testing.assert_allclose(np.cos(np.radians([a for _, a in found])), cosine[order], atol=1e-6)
    assert drawn.index_of(drawn.addresses[7]) == 7
    assert drawn.index_of("Nobody_0001") == drawn.index_of(None) == -1


def test_the_points_save_as_csv_with_the_photos_among_them(drawn, marked):
    rows = list(csv.DictReader(as_csv(points(drawn, marked)).splitlines()))
    assert len(rows) == len(drawn.gallery.person) + 2
    for i in (0, 1000):
        there = [float(rows[i][f"{axis}_softmax"]) for axis in "xyz"]
        np.testing.assert_allclose(there, drawn.points["softmax"][i], atol=1e-5)
        assert rows[i]["person"] == drawn.names[drawn.gallery.person[i]]
    assert [row["person"] for row in rows[-2:]] == ["○", "□"]
    assert 0 < float(rows[-1]["certainty_untrained"]) <= 1
    assert json.loads(json.dumps(points(drawn, [])))[0]["image"] == str(drawn.gallery.image[0])


def test_the_saved_page_asks_nothing_of_a_network_and_says_what_it_shows(drawn):
    shown = {"words": {"caption": ["</script> <b>"]}, "uploads": uploads(drawn, [], {}, pair=False)}
    page = standalone(drawn.data, shown, "Two <spheres>", "en")
    assert not re.findall(r"(?:src|href)=|https?://(?!www\.w3\.org)", page)
    assert "Two &lt;spheres&gt;" in page
    assert page.count("</script>") == 1  # and no sentence ends the script
    assert drawn.data["points"] in page


def test_an_atlas_has_each_face_in_its_cell(tmp_path):
    files = []
    for i in range(COLUMNS + 2):
        file = tmp_path / f"{i}.jpg"
        Image.new("RGB", (250, 250), (5 * i, 0, 250 - 5 * i)).save(file)
        files.append(file)
    sheet = tmp_path / "atlas.jpg"
    sheet.write_bytes(base64.b64decode(atlas(tuple(files))))
    with Image.open(sheet) as picture:
        assert picture.size == (CELL * COLUMNS, 2 * CELL)
        for i in (0, 30, COLUMNS + 1):
            middle = CELL // 2
            seen = picture.getpixel((CELL * (i % COLUMNS) + middle, CELL * (i // COLUMNS) + middle))
            np.testing.assert_allclose(seen, (5 * i, 0, 250 - 5 * i), atol=6)


def test_an_atlas_leaves_the_cell_of_a_missing_file_grey(tmp_path):
    sheet = tmp_path / "atlas.jpg"
    Image.new("RGB", (250, 250), "red").save(tmp_path / "red.png")
    sheet.write_bytes(base64.b64decode(atlas((None, tmp_path / "red.png"))))
    with Image.open(sheet) as picture:
        for i, colour in enumerate([(128, 128, 128), (254, 0, 0)]):
            seen = picture.getpixel((CELL * i + CELL // 2, CELL // 2))
            np.testing.assert_allclose(seen, colour, atol=6)


def test_the_pictures_of_ones_own_gallery_are_found_whatever_their_endings(monkeypatch, tmp_path):
    files = {
        "Anna": ["IMG_1.JPG", "a.jpg", "a.png", "notes.txt", "unused.png"],
        "Ben": ["both.JPG", "both.webp", "film.mp4"],
    }
    for person, names in files.items():
        (tmp_path / person).mkdir()
        for name in names:
            (tmp_path / person / name).touch()
    images = [("Anna", "IMG_1"), ("Anna", "a"), ("Anna", "a"), ("Ben", "both"), ("Ben", "film")]
    people, stems = (np.array(part) for part in zip(*images, strict=True))
    gallery = SimpleNamespace(names=("Anna", "Ben", "Cho"), folders=people, image=stems)
    monkeypatch.setattr(assets, "spheres", lambda folder: SimpleNamespace(gallery=gallery))
    monkeypatch.setenv("MARGINSCOPE_IMAGES", str(tmp_path))
    found = assets.gallery_photos(tmp_path / "one's own")
    anna = tmp_path / "Anna"
    assert found == (anna / "IMG_1.JPG", anna / "a.jpg", anna / "a.png", None, None)
    gallery.image = np.array(["none"] * 5)
    assert assets.gallery_photos(tmp_path / "another") is None


def test_a_gallery_made_with_other_weights_is_refused(monkeypatch, drawn):
    assets.spheres.cache_clear()
    monkeypatch.setattr(assets, "fingerprint", lambda path: "other")
    with pytest.raises(GalleryInvalid, match=r"another softmax\.safetensors.*prepare\.py"):
        assets.spheres(ASSETS)
    assets.spheres.cache_clear()


def test_the_gallery_is_the_one_that_the_setting_names(monkeypatch, tmp_path):
    assert assets.gallery_folder() == ASSETS
    monkeypatch.setenv("MARGINSCOPE_GALLERY", str(tmp_path))
    assert assets.gallery_folder() == tmp_path


def test_what_is_said_of_a_sphere_was_measured(drawn):
    kept = assets.results("layout")["spheres"]
    assert set(kept) == set(drawn.points)
    for found in kept.values():
        assert 0.5 < found["trustworthiness"] < 1
    trained = ("softmax", "norm-softmax", "arcface")
    assert all(kept[name]["from_arcface_degrees"] < 5 for name in trained)
