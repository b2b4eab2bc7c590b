"""The dial against angles computed by hand."""

import numpy as np
import pytest

from demo.figures.dial import HILL, SPAN, dial, on_arc
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


def bearing(x: float, y: float) -> float:
    return float(np.degrees(np.arctan2(y, x)))


@pytest.mark.parametrize("angle", [0.0, 12.5, 57.0, 90.0, 120.0])
def test_the_needle_is_turned_by_the_very_angle(calibration, angle):
    figure = dial("arcface", calibration, angle, text("en"))
    first, second = (t for t in figure.data if t.mode == "lines+markers")
    turned = bearing(first.x[1], first.y[1]) - bearing(second.x[1], second.y[1])
    assert turned == pytest.approx(angle, abs=1e-9)
    assert (first.marker.symbol[1], second.marker.symbol[1]) == ("circle-open", "square")


def test_a_pair_beyond_the_arc_stays_at_its_end_and_says_its_angle(calibration):
    figure = dial("arcface", calibration, 150.0, text("en"))
    needle = [t for t in figure.data if t.mode == "lines+markers"][1]
    x, y = on_arc(np.array([SPAN]), 1.0)
    assert (needle.x[1], needle.y[1]) == pytest.approx((x[0], y[0]))
    assert needle.text == "this pair: 150.0°"


def test_the_hills_stand_where_the_pairs_are(calibration):
    figure = dial("softmax", calibration, None, text("en"))
    assert not [t for t in figure.data if t.mode == "lines+markers"]
    for name, middle in (("genuine", 55.0), ("impostor", 88.0)):
        hill = next(t for t in figure.data if t.name == name)
        radius = np.hypot(hill.x, hill.y)
        top = int(radius.argmax())
        at = 90 + SPAN / 2 - bearing(hill.x[top], hill.y[top])
        assert at == pytest.approx(middle, abs=4)
        assert (hill.fill == "toself") == (name == "genuine")
    heights = [np.hypot(t.x, t.y).max() for t in figure.data if t.name in ("genuine", "impostor")]
    assert max(heights) == pytest.approx(1 + HILL)
    # Both hills hold the same share of their pairs, so the narrower one is higher
    assert heights[1] > heights[0]


def test_the_threshold_is_drawn_where_it_is(calibration):
    figure = dial("softmax", calibration, 60.0, text("en"))
    tick = next(t for t in figure.data if t.line.dash == "dash")
    at = 90 + SPAN / 2 - bearing(tick.x[0], tick.y[0])
    assert at == pytest.approx(calibration.threshold, abs=1e-6)
