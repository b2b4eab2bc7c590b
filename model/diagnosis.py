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


@dataclass(frozen=True)
class Finding:
    """A code, and what its sentence tells: angles in radians, shares 0..1, numbers as they are."""

    code: str
    angles: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)


def diagnose(lab: Lab) -> list[Finding]:
    """What the last frame shows of the side "yours", the gravest first; empty while it is early.

    not_finite, scale_small, rate, crowded, stalled, few_images; `works` where none of them holds.
    """
    if lab.failed is not None:
        rate = lab.settings[1].learning_rate
        return [Finding("not_finite", numbers={"step": lab.step, "learning_rate": rate})]
    found = [*_scale(lab)]
    if lab.step < EARLY * lab.trainings[0].last_step:
        return found
    found += [*_learning(lab), *_images(lab)]
    return found or [_compared(lab)]


def _scale(lab: Lab) -> list[Finding]:
    """Whether even a perfect arrangement would leave the loss high."""
    people, scale = len(lab.casts[1].names), lab.trainings[1].head.scale
    best = highest_probability(scale, people)
    if best >= LOW_PROBABILITY:
        return []
    numbers = {"scale": scale, "people": people, "loss": -math.log(best)}
    return [Finding("scale_small", shares={"probability": best}, numbers=numbers)]


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
    if worse or yours["gap"] < TOGETHER:
        return [Finding("crowded", angles={"gap": yours["gap"]}, shares=both)]
    return []


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


def _compared(lab: Lab) -> Finding:
    """Both sides' numbers, where nothing went wrong."""
    sides = dict(zip(SIDES, (shot.curves for shot in lab.frames[-1].shots), strict=True))
    return Finding(
        "works",
        angles={
            f"{side}_{key}": curves[key]
            for side, curves in sides.items()
            for key in ("mean", "mean_held")
        },
        shares={side: curves["accuracy_held"] for side, curves in sides.items()},
    )
