"""The playback: small trainings on frozen embeddings, filmed, and what they end with."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from evaluation.results import ASSETS, RESULTS, made_by, write_json
from model.film import Film, save_playback
from model.gallery import load_gallery
from model.playback import (
    HELD_OUT,
    MOST_IMAGES,
    RUNS,
    SETS,
    STRIP,
    TRUNK,
    Cast,
    Setting,
    cast,
    reel,
)

FEW = ("norm-softmax", "arcface-0.2", "arcface-0.5")  # what is done again with other seeds
SEEDS = (0, 1, 2)
LONGER = replace(SETS["sixteen"], steps=1200, scale=8.0)  # hides the margin's effect
SHARES = ("accuracy", "accuracy_held")  # of the curves; the others are angles


def make_playback(folder: Path) -> None:
    """`folder`/gallery.npz -> playback.npz beside it; of what ships, results/playback.json too."""
    gallery = load_gallery(folder / "gallery.npz")
    people = {name: cast(gallery, setting.people) for name, setting in SETS.items()}
    reels = {
        name: reel(people[name], setting, RUNS)
        for name, setting in tqdm(SETS.items(), desc="filming")
    }
    save_playback(folder / "playback.npz", reels, gallery.checkpoints[TRUNK])
    if folder != ASSETS:
        return
    sixteen = people["sixteen"]
    report = made_by("python prepare.py --only playback") | {
        "trunk": TRUNK,
        "held_out": f"every {HELD_OUT}th image of a person, of the first {MOST_IMAGES}",
        "sets": {
            name: asdict(SETS[name])
            | {"images": len(shown.person), "images_held": int(shown.held.sum())}
            | {"runs": {run: ends(one) for run, one in shown.films.items()}}
            for name, shown in reels.items()
        },
        "seeds": over_seeds(sixteen, SETS["sixteen"]),
        "longer": asdict(LONGER) | {"seeds": over_seeds(sixteen, LONGER)},
    }
    write_json(RESULTS / "playback.json", report)
    for run in STRIP:
        end = ends(reels["sixteen"].films[run])
        print(
            f"{run:13} to the own mean {end['mean_degrees']:.1f}°, held out "
            f"{end['mean_held_degrees']:.1f}°; right {end['accuracy']:.3f}, held out "
            f"{end['accuracy_held']:.3f}; smallest gap {end['gap_degrees']:.1f}°"
        )


def ends(one: Film) -> dict[str, float]:
    """Each curve's last value: a share, or degrees."""
    return {
        name if name in SHARES else f"{name}_degrees": round(_end(name, curve), 4)
        for name, curve in one.curves.items()
    }


def over_seeds(who: Cast, setting: Setting) -> dict[str, dict[str, Any]]:
    """Some runs with other starts and batches: mean and standard deviation of each end."""
    runs = {name: RUNS[name] for name in FEW}
    again = [
        {run: ends(one) for run, one in reel(who, replace(setting, seed=seed), runs).films.items()}
        for seed in tqdm(SEEDS, desc=f"seeds, {setting.steps} steps")
    ]
    return {
        run: {name: _over([one[run][name] for one in again]) for name in again[0][run]}
        for run in FEW
    }


def _over(values: list[float]) -> dict[str, Any]:
    spread = round(float(np.std(values, ddof=1)), 4)
    return {
        "value": round(float(np.mean(values)), 4),
        "standard_deviation": spread,
        "seeds": values,
    }


def _end(name: str, curve: NDArray[np.float64]) -> float:
    return float(curve[-1] if name in SHARES else np.degrees(curve[-1]))
