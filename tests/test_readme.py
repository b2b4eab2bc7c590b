import json
import re
from pathlib import Path

import pytest

from evaluation.tables import PAGES, with_tables

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_are_those_of_the_results(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert with_tables(text) == text


def test_the_conclusion_is_that_of_the_results():
    """What README says of the losses, whichever checkpoints ship."""
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    found = json.loads((ROOT / "results" / "view1.json").read_text())["differences"]
    chance = {name: one["mcnemar"]["p_value"] >= 0.05 for name, one in found.items()}
    assert chance["arcface less norm-softmax"] == (
        "ArcFace and norm-softmax cannot be told apart on these pairs" in text
    )
    assert chance["arcface less softmax"] != (
        "ArcFace is better than softmax, by more than chance explains" in text
    )
    losses = json.loads((ROOT / "results" / "ledger.json").read_text())["losses"]
    margin, control = losses["arcface"], losses["norm-softmax"]
    w_ec = f"is {margin['w_ec']['value']:.0f}° under ArcFace and {control['w_ec']['value']:.0f}°"
    assert w_ec in text
    assert margin["seen_inter"]["value"] > control["seen_inter"]["value"]
    smaller = margin["unseen_intra"]["value"] < control["unseen_intra"]["value"]
    assert smaller != ("Their Intra is no smaller than norm-softmax's; their Inter grows" in text)
    assert margin["unseen_inter"]["value"] > control["unseen_inter"]["value"]


def test_every_scored_checkpoint_is_in_the_test_log():
    logged = {entry["checkpoint_sha256"] for entry in
              json.loads((ROOT / "results" / "test_log.json").read_text())}  # fmt: skip
    for name in ("view1", "ledger"):  # the ledger's unseen people are test people
        scored = json.loads((ROOT / "results" / f"{name}.json").read_text())["losses"]
        assert {scores["checkpoint_sha256"] for scores in scored.values()} <= logged


def test_both_commands_stand_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert text.index("make app") < text.index("make test")
    assert "\napp:" in makefile
    assert "\ntest:" in makefile


def test_what_the_readme_points_to_is_there():
    for name in ("README.md", "CONTRIBUTING.md", "MODEL_CARD.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target:
                assert (ROOT / target).exists(), f"{name} points to {target}"
