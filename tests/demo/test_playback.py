"""What the playback is drawn from, against the asset that ships."""

import base64
import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest

from demo import assets
from demo.colours import LOSS
from demo.figures.playback import CHARTS, curves_csv, loss_of, playback_data, told
from demo.figures.strip import last_angles, strip
from demo.language import text
from model.film import CURVES, FULL, load_playback
from model.gallery import GalleryInvalid
from model.playback import MARGINS, RUNS, SETS, STRIP, TRUNK

SVG = "{http://www.w3.org/2000/svg}"


def numbers(packed: str, kind) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), kind)


def test_the_asset_has_every_run_of_every_set_and_is_small():
    reels = assets.playback()
    assert list(reels) == list(SETS)
    for name, reel in reels.items():
        assert list(reel.films) == list(RUNS)
        assert len(reel.names) == SETS[name].people
        share = np.bincount(reel.person, reel.held) / np.bincount(reel.person)
        np.testing.assert_allclose(share, 0.2, atol=0.06)
        for film in reel.films.values():
            length = np.linalg.norm(film.points.astype(float) / FULL, axis=2)
            np.testing.assert_allclose(length, 1, atol=1e-4)
            assert film.points.shape[2] == SETS[name].dimension
    assert (assets.ASSETS / "playback.npz").stat().st_size < 6e6


def test_films_of_another_trunk_are_refused(monkeypatch):
    _, trunk = load_playback(assets.ASSETS / "playback.npz")
    assert trunk == assets.spheres(assets.ASSETS).gallery.checkpoints[TRUNK]
    assets.playback.cache_clear()
    monkeypatch.setattr(assets, "fingerprint", lambda path: "other")
    with pytest.raises(GalleryInvalid, match=r"playback\.npz.*another norm-softmax\.safetensors"):
        assets.playback()
    assets.playback.cache_clear()


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("runs", [("softmax", "arcface-0.5"), ("norm-softmax", "arcface-0.1")])
def test_what_is_sent_is_the_asset(name, runs):
    reel, colours = assets.playback()[name], assets.colours_by_folder()
    data = playback_data(name, reel, runs, colours, text("en"))
    cast = data["cast"]
    assert numbers(cast["person"], np.uint8).tolist() == reel.person.tolist()
    assert numbers(cast["held"], np.uint8).tolist() == reel.held.tolist()
    assert cast["dimension"] == SETS[name].dimension
    assert cast["colours"] == [colours[folder] for folder in reel.names]
    assert len(set(cast["colours"])) == len(reel.names)
    assert data["steps"] == reel.steps.tolist()
    for run, sent in zip(runs, data["films"], strict=True):
        film = reel.films[run]
        np.testing.assert_array_equal(numbers(sent["points"], np.int16), film.points.ravel())
        np.testing.assert_array_equal(numbers(sent["centres"], np.int16), film.centres.ravel())
        assert (sent["lengths"] is not None) == (run == "softmax")
        if sent["lengths"]:
            np.testing.assert_array_equal(numbers(sent["lengths"], np.uint16), film.lengths.ravel())
        own = np.degrees(film.curves["own"])
        np.testing.assert_allclose(sent["curves"]["own"], own, atol=0.0051)
        right = 100 * film.curves["accuracy_held"]
        np.testing.assert_allclose(sent["curves"]["accuracy_held"], right, atol=0.0051)
        for (_, curves, _), chart in zip(CHARTS, data["charts"], strict=True):
            assert all(max(sent["curves"][curve]) <= chart["top"] for curve in curves)


def test_a_person_has_the_colour_of_the_spheres_and_a_run_that_of_its_loss():
    colours = assets.colours_by_folder()
    assert len(set(colours.values())) == len(colours)
    assert {loss_of(run) for run in RUNS} == set(LOSS)
    drawn = assets.spheres(assets.ASSETS)
    assert colours == dict(zip(drawn.gallery.names, drawn.data["colours"], strict=True))
    runs = ("softmax", "arcface-0.5")
    data = playback_data("eight", assets.playback()["eight"], runs, colours, text("en"))
    assert [film["colour"] for film in data["films"]] == [LOSS["softmax"], LOSS["arcface"]]


def test_the_curves_as_csv_have_every_frame_of_every_run():
    reel = assets.playback()["eight"]
    rows = list(csv.DictReader(io.StringIO(curves_csv(reel, text("en")))))
    assert len(rows) == len(RUNS) * len(reel.steps)
    last = {row["run"]: row for row in rows}
    assert last["arcface-0.3"]["name"] == "ArcFace, m = 0.3"
    for run, film in reel.films.items():
        assert float(last[run]["gap_degrees"]) == told("gap", film)[-1]
        assert float(last[run]["accuracy_percent"]) == told("accuracy", film)[-1]
        assert bool(last[run]["mean_length"]) == (run == "softmax")
    assert len(rows[0]) == 4 + len(CURVES)


@pytest.mark.parametrize("name", SETS)
def test_the_strip_draws_every_image_once_and_each_angle_true_to_size(name):
    reel, words = assets.playback()[name], text("ko")
    colours = [assets.colours_by_folder()[folder] for folder in reel.names]
    tree = ElementTree.fromstring(strip(reel, colours, words))
    said = [element.text for element in tree.iter(f"{SVG}text")]
    for m, run in zip(MARGINS, STRIP, strict=True):
        assert f"m = {m:.1f}" in said
        assert f"{last_angles(reel.films[run])[0]:.1f}°" in said
    paths = [path.get("d") for path in tree.iter(f"{SVG}path")]
    assert sum(d.count("h0") for d in paths) == len(STRIP) * int((~reel.held).sum())
    hollow = [c for c in tree.iter(f"{SVG}circle") if c.get("r") == "1.7"]
    assert len(hollow) == len(STRIP) * int(reel.held.sum())
    wedges = [d for d in paths if "A" in d and d.endswith("Z")]
    for run, (held, own) in zip(STRIP, zip(wedges[::2], wedges[1::2], strict=True), strict=True):
        for d, angle in (
            (own, last_angles(reel.films[run])[0]),
            (held, last_angles(reel.films[run])[1]),
        ):
            x, y = (float(v) for v in d[1 : d.index("h")].split())
            end_x, end_y = (float(v) for v in d[:-1].split()[-2:])
            drawn = np.degrees(np.arctan2(y - end_y, end_x - x))
            assert drawn == pytest.approx(angle, abs=0.05)
