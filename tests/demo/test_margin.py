"""The margin page and its figures: every coordinate against angles computed by hand."""

import csv
import io
import json
import math

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from demo import assets
from demo.assets import PORTRAITS
from demo.figures.fan import fan_figure
from demo.figures.histograms import histogram_figure, shares
from demo.figures.numbers import to_csv
from demo.figures.people import image_name, people_colours, person_name
from demo.figures.plane import margin_lines, plane_figure
from demo.figures.target import CHOSEN, FINE, as_published, curves, target_figure
from demo.language import text
from demo.service import CompareService
from model.margins import LOSSES, Margin
from model.views import fan, fan_around, nearest_centres, plane

WORDS = text("en")


@pytest.fixture(scope="module")
def drawn():
    return assets.spaces()


def traces(figure, name: str) -> list:
    return [trace for trace in figure.data if trace.name == name]


def angles(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Degrees, by the cosine."""
    direction = np.asarray(direction, dtype=np.float64) / np.linalg.norm(direction)
    return np.degrees(np.arccos(np.clip(vectors.astype(np.float64) @ direction, -1, 1)))


def test_a_person_has_one_colour_and_one_name_everywhere(drawn):
    gallery, _ = drawn
    assert len(set(people_colours(gallery))) == len(gallery.names)
    assert person_name(gallery, 0) == gallery.names[0].replace("_", " ")
    assert image_name(gallery, 0).startswith(person_name(gallery, int(gallery.person[0])))


def test_the_fan_draws_true_angles(drawn):
    gallery, spaces = drawn
    for name, space in spaces.items():
        person = int(space.owners[3])
        found = fan(space, person)
        figure = fan_figure(found, gallery, name)
        mine = space.embeddings[gallery.person == person]
        mean = mine.sum(axis=0)
        own = traces(figure, person_name(gallery, person))[0]
        np.testing.assert_allclose(own.r, angles(mine, mean), atol=1e-3)
        assert len({round(float(t) % 360, 3) for t in own.theta}) == len(mine)
        for group in found.others:
            other = traces(figure, person_name(gallery, group.person))[0]
            faces = space.embeddings[gallery.person == group.person]
            np.testing.assert_allclose(other.r, angles(faces, mean), atol=1e-3)
            assert other.marker.symbol == "circle-open"
        ring = traces(figure, "ring")[0]
        np.testing.assert_allclose(ring.r, angles(mine, mean).mean(), atol=1e-3)
        assert not traces(figure, "margin")  # which is asked around class centres alone
        figure = fan_figure(fan(space, person, about_centre=True), gallery, name)
        ring, band = traces(figure, "ring")[0], traces(figure, "margin")
        margin = 0.0 if space.margin is None else math.degrees(space.margin.add_angle)
        assert len(band) == (margin > 0)
        for one in band:
            assert one.r[0] == pytest.approx(margin, abs=1e-6)
            assert one.base[0] == pytest.approx(ring.r[0])
        assert tuple(figure.layout.polar.radialaxis.range) == (0, 120)


def test_the_histograms_count_every_pair_once(drawn):
    _, spaces = drawn
    space = spaces["arcface"]
    figure = histogram_figure(space.pairs, "arcface", 72.5, 8.0, WORDS)
    for row, part in enumerate(("seen", "unseen")):
        pairs = space.pairs[part]
        for name, kind in (("genuine", pairs.same), ("impostor", ~pairs.same)):
            trace = traces(figure, WORDS(f"figure.{name}"))[row]
            counts = np.histogram(np.degrees(pairs.angle[kind]), bins=180, range=(0, 180))[0]
            np.testing.assert_allclose(trace.y, 100 * counts / kind.sum(), atol=1e-9)
            assert (trace.fill == "tozeroy") == (name == "genuine")
    assert {x for trace in traces(figure, "dash") for x in trace.x} == {72.5}
    for trace, part in zip(traces(figure, "dot"), ("seen", "unseen"), strict=True):
        pairs, at = space.pairs[part], math.radians(trace.x[0])
        far, frr = np.mean(pairs.angle[~pairs.same] < at), np.mean(pairs.angle[pairs.same] > at)
        assert far == pytest.approx(frr, abs=5e-3)
    assert {round(float(sum(s)), 6) for s in shares(space.pairs["seen"])} == {100.0}


def test_the_planes_points_stand_at_both_true_angles(drawn):
    gallery, spaces = drawn
    for name, space in spaces.items():
        people = nearest_centres(space)
        figure = plane_figure(plane(space, *people), space, gallery, {}, WORDS)
        rows = [space.weights[space.row(j)] for j in people]
        for j in people:
            trace = traces(figure, person_name(gallery, j))[0]
            faces = space.embeddings[gallery.person == j]
            np.testing.assert_allclose(trace.x, angles(faces, rows[0]), atol=1e-3)
            np.testing.assert_allclose(trace.y, angles(faces, rows[1]), atol=1e-3)
        assert len(traces(figure, WORDS("margin.diagonal"))) == (name != "softmax")
        assert len(traces(figure, WORDS("margin.zone"))) == (name == "arcface")
        assert len(traces(figure, "lengths")) == (name == "softmax")
        # Nobody stands beyond the lines of the triangle inequality
        apart = math.degrees(math.acos(np.dot(*rows) / np.prod(np.linalg.norm(rows, axis=1))))
        drawn_line = traces(figure, "possible")[0]
        assert drawn_line.y[1] == pytest.approx(apart)
        for j in people:
            trace = traces(figure, person_name(gallery, j))[0]
            x, y = np.array(trace.x), np.array(trace.y)
            assert (np.abs(x - y) <= apart + 1e-6).all()
            assert (x + y >= apart - 1e-6).all()


@pytest.mark.parametrize("loss", ["norm-softmax", "sphereface", "cosface", "arcface"])
def test_decision_lines_are_where_the_argmax_of_the_logits_changes(loss: str):
    margin = LOSSES[loss].margin
    first, second = margin_lines(margin)
    np.testing.assert_array_equal(second, first[:, ::-1])
    one, two = np.meshgrid(np.arange(1, 130, 1.5), np.arange(1, 130, 1.5))
    phi = margin.multiply * np.radians(one) + margin.add_angle
    # The definition, here for phi up to 2 pi: cos, and past pi its mirror image further down
    target = np.where(phi <= np.pi, np.cos(phi), -np.cos(phi) - 2) - margin.add_cosine
    wins = target > np.cos(np.radians(two))
    line = np.interp(one, first[:, 0], first[:, 1], right=np.inf)
    far = np.abs(two - line) > 0.2
    np.testing.assert_array_equal(wins[far], (two > line)[far])
    assert wins.any()
    assert (~wins).any()


def test_target_curves_fall_and_lie_where_the_formula_puts_them(drawn):
    cards = {name: space.card for name, space in drawn[1].items()}
    chosen = Margin(multiply=1.3, add_angle=0.2, add_cosine=0.1)
    found = curves(cards, chosen)
    names = [curve.name for curve in found]
    assert names == ["norm-softmax", "sphereface", "cosface", "arcface", CHOSEN]
    for curve in found:
        assert (np.diff(curve.values) <= 1e-12).all()
    at = FINE.tolist().index(60.0)
    values = {curve.name: curve.values[at] for curve in found}
    m = cards["arcface"].config.final_margin.add_angle
    expected = {
        "norm-softmax": 0.5, "cosface": 0.15, "sphereface": math.cos(1.35 * math.pi / 3),
        "arcface": math.cos(math.pi / 3 + m), CHOSEN: math.cos(1.3 * math.pi / 3 + 0.2) - 0.1,
    }  # fmt: skip
    assert values == pytest.approx(expected)
    assert found[3].formula == f"m₂ = {m:g}"
    theta, value = as_published(Margin(add_angle=0.5))
    assert theta[0] == pytest.approx(180 - math.degrees(0.5), abs=0.5)
    np.testing.assert_allclose(value, np.cos(np.radians(theta)) - 0.5 * math.sin(0.5))


def test_under_the_curves_stand_the_cards_own_angles(drawn):
    cards = {name: space.card for name, space in drawn[1].items()}
    figure = target_figure(curves(cards, Margin()), cards, WORDS)
    for name, card in cards.items():
        for when in ("start", "end"):
            trace = traces(figure, f"{WORDS.loss(name)}, {WORDS(f'margin.{when}')}")[0]
            counts = np.array(card.training[f"own_angles_{when}"])
            np.testing.assert_allclose(trace.y, 100 * counts / counts.sum())
            assert trace.x[0] == 0.5
        middle = np.average(np.arange(180) + 0.5, weights=card.training["own_angles_end"])
        assert middle == pytest.approx(card.training["own_angle_mean"], abs=0.1)


def test_uploads_are_marked_at_their_true_angle(drawn):
    gallery, spaces = drawn
    service = CompareService([assets.recognizer("arcface")])
    comparison = service.compare(*(service.read(p.read_bytes(), "left") for p in PORTRAITS))
    angle = comparison.answers["arcface"].angle
    pair = comparison.embeddings["arcface"]
    around = fan_around(spaces["arcface"], pair[0])
    figure = fan_figure(around, gallery, "arcface", photo=angle, reach=70.0)
    assert traces(figure, "second")[0].r[0] == pytest.approx(angles(pair[1:], pair[0])[0], abs=0.01)
    assert traces(figure, "second")[0].marker.symbol == "square"
    assert traces(figure, "first")[0].r[0] == 0
    assert set(traces(figure, "threshold")[0].r) == {70.0}
    nearest = around.others[0]
    np.testing.assert_allclose(
        traces(figure, person_name(gallery, nearest.person))[0].r,
        angles(spaces["arcface"].embeddings[nearest.images], pair[0]), atol=1e-3,
    )  # fmt: skip
    parts = {"unseen": spaces["arcface"].pairs["unseen"]}
    histograms = histogram_figure(parts, "arcface", 70.0, 8.0, WORDS, photos=angle)
    assert set(traces(histograms, "photos")[0].x) == {angle}


def test_csv_reads_back():
    rows = [("arcface", "A, B", 1.23456789), ("softmax", 'C "D"', 2.0)]
    found = list(csv.reader(io.StringIO(to_csv(("loss", "who", "degrees"), rows))))
    assert found == [["loss", "who", "degrees"], ["arcface", "A, B", "1.23457"],
                     ["softmax", 'C "D"', "2.0"]]  # fmt: skip


def page() -> None:
    from demo.pages.margin import margin_page

    margin_page()


def opened(language: str = "en") -> AppTest:
    at = AppTest.from_function(page, default_timeout=120)
    at.query_params["lang"] = language
    return at


def charts(at: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_has_every_view_of_three_networks(language):
    at = opened(language).run()
    assert not at.exception
    assert not at.error
    assert len(charts(at)) == 3 + 3 + 3 + 1
    assert len(at.get("download_button")) == 4
    table = next(h.proto.body for h in at.get("html") if "<table>" in h.proto.body)
    table = table.replace("\u00a0", " ")
    measured = assets.results("ledger")["losses"]
    assert f"{measured['arcface']['w_ec']['value']:.1f} ± " in table
    assert "14.3°" in table  # the paper's ArcFace


def test_choices_change_the_figures_and_stand_in_the_url():
    at = opened()
    gallery, spaces = assets.spaces()
    stranger = int(gallery.person[~gallery.seen][0])
    at.query_params["fan-person"] = gallery.names[stranger]
    at.query_params["losses"] = "arcface,nothing"
    at.run()
    assert not at.exception
    assert len(charts(at)) == 1 + 1 + 1 + 1
    assert at.selectbox(key="fan-person").value == gallery.names[stranger]
    names = [trace["name"] for trace in charts(at)[0]["data"]]
    assert person_name(gallery, stranger) in names
    other = gallery.names[int(np.sort(spaces["arcface"].owners)[-1])]
    at.selectbox(key="plane-first").set_value(other).run()
    assert not at.exception
    assert at.query_params["plane-first"] in (other, [other])
    assert at.selectbox(key="plane-second").value != other
    assert other.replace("_", " ") in charts(at)[2]["layout"]["xaxis"]["title"]["text"]
    at.slider(key="m2").set_value(0.9).run()
    assert any("m₂ = 0.9" in (t.get("name") or "") for t in charts(at)[-1]["data"])


def test_without_a_gallery_the_page_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    assets.spaces.cache_clear()
    at = opened().run()
    assets.spaces.cache_clear()
    assert not at.exception
    assert "python prepare.py" in at.error[0].value
