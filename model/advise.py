"""Which scale, margin and ramp for these embeddings: a small grid, several seeds, an honest check.

A trial trains the small network of the lab on the learned images and looks at those held out. The
grid chooses; seeds that the grid has not seen then compare the chosen margin with the chosen
control, so that the best of many is not praised for its luck.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from model.angles import angles_between
from model.errors import MarginScopeError
from model.lab import Setting, batches, begin, cast_of, fitting_scale
from model.labelled import Labelled
from model.sphere import person_means
from model.training import fit
from model.verification import Values

DIMENSION = 32  # of the trials' embeddings; three would crowd
STEPS = 300
SCALES = (0.5, 1.0, 2.0, 4.0, 8.0)  # times the one that fits
MARGINS = (0.0, 0.2, 0.35, 0.5)  # radians; 0 is the control
RAMPS = (0.0, 0.3)
SEEDS, CHECKS = 3, 5  # starts and splits that choose, and others that check
CERTAIN = 0.95  # of such checks of no difference, the share that must be called even
PIECE = 10  # steps between two looks at who else wants the core


@dataclass(frozen=True)
class Trial:
    """A cell of the grid."""

    scale: float
    margin: float
    ramp: float

    @property
    def setting(self) -> Setting:
        """What it trains with."""
        return Setting(scale=self.scale, add_angle=self.margin, ramp=self.ramp, steps=STEPS)


@dataclass(frozen=True)
class Outcome:
    """Of one training: held-out accuracy, 0..1; mean angle of held-out images to the own mean."""

    accuracy: float
    own_mean: float


@dataclass(frozen=True)
class Advice:
    """What to set, and whether the margin is worth it.

    best: the margin that did best; control: the scale that did best without one. gain: held-out
    accuracy of best less control, mean over CHECKS seeds of their own; gain_error its standard
    error; gain_angle: by how much nearer held-out images stand to their own mean, radians.
    """

    best: Trial
    control: Trial
    gain: float
    gain_error: float
    gain_angle: float

    @property
    def verdict(self) -> str:
        """helps, harms or even: Student's t, two-sided, of the CHECKS seeds."""
        from scipy.stats import t

        most = t.ppf((1 + CERTAIN) / 2, CHECKS - 1)  # standard errors by chance, 2.78
        if abs(self.gain) <= most * self.gain_error or self.gain == 0:
            return "even"
        return "helps" if self.gain > 0 else "harms"


def grid(people: int) -> list[Trial]:
    """Every trial for C people; without a margin there is nothing to ramp."""
    scales = [float(f"{share * fitting_scale(people):.2g}") for share in SCALES]
    return [
        Trial(scale, margin, ramp)
        for scale in dict.fromkeys(scales)
        for margin in MARGINS
        for ramp in (RAMPS if margin > 0 else RAMPS[-1:])
    ]


