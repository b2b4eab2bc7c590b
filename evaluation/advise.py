"""Which scale, margin and ramp for somebody's embeddings: the lab's advice without a screen."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import tyro
from tqdm import tqdm

from evaluation.results import ASSETS, RESULTS, made_by, write_json
from model.advise import CHECKS, SEEDS, Advice, Advisor, recipe
from model.gallery import load_gallery
from model.labelled import EmbeddingsUnreadable, read_embeddings, unseen_people
from model.playback import TRUNK


def advise(
    embeddings: Annotated[Path | None, tyro.conf.Positional] = None, output: Path | None = None
) -> None:
    """Try scales, margins and ramps on labelled embeddings and say what to set.

    EmbeddingsUnreadable, EmbeddingsTooLarge or TooFewLabelled says what is wrong with a file.

    Args:
        embeddings: An .npz with `embeddings` (N, E) and `labels` (N,), or a CSV with the label
            first; the gallery's unseen people, as norm-softmax embeds them, where none is named.
        output: The JSON with every trial; results/advise.json for the gallery, else nowhere.
    """
    torch.set_num_threads(1)  # the networks are too small for a second one
    if embeddings is None:
        who = unseen_people(load_gallery(ASSETS / "gallery.npz"), TRUNK)
        output = output or RESULTS / "advise.json"
    else:
        try:
            who = read_embeddings(embeddings.read_bytes())
        except OSError as error:
            raise EmbeddingsUnreadable(problem=f"{embeddings.name}, {error.strerror}") from None
    print(f"{len(who.person)} images of {len(who.names)} people, {who.features.shape[1]} numbers")
    advisor = Advisor(who)
    with tqdm(total=advisor.total, unit="training") as progress:
        while advisor.take():
            progress.update(advisor.done - progress.n)
        progress.update(advisor.done - progress.n)
    found = advisor.advice
    assert found is not None  # all trials are over
    say(advisor, found)
    if output is not None:
        command = "python evaluate.py advise" + (f" {embeddings.name}" if embeddings else "")
        write_json(output, made_by(command) | report(advisor, found))


def say(advisor: Advisor, found: Advice) -> None:
    """The table, the verdict and the recipe."""
    for trial in advisor.trials:
        accuracy, angle = (advisor.mean(trial, of) for of in ("accuracy", "own_mean"))
        print(
            f"s {trial.scale:6g}  m {trial.margin:<4g}  ramp {trial.ramp:<3g}  held out: "
            f"{100 * accuracy[0]:5.1f} ± {100 * accuracy[1]:.1f} % right, "
            f"{np.degrees(angle[0]):5.1f} ± {np.degrees(angle[1]):.1f}° to the own mean"
        )
    way = "nearer to" if found.gain_angle >= 0 else "farther from"
    print(
        f"{found.verdict}: s {found.best.scale:g}, m {found.best.margin:g}, ramp "
        f"{found.best.ramp:g} against s {found.control.scale:g} without a margin, over {CHECKS} "
        f"fresh seeds: {100 * found.gain:+.1f} ± {100 * found.gain_error:.1f} points of held-out "
        f"accuracy, {np.degrees(abs(found.gain_angle)):.1f}° {way} the own mean"
    )
    print("\n" + recipe(found.control if found.verdict == "harms" else found.best))


def report(advisor: Advisor, found: Advice) -> dict[str, Any]:
    """Every trial with its spread over seeds, and the check."""
    return {
        "people": len(advisor.who.names),
        "images": len(advisor.who.person),
        "seeds": SEEDS,
        "trials": [
            asdict(trial)
            | {"accuracy_held": _spread(*advisor.mean(trial, "accuracy"))}
            | {"own_mean_degrees": _spread(*np.degrees(advisor.mean(trial, "own_mean")))}
            for trial in advisor.trials
        ],
        "best": asdict(found.best),
        "control": asdict(found.control),
        "check": {
            "seeds": CHECKS,
            "verdict": found.verdict,
            "gain": {"value": round(found.gain, 4), "standard_error": round(found.gain_error, 4)},
            "nearer_degrees": round(float(np.degrees(found.gain_angle)), 2),
        },
    }


def _spread(value: float, deviation: float) -> dict[str, float]:
    return {"value": round(float(value), 4), "standard_deviation": round(float(deviation), 4)}
