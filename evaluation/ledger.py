"""The ArcFace paper's angle statistics of the shipped models, beside the paper's own."""

import time
from dataclasses import asdict
from typing import Any

import numpy as np

from evaluation.results import (
    ASSETS,
    LOSSES,
    RESULTS,
    append_to_test_log,
    finished,
    made_by,
    shipped,
    shipped_gallery,
    write_json,
)
from model.checkpoint import load_checkpoint
from model.ledger import IMAGES, PAPER, SHARES, STATISTICS, Measure, drawn_images
from model.ledger import ledger as measured
from model.views import space

COMMAND = "python evaluate.py ledger"


def ledger() -> None:
    """Measure W-EC, W-Inter, Intra and Inter on assets/gallery.npz, into results/ledger.json.

    It needs no LFW. Seen people are training people, unseen ones test people: it describes final
    models and no choice hangs on it. GalleryInvalid where other checkpoints made the gallery.
    """
    began = time.monotonic()
    gallery = shipped_gallery()
    people = {
        part: len(drawn_images(gallery.person[of_part]))
        for part, of_part in (("seen", gallery.seen), ("unseen", ~gallery.seen))
    }
    found: dict[str, Any] = made_by(COMMAND) | {
        "images": IMAGES, "people": people, "losses": {}, "paper": PAPER,
    }  # fmt: skip
    for loss in LOSSES:
        path = ASSETS / f"{loss}.safetensors"
        one = space(gallery, load_checkpoint(path))
        measures = measured(one.embeddings, one.person, one.seen, one.centres, one.owners)
        numbers = {name: rounded(name, measures[name]) for name in (*STATISTICS, *SHARES)}
        found["losses"][loss] = numbers | shipped()[loss]
        scored = {"command": COMMAND, "loss": loss, "unseen_eer": numbers["unseen_eer"]["value"]}
        digest = {"checkpoint_sha256": found["losses"][loss]["checkpoint_sha256"]}
        append_to_test_log(scored | digest)
        shown = ", ".join(f"{name} {numbers[name]['value']:.1f}°" for name in STATISTICS)
        print(f"{loss:13} {shown}")
    write_json(RESULTS / "ledger.json", finished(found, began))


def rounded(name: str, measure: Measure) -> dict[str, float]:
    """A statistic as JSON keeps it: degrees, shares 0..1."""
    if name in SHARES:
        return {key: round(value, 5) for key, value in asdict(measure).items()}
    return {key: round(float(np.degrees(value)), 3) for key, value in asdict(measure).items()}
