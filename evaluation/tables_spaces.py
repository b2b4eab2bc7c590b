"""Tables of what the spaces look like: spheres, placement, the ledger, residual and plain twins."""

from evaluation.results import percent, plain, read_json, rows
from model.ledger import SHARES, STATISTICS


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
