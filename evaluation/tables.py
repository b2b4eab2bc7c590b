"""README's tables, made from results/."""

import json
from collections.abc import Callable
from typing import Any

from evaluation.results import RESULTS, ROOT, percent, plain, read_json
from model.ledger import SHARES, STATISTICS


def readme() -> None:
    """Fill the tables of README.md between their markers from results/."""
    path = ROOT / "README.md"
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """README's text with the tables that results/ give, between `<!-- name -->` markers."""
    for name, table in TABLES.items():
        before, rest = text.split(f"<!-- {name} -->\n", 1)
        _, after = rest.split(f"<!-- /{name} -->", 1)
        text = f"{before}<!-- {name} -->\n{table()}<!-- /{name} -->{after}"
    return text


def rows(head: str, *lines: str) -> str:
    """A Markdown table from its lines without outer bars."""
    rule = "---|" * (head.count("|") + 1)
    return f"| {head} |\n|{rule}\n" + "".join(f"| {line} |\n" for line in lines)


def view1() -> str:
    """The three losses on test people."""
    return rows(
        "loss | accuracy | AUC | EER | mean angle, one person | two people "
        "| trained people to their own class centre",
        *(
            f"{loss} | {percent(scores['accuracy'])} | {plain(scores['auc'])} "
            f"| {100 * scores['eer']['value']:.1f} % "
            f"| {scores['genuine_degrees']:.1f}° | {scores['impostor_degrees']:.1f}° "
            f"| {scores['own_centre_degrees']:.1f}°"
            for loss, scores in read_json("view1")["losses"].items()
        ),
    )


def calibration() -> str:
    """How far each loss's probability is off on test people."""
    lines = []
    for loss, scores in read_json("view1")["losses"].items():
        error = scores["calibration_error"]
        lines.append(
            f"{loss} | {percent(error)} | {100 * error['perfect']:.1f} % "
            f"| {100 * error['excess']:.1f} %"
        )
    return rows("loss | calibration error | perfect | excess", *lines)


def spheres() -> str:
    """What the layout keeps of each space, and how far its people stand from ArcFace's."""
    return rows(
        "space | trustworthiness | rank correlation | within a person, drawn | true "
        "| from the same person under ArcFace",
        *(
            f"{model} | {kept['trustworthiness']:.3f} | {kept['rank_correlation']:.2f} "
            f"| {kept['drawn_within']:.1f}° | {kept['true_within']:.1f}° "
            f"| {kept['from_arcface_degrees']:.1f}°"
            for model, kept in read_json("layout")["spheres"].items()
        ),
    )


def placement() -> str:
    """How far from its own place a held-out face is put, and how often a stranger has none."""
    lines = []
    for loss, found in read_json("placement")["losses"].items():
        ours, rival = found["place"], found["umap_transform"]
        lines.append(
            f"{loss} | {ours['all']['median_degrees']['value']:.1f}° "
            f"| {percent(ours['all']['within_15_degrees'])} "
            f"| {rival['all']['median_degrees']['value']:.1f}° "
            f"| {percent(rival['all']['within_15_degrees'])} "
            f"| {rival['moved_by_company_degrees']['median']:.1f}° "
            f"| {percent(found['no_honest_place']['strangers'])}"
        )
    return rows(
        "space | ours, median | within 15° | `umap.transform`, median | within 15° "
        "| moved by company | strangers without a place",
        *lines,
    )


LEDGER_ROWS = {
    "w_ec": "W-EC: class centre to own mean",
    "w_inter": "W-Inter: class centre to the nearest",
    "seen_intra": "Intra, seen people",
    "seen_left_out": "Intra, seen, leave-one-out",
    "seen_inter": "Inter, seen people",
    "unseen_intra": "Intra, unseen people",
    "unseen_left_out": "Intra, unseen, leave-one-out",
    "unseen_inter": "Inter, unseen people",
    "seen_overlap": "overlap of genuine and impostor pairs, seen",
    "seen_eer": "EER of these pairs, seen",
    "unseen_overlap": "overlap, unseen",
    "unseen_eer": "EER, unseen",
}


def ledger() -> str:
    """The angle statistics of the three losses beside the paper's Table 3."""
    found = read_json("ledger")
    losses, paper = found["losses"], found["paper"]
    lines = []
    for name in (*STATISTICS, *SHARES):
        ours = [
            percent(scores[name])
            if name in SHARES
            else f"{scores[name]['value']:.1f} ± {scores[name]['standard_error']:.1f}°"
            for scores in losses.values()
        ]
        theirs = [f"{column[name]:.2f}°" if name in column else "" for column in paper.values()]
        lines.append(" | ".join([LEDGER_ROWS[name], *ours, *theirs]))
    head = ["", *losses, *(f"paper: {name}" for name in paper)]
    return rows(" | ".join(head), *lines)


def depth() -> str:
    """The residual networks and their plain twins at the end of their short training."""
    found = read_json("depth")
    lines = [
        f"{name} | {one['layers']} | {one['parameters']:,} | {one['loss']['value']:.2f} | "
        f"{percent(one['accuracy'])} | {plain(one['auc'])}"
        for name, one in found["networks"].items()
    ]
    head = "network | layers | parameters | training loss | accuracy | AUC"
    return rows(head, *lines)


def benchmarks() -> str:
    """What each script of benchmarks/ measured: its ratio, what was wanted, and both sides."""
    lines = []
    for path in sorted((RESULTS / "benchmarks").glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        for name, case in found.get("cases", {"": found}).items():
            sides = ", ".join(_medians(side, one) for side, one in case["sides"].items())
            command = f"`{found['command']}`" + (f" ({name})" if name else "")
            lines.append(f"{command} | {case['value']:.2f} | {found.get('target', '')} | {sides}")
    return rows("command | ratio | wanted | medians", *lines)


def _medians(side: str, one: dict[str, Any]) -> str:
    """One side's median, or its medians at several moments."""
    if "value" in one:
        return f"{side} {one['value']:.3g} {one['unit']}"
    resident = {when: at for when, at in one.items() if not when.endswith("at most")}
    told = ", ".join(f"{when} {at['value']:.3g} {at['unit']}" for when, at in resident.items())
    return f"{side}: {told}"


TABLES: dict[str, Callable[[], str]] = {
    "view1": view1,
    "calibration": calibration,
    "spheres": spheres,
    "placement": placement,
    "ledger": ledger,
    "depth": depth,
    "benchmarks": benchmarks,
}
