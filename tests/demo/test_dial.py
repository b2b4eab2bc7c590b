"""The dial against angles computed by hand, read back from the SVG."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from demo.figures.dial import FARS, HILL, HUB, RADIUS, SPAN, dial
from demo.language import text
from model.calibration import Calibration


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    rng = np.random.default_rng(0)
    same = np.arange(4000) < 1000
    angle = rng.normal(np.where(same, 55.0, 88.0), np.where(same, 10.0, 6.0))
    left = np.arange(4000) % 50
    right = np.where(same, left, left + 50)
    return Calibration.from_pairs(np.cos(np.radians(angle)), same, left, right)


def drawn(svg: str, name: str) -> np.ndarray:
    """The points (N, 2) of the path called `name`, from the hub in radii, y upwards."""
    tree = ElementTree.fromstring(svg)
    path = next(e for e in tree.iter() if e.get("id") == name)
    numbers = [float(v) for v in re.findall(r"-?[\d.]+", path.get("d"))]
    return (np.array(numbers).reshape(-1, 2) - HUB) * [1, -1] / RADIUS


def bearing(points: np.ndarray) -> np.ndarray:
    """Where points stand on the arc, in degrees from its left end."""
    return 90 + SPAN / 2 - np.degrees(np.arctan2(points[:, 1], points[:, 0]))


@pytest.mark.parametrize("angle", [0.0, 12.5, 57.0, 90.0, 120.0])
def test_the_needle_is_turned_by_the_very_angle(calibration, angle):
    svg = dial("arcface", calibration, angle, text("en"))
    assert bearing(drawn(svg, "first"))[1] == pytest.approx(0.0, abs=0.01)
    assert bearing(drawn(svg, "second"))[1] == pytest.approx(angle, abs=0.01)
    assert (svg.count("<rect"), svg.count("<circle")) == (1, 2)  # a square, a ring and the hub


def test_a_pair_beyond_the_arc_stays_at_its_end(calibration):
    svg = dial("arcface", calibration, 150.0, text("en"))
    assert bearing(drawn(svg, "second"))[1] == pytest.approx(SPAN, abs=0.01)


def test_the_hills_stand_where_the_pairs_are(calibration):
    svg = dial("softmax", calibration, None, text("en"))
    assert 'id="second"' not in svg
    heights = []
    for name, middle in (("genuine", 55.0), ("impostor", 88.0)):
        hill = drawn(svg, name)
        radius = np.hypot(*hill.T)
        assert bearing(hill)[radius.argmax()] == pytest.approx(middle, abs=4)
        heights.append(radius.max())
    assert max(heights) == pytest.approx(1 + HILL, abs=1e-3)
    # Both hills hold the same share of their pairs, so the narrower one is higher
    assert heights[1] > heights[0]
    genuine, impostor = (re.search(f'id="{name}"[^>]*', svg)[0] for name in ("genuine", "impostor"))
    assert 'fill="rgba' in genuine
    assert 'fill="none"' in impostor


def test_the_thresholds_are_drawn_where_they_are(calibration):
    svg = dial("softmax", calibration, 60.0, text("en"))
    assert bearing(drawn(svg, "threshold")) == pytest.approx(calibration.threshold, abs=0.01)
    for i, far in enumerate(FARS):
        expected = calibration.threshold_at_far(far)
        assert bearing(drawn(svg, f"far-{i}")) == pytest.approx(expected, abs=0.02)


def test_the_needle_settles_only_where_it_may_move(calibration):
    moving = dial("arcface", calibration, 57.0, text("en"))
    assert "prefers-reduced-motion: no-preference" in moving
    assert "@keyframes" not in dial("arcface", calibration, 57.0, text("en"), moving=False)
