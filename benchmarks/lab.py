"""Steps a second of the lab's trainings, alone and with 20 at once, in one process.

python benchmarks/lab.py

A training is the lab's: two networks side by side on 16 people of the gallery, each step one on
both, of 2,000 with a frame for the page every 17. All run in demo.workshop's one thread, without
the pace that holds them back for the eye. The ratio is what the 20 do in all over what one does
alone; the slowest and the fastest of them tell how fairly the thread is shared.
"""

import time

import torch
import tyro
from measuring import keep, line, ratio, show

from demo.pages.lab_people import gallery_people
from demo.workshop import Job, Workshop
from model.lab import Lab, Setting, cast_of

TOGETHER = 20
SETTING = Setting(add_angle=0.5, steps=2_000)


def main(seconds: float = 5.0, rounds: int = 5) -> None:
    """Measure.

    Args:
        seconds: How long each round is.
        rounds: How often each is measured.
    """
    torch.set_num_threads(1)  # as in app.py
    alone = [run(1, seconds) for _ in range(rounds)]
    together = [run(TOGETHER, seconds) for _ in range(rounds)]
    sides = {
        "alone": [rates[0] for rates in alone],
        f"{TOGETHER} in all": [sum(rates) for rates in together],
        "the slowest of them": [min(rates) for rates in together],
        "the fastest of them": [max(rates) for rates in together],
    }
    found = show(sides, "steps/s")
    result = ratio(sides[f"{TOGETHER} in all"], sides["alone"])
    print(line(f"{TOGETHER} in all / alone", result, "times"))
    keep(result | {"target": "each gets on", "sides": found})


def run(count: int, seconds: float) -> list[float]:
    """Steps a second of each of `count` trainings that run at once."""
    who = cast_of(gallery_people(), range(16))
    labs = [Lab(who, (SETTING.control, SETTING)) for _ in range(count)]
    workshop, jobs = Workshop(), [Job(lab.take) for lab in labs]
    for job in jobs:
        workshop.add(job)
    before, began = [lab.step for lab in labs], time.perf_counter()
    time.sleep(seconds)
    passed = time.perf_counter() - began
    after = [lab.step for lab in labs]
    for job in jobs:
        job.pause()
    return [(b - a) / passed for a, b in zip(before, after, strict=True)]


if __name__ == "__main__":
    tyro.cli(main)
