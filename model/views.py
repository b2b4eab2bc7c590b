"""The gallery as one model sees it, with nothing projected: every angle here is a true one.

Radians. A fan is what lies around one direction, a plane what lies between two class centres.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from model.angles import angles_between
from model.checkpoint import Card, Checkpoint
from model.gallery import Gallery
from model.ledger import PairAngles, drawn_images, unit
from model.margins import Margin
from model.recognizer import Embedding
from model.verification import Values

OTHERS = 6  # people around a fan


@dataclass(frozen=True, eq=False)
class Space:
    """One model's gallery, its class centres and its Card.

    person, seen, lengths (N,) and embeddings (N, D) unit, as in Gallery. weights (K, D): the rows
    of W as trained of people `owners` (K,), bias (K,) theirs, 0 where the loss has none.
    """

    person: NDArray[np.int64]
    seen: NDArray[np.bool_]
    embeddings: Embedding
    lengths: NDArray[np.float32]
    owners: NDArray[np.int64]
    weights: Values
    bias: Values
    card: Card

    @property
    def name(self) -> str:
        """The loss."""
        return self.card.loss

    @property
    def margin(self) -> Margin | None:
        """The margin it was trained with; None for softmax, whose logits are no cosines."""
        return self.card.config.final_margin

    @property
    def centres(self) -> Values:
        """W_j / |W_j| (K, D); for softmax a nominal direction only."""
        return unit(self.weights)

    def row(self, person: int) -> int:
        """Where a person's class centre stands among `weights`; KeyError for one without."""
        found = np.flatnonzero(self.owners == person)
        if not len(found):
            raise KeyError(f"person {person} has no class centre: never seen in training")
        return int(found[0])

    def mean(self, person: int) -> Values:
        """The normalised mean of a person's images, (D,)."""
        return unit(self.embeddings[self.person == person].sum(axis=0, dtype=np.float64))

    @cached_property
    def pairs(self) -> dict[str, PairAngles]:
        """All pairs of the images drawn for the ledger, of "seen" and of "unseen" people."""
        found = {}
        for part, of_part in (("seen", self.seen), ("unseen", ~self.seen)):
            inside = np.flatnonzero(of_part)
            drawn = inside[drawn_images(self.person[inside])].ravel()
            found[part] = PairAngles.of(self.embeddings[drawn], self.person[drawn])
        return found


def space(gallery: Gallery, checkpoint: Checkpoint) -> Space:
    """A gallery's part of one shipped model; people who are not in the gallery fall out."""
    card = checkpoint.card
    number = {name: j for j, name in enumerate(gallery.names)}
    rows = [i for i, name in enumerate(card.centre_people) if name in number]
    bias = torch.zeros(len(card.centre_people)) if checkpoint.bias is None else checkpoint.bias
    return Space(
        person=gallery.person,
        seen=gallery.seen,
        embeddings=gallery.embeddings[card.loss],
        lengths=gallery.lengths[card.loss],
        owners=np.array([number[card.centre_people[i]] for i in rows], dtype=np.int64),
        weights=checkpoint.centres[rows].double().numpy(),
        bias=bias[rows].double().numpy(),
        card=card,
    )


@dataclass(frozen=True, eq=False)
class Group:
    """One person's images, indices (K,) into the gallery, and their angles (K,) to a middle."""

    person: int
    images: NDArray[np.int64]
    angles: Values


@dataclass(frozen=True, eq=False)
class Fan:
    """What lies around one direction.

    own: the images of the person in the middle, None around an uploaded photo. others: the people
    whose means are nearest to it, nearest first. ring: the mean angle of the own images. beyond:
    how far another class centre has to be from a face on that ring, the margin included; around a
    class centre alone, and None for softmax, which has no margin. stranger: the nearest image of
    anybody else.
    """

    middle: Values
    own: Group | None
    others: tuple[Group, ...]
    ring: float | None
    beyond: float | None
    stranger: Group | None = None


def fan(space: Space, person: int, about_centre: bool = False, others: int = OTHERS) -> Fan:
    """Around a person's mean, or around the class centre of somebody seen in training."""
    middle = space.centres[space.row(person)] if about_centre else space.mean(person)
    own = _group(space, person, middle)
    ring = float(own.angles.mean())
    beyond = None
    if space.margin is not None and about_centre:
        beyond = float(space.margin.boundary(torch.tensor(ring, dtype=torch.float64)))
    away = angles_between(space.embeddings, middle)
    away[space.person == person] = np.inf
    image = np.array([int(away.argmin())])
    stranger = Group(int(space.person[image[0]]), image, away[image])
    return Fan(middle, own, _nearest(space, middle, person, others), ring, beyond, stranger)


