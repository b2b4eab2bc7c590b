"""README's and the model card's tables, made from results/."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from evaluation.results import ROOT, percent, plain, read_json, rows
from evaluation.speed import benchmarks, crowd, soak
from evaluation.tables_spaces import depth, ledger, placement, spheres
from model.degrade import DEGRADATIONS

NOTHING = "Not measured yet.\n"
PAGES = ("README.md", "README.ko.md", "MODEL_CARD.md")


def readme() -> None:
    """Fill the tables of PAGES between their markers from results/."""
    for name in PAGES:
        path = ROOT / name
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """README's text with the tables that results/ give, between `<!-- name -->` markers."""
    for name, table in TABLES.items():
        if f"<!-- {name} -->" not in text:
            continue
        before, rest = text.split(f"<!-- {name} -->\n", 1)
        _, after = rest.split(f"<!-- /{name} -->", 1)
        try:
            filled = table()
        except FileNotFoundError:
            filled = NOTHING
        text = f"{before}<!-- {name} -->\n{filled}<!-- /{name} -->{after}"
    return text


def view1() -> str:
    """The three losses on test people."""
    return rows(
        "loss | accuracy | AUC | EER | TAR at FAR 1 % | at 0.1 % | mean angle, one person "
        "| two people | trained people to their own class centre",
        *(
            f"{loss} | {percent(scores['accuracy'])} | {plain(scores['auc'])} "
            f"| {percent(scores['eer'])} | {percent(scores['tar_at_far']['0.01'])} "
            f"| {percent(scores['tar_at_far']['0.001'])} "
            f"| {scores['genuine_degrees']:.1f}° | {scores['impostor_degrees']:.1f}° "
            f"| {scores['own_centre_degrees']:.1f}°"
            for loss, scores in read_json("view1")["losses"].items()
        ),
    )


def differences() -> str:
    """How much two losses differ on test people, paired, and how likely that is by chance."""
    lines = []
    for name, one in read_json("view1")["differences"].items():
        test = one["mcnemar"]
        lines.append(
            f"{name} | {points(one['accuracy'])} | {signed(one['auc'])} "
            f"| {points(one['tar_at_far']['0.01'])} | {test['only_first']} : {test['only_second']} "
            f"| {test['p_value']:.2g}"
        )
    return rows(
        "difference | accuracy, points | AUC | TAR at FAR 1 %, points | pairs only one gets right "
        "| p (McNemar)",
        *lines,
    )


def seeds() -> str:
    """Three starts of each loss, on validation people and, with --final, on test people."""
    found = read_json("seeds")
    lines = []
    losses = found["losses"].values()
    parts = [part for part in ("validation", "test") if all(part in one for one in losses)]
    for loss, one in found["losses"].items():
        cells = [
            ", ".join(f"{100 * v:.1f}" for v in one[part]["accuracy"]["each"]) + " % | "
            + ", ".join(f"{v:.4f}" for v in one[part]["auc"]["each"])
            for part in parts
        ]  # fmt: skip
        lines.append(f"{loss} | " + " | ".join(cells))
    what = " | ".join(f"accuracy, {part} | AUC, {part}" for part in parts)
    compared = [
        f"{second} less {first} | " + " | ".join(
            shown(by_start(found["losses"], second, first, part, measure))
            for part in parts
            for measure, shown in (("accuracy", points), ("auc", signed))
        )
        for first, second in combinations(found["losses"], 2)
    ]  # fmt: skip
    return (
        rows(f"loss | {what}", *lines)
        + "\n"
        + rows(f"difference, start by start | {what}", *compared)
    )


def by_start(
    losses: dict[str, Any], second: str, first: str, part: str, measure: str
) -> dict[str, float]:
    """One loss less another from the same starts: the mean, its error sd / sqrt(starts)."""
    ours, theirs = (np.array(losses[name][part][measure]["each"]) for name in (second, first))
    each = ours - theirs
    error = each.std(ddof=1) / len(each) ** 0.5
    return {"value": float(each.mean()), "standard_error": float(error)}


def view2() -> str:
    """The folds of View 2 that are trained, and losses compared fold by fold."""
    found = read_json("view2")
    told = rows(
        "loss | folds | accuracy | AUC",
        *(
            f"{loss} | {one['n']} of 10 | {percent(one['accuracy'])} | {plain(one['auc'])}"
            for loss, one in found["losses"].items()
        ),
    )
    compared = [
        f"{name} | {one['n']} of 10 | {points(one['accuracy'])} | {signed(one['auc'])}"
        for name, one in found.get("differences", {}).items()
    ]
    if not compared:
        return told
    head = "difference, fold by fold | folds | accuracy, points | AUC"
    return f"{told}\n{rows(head, *compared)}"


