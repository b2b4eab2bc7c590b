"""What goes wrong in a small training, as a code with its numbers; a page has the sentences."""

import math
from dataclasses import dataclass, field

import numpy as np

from model.lab import SIDES, Lab, Setting, highest_probability

LOW_PROBABILITY = 0.9  # below which s, not the network, keeps the loss up
TOGETHER = math.radians(3)  # people whose means are nearer than this lie on one another
FLAT = 0.3  # slope of the target curve, of at most m1, below which it hardly pulls
FAR_FROM_CENTRE = math.radians(60)
LEARNED = 0.95  # share of learned images that a sound training gets right here
BEHIND = 0.05  # of such images, by which a side is worse than the other
EARLY = 0.4  # share of the steps before which nothing is said of the end
FEW = 5  # learned images of a person
GAP = 0.2  # between learned and held-out accuracy
MARGIN = {"multiply", "add_angle", "add_cosine", "ramp"}  # of a Setting, what may crowd people


@dataclass(frozen=True)
class Finding:
    """A code, and what its sentence tells: angles in radians, shares 0..1, numbers as they are.

    setting: the field of Setting that it is about, where it is about one.
    """

    code: str
    angles: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    setting: str | None = None


def diagnose(lab: Lab) -> list[Finding]:
    """What the last frame shows of the side "yours", the gravest first; empty while it is early.

    not_finite, scale_small, rate, stalled, cured, crowded, few_images. Where none of them holds
    `works`, or `behind` at the end of a training that gives too few images to the right people.
    """
    if lab.failed is not None:
        rate = lab.settings[1].learning_rate
        return [Finding("not_finite", numbers={"step": lab.step, "learning_rate": rate})]
    found = [*_scale(lab)]
    if lab.step < EARLY * lab.trainings[0].last_step:
        return found
    found += [*_learning(lab), *_images(lab)]
    return found or _compared(lab)


def _scale(lab: Lab) -> list[Finding]:
    """Whether even a perfect arrangement would leave the loss high."""
    people, scale = len(lab.casts[1].names), lab.trainings[1].head.scale
    best = highest_probability(scale, people)
    if best >= LOW_PROBABILITY:
        return []
    enough = math.ceil(10 * scale_for(LOW_PROBABILITY, people)) / 10
    numbers = {"scale": scale, "people": people, "loss": -math.log(best), "enough": enough}
    return [Finding("scale_small", shares={"probability": best}, numbers=numbers)]


def scale_for(probability: float, people: int) -> float:
    """The scale with this highest_probability for C people: (C-1)/C ln((C-1) p / (1-p))."""
    return (people - 1) / people * math.log((people - 1) * probability / (1 - probability))


def _learning(lab: Lab) -> list[Finding]:
    """Whether the learned images are given to the right people, and if not, why."""
    beside, yours = (shot.curves for shot in lab.frames[-1].shots)
    both = {"beside": beside["accuracy"], "yours": yours["accuracy"]}
    control = lab.settings[0] == lab.settings[1].control
    if control and beside["accuracy"] < LEARNED and yours["accuracy"] < LEARNED:
        rate = {"learning_rate": lab.settings[1].learning_rate}
        return [Finding("rate", shares=both, numbers=rate)]
    slope = target_slope(lab.settings[1], yours["own"])
    if yours["own"] > FAR_FROM_CENTRE and slope < FLAT * lab.settings[1].multiply:
        return [Finding("stalled", angles={"own": yours["own"]}, numbers={"slope": slope})]
    worse = yours["accuracy"] < beside["accuracy"] - BEHIND
    cure = _cure(lab)
    if worse and cure is not None:
        there, here = (getattr(setting, cure) for setting in lab.settings)
        values = {"here": here, "there": there}
        return [Finding("cured", shares=both, numbers=values, setting=cure)]
    if worse or yours["gap"] < TOGETHER:
        return [Finding("crowded", angles={"gap": yours["gap"]}, shares=both)]
    return []


def _cure(lab: Lab) -> str | None:
    """The one thing that the other side sets otherwise; None where its margin is another too."""
    left, right = (vars(setting) for setting in lab.settings)
    differs = {name for name, value in right.items() if left[name] != value}
    return differs.pop() if len(differs) == 1 and not differs & MARGIN else None


def target_slope(setting: Setting, angle: float) -> float:
    """|d target / d theta| = m1 |sin(m1 theta + m2)|, at an angle in radians."""
    phi = setting.multiply * angle + setting.add_angle
    return setting.multiply * abs(math.sin(phi))


def _images(lab: Lab) -> list[Finding]:
    """Whether there is too little to learn from."""
    cast, curves = lab.casts[1], lab.frames[-1].shots[1].curves
    images = float(np.median(np.bincount(cast.person[~cast.held], minlength=len(cast.names))))
    apart = curves["accuracy"] - curves["accuracy_held"]
    if images >= FEW or apart < GAP:
        return []
    shares = {"learned": curves["accuracy"], "held": curves["accuracy_held"]}
    return [Finding("few_images", shares=shares, numbers={"images": images})]


def _compared(lab: Lab) -> list[Finding]:
    """Both sides' numbers, where nothing that is known went wrong."""
    sides = dict(zip(SIDES, (shot.curves for shot in lab.frames[-1].shots), strict=True))
    beside, yours = sides.values()
    held = yours["accuracy_held"] >= beside["accuracy_held"] - BEHIND
    works = held and yours["accuracy"] >= LEARNED
    if not works and not lab.over:
        return []  # it may yet
    angles = {f"{side}_{k}": c[k] for side, c in sides.items() for k in ("mean", "mean_held")}
    shares = {side: curves["accuracy_held"] for side, curves in sides.items()}
    shares |= {f"{side}_learned": curves["accuracy"] for side, curves in sides.items()}
    return [Finding("works" if works else "behind", angles=angles, shares=shares)]
