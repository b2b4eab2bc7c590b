"""The time of explaining one pair patch by patch over the time of explaining it in batches.

python benchmarks/explain.py

The two shipped portraits under softmax and ArcFace, warm, on one thread as in the app. In batches
is what the compare page does when "Explain this pair" is opened: model.explain.occlusion_map, each
face's 49 squares at once, under both losses, and the gallery faces that are nearer to each photo.
It is to stay well under two seconds. Patch by patch is the same with one face an embedding.
"""

from collections.abc import Callable

import numpy as np
import torch
import tyro
from measuring import keep, line, ratio, seconds, show, take_turns

from demo import assets
from demo.service import CompareService, Comparison
from model.explain import nearer, occlusion_map, squares
from model.images import RGB
from model.recognizer import Embedding, Recognizer

SHOWN = ("softmax", "arcface")
MOST = 2.0  # seconds, which two losses have to stay under


def main(rounds: int = 10) -> None:
    """Time the explanation of the portraits.

    Args:
        rounds: How often each side is timed.
    """
    torch.set_num_threads(1)
    service = CompareService([assets.recognizer(name) for name in SHOWN])
    photos = [service.read(path.read_bytes(), "left") for path in assets.PORTRAITS]
    comparison = service.compare(*photos)
    explain(comparison, service.recognizers, batched=True)  # the gallery is read once
    measured = take_turns(
        {
            "in batches": lambda: seconds(lambda: explain(comparison, service.recognizers, True)),
            "patch by patch": lambda: seconds(
                lambda: explain(comparison, service.recognizers, False)
            ),
        },
        rounds,
    )
    found = show(measured, "s")
    result = ratio(measured["patch by patch"], measured["in batches"])
    print(line("patch by patch / in batches", result, "times"))
    within = float(np.median(measured["in batches"])) < MOST
    print(f"two losses under {MOST:g} s: {'yes' if within else 'no'}")
    keep(result | {"sides": found, "losses": SHOWN, "squares": len(squares())})


def explain(comparison: Comparison, recognizers: tuple[Recognizer, ...], batched: bool) -> None:
    """What the page computes when it is asked to explain a pair."""
    gallery = assets.spheres(assets.ASSETS).gallery
    for recognizer in recognizers:
        name = recognizer.name
        embed = recognizer.embed if batched else one_by_one(recognizer)
        occlusion_map(comparison.left.crop, comparison.right.crop, embed)
        angle = np.radians(comparison.answers[name].angle)
        for face in comparison.embeddings[name]:
            nearer(face, gallery.embeddings[name], gallery.person, angle)


def one_by_one(recognizer: Recognizer) -> Callable[[RGB], Embedding]:
    """The recogniser's embeddings, one face at a time."""

    def embed(crops: RGB) -> Embedding:
        return np.concatenate([recognizer.embed(crop[None]) for crop in crops])

    return embed


if __name__ == "__main__":
    tyro.cli(main)
