"""A crowd: 1, 5, 20 and 50 people at once, each with own photos; whether each gets the own answer.

python benchmarks/load.py

Each person opens the page, waits until everybody has it, gives two photos one after the other and
reads the angles. Where LFW is on this machine each has another pair of it, else the portraits that
ship, turned by another angle. Every answer is held against the one that demo.service gives here,
and any two people's answers differ. A small crowd comes again and again, until there are `visits`
answers. Streamlit is visited through its WebSocket protocol and the API through gradio_client
(visiting.py), from this process on the same cores: what that takes is in the times. "open" is the
page's first run, "answer" from the first photo's upload to the angles of both networks. Memory is
VmRSS of the server's process before and after each crowd. The ratio is p95 of the largest crowd
over that of one person, by the number of people: at most 1 says that nobody waits longer than for
those before.

With --soak, five people at once come and go for that many minutes instead, before each of the apps
at the same time, into soak.json. The slope of memory over answers is fitted by least squares to
what is measured from the third minute on, since Streamlit keeps a closed page's session for two;
its standard error takes the samples as independent.

The faces of several visitors are not gathered into one call of a network: benchmarks/batching.py
tells what that would gain.
"""

import asyncio
import io
import math
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from measuring import keep
from PIL import Image
from visiting import APPS, PATIENCE, App, Photos

from demo import assets
from demo.service import CompareService
from model.data import DataNotFound, lfw_home, read_pairs

APART = 0.3  # degrees by which two people's answers differ under one of the networks at least
SHOWN = 0.06  # degrees that an answer may be off: a page rounds to tenths
SOAKERS, WARM_UP = 5, 180.0  # people at once, seconds


@dataclass(frozen=True)
class Pair:
    """Somebody's two photos, and the angles of softmax and ArcFace between them in degrees."""

    photos: Photos
    angles: tuple[float, ...]


@dataclass
class Visits:
    """What a crowd met: seconds until the page was there and until the answer, what went wrong.

    waited: how many were shown their place in the queue.
    """

    opened: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    waited: int = 0


def main(
    people: tuple[int, ...] = (1, 5, 20, 50),
    visits: int = 20,
    apps: tuple[str, ...] = tuple(APPS),
    soak: float = 0.0,
) -> None:
    """Measure.

    Args:
        people: How many come at once; nobody, where there is a soak.
        visits: How many answers there are at least of each crowd.
        apps: Which of the apps are visited.
        soak: For how many minutes people come and go instead.
    """
    torch.set_num_threads(1)
    own = pairs(max(people))
    told: dict[str, Any] = {"photos": own[0].photos.whose}
    if soak:
        told["apps"] = soaking(apps, own, soak)
    else:
        cases = {name: measure(APPS[name], own, people, visits) for name in apps}
        told |= {"target": "<= 1", "cases": cases}
    keep(told, packages=("streamlit", "gradio"), name="soak" if soak else None)


def soaking(apps: Sequence[str], own: Sequence[Pair], minutes: float) -> dict[str, Any]:
    """People come and go before a server of each app."""

    async def all_at_once() -> list[dict[str, Any]]:
        each = (soaked(APPS[n], at, pid, own, 60 * minutes) for n, (pid, at) in served.items())
        return await asyncio.gather(*each)

    with ExitStack() as stack:
        served = {name: stack.enter_context(APPS[name].serving()) for name in apps}
        for name, (_, address) in served.items():
            asyncio.run(crowd(APPS[name], address, own[:1]))  # the networks are loaded
        found = dict(zip(served, asyncio.run(all_at_once()), strict=True))
    for name, one in found.items():
        print(name, {key: value for key, value in one.items() if key != "memory"})
    return found


def measure(app: App, own: Sequence[Pair], people: Sequence[int], visits: int) -> dict[str, Any]:
    """All crowds before one server."""
    sides, p95 = {}, {}
    with app.serving() as (pid, address):
        asyncio.run(crowd(app, address, own[:1]))  # the networks are loaded
        for count in people:
            before, found = resident(pid), Visits()
            for _ in range(math.ceil(visits / count)):
                asyncio.run(crowd(app, address, own[:count], found))
            told = numbers(found) | {
                "memory before": {"value": round(before, 1), "unit": "MiB"},
                "memory after": {"value": round(resident(pid), 1), "unit": "MiB"},
            }
            print(
                f"{app.name}, {count} at once:", *(f"{k} {v['value']:.4g}" for k, v in told.items())
            )
            print(*sorted(set(found.errors)), sep="\n", end="")
            sides[f"{count} at once"] = told
            p95[count] = told["answer p95"]["value"]
        growth = p95[max(people)] / p95[min(people)] / (max(people) / min(people))
    return {"value": round(growth, 4), "sides": sides}