def identify() -> str:
    """The closed set in a line; then strangers enrolled with one photo each."""
    found, lines = read_json("identify"), []
    closed = found["closed"]
    told = (
        f"Closed set: {percent(closed['rank_1'])} of the test photos are named rightly, of "
        f"{percent(closed['ceiling'])} that show anybody in training. Open set:\n\n"
    )
    for loss, one in found["open"]["losses"].items():
        at = " | ".join(
            f"{percent(found['found'])} | {percent(found['false_alarms'])}"
            for found in one["at_far"].values()
        )
        lines.append(f"{loss} | {percent(one['rank_1'])} | {percent(one['rank_5'])} | {at}")
    return told + rows(
        "loss | rank 1 | rank 5 | found at FAR 1 % | false alarms | found at FAR 0.1 % "
        "| false alarms",
        *lines,
    )


def factors() -> str:
    """Margin and scale, each changed alone: the four networks, then what each changes."""
    found = read_json("factors")
    told = rows(
        "network | AUC, validation | AUC, test | W-EC | W-Inter | Intra, seen | Inter, seen "
        "| Intra, unseen, leave-one-out | Inter, unseen",
        *(
            f"{name} | {plain(one['validation_auc'])} | {plain(one['auc'])} | "
            + " | ".join(
                f"{one[angle]['value']:.1f} ± {one[angle]['standard_error']:.1f}°"
                for angle in FACTORED
            )
            for name, one in found["networks"].items()
        ),
    )
    compared = rows(
        "difference | AUC, validation | AUC, test",
        *(
            f"{name} | {signed(one['validation_auc'])} | {signed(one['auc'])}"
            for name, one in found["differences"].items()
        ),
    )
    return f"{told}\n{compared}"


FACTORED = ("w_ec", "w_inter", "seen_intra", "seen_inter", "unseen_left_out", "unseen_inter")


def sweep() -> str:
    """Scale and margin on small trainings."""
    lines = []
    for row in read_json("sweep")["settings"]:
        cells = [f"{row['setting']}", f"{row['failed']} of {row['seeds']}"]
        for measure, digits, unit in SWEPT:
            one = row.get(measure)
            spread = f" ± {one['standard_deviation']:.{digits}f}" if one and len(one) > 2 else ""
            cells.append(f"{one['value']:.{digits}f}{spread}{unit}" if one else "")
        lines.append(" | ".join(cells))
    return rows("setting | failed | AUC | W-EC | W-Inter | Inter", *lines)


SWEPT = (("auc", 4, ""), ("w_ec_degrees", 1, "°"), ("w_inter_degrees", 1, "°"),
         ("inter_degrees", 1, "°"))  # fmt: skip


def degrade() -> str:
    """AUC of spoilt faces at the strength that the lesson starts from."""
    lines = []
    for name, kind in read_json("degrade")["kinds"].items():
        step = next(s for s in kind["steps"] if s["strength"] == DEGRADATIONS[name].default)
        cells = (plain(one["auc"]) for one in step["losses"].values())
        difference = signed(step["differences"]["arcface less norm-softmax"]["auc"])
        lines.append(
            f"{name}, {step['strength']:g} {kind['unit']} | {' | '.join(cells)} | {difference}"
        )
    clean = read_json("degrade")["kinds"]["blur"]["steps"][0]
    cells = (plain(one["auc"]) for one in clean["losses"].values())
    difference = signed(clean["differences"]["arcface less norm-softmax"]["auc"])
    losses = " | ".join(clean["losses"])
    return rows(
        f"face | {losses} | arcface less norm-softmax",
        f"clean | {' | '.join(cells)} | {difference}",
        *lines,
    )


def points(measure: dict[str, float]) -> str:
    """'+1.2 ± 0.9', a difference of shares in points."""
    return f"{100 * measure['value']:+.1f} ± {100 * measure['standard_error']:.1f}"


def signed(measure: dict[str, float]) -> str:
    """'+0.0041 ± 0.0037'"""
    return f"{measure['value']:+.4f} ± {measure['standard_error']:.4f}"


def calibration() -> str:
    """How far each loss's probability is off on test people."""
    lines = []
    for loss, scores in read_json("view1")["losses"].items():
        error = scores["calibration_error"]
        lines.append(
            f"{loss} | {percent(error)} | {100 * error['perfect']:.1f} % | {error['p_value']:.2g}"
        )
    return rows("loss | calibration error | perfect, by chance | p", *lines)


TABLES: dict[str, Callable[[], str]] = {
    "view1": view1,
    "differences": differences,
    "seeds": seeds,
    "view2": view2,
    "identify": identify,
    "factors": factors,
    "sweep": sweep,
    "degrade": degrade,
    "calibration": calibration,
    "spheres": spheres,
    "placement": placement,
    "ledger": ledger,
    "depth": depth,
    "benchmarks": benchmarks,
    "crowd": crowd,
    "soak": soak,
}
