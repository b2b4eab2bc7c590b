"""The lab's trainings: a small network on frozen features, two settings side by side.

Both sides start from the same weights and see the same batches with the same noise; only what is
set differs. The embedding has three dimensions, so that what is drawn is the embedding itself.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.backbone import seeded
from model.film import FULL
from model.labelled import Labelled
from model.margins import Margin
from model.playback import HIDDEN, NOISE, Cast, shot
from model.recipe import TrainConfig
from model.training import LossNotFinite, Training, fit

SIDES = ("beside", "yours")
HELD = 0.3  # share of each person's images that nothing is learned from
MOST_IMAGES = 50  # of a person, the first in order
MOST_PEOPLE = 32  # more crowd the sphere
LEAST_SCALE = 2.0  # where AdaCos's is none, for two people, or hardly one, for three
STEPS = (50, 2_000)  # the shortest and the longest training
FRAMES = 120  # a training's recorded moments at most, beside the start


def adacos(people: int) -> float:
    """sqrt(2) ln(C - 1), the scale for C people (Zhang et al. 2019, equation 11); 0 for two."""
    return math.sqrt(2) * math.log(people - 1)


def fitting_scale(people: int) -> float:
    """AdaCos's scale for C people, where there are enough of them that it is of use."""
    return max(LEAST_SCALE, adacos(people))


def highest_probability(scale: float, people: int) -> float:
    """What a perfect arrangement can give the own class: 1 / (1 + (C-1) exp(-s C / (C-1))).

    The bound of Wang et al. 2017 (NormFace), proposition 2: own centres at 0 degrees, all others as
    far apart as C of them can be, in as many dimensions as that takes.
    """
    return 1.0 / (1.0 + (people - 1) * math.exp(-scale * people / (people - 1)))


@dataclass(frozen=True)
class Setting:
    """What a person sets. add_angle in radians; ramp and warm_up as shares of the steps.

    images: of each person, how many are learned at most; the rest is held out.
    """

    scale: float = 32.0
    multiply: float = 1.0
    add_angle: float = 0.0
    add_cosine: float = 0.0
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    ramp: float = 0.3
    warm_up: float = 0.3
    steps: int = 300
    seed: int = 0
    images: int = MOST_IMAGES

    @property
    def margin(self) -> Margin:
        """The margin after the ramp."""
        return Margin(self.multiply, self.add_angle, self.add_cosine)

    @property
    def control(self) -> "Setting":
        """The same without a margin: norm-softmax."""
        return replace(self, multiply=1.0, add_angle=0.0, add_cosine=0.0)

    def config(self, dimension: int) -> TrainConfig:
        """What fit() reads; an epoch is the whole training."""
        return TrainConfig(
            loss="arcface", scale=self.scale, multiply=self.multiply, add_angle=self.add_angle,
            add_cosine=self.add_cosine, ramp=self.ramp, warm_up=self.warm_up, epochs=1,
            stop_after=1, learning_rate=self.learning_rate, weight_decay=self.weight_decay,
            averaging=0.0, dimension=dimension, seed=self.seed, device="cpu", precision="float32",
        )  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """Something to try: what "yours" sets, and what the other side sets differently.

    cure None: beside it stands the control without a margin.
    """

    yours: Mapping[str, float | int]
    cure: Mapping[str, float | int] | None = None

    def sides(self, people: int) -> tuple[Setting, Setting]:
        """Both settings, as in SIDES, where C people are learned."""
        return beside(self.setting(), self, people), self.setting()

    def setting(self) -> Setting:
        """What "yours" begins with."""
        return Setting(**self.yours)  # type: ignore[arg-type]


def beside(yours: Setting, preset: Preset | None, people: int) -> Setting:
    """The preset's cure of a setting, else its control; a cure's scale of 0 means one that fits."""
    if preset is None or preset.cure is None:
        return yours.control
    cure = dict(preset.cure)
    if cure.get("scale") == 0:
        cure["scale"] = round(fitting_scale(people), 1)
    return replace(yours, **cure)  # type: ignore[arg-type]


PRESETS = {
    "paper": Preset({"add_angle": 0.5, "scale": 64.0, "ramp": 0.0}),
    "too_much": Preset({"add_angle": 1.5, "scale": 64.0, "ramp": 0.0}),
    "cosface": Preset({"add_cosine": 0.35, "scale": 32.0}),
    "why_scale": Preset({"add_angle": 0.5, "scale": 1.0}, {"scale": 0}),
    "full_margin": Preset({"add_angle": 1.0, "scale": 64.0, "ramp": 0.0}, {"ramp": 0.5}),
    "scale_far": Preset({"add_angle": 0.5, "scale": 200.0, "ramp": 0.0}, {"scale": 0}),
    "rate_high": Preset(
        {"add_angle": 0.5, "scale": 64.0, "ramp": 0.0, "learning_rate": 10.0},
        {"learning_rate": 0.1},
    ),
    "no_warm_up": Preset(
        {"add_angle": 0.5, "scale": 32.0, "learning_rate": 1.0, "warm_up": 0.0}, {"warm_up": 0.3}
    ),
    "few_images": Preset({"add_angle": 0.5, "scale": 32.0, "images": 2}, {"images": MOST_IMAGES}),
}


