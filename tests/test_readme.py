import json
import re
from pathlib import Path

from evaluation.tables import with_tables

ROOT = Path(__file__).resolve().parents[1]


def test_the_tables_are_those_of_the_results():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_tables(text) == text


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
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target:
                assert (ROOT / target).exists(), f"{name} points to {target}"
