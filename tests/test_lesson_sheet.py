"""The exercise sheets: each number in bold computed again, and the same in both languages."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from demo.assets import ASSETS, recognizer, results
from model.angles import angles_between
from model.backbone import whiten
from model.checkpoint import load_checkpoint
from model.margins import LOSSES, Margin

DOCS = Path(__file__).resolve().parents[1] / "docs"
NAMES = ("norm-softmax", "sphereface", "cosface", "arcface")
PARTS = ("seen", "unseen")
SHEETS = ("lesson.md", "lesson.ko.md")
EXERCISE = re.compile(r"^\*\*(\d[a-c])\.\*\*", re.MULTILINE)
BOLD = re.compile(r"\*\*(-?\d+(?:\.\d+)?)\*\*")


def answers(sheet: str) -> dict[str, list[str]]:
    """By exercise the numbers in bold, as they stand there."""
    parts = EXERCISE.split((DOCS / sheet).read_text(encoding="utf-8"))
    return {name: BOLD.findall(told) for name, told in zip(parts[1::2], parts[2::2], strict=True)}


def side(n: int, f: int, p: int, s: int) -> int:
    return (n - f + 2 * p) // s + 1


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def bound(people: int, scale: float) -> float:
    """NormFace's (Wang et al. 2017, proposition 2)."""
    return math.log1p((people - 1) * math.exp(-scale * people / (people - 1)))


def in_half_the_light() -> float:
    """Degrees between what the network sees of a face and of the same at half its grey levels."""
    levels = torch.rand(1, 3, 64, 64, dtype=torch.float64) * 255  # -1..1 as to_input() has them
    a, b = (whiten(x / 127.5 - 1).flatten().numpy() for x in (levels, levels / 2))
    return float(np.degrees(angles_between(*(v / np.linalg.norm(v) for v in (a, b)))))


def computed() -> dict[str, list[float]]:
    sides = [side(64, 3, 1, 2)]
    for stride in (1, 2, 2, 2):
        sides.append(side(sides[-1], 3, 1, stride))
    card = recognizer("arcface").card
    assert card is not None
    people = card.split["trained"]["people"]
    theta = torch.tensor(math.radians(50.0), dtype=torch.float64)
    margins = [LOSSES[n].margin or Margin() for n in NAMES]
    ledger, blur = results("ledger")["losses"], results("quality")["kinds"]["blurred"]["steps"]
    norm, arc = ledger["norm-softmax"], ledger["arcface"]
    eers = norm["unseen_eer"], arc["unseen_eer"]
    calibration = recognizer("arcface").calibration
    at = round(calibration.threshold, 1)
    kept = 1 - calibration.frr(calibration.threshold_at_far(0.001))[0]
    return {
        "1a": [math.degrees(math.acos(0.5)), math.cos(math.radians(at))],
        "1b": [112 * 112 * 3 / 256],
        "1c": [],
        "2a": [side(32, 5, 0, 1), side(32, 5, 2, 1)],
        "2b": sides,
        "2c": [3 * 3 * 3 * 32, 64 * 64 * 3 * 32**3],
        "3a": [1 + 4 * 2 * 2 + 1],
        "3b": [2 * 9 * 32 * 32 + 4 * 32],
        "3c": [9 * 32 * 64 + 9 * 64 * 64 + 32 * 64 + 6 * 64, 3_844_384],
        "4a": [logistic(4 - 3)],
        "4b": [logistic(6 - 4), math.degrees(math.atan2(4, 3)), math.degrees(math.atan2(3, 4))],
        "4c": [],
        "5a": [math.sqrt(2) * math.log(n - 1) for n in (8, people)],
        "5b": [math.e / (math.e + (people - 1) / math.e)],
        "5c": [bound(people, scale) for scale in (1, 9.88, 24)],
        "6a": [math.degrees(card.config.final_margin.add_angle), math.degrees(0.5)],
        "6b": [float(m.target(theta)) for m in margins],
        "6c": [math.degrees(float(m.boundary(theta))) for m in margins],
        "7a": [norm[f"{p}_intra"]["value"] - arc[f"{p}_intra"]["value"] for p in PARTS],
        "7b": [arc[f"{p}_inter"]["value"] - norm[f"{p}_inter"]["value"] for p in PARTS],
        "7c": [100 * eer[k] for k in ("value", "standard_error") for eer in eers],
        "8a": [in_half_the_light()],
        "8b": [1 / (2 * math.pi * 2**2)],
        "8c": [100 * step["fall"] for step in blur if step["step"] in (2, 4)],
        "9a": [1_000_000 * 0.001],
        "9b": [100 * kept / (kept + 10_000 * 0.001)],
        "9c": [100 * 10 / 11, 100 * 10 / (10 + 999)],
    }  # fmt: skip


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_answer_is_what_comes_out(sheet):
    found, wanted = answers(sheet), computed()
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        assert len(found[name]) == len(values), name
        for told, value in zip(found[name], values, strict=True):
            digits = len(told.partition(".")[2])
            assert abs(float(told) - value) <= 0.5001 * 10**-digits, f"{name}: {told}, {value}"


def test_both_sheets_hold_the_same_numbers():
    assert answers(SHEETS[0]) == answers(SHEETS[1])
    number = re.compile(r"\d[\d,.]*\d|\d")
    texts = [(DOCS / sheet).read_text(encoding="utf-8") for sheet in SHEETS]
    counts = [sorted(number.findall(text.partition("## 1")[2])) for text in texts]
    assert len(counts[0]) > 100
    assert set(counts[0]) == set(counts[1])


def test_the_network_is_as_the_sheet_has_it():
    network = load_checkpoint(ASSETS / "arcface.safetensors").network
    sizes = [sum(p.numel() for p in layer.parameters()) for layer in network.trunk]
    assert (sizes[0], sizes[3], sizes[5]) == (864, 18560, 57728)
    assert sum(p.numel() for p in network.parameters()) == 3_844_384
    maps, x = [], torch.zeros(1, 3, 64, 64)
    for i, layer in enumerate(network.trunk):
        x = layer(x)
        if i in (0, 4, 6, 8, 10):
            maps.append(x.shape[-1])
    np.testing.assert_array_equal(maps, [32, 32, 16, 8, 4])
