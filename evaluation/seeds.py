"""Three starts of one recipe: which of them ships, and how much the start alone decides.

python evaluate.py seeds            after `make models`: choose on validation people, fill assets/
python evaluate.py seeds --final    besides, score all nine on View 1's test pairs

One seed serves all three losses, so that nothing but the loss and its scale differs between the
checkpoints that ship: the one whose AUC on validation pairs, averaged over the three losses, is the
highest.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.paired import spread
from evaluation.results import (
    ASSETS,
    LOSSES,
    RESULTS,
    ROOT,
    append_to_test_log,
    finished,
    made_by,
    write_json,
)
from evaluation.scored import Scored, lfw_test
from model.errors import MarginScopeError
from model.files import fingerprint, write_whole
from model.recipe import recipe_hash
from model.recognizer import Recognizer
from model.verification import auc, degrees, pair_cosines

SEEDS = (0, 1, 2)
COMMAND = "python evaluate.py seeds --final"


class SeedsUnlike(MarginScopeError):
    """Trainings that are not one recipe from several starts."""

    sentence = (
        "{path} was trained with another recipe or seed than its place says. Train it again: "
        "`make models`."
    )


def seeds(data_home: Path | None = None, runs: Path = ROOT / "runs", final: bool = False) -> None:
    """Ship the best-validated of three starts; say how far the starts lie apart.

    Copies that seed's three checkpoints to assets/ and writes results/seeds.json.

    Args:
        data_home: The folder that holds lfw_home/.
        runs: Where `make models` left LOSS-SEED/LOSS.safetensors.
        final: Score all of them on the test pairs, too: no choice is left to make.
    """
    began = time.monotonic()
    made = made_by(COMMAND if final else COMMAND.removesuffix(" --final"))
    files = {
        loss: [runs / f"{loss}-{seed}" / f"{loss}.safetensors" for seed in SEEDS] for loss in LOSSES
    }
    networks = {loss: [Recognizer.load(path) for path in paths] for loss, paths in files.items()}
    validation = {loss: validated(files[loss], networks[loss]) for loss in LOSSES}
    chosen = best({loss: found["auc"] for loss, found in validation.items()})
    report: dict[str, Any] = {"seeds": list(SEEDS), "ships": SEEDS[chosen], "losses": {}}
    scored = lfw_test(data_home) if final else None
    for loss in LOSSES:
        found = {k: spread(np.array(v), 5) for k, v in validation[loss].items()}
        report["losses"][loss] = {
            "validation": found,
            "checkpoint_sha256": [fingerprint(path) for path in files[loss]],
        }
        if scored is not None:
            report["losses"][loss]["test"] = tested(loss, files[loss], networks[loss], scored)
        print(
            f"{loss:13} validation AUC "
            + ", ".join(f"{value:.4f}" for value in validation[loss]["auc"])
        )
    for loss in LOSSES:  # only now: LFW may have been missing
        write_whole(ASSETS / f"{loss}.safetensors", files[loss][chosen].read_bytes())
    print(f"seed {SEEDS[chosen]} ships")
    write_json(RESULTS / "seeds.json", finished(made | report, began))


def validated(paths: list[Path], networks: list[Recognizer]) -> dict[str, list[float]]:
    """Accuracy and AUC on validation pairs, as train.py measured them; SeedsUnlike."""
    found: dict[str, list[float]] = {"accuracy": [], "auc": []}
    recipes = set()
    for seed, path, network in zip(SEEDS, paths, networks, strict=True):
        assert network.card is not None  # a checkpoint of ours has one
        recipes.add(recipe_hash(network.card.config))
        if len(recipes) > 1 or network.card.config.seed != seed or network.name != path.stem:
            raise SeedsUnlike(path=path)
        for measure, values in found.items():
            values.append(network.card.validation[measure]["value"])
    return found


def best(aucs: dict[str, list[float]]) -> int:
    """The place of the seed whose AUC, averaged over the losses, is the highest."""
    return int(np.mean(list(aucs.values()), axis=0).argmax())


def tested(
    loss: str, paths: list[Path], networks: list[Recognizer], scored: Scored
) -> dict[str, Any]:
    """Accuracy and AUC of every seed on View 1's test pairs; each is logged."""
    same = scored.pairs.same
    found: dict[str, list[float]] = {"accuracy": [], "auc": []}
    for path, network in zip(paths, networks, strict=True):
        cosine = pair_cosines(network.embed(scored.crops), scored.pairs)
        right = (degrees(cosine) <= network.calibration.threshold) == same
        one = {"accuracy": round(float(right.mean()), 5), "auc": round(auc(cosine, same), 5)}
        digest = {"checkpoint_sha256": fingerprint(path)}
        append_to_test_log({"command": COMMAND, "loss": loss} | digest | one)
        for measure, value in one.items():
            found[measure].append(value)
    return {k: spread(np.array(v), 5) for k, v in found.items()}