@dataclass
class Advisor:
    """The trials of one person's data, a piece at a time; `outcomes` by trial, one a seed."""

    who: Labelled
    trials: list[Trial] = field(default_factory=list)
    outcomes: dict[Trial, list[Outcome]] = field(default_factory=dict)
    checks: dict[Trial, list[Outcome]] = field(default_factory=dict)
    done: int = 0

    def __post_init__(self) -> None:
        self.trials = self.trials or grid(len(self.who.names))
        self._pieces = self._run()

    @property
    def total(self) -> int:
        """How many trainings there are."""
        return SEEDS * len(self.trials) + 2 * CHECKS

    def take(self) -> bool:
        """A piece of work; whether there is more."""
        return next(self._pieces, None) is not None

    @property
    def advice(self) -> Advice | None:
        """None before the last check."""
        if len(self.checks) < 2 or any(len(found) < CHECKS for found in self.checks.values()):
            return None
        best, control = self.checks
        gains = _of(self.checks[best], "accuracy") - _of(self.checks[control], "accuracy")
        angles = _of(self.checks[control], "own_mean") - _of(self.checks[best], "own_mean")
        error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
        return Advice(best, control, float(gains.mean()), error, float(angles.mean()))

    def mean(self, trial: Trial, of: str) -> tuple[float, float]:
        """Mean and standard deviation over the seeds so far; NaN where there is none."""
        values = _of(self.outcomes.get(trial, []), of)
        if len(values) == 0:
            return float("nan"), float("nan")
        return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else float("nan")

    def _run(self) -> Iterator[int]:
        for seed in range(SEEDS):  # a whole grid for each seed, so that there is soon something
            for trial in self.trials:
                yield from self._train(trial, seed, self.outcomes)
        controls = [trial for trial in self.trials if trial.margin == 0]
        margins = [trial for trial in self.trials if trial.margin > 0]
        for chosen in (self._best(margins), self._best(controls)):
            for seed in range(SEEDS, SEEDS + CHECKS):
                yield from self._train(chosen, seed, self.checks)

    def _best(self, trials: list[Trial]) -> Trial:
        """The most accurate on held-out images; of equal ones the one with the smaller angle."""
        return max(
            trials, key=lambda t: (self.mean(t, "accuracy")[0], -self.mean(t, "own_mean")[0])
        )

    def _train(self, trial: Trial, seed: int, into: dict[Trial, list[Outcome]]) -> Iterator[int]:
        for outcome in train(self.who, trial, seed):
            if outcome is not None:
                into.setdefault(trial, []).append(outcome)
            yield self.done
        self.done += 1


def train(who: Labelled, trial: Trial, seed: int) -> Iterator[Outcome | None]:
    """One trial with a start and a split of its own: None after each piece, at last the Outcome.

    One whose loss is no number any more has accuracy 0 and stands at 90 degrees.
    """
    cast = cast_of(who, seed=seed)
    setting = Setting(**{**vars(trial.setting), "seed": seed})
    training = begin(cast, setting, DIMENSION)
    try:
        for step in fit(training, batches(cast, training)):
            if step.number % PIECE == 0:
                yield None
    except MarginScopeError:
        yield Outcome(0.0, float(np.pi / 2))
        return
    network = training.network.eval()
    with torch.inference_mode():
        features = network(torch.from_numpy(cast.features)).numpy()  # (N, D)
        centres = training.head.centres().numpy()  # (C, D) unit
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    held = cast.held
    right = (unit[held] @ centres.T).argmax(axis=1) == cast.person[held]
    means = person_means(unit[~held], cast.person[~held])  # (C, D)
    own = angles_between(unit[held], means[cast.person[held]])
    yield Outcome(float(right.mean()), float(own.mean()))


def _of(outcomes: list[Outcome], name: str) -> Values:
    return np.array([getattr(outcome, name) for outcome in outcomes])


def recipe(trial: Trial) -> str:
    """The settings as a recipe for train.py."""
    return (
        f'loss = "arcface"\nscale = {trial.scale:g}\nadd_angle = {trial.margin:g}\n'
        f"ramp = {trial.ramp:g}\n"
    )


def metric_learning(trial: Trial, people: int) -> str:
    """The same for pytorch-metric-learning, whose margin is in degrees."""
    return (
        "from pytorch_metric_learning.losses import ArcFaceLoss\n\n"
        f"{_without_ramp(trial)}"
        f"loss = ArcFaceLoss(num_classes={people}, embedding_size={DIMENSION},\n"
        f"                   margin={np.degrees(trial.margin):.1f}, scale={trial.scale:g})\n"
    )


def arcface_torch(trial: Trial) -> str:
    """The same for insightface's arcface_torch: CombinedMarginLoss(s, m1, m2, m3) of losses.py."""
    return (
        "from losses import CombinedMarginLoss\n\n"
        f"{_without_ramp(trial)}"
        f"margin_loss = CombinedMarginLoss({trial.scale:g}, 1.0, {trial.margin:g}, 0.0)\n"
    )


def _without_ramp(trial: Trial) -> str:
    """A comment that tells of the ramp, which these losses do not have; nothing where none is."""
    if not trial.margin or not trial.ramp:
        return ""
    return (
        f"# No ramp in here: let the margin grow from 0 over the first {100 * trial.ramp:g} %\n"
        "# of the steps, as in the trial.\n"
    )