def cast_of(who: Labelled, people: Sequence[int] | None = None, seed: int = 0) -> Cast:
    """The first MOST_IMAGES images of `people`, by number; HELD of each one's, by chance, held out.

    Everybody where no people are given. At least one image of a person is learned and at least one
    is held out.
    """
    people = range(len(who.names)) if people is None else people
    rng = np.random.default_rng([seed, 7])
    rows, held = [], []
    for j in people:
        mine = np.flatnonzero(who.person == j)[:MOST_IMAGES]
        count = min(len(mine) - 1, max(1, round(HELD * len(mine))))
        out = np.zeros(len(mine), dtype=bool)
        out[rng.permutation(len(mine))[:count]] = True
        rows.append(mine)
        held.append(out)
    return Cast(
        names=tuple(who.names[j] for j in people),
        features=who.features[np.concatenate(rows)],
        person=np.repeat(np.arange(len(rows)), [len(mine) for mine in rows]),
        held=np.concatenate(held),
    )


def fewer(who: Cast, images: int) -> Cast:
    """The same images, but of each person at most `images` are learned; the others are held out."""
    held = who.held.copy()
    for j in range(len(who.names)):
        held[np.flatnonzero((who.person == j) & ~who.held)[images:]] = True
    return replace(who, held=held)


def small_network(inputs: int, dimension: int, seed: int) -> nn.Sequential:
    """E-64-D with BatchNorm, as every training of this seed begins."""
    with seeded(seed):
        return nn.Sequential(
            nn.Linear(inputs, HIDDEN),
            nn.BatchNorm1d(HIDDEN, momentum=None),  # of all that it has seen since reset
            nn.ReLU(),
            nn.Linear(HIDDEN, dimension),
        )


def begin(who: Cast, setting: Setting, dimension: int = 3) -> Training:
    """A training of the small network before its first step."""
    network = small_network(who.features.shape[1], dimension, setting.seed)
    return Training(setting.config(dimension), len(who.names), setting.steps, network)


def batches(who: Cast, training: Training) -> Iterator[tuple[Tensor, Tensor]]:
    """Features (B, E) with noise and labels (B,), step after step, decided by (seed, step)."""
    config = training.config
    learned = np.flatnonzero(~who.held)
    size = min(config.batch_size, len(learned))
    for step in range(training.step, training.last_step):
        rng = np.random.default_rng([config.seed, step])
        chosen = rng.choice(learned, size, replace=False)
        noise = rng.normal(0.0, NOISE, (size, who.features.shape[1]))
        x = torch.from_numpy((who.features[chosen] + noise).astype(np.float32))
        yield x, torch.from_numpy(who.person[chosen])


@dataclass(frozen=True)
class Shot:
    """One side at one moment: unit points (N, 3) and centres (C, 3) times FULL; the curves' values.

    curves: film.CURVES and "loss", the mean since the frame before. margin and scale as they were.
    """

    points: NDArray[np.int16]
    centres: NDArray[np.int16]
    curves: dict[str, float]
    margin: Margin
    scale: float


@dataclass(frozen=True)
class Frame:
    """Both sides after `step` steps, as in SIDES."""

    step: int
    shots: tuple[Shot, Shot]


class Lab:
    """Two trainings in step. `frames` grows; `failed` is why a side could not go on."""

    def __init__(self, who: Cast, settings: tuple[Setting, Setting]) -> None:
        self.settings = settings
        self.casts = tuple(fewer(who, setting.images) for setting in settings)
        pairs = list(zip(self.casts, settings, strict=True))
        self.trainings = tuple(begin(cast, setting) for cast, setting in pairs)
        self._steps = tuple(
            fit(training, batches(cast, training))
            for cast, training in zip(self.casts, self.trainings, strict=True)
        )
        self._losses: tuple[list[float], list[float]] = ([], [])
        self.failed: LossNotFinite | None = None
        self.frames: list[Frame] = [self._frame()]

    @property
    def step(self) -> int:
        """How many steps each side has taken."""
        return self.trainings[0].step

    @property
    def every(self) -> int:
        """Steps from one frame to the next."""
        return math.ceil(self.trainings[0].last_step / FRAMES)

    @property
    def over(self) -> bool:
        """Whether no step is left."""
        return self.failed is not None or self.step == self.trainings[0].last_step

    def take(self) -> bool:
        """One step on both sides, and a frame where one is due; whether there are more."""
        if self.over:
            return False
        try:
            for losses, steps in zip(self._losses, self._steps, strict=True):
                losses.append(next(steps).loss)
        except LossNotFinite as error:
            self.failed = error
            return False
        if self.step % self.every == 0 or self.over:
            self.frames.append(self._frame())
        return not self.over

    def change(self, margin: Margin, scale: float) -> None:
        """Another margin and scale for "yours" from the next step; its control takes the scale."""
        beside, yours = self.settings
        mine = replace(
            yours, multiply=margin.multiply, add_angle=margin.add_angle,
            add_cosine=margin.add_cosine, scale=scale,
        )  # fmt: skip
        self.settings = (mine.control if beside == yours.control else beside, mine)
        self.trainings[1].margin = margin
        for training, setting in zip(self.trainings, self.settings, strict=True):
            training.head.scale = setting.scale

    def _frame(self) -> Frame:
        shots = []
        sides = zip(self.trainings, self.casts, self._losses, strict=True)
        for training, cast, losses in sides:
            vectors, centres, curves = shot(training.network, training.head, cast)
            length = np.linalg.norm(vectors, axis=1, keepdims=True)  # (N, 1)
            assert training.head.margin is not None
            shots.append(
                Shot(
                    points=np.round(vectors / np.maximum(length, 1e-12) * FULL).astype(np.int16),
                    centres=np.round(centres * FULL).astype(np.int16),
                    curves=curves | {"loss": float(np.mean(losses)) if losses else math.nan},
                    margin=training.head.margin,
                    scale=training.head.scale,
                )
            )
            losses.clear()
        return Frame(self.step, (shots[0], shots[1]))