def numbers(found: Visits) -> dict[str, dict[str, Any]]:
    """A crowd's counts and times, each with its unit."""
    told: dict[str, dict[str, Any]] = {
        "completed": {"value": len(found.answered), "unit": "answers"},
        "errors": {"value": len(found.errors), "unit": ""},
        "shown a place in the queue": {"value": found.waited, "unit": ""},
    }
    for what, values in (("open", found.opened), ("answer", found.answered)):
        for share in (50, 95):
            value = float(np.percentile(values, share)) if values else math.nan
            told[f"{what} p{share}"] = {"value": round(value, 3), "unit": "s"}
    return told


async def crowd(app: App, address: str, own: Sequence[Pair], found: Visits | None = None) -> None:
    """Everybody comes, everybody gives the photos at the same moment."""
    found = Visits() if found is None else found
    together = asyncio.Barrier(len(own))
    await asyncio.gather(*(visit(app, address, pair, found, together) for pair in own))


async def visit(
    app: App, address: str, pair: Pair, found: Visits, together: asyncio.Barrier | None = None
) -> None:
    """One person; what goes wrong is kept and hurts nobody else."""
    try:
        began = time.perf_counter()
        async with asyncio.timeout(PATIENCE), app.open(address) as ask:
            found.opened.append(time.perf_counter() - began)
            if together is not None:
                await together.wait()
                together = None  # from here on nobody waits for this one
            began = time.perf_counter()
            answer = await ask(pair.photos)
            passed = time.perf_counter() - began
        if not np.allclose(answer.angles, pair.angles, rtol=0, atol=SHOWN):
            raise ValueError(f"an answer of {answer.angles} instead of {pair.angles}")
        found.answered.append(passed)
        found.waited += answer.waited
    except Exception as error:
        found.errors.append(f"{type(error).__name__}: {error}\n")
        if together is not None:
            await together.abort()


async def soaked(
    app: App, address: str, pid: int, own: Sequence[Pair], seconds: float
) -> dict[str, Any]:
    """Memory over answers while people come and go."""
    found, began, whose = Visits(), time.monotonic(), cycle(own)
    samples: list[tuple[float, int, float]] = []  # seconds, answers, MiB

    async def come_and_go() -> None:
        while time.monotonic() - began < seconds:
            await visit(app, address, next(whose), found)
            samples.append((time.monotonic() - began, len(found.answered), resident(pid)))

    await asyncio.gather(*(come_and_go() for _ in range(SOAKERS)))
    warm = min(WARM_UP, seconds / 2)
    late = np.array([(answers, memory) for at, answers, memory in samples if at >= warm])
    (slope, _), spread = np.polyfit(late[:, 0], late[:, 1], 1, cov=True)
    every = max(1, len(samples) // 60)
    return {
        "minutes": round(seconds / 60, 1), "answers": len(found.answered),
        "errors": len(found.errors), "from_minute": round(warm / 60, 1),
        "slope": {"value": round(100 * float(slope), 3), "unit": "MiB per 100 answers",
                  "standard_error": round(100 * float(np.sqrt(spread[0, 0])), 3)},
        "memory": [{"minute": round(at / 60, 2), "answers": answers, "MiB": round(memory, 1)}
                   for at, answers, memory in samples[::every]],
    }  # fmt: skip


def resident(pid: int) -> float:
    """What a process holds in memory, in MiB (Linux)."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def pairs(count: int) -> list[Pair]:
    """So many people's photos with their answers, no two of them alike."""
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    found: list[Pair] = []
    for photos in candidates():
        both = [service.read(data, "left") for data in photos.files]
        answers = service.compare(*both).answers.values()
        angles = tuple(answer.angle for answer in answers)
        if all(np.abs(np.subtract(angles, other.angles)).max() > APART for other in found):
            found.append(Pair(photos, angles))
        if len(found) == count:
            return found
    raise SystemExit(f"only {len(found)} pairs of photos whose answers differ")


def candidates() -> Iterator[Photos]:
    """Pairs of LFW's View 1 training list where it is here, else the portraits, turned."""
    try:
        home = lfw_home()
    except DataNotFound:
        turned = [[rotated(path, degrees) for degrees in range(-12, 13, 2)]
                  for path in assets.PORTRAITS]  # fmt: skip
        for left, right in ((a, b) for a in turned[0] for b in turned[1]):
            yield Photos((left, right), "the portraits, turned")
        return
    for two in read_pairs(home / "pairsDevTrain.txt"):
        files = [home / "lfw" / name / f"{name}_{number:04d}.jpg" for name, number in two]
        yield Photos((files[0].read_bytes(), files[1].read_bytes()), "LFW")


def rotated(path: Path, degrees: float) -> bytes:
    """A picture turned about its middle, as PNG."""
    stream = io.BytesIO()
    Image.open(path).convert("RGB").rotate(degrees, Image.Resampling.BICUBIC).save(stream, "PNG")
    return stream.getvalue()


if __name__ == "__main__":
    tyro.cli(main)
