"""The depth study's figure: its lines are the JSON's values, its sentences say what is in it."""

import copy

import numpy as np
import pytest

from demo import assets
from demo.figures.depth import (
    apart,
    depth_alt,
    depth_caption,
    depth_fields,
    depth_figure,
    depth_sentences,
    plain_is_worse,
)
from demo.language import text

WORDS = text("en")


def network(layers: int, plain: bool, loss: float, auc: float) -> dict:
    """Two starts, one a little above the other."""
    runs = [
        {
            "loss_step": [10.0, 29.0], "loss": [7.0 + up, loss + up],
            "step": [19, 38], "auc": [0.5 + up, auc + up], "accuracy": [0.5, 0.6],
            "gradients": [float(layers * 100**plain), 7.0, 8.0],
        }
        for up in (0.0, 0.02)
    ]  # fmt: skip
    ends = {
        "loss": {"value": loss}, "auc": {"value": auc + 0.01, "standard_error": 0.013},
    }  # fmt: skip
    return {"layers": layers, "plain": plain, "runs": runs} | ends


@pytest.fixture
def found() -> dict:
    lost = {"loss": {"value": 1.0}, "auc": {"value": -0.2, "standard_error": 0.01}}
    return {
        "loss": "softmax", "steps": 38, "seeds": 2, "guessing": {"loss": 6.5, "auc": 0.5},
        "recipe": {"width": 16, "input_size": 48}, "trained": {"people": 1081, "images": 6129},
        "validation": {"people": 620, "genuine": 786, "impostor": 191890},
        "networks": {
            "residual-18": network(18, False, 3.0, 0.9), "plain-18": network(18, True, 4.0, 0.8),
            "residual-50": network(50, False, 3.5, 0.8), "plain-50": network(50, True, 6.0, 0.5),
        },
        "differences": {
            f"plain-{layers} less residual-{layers}": copy.deepcopy(lost) for layers in (18, 50)
        },
    }  # fmt: skip


def test_the_lines_are_the_mean_of_the_starts(found):
    figure = depth_figure(found, WORDS)
    assert len(figure.data) == 2 * 4
    for i, (measure, axis) in enumerate((("loss", "loss_step"), ("auc", "step"))):
        for trace, one in zip(figure.data[4 * i :], found["networks"].values(), strict=False):
            np.testing.assert_allclose(trace.y, np.array(one["runs"][0][measure]) + 0.01)
            assert list(trace.x) == one["runs"][0][axis]
            assert trace.line.dash == ("dash" if one["plain"] else "solid")
            assert (trace.line.width > 2) == (one["layers"] == 50)
            assert trace.name == f"{'plain' if one['plain'] else 'residual'}, {one['layers']}"
            low, high = figure.layout[f"yaxis{i + 1 if i else ''}"].range
            assert low < min(trace.y)
            assert high > max(trace.y)
    assert [shape.y0 for shape in figure.layout.shapes] == [6.5, 0.5]


def test_every_line_is_labelled_at_its_end_and_no_label_covers_another(found):
    notes = depth_figure(found, WORDS).layout.annotations
    for ref in ("y", "y2"):
        labels = [note for note in notes if note.yref == ref and note.x == found["steps"]]
        assert {note.text for note in labels} == {
            "residual, 18", "plain, 18", "residual, 50", "plain, 50", "guessing",
        }  # fmt: skip
        places = sorted(note.y for note in labels)
        assert min(np.diff(places)) > 0


def test_what_is_near_is_moved_apart_and_no_further():
    assert apart([0.0, 10.0, 5.0], 1.0) == pytest.approx([0, 10, 5])
    assert apart([1.0, 1.0], 1.0) == pytest.approx([0.5, 1.5])
    assert apart([3.0, 0.2, 0.0, 9.0], 1.0) == pytest.approx([3, 0.6, -0.4, 9])
    assert apart([1.0, 0.9, 1.1], 1.0) == pytest.approx([1.0, 0.0, 2.0])


def test_the_sentences_say_what_was_measured(found):
    fields = depth_fields(found)
    assert (fields["shallow"], fields["deep"]) == ("18", "50")
    assert fields["loss_plain_deep"] == "6.00"
    assert fields["auc_residual_shallow"] == "0.910 ± 0.013"
    assert (fields["first_plain_deep"], fields["first_residual_deep"]) == ("5000", "50")
    for language in ("en", "ko"):
        words = text(language)
        ends, verdict, gradients = depth_sentences(found, words)
        assert "6.50" in ends
        for name in found["networks"].values():
            assert f"{name['loss']['value']:.2f}" in ends
        assert verdict == words("depth.says_both")
        assert "5000" in gradients
        assert "6129" in depth_caption(found, words)
        assert "0.510 ± 0.013" in depth_alt(found, words)
        assert "{" not in "".join((ends, verdict, gradients, depth_caption(found, words)))


@pytest.mark.parametrize(
    ("shallow", "deep", "verdict"),
    [(-0.2, -0.2, "both"), (-0.01, -0.2, "deep"), (-0.2, 0.1, "shallow"), (0, -0.01, "neither")],
)
def test_the_verdict_needs_two_standard_errors(found, shallow, deep, verdict):
    found["differences"]["plain-18 less residual-18"]["auc"]["value"] = shallow
    found["differences"]["plain-50 less residual-50"]["auc"]["value"] = deep
    wanted = WORDS(f"depth.says_{verdict}", shallow=18, deep=50)
    assert depth_sentences(found, WORDS)[1] == wanted


def test_starts_far_apart_make_a_difference_uncertain(found):
    lost = found["differences"]["plain-50 less residual-50"]["auc"]
    assert plain_is_worse(found, "deep")
    lost["standard_deviation"] = 0.2  # of two starts: 0.14
    assert not plain_is_worse(found, "deep")


def test_what_ships_is_drawn_and_told():
    found = assets.results("depth")
    figure = depth_figure(found, WORDS)
    deep = found["networks"]["plain-50"]
    values = [run["auc"][-1] for run in deep["runs"]]
    assert figure.data[-1].y[-1] == pytest.approx(np.mean(values))
    assert deep["auc"]["value"] == pytest.approx(np.mean(values), abs=1e-4)
    assert f"{deep['auc']['value']:.3f}" in depth_sentences(found, WORDS)[0]
    for name, one in found["networks"].items():
        assert one["layers"] == int(name.split("-")[1])
