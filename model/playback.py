"""Small trainings on film: a network of two layers under each loss, and where its images stood.

The network learns from the embeddings that a shipped trunk gives of people whom it was not trained
on; the trunk stays as it is. It ends in two or three dimensions, so that what is drawn is the
embedding itself. From scratch a cosine head is hard to train there: centres that start in the wrong
order cannot pass one another. Every loss starts from the same weights and sees the same batches
with the same noise; on a circle softmax has warmed these weights up.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.angles import angles_between
from model.film import CURVES, FULL, PER_LENGTH, Film, Reel
from model.gallery import Gallery, GalleryInvalid
from model.head import Head
from model.margins import LOSSES, Margin
from model.recognizer import Embedding
from model.sphere import person_means

TRUNK = "norm-softmax"  # trained without a margin, so all of the margin's effect is the film's own
HELD_OUT = 5  # of so many images of a person one is held out
MOST_IMAGES = 50  # of a person, the first in order
HIDDEN, BATCH, LEARNING_RATE, NOISE, RAMP = 64, 64, 0.01, 0.02, 0.3
MARGINS = tuple(round(0.1 * i, 1) for i in range(7))  # ArcFace's m on the strip, in radians

# What is filmed: every row of the table of losses, and ArcFace's margin from 0 (which is
# norm-softmax) to 0.6 in steps. None: softmax, here without bias.
RUNS: dict[str, Margin | None] = {
    "softmax": None,
    "norm-softmax": Margin(),
    "sphereface": LOSSES["sphereface"].margin,
    "cosface": LOSSES["cosface"].margin,
    **{f"arcface-{m}": Margin(add_angle=m) for m in MARGINS[1:]},
}
STRIP = ("norm-softmax", *(f"arcface-{m}" for m in MARGINS[1:]))


@dataclass(frozen=True)
class Setting:
    """Who is learned and how.

    people: the gallery's unseen people with most images. scale: s. warm_up: softmax's steps before
    the film, from which every training starts.
    """

    people: int
    dimension: int = 3
    scale: float = 32.0
    steps: int = 300
    frames: int = 60
    warm_up: int = 0
    seed: int = 0


SETS = {
    "sixteen": Setting(16),
    "eight": Setting(8),
    "circle": Setting(8, dimension=2, warm_up=40),  # there, centres can hardly pass one another
}


@dataclass(frozen=True)
class Cast:
    """N images of C people: unit features (N, E) of the trunk, person (N,), 0..C-1, held (N,).

    Nothing is learned from an image that is held out.
    """

    names: tuple[str, ...]
    features: Embedding
    person: NDArray[np.int64]
    held: NDArray[np.bool_]


def cast(gallery: Gallery, people: int, trunk: str = TRUNK) -> Cast:
    """The unseen people with most images, most first; every fifth image of each is held out.

    GalleryInvalid where there are not so many people with images enough.
    """
    counts = np.bincount(gallery.person[~gallery.seen], minlength=len(gallery.names))
    chosen = np.argsort(-counts, kind="stable")[:people]
    if len(chosen) < people or counts[chosen].min() < HELD_OUT:
        raise GalleryInvalid(path="gallery.npz", problem="few", people=people, images=HELD_OUT)
    images = [np.flatnonzero(gallery.person == j)[:MOST_IMAGES] for j in chosen]
    return Cast(
        names=tuple(gallery.names[j] for j in chosen),
        features=gallery.embeddings[trunk][np.concatenate(images)],
        person=np.repeat(np.arange(people), [len(i) for i in images]),
        held=np.concatenate([np.arange(len(i)) % HELD_OUT == HELD_OUT - 1 for i in images]),
    )


def frame_steps(setting: Setting) -> NDArray[np.int64]:
    """After how many steps each frame is taken, (F,): dense at first, when most happens."""
    share = np.linspace(0.0, 1.0, setting.frames) ** 1.5
    return np.unique(np.round(share * setting.steps).astype(np.int64))


def batch(who: Cast, setting: Setting, step: int) -> tuple[Tensor, Tensor]:
    """Features (B, E) with noise and labels (B,) of a step: decided by (seed, step) alone."""
    rng = np.random.default_rng([setting.seed, step])
    learned = np.flatnonzero(~who.held)
    chosen = rng.choice(learned, min(BATCH, len(learned)), replace=False)
    noise = rng.normal(0.0, NOISE, (len(chosen), who.features.shape[1]))
    x = torch.from_numpy((who.features[chosen] + noise).astype(np.float32))
    return x, torch.from_numpy(who.person[chosen])


def start(who: Cast, margin: Margin | None, setting: Setting) -> tuple[nn.Sequential, Head]:
    """The network E-64-D and the head as every training of this seed begins."""
    torch.manual_seed(setting.seed)
    network = nn.Sequential(
        nn.Linear(who.features.shape[1], HIDDEN),
        nn.BatchNorm1d(HIDDEN, momentum=None),  # the statistics of all that it has seen since reset
        nn.ReLU(),
        nn.Linear(HIDDEN, setting.dimension),
    )
    head = Head(len(who.names), setting.dimension, LOSSES["softmax"].scale, None)
    head.bias = None
    optimiser = adam(network, head)
    for step in range(setting.warm_up):  # with batches that the training itself has not
        learn(network, head, optimiser, *batch(who, setting, setting.steps + step))
    if margin is not None:
        head.scale, head.margin = setting.scale, margin
    return network, head


def train(who: Cast, margin: Margin | None, setting: Setting) -> Iterator[tuple[nn.Module, Head]]:
    """Network and head before the first step and after each: steps + 1 times."""
    network, head = start(who, margin, setting)
    optimiser = adam(network, head)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, setting.steps)
    yield network, head
    for step in range(setting.steps):
        if margin is not None:
            head.margin = margin.ramped(min(1.0, step / (RAMP * setting.steps)))
        learn(network, head, optimiser, *batch(who, setting, step))
        schedule.step()
        yield network, head


def adam(network: nn.Module, head: Head) -> torch.optim.Adam:
    """The optimiser of everything that is learned."""
    return torch.optim.Adam([*network.parameters(), *head.parameters()], LEARNING_RATE)


def learn(
    network: nn.Module, head: Head, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor
) -> None:
    """One step on features (B, E) and labels (B,)."""
    network.train()
    loss = functional.cross_entropy(head(network(x), y), y)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def film(who: Cast, margin: Margin | None, setting: Setting) -> Film:
    """One training, from the start to the end."""
    taken = set(frame_steps(setting).tolist())
    shots = [
        shot(network, head, who)
        for step, (network, head) in enumerate(train(who, margin, setting))
        if step in taken
    ]
    features, centres, curves = zip(*shots, strict=True)
    length = np.linalg.norm(np.stack(features), axis=2)  # (F, N)
    points = np.stack(features) / length[..., None]  # (F, N, D) unit
    most = np.iinfo(np.uint16).max / PER_LENGTH
    return Film(
        points=np.round(points * FULL).astype(np.int16),
        centres=np.round(np.stack(centres) * FULL).astype(np.int16),
        lengths=(
            np.round(np.minimum(length, most) * PER_LENGTH).astype(np.uint16)
            if margin is None
            else None
        ),
        curves={name: np.array([curve[name] for curve in curves]) for name in CURVES},
    )


@torch.no_grad()
def shot(
    network: nn.Module, head: Head, who: Cast
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, float]]:
    """Embeddings (N, D), not normalised, unit class centres (C, D), and the curves' values.

    BatchNorm uses the statistics of all training images, so that a frame shows the weights of its
    step and not an average that lags behind.
    """
    x, y = torch.from_numpy(who.features), torch.from_numpy(who.person)
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.reset_running_stats()
    network(x[~torch.from_numpy(who.held)])
    network.eval()
    features = network(x)  # (N, D)
    ramped, head.margin = head.margin, None if head.margin is None else Margin()
    right = (head(features, y).argmax(dim=1) == y).numpy()  # by the logits without a margin
    head.margin = ramped
    vectors, centres = features.numpy(), head.centres().numpy()
    return vectors, centres, measure(vectors, centres, right, who)


def measure(
    features: NDArray[np.float32],
    centres: NDArray[np.float32],
    right: NDArray[np.bool_],
    who: Cast,
) -> dict[str, float]:
    """The values of CURVES from embeddings (N, D), centres (C, D) and which are right (N,)."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    means = person_means(unit[~who.held], who.person[~who.held])  # (C, D)
    between = angles_between(means[:, None], means[None])[~np.eye(len(means), dtype=bool)]
    found = {"gap": float(between.min())}
    own = angles_between(unit, centres[who.person])
    mean = angles_between(unit, means[who.person])
    for name, values in (("accuracy", right), ("own", own), ("mean", mean)):
        found[name] = float(values[~who.held].mean())
        found[f"{name}_held"] = float(values[who.held].mean())
    return found


def reel(who: Cast, setting: Setting, runs: dict[str, Margin | None] | None = None) -> Reel:
    """Every run of a set, on one thread: how many share a product decides its last bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        films = {name: film(who, margin, setting) for name, margin in (runs or RUNS).items()}
    finally:
        torch.set_num_threads(threads)
    return Reel(who.names, who.person, who.held, frame_steps(setting), films)
