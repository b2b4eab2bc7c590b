import json
import re
from pathlib import Path

import numpy as np
import pytest

from demo.assets import playback, recognizer
from demo.language import text
from evaluation.results import percent, plain
from evaluation.tables import PAGES, with_tables

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_are_those_of_the_results(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert with_tables(text) == text


def test_a_single_fold_has_no_error_yet():
    assert percent({"value": 0.91}) == "91.0 %"
    assert percent({"value": 0.91, "standard_error": 0.004}) == "91.0 ± 0.4 %"
    assert plain({"value": 0.9668}) == "0.9668"


def test_the_conclusion_is_that_of_the_results():
    """What README says of the losses, whichever checkpoints ship."""
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    found = json.loads((ROOT / "results" / "view1.json").read_text())["differences"]
    chance = {name: one["mcnemar"]["p_value"] >= 0.05 for name, one in found.items()}
    assert chance["arcface less norm-softmax"] == (
        "ArcFace and norm-softmax cannot be told apart on these pairs" in text
    )
    assert chance["arcface less softmax"] != (
        "this ArcFace is better than this softmax, by more than the choice of pairs explains"
        in text
    )
    tars = {name: one["tar_at_far"]["0.01"] for name, one in found.items()}
    tar = tars["arcface less norm-softmax"]
    assert (tar["value"] > 2 * tar["standard_error"]) == (
        "TAR at FAR 1 % is higher, by more than two standard errors" in text
    )
    for gained in ({name: one["auc"] for name, one in found.items()}, tars):
        by_margin = gained["arcface less norm-softmax"]["value"]
        assert gained["norm-softmax less softmax"]["value"] > by_margin
    seeds = json.loads((ROOT / "results" / "seeds.json").read_text())["losses"]
    control, margin = (seeds[loss]["test"] for loss in ("norm-softmax", "arcface"))
    for measure in ("accuracy", "auc"):
        assert max(control[measure]["each"]) > max(margin[measure]["each"])
    assert max(margin["auc"]["each"]) < 0.968
    lead = found["arcface less norm-softmax"]["auc"]
    in_errors = lead["value"] / lead["standard_error"]
    assert ("lead in AUC is about one and a half standard errors" in text) == (
        1.25 < in_errors < 1.75
    )
    losses = json.loads((ROOT / "results" / "ledger.json").read_text())["losses"]
    margin, control = losses["arcface"], losses["norm-softmax"]
    w_ec = f"is {margin['w_ec']['value']:.0f}° under ArcFace and {control['w_ec']['value']:.0f}°"
    assert w_ec in text
    assert margin["seen_inter"]["value"] > control["seen_inter"]["value"]
    smaller = margin["unseen_intra"]["value"] < control["unseen_intra"]["value"]
    assert smaller != ("Their Intra is no smaller than norm-softmax's; their Inter grows" in text)
    assert margin["unseen_inter"]["value"] > control["unseen_inter"]["value"]


def test_what_is_said_of_margin_and_scale_is_that_of_the_results():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    found = json.loads((ROOT / "results" / "factors.json").read_text())
    nets = found["networks"]

    def change(measure: str, second: str, first: str) -> float:
        return nets[second][measure]["value"] - nets[first][measure]["value"]

    by_margin = [(f"s {s}, m 0.4", f"s {s}, m 0") for s in (16, 24)]
    by_scale = [(f"s 24, m {m}", f"s 16, m {m}") for m in ("0", "0.4")]
    closer = [round(-change("w_ec", *pair)) for pair in by_margin]
    apart = [round(change("seen_inter", *pair)) for pair in by_margin]
    assert f"the margin draws a person's mean {closer[0]} to {closer[1]}° closer" in text
    assert f"and seen people {apart[0]} to {apart[1]}° apart" in text
    assert f"the margin takes {closer[0]} to {closer[1]}° off it" in text
    assert all(change("w_ec", *pair) > 2 for pair in by_scale)
    grown = [change("unseen_inter", *pair) for pair in by_margin]
    assert [round(one) for one in grown] == [2, 2]
    assert all(abs(change("unseen_left_out", *pair)) < 1.2 for pair in by_margin)
    for second, first in by_margin:
        one = found["differences"][f"{second} less {first}"]
        gains = [o["value"] / o["standard_error"] for o in (one["validation_auc"], one["auc"])]
        at_24 = second.startswith("s 24")  # "three standard errors on validation people and two"
        assert np.round(gains).tolist() == [3, 2] if at_24 else max(gains) < 1
    trained = [one for one in nets.values() if "w_ec_last" in one]
    assert len(trained) == 2
    assert all(one["w_ec_last"]["value"] > one["w_ec"]["value"] for one in trained)


def test_what_is_said_of_view_2_is_that_of_the_results():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    losses = json.loads((ROOT / "results" / "view2.json").read_text())["losses"]
    assert losses["arcface"]["n"] == 10
    between = 0.876 < losses["arcface"]["accuracy"]["value"] < 0.930
    assert between == ("ArcFace at half the schedule is above the one and below the other" in text)
    found = json.loads((ROOT / "results" / "view2.json").read_text())["differences"]
    apart = [
        abs(one["value"]) > 2 * one["standard_error"]
        for one in (found["arcface less norm-softmax"][m] for m in ("accuracy", "auc"))
    ]
    assert any(apart) != ("Fold by fold ArcFace and norm-softmax cannot be told apart" in text)
    assert any(apart) != ("nor on View 2's 6,000 at half the schedule" in text)
    assert [losses[name]["n"] for name in ("norm-softmax", "softmax")] == [10, 10]
    ahead = [
        found[f"{loss} less softmax"][m]["value"]
        > 2 * found[f"{loss} less softmax"][m]["standard_error"]
        for loss in ("norm-softmax", "arcface")
        for m in ("accuracy", "auc")
    ]
    gains = [found[f"{loss} less softmax"]["auc"]["value"] for loss in ("norm-softmax", "arcface")]
    said = " of ".join(f"{gain:.4f}".lstrip("0") for gain in gains)
    assert f"in View 2 {said} of AUC" in text
    assert all(ahead) == ("both are ahead of softmax by more than two standard errors" in text)


def test_what_is_said_of_the_sweep_is_that_of_the_results():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    rows = json.loads((ROOT / "results" / "sweep.json").read_text())["settings"]
    at = {row["setting"]: row for row in rows}
    never = [name for name, row in at.items() if row["failed"] == row["seeds"]]
    assert {"s 64, m 0.5", "s 64, m 0.5, ramp 0", "s 24, m 0.9", "s 24, m 1.2"} <= set(never)
    assert "the paper's s = 64, m = 0.5 fails from every start" in text
    flat = [at[f"s 24, m {m}"] for m in ("0", "0.2", "0.4", "0.6")]
    values = [row["auc"]["value"] for row in flat]
    assert max(values) - min(values) < 0.01
    assert [row["failed"] for row in flat] == [0] * 4
    assert flat[2]["w_ec_degrees"]["value"] < flat[0]["w_ec_degrees"]["value"] - 3
    two = any(row["seeds"] == 2 for row in rows)
    assert two == ("Settings with 2 starts wait for their third" in text)


def test_every_scored_checkpoint_is_in_the_test_log():
    log = json.loads((ROOT / "results" / "test_log.json").read_text())
    logged = {(entry["command"], entry["checkpoint_sha256"]) for entry in log}
    of = {
        "view1": lambda found: found["losses"].values(),
        "ledger": lambda found: found["losses"].values(),  # its unseen people are test people
        "identify": lambda found: found["open"]["losses"].values(),
        "view2": lambda found: [f for o in found["losses"].values() for f in o["folds"].values()],
    }
    for name, scored in of.items():
        found = json.loads((ROOT / "results" / f"{name}.json").read_text())
        command = found["command"]
        assert {(command, one["checkpoint_sha256"]) for one in scored(found)} <= logged


def test_both_commands_stand_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert text.index("make app") < text.index("make test")
    assert "\napp:" in makefile
    assert "\ntest:" in makefile


@pytest.mark.parametrize(
    ("page", "language", "tour"),
    [("README.md", "en", "## Three minutes"), ("README.ko.md", "ko", "## 3분 둘러보기")],
)
def test_the_tour_calls_things_what_the_screen_calls_them(page: str, language: str, tour: str):
    told = (ROOT / page).read_text(encoding="utf-8").split(tour)[1].split("\n## ")[0]
    named = re.findall(r"\*+([^*]+)\*+", told)
    assert len(named) >= 8
    shown = set(text(language).sentences.values())
    assert {" ".join(name.split()) for name in named} <= shown


def test_what_the_tour_says_of_the_film_is_the_film():
    ends = {name: film.curves["own"][-1] for name, film in playback()["sixteen"].films.items()}
    softmax, arcface = (f"{np.degrees(ends[run]):.0f}°" for run in ("softmax", "arcface-0.5"))
    assert f"({arcface} against {softmax} at the end)" in (ROOT / "README.md").read_text("utf-8")
    assert f"(끝에서 {arcface} 대 {softmax})" in (ROOT / "README.ko.md").read_text("utf-8")


def test_what_the_questions_say_of_angles_is_the_calibration():
    calibration = recognizer("arcface").calibration
    angle = float(np.degrees(np.arccos(0.4)))
    english, korean = (
        (ROOT / p).read_text(encoding="utf-8") for p in ("README.md", "README.ko.md")
    )
    english, korean = " ".join(english.split()), " ".join(korean.split())
    frr, _ = calibration.frr(angle)
    assert calibration.far(angle)[0] < 0.01
    assert f"pairs of one person {100 * frr:.0f} are less alike" in english
    assert f"본인 쌍 100쌍 가운데 {100 * frr:.0f}쌍은 그보다 덜 닮았고" in korean
    even, rare = (f"{calibration.probability(angle, prior):.2f}" for prior in (0.5, 0.01))
    assert f"a probability of {even} if one person" in english
    assert f"and {rare} if only 1 pair in 100" in english
    assert f"같은 사람일 확률은 {even}" in korean
    assert f"같은 사람이라면 {rare}입니다" in korean
    turned_away, _ = calibration.frr(calibration.threshold_at_far(0.001))
    assert f"turns away {100 * turned_away:.0f} of 100 rightful people" in english
    assert f"100명 가운데 {100 * turned_away:.0f}명을 돌려보냅니다" in korean


def test_what_the_readme_points_to_is_there():
    for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "MODEL_CARD.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target:
                assert (ROOT / target).exists(), f"{name} points to {target}"
