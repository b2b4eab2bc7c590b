"""Why residual: our network and its plain twin without shortcuts, at two depths, trained alike.

python evaluate.py depth              a quarter of an hour on two cores; goes on where it stopped
python evaluate.py depth --seeds 3    a third start; what is finished is not trained again

All four take every step on the same batch and with the same schedule, twins also start from the
same weights; the loss is softmax. The networks are narrower and their faces smaller than the
shipped ones, and the training is short: what is compared is how they learn, not how far one gets.
Layers are counted as in He et al. 2016: those with weights on the longest way through, which
leaves out the 1 x 1 convolutions of the shortcuts.

The learning rate is the one of three at which the shallow plain network came furthest in a trial,
`python evaluate.py depth --seeds 1 --epochs 3 --learning-rate RATE`; the AUC there:

| rate | residual, 18 | plain, 18 | residual, 50 | plain, 50 |
|---|---|---|---|---|
| 0.1 | .874 | .543 | .648 | .491 |
| 0.02 | .856 | .704 | .681 | .487 |
| 0.005 | .802 | .686 | .692 | .585 |

So that the deep plain network ends no better than guessing is a matter of the rate, too: at a
smaller one it begins to learn, but there as well behind its twin and behind the shallow ones.
"""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from evaluation.paired import Draws, measured, spread
from evaluation.results import RESULTS, ROOT, bar, made_by, write_json
from evaluation.runs import Run, begin
from evaluation.twins import networks, together, weighty
from model.aligned import load_faces
from model.data import lfw_home, read_lfw
from model.recipe import TrainConfig, resolved
from model.sets import TrainingSet, ValidationSet, training_set, validation_set
from model.training import Batches
from model.verification import best_threshold

# The lighter augmentation of the short trials in results/recipes.md. The weights of the last step
# are evaluated, not an average: of a few hundred steps it would lag behind.
BASE = TrainConfig(
    loss="softmax", input_size=48, width=16, epochs=8, learning_rate=0.02, averaging=0.0,
    degrees=8.0, translate=0.0, jitter=0.2, grey=0.0, erase=0.25, save_every=95, evaluate_every=1,
)  # fmt: skip
SEEDS = 2
THIN = 19  # steps of which one value of the loss is the mean


def depth(
    data_home: Path | None = None,
    seeds: int = SEEDS,
    epochs: int = BASE.epochs,
    learning_rate: float = BASE.learning_rate,
) -> None:
    """Train two residual networks and their plain twins alike and measure how they learn.

    On validation people alone. Writes results/depth.json; a trial with other epochs or another rate
    writes beside its saved states, in runs/depth/.

    Args:
        data_home: The folder that holds lfw_home/.
        seeds: How many starts.
        epochs: Passes over the training images.
        learning_rate: The peak of the one-cycle schedule.
    """
    base = replace(BASE, epochs=epochs, learning_rate=learning_rate)
    folder = ROOT / "runs" / "depth" / f"{epochs}-{learning_rate:g}"
    report = made_by(command(seeds, base))
    home = lfw_home(data_home, download=True)
    faces = load_faces(read_lfw(home), bar("aligning faces"))
    learn, validation = training_set(faces, base), validation_set(faces, base, home)
    report |= study(learn, validation, learn.fingerprint(faces.names), folder, base, seeds)
    write_json((RESULTS if base == BASE else folder) / "depth.json", report)
    show(report)


def command(seeds: int, base: TrainConfig) -> str:
    """The command line, with what differs from the study that ships."""
    flags = {
        "seeds": (seeds, SEEDS),
        "epochs": (base.epochs, BASE.epochs),
        "learning-rate": (base.learning_rate, BASE.learning_rate),
    }
    more = [f" --{name} {value:g}" for name, (value, usual) in flags.items() if value != usual]
    return "python evaluate.py depth" + "".join(more)


def study(
    learn: TrainingSet, validation: ValidationSet, data: str, folder: Path, base: TrainConfig,
    seeds: int,
) -> dict[str, Any]:  # fmt: skip
    """Train every network from every seed, or go on with it; what results/depth.json says.

    `data` names what is learned from; `folder` keeps the states, by which it goes on.
    """
    batches = [Batches(learn.inputs, learn.labels, replace(base, seed=s)) for s in range(seeds)]
    runs = [
        {
            name: begin(config, learn, batches[seed], folder / f"{name}-{seed}.safetensors", data)
            for name, config in networks(replace(base, seed=seed)).items()
        }
        for seed in range(seeds)
    ]
    left = [each.last_step - each.step for of in runs for each in (r.training for r in of.values())]
    total = len(batches[0]) * len(left)
    with tqdm(total=total, initial=total - sum(left), unit="step", dynamic_ncols=True) as progress:
        for of_seed, its_batches in zip(runs, batches, strict=True):
            together(list(of_seed.values()), its_batches, validation, progress)
    by_network = {name: [of_seed[name] for of_seed in runs] for name in runs[0]}
    return described(learn, validation, base, seeds) | told(by_network, validation)