def fan_around(space: Space, face: Embedding, others: int = OTHERS) -> Fan:
    """Around an uploaded face, (D,) unit."""
    middle = unit(face)
    return Fan(middle, None, _nearest(space, middle, None, others), None, None)


def _group(space: Space, person: int, middle: Values) -> Group:
    images = np.flatnonzero(space.person == person)
    return Group(person, images, angles_between(space.embeddings[images], middle))


def _nearest(space: Space, middle: Values, without: int | None, count: int) -> tuple[Group, ...]:
    people = [int(j) for j in np.unique(space.person) if j != without]
    away = angles_between(np.stack([space.mean(j) for j in people]), middle)
    order = np.argsort(away, kind="stable")[:count]
    return tuple(_group(space, people[i], middle) for i in order)


@dataclass(frozen=True, eq=False)
class Plane:
    """The images of two people by their angles to both class centres.

    people: the two. images (M,): indices into the gallery; theta (M, 2): to the first's and the
    second's centre. second (M,): whether an image shows the second. right (M,): whether the own
    logit is the greater of the two. clear (M,): whether it is even with the margin taken off; as
    `right` for softmax. apart: the angle between the two centres. lengths: of the shortest and the
    longest of these embeddings before normalising, which decide with softmax.
    """

    people: tuple[int, int]
    images: NDArray[np.int64]
    theta: Values
    second: NDArray[np.bool_]
    right: NDArray[np.bool_]
    clear: NDArray[np.bool_]
    apart: float
    lengths: tuple[float, float]


def plane(space: Space, first: int, second: int) -> Plane:
    """Two people who were seen in training; KeyError for anybody else."""
    rows = [space.row(first), space.row(second)]
    images = np.flatnonzero(np.isin(space.person, (first, second)))
    is_second = space.person[images] == second
    centres = space.centres[rows]  # (2, D) unit
    theta = angles_between(space.embeddings[images][:, None], centres[None])  # (M, 2)
    length = space.lengths[images].astype(np.float64)
    own = np.arange(len(images)), is_second.astype(int)
    other = own[0], 1 - own[1]
    if space.margin is None:
        logits = softmax_logits(space, (first, second), theta, length[:, None])
        right = clear = logits[own] > logits[other]
    else:
        right = theta[own] < theta[other]
        target = space.margin.target(torch.from_numpy(theta[own])).numpy()
        clear = target > np.cos(theta[other])
    return Plane(
        people=(first, second),
        images=images,
        theta=theta,
        second=is_second,
        right=right,
        clear=clear,
        apart=float(angles_between(*centres)),
        lengths=(float(length.min()), float(length.max())),
    )


def softmax_logits(
    space: Space, people: tuple[int, int], theta: Values, length: Values | float
) -> Values:
    """|z| |W_j| cos(theta_j) + b_j of two people from angles (..., 2) and lengths |z|."""
    rows = [space.row(j) for j in people]
    size = np.linalg.norm(space.weights[rows], axis=1)  # (2,)
    return np.asarray(length * size * np.cos(theta) + space.bias[rows])


def softmax_boundary(space: Space, people: tuple[int, int], theta: Values, length: float) -> Values:
    """The angle to the second centre at which both logits are equal, for angles to the first.

    Embeddings of this `length` alone have this line; NaN where no angle makes them equal.
    """
    rows = [space.row(j) for j in people]
    size, bias = np.linalg.norm(space.weights[rows], axis=1), space.bias[rows]
    cosine = (length * size[0] * np.cos(theta) + bias[0] - bias[1]) / (length * size[1])
    return np.where(np.abs(cosine) <= 1.0, np.arccos(np.clip(cosine, -1.0, 1.0)), np.nan)


def nearest_centres(space: Space) -> tuple[int, int]:
    """The two people whose class centres are closest, the lower number first."""
    cosine = space.centres @ space.centres.T - 2.0 * np.eye(len(space.owners))
    first, second = np.unravel_index(int(cosine.argmax()), cosine.shape)
    low, high = sorted((int(space.owners[first]), int(space.owners[second])))
    return low, high
