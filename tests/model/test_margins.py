import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.angles import angle_between
from model.head import Head
from model.margins import LOSSES, Margin, psi

MARGINS = st.builds(
    Margin,
    multiply=st.floats(1.0, 4.0),
    add_angle=st.floats(0.0, 1.5),
    add_cosine=st.floats(0.0, 1.0),
)


def oracle(theta: float, margin: Margin) -> float:
    """The target cosine by the definition, in float64, one branch a half turn."""
    phi = margin.multiply * theta + margin.add_angle
    turns = 0
    while phi > (turns + 1) * math.pi:
        turns += 1
    return (-1) ** turns * math.cos(phi) - 2 * turns - margin.add_cosine


@pytest.mark.parametrize(
    ("margin", "degrees", "expected"),
    [
        (Margin(), 60, 0.5),
        (Margin(add_angle=math.radians(30)), 60, 0.0),  # cos 90
        (Margin(add_angle=math.radians(60)), 60, -0.5),  # cos 120
        (Margin(add_cosine=0.35), 60, 0.15),
        (Margin(multiply=2), 45, 0.0),  # cos 90
        (Margin(multiply=2), 90, -1.0),  # cos 180
        (Margin(multiply=2), 135, -2.0),  # -cos 270 - 2
        (Margin(multiply=2), 180, -3.0),  # -cos 360 - 2
        (Margin(multiply=4), 180, -7.0),  # SphereFace's lowest value at m = 4
        (Margin(add_angle=math.radians(90)), 180, -2.0),  # -cos 270 - 2
    ],
)
def test_known_angles(margin: Margin, degrees: float, expected: float):
    theta = torch.tensor(math.radians(degrees), dtype=torch.float64)
    assert margin.target(theta).item() == pytest.approx(expected, abs=1e-12)


@given(MARGINS, st.floats(0.0, math.pi))
def test_against_the_float64_oracle(margin: Margin, theta: float):
    exact = margin.target(torch.tensor(theta, dtype=torch.float64)).item()
    assert exact == pytest.approx(oracle(theta, margin), abs=1e-9)
    single = margin.target(torch.tensor(theta, dtype=torch.float32)).item()
    assert single == pytest.approx(oracle(theta, margin), abs=2e-5)


@given(MARGINS)
def test_the_target_never_rises_with_the_angle(margin: Margin):
    theta = torch.linspace(0, math.pi, 2001, dtype=torch.float64)
    assert (margin.target(theta).diff() <= 1e-12).all()


@given(MARGINS, st.floats(0.0, math.pi))
def test_a_margin_only_takes_away(margin: Margin, theta: float):
    angle = torch.tensor(theta, dtype=torch.float64)
    assert margin.target(angle) <= torch.cos(angle) + 1e-12


@given(MARGINS, st.floats(0.01, math.pi - 0.01))
def test_gradient_is_the_formulas(margin: Margin, theta: float):
    angle = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    margin.target(angle).backward()
    phi = margin.multiply * theta + margin.add_angle
    sign = (-1) ** math.floor(phi / math.pi)
    assert angle.grad.item() == pytest.approx(-sign * margin.multiply * math.sin(phi), abs=1e-9)


def test_psi_has_no_jump():
    for k in range(1, 5):
        around = torch.tensor([k * math.pi - 1e-9, k * math.pi + 1e-9], dtype=torch.float64)
        assert psi(around).diff().abs().item() < 1e-6


def test_a_ramp_goes_from_nothing_to_the_margin():
    margin = Margin(1.35, 0.5, 0.35)
    assert margin.ramped(0.0) == Margin()
    assert margin.ramped(1.0) == margin
    assert margin.ramped(0.5).add_angle == 0.25


def test_the_rows_of_the_table_are_the_papers():
    assert LOSSES["arcface"].margin == Margin(1.0, 0.5, 0.0)
    assert LOSSES["cosface"].margin == Margin(1.0, 0.0, 0.35)
    assert LOSSES["sphereface"].margin == Margin(1.35, 0.0, 0.0)
    assert LOSSES["norm-softmax"].margin == Margin()
    assert LOSSES["softmax"].margin is None


@given(st.integers(0, 10_000), st.sampled_from([0.0, 1e-7, 1e-4, 0.5, math.pi - 1e-4, math.pi]))
def test_angle_against_float64_also_near_its_ends(seed: int, wanted: float):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=64)
    a /= np.linalg.norm(a)
    b = rng.normal(size=64)
    b -= (a @ b) * a
    b = math.cos(wanted) * a + math.sin(wanted) * b / np.linalg.norm(b)
    found = angle_between(torch.tensor(a).float(), torch.tensor(b).float()).item()
    assert found == pytest.approx(wanted, abs=5e-7)


@pytest.mark.parametrize("angle", [0.0, 1e-6, 1e-3, 1.0, math.pi - 1e-3, math.pi - 1e-6, math.pi])
@pytest.mark.parametrize("margin", [Margin(), Margin(add_angle=0.5), Margin(multiply=1.35)])
def test_gradient_of_the_embedding_is_bounded_everywhere(angle: float, margin: Margin):
    """Of s psi(m1 theta + m2) against z it is at most s m1 / |z|, also at angle 0 and pi."""
    head = Head(2, 8, scale=16.0, margin=margin)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[0, 0] = 1.0
        head.weight[1, 5] = 1.0
    z = torch.zeros(1, 8)
    z[0, 0], z[0, 1] = 3 * math.cos(angle), 3 * math.sin(angle)
    z.requires_grad_()
    head(z, torch.tensor([0]))[0, 0].backward()
    assert torch.isfinite(z.grad).all()
    assert z.grad.norm() <= 16.0 * margin.multiply / 3 + 1e-3
    if 1e-3 <= angle <= math.pi - 1e-3:
        phi = margin.multiply * angle + margin.add_angle
        expected = 16.0 * margin.multiply * abs(math.sin(phi)) / 3
        assert z.grad.norm().item() == pytest.approx(expected, rel=2e-3, abs=1e-3)