def described(
    learn: TrainingSet, validation: ValidationSet, base: TrainConfig, seeds: int
) -> dict[str, Any]:
    """What all four have in common."""
    same, steps = validation.pairs.same, max(1, len(learn.labels) // base.batch_size)
    recipe = {k: v for k, v in resolved(base).items() if k not in ("blocks", "plain", "seed")}
    return {
        "loss": base.loss,
        "recipe": recipe,
        "seeds": seeds,
        "trained": {"people": len(learn.people), "images": len(learn.labels)},
        "validation": {
            "people": len(np.unique(validation.person)),
            "genuine": int(same.sum()),
            "impostor": int((~same).sum()),
        },
        "steps": steps * base.last_epoch,
        "guessing": {"loss": guess(learn.labels), "auc": 0.5},
    }


def guess(labels: NDArray[np.int64]) -> float:
    """The loss of who never looks and says how often each person comes, the labels' entropy."""
    share = np.bincount(labels) / len(labels)
    share = share[share > 0]
    return round(float(-(share * np.log(share)).sum()), 4)


def told(by_network: dict[str, list[Run]], validation: ValidationSet) -> dict[str, Any]:
    """Every network's curves and end, and how much two that differ in one thing differ.

    A value is the mean over seeds. Its standard error is over the choice of validation people, the
    same draws for all, its standard deviation over seeds; the loss's end is the last epoch's mean.
    """
    same = validation.pairs.same
    cosines = np.stack([
        validation.cosines(run.training.averaged.eval())
        for runs in by_network.values()
        for run in runs
    ])  # fmt: skip
    thresholds = np.array([best_threshold(cosine, same) for cosine in cosines])
    draws = Draws.of(same, *validation.people())
    tables = {
        "accuracy": draws.accuracy((cosines >= thresholds[:, None]) == same),
        "auc": draws.auc(cosines),
    }
    scores = {
        name: dict(zip(by_network, np.split(table, len(by_network), axis=1), strict=True))
        for name, table in tables.items()
    }  # (1 + DRAWS, seeds) of each measure and network
    losses = {name: np.array([end(run) for run in runs]) for name, runs in by_network.items()}
    found: dict[str, Any] = {"networks": {}, "differences": {}}
    for name, runs in by_network.items():
        ends = {measure: measured(table[name]) for measure, table in scores.items()}
        found["networks"][name] = network(runs) | {"loss": spread(losses[name])} | ends
    for one, other in combinations(by_network, 2):
        if set(one.split("-")) & set(other.split("-")):  # of one kind, or of one depth
            ends = {k: measured(table[other] - table[one]) for k, table in scores.items()}
            ends["loss"] = spread(losses[other] - losses[one])
            found["differences"][f"{other} less {one}"] = ends
    seconds = [r["seconds"] for runs in by_network.values() for run in runs for r in run.history]
    return found | {"seconds": round(sum(seconds), 1)}


def network(runs: list[Run]) -> dict[str, Any]:
    """A network's size, and a curve a seed."""
    training = runs[0].training
    return {
        "layers": len(weighty(training.network)),
        "blocks": list(training.config.blocks),
        "plain": training.config.plain,
        "parameters": sum(p.numel() for p in training.network.parameters()),
        "runs": [curves(run) | {"seed": run.training.config.seed} for run in runs],
    }


def curves(run: Run) -> dict[str, Any]:
    """The loss, each value the mean of THIN steps, and the evaluations; first gradients, time."""
    losses = np.array([record["loss"] for record in run.history])
    ends = range(THIN, len(losses) + 1, THIN)
    evaluated = [(i, r) for i, r in enumerate(run.history, start=1) if "auc" in r]
    return {
        "loss_step": [end - (THIN - 1) / 2 for end in ends],
        "loss": [round(float(losses[end - THIN : end].mean()), 4) for end in ends],
        "step": [step for step, _ in evaluated],
        "accuracy": [round(record["accuracy"], 5) for _, record in evaluated],
        "auc": [round(record["auc"], 5) for _, record in evaluated],
        "gradients": run.history[0]["gradients"],
        "seconds": round(sum(record["seconds"] for record in run.history), 1),
    }


def end(run: Run) -> float:
    """The mean training loss of the last epoch."""
    last = run.training.last_step // run.training.config.last_epoch
    return float(np.mean([record["loss"] for record in run.history[-last:]]))


def show(report: dict[str, Any]) -> None:
    """A line a network, and a line a difference."""
    for name, found in (report["networks"] | report["differences"]).items():
        loss, auc, accuracy = (found[key] for key in ("loss", "auc", "accuracy"))
        print(
            f"{name:27} loss {loss['value']:7.3f}, AUC {auc['value']:7.4f} ± "
            f"{auc['standard_error']:.4f}, accuracy {100 * accuracy['value']:6.2f} %"
        )
