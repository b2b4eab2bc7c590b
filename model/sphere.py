"""UMAP on the unit sphere: a joint layout of several spaces, placing a face in it, what it keeps.

Points are (N, 3) unit vectors, x to the right, y up, z to the viewer. A layout keeps who is near
whom; it equalises density, so drawn angles are not true ones (faithfulness() says how far off).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.angles import angles_between
from model.recognizer import Embedding

Points = NDArray[np.floating[Any]]  # (N, 3), unit
NEIGHBOURS = 15  # gallery faces that decide where a new face is placed
HONEST = 0.5  # the least certainty with which a place is one


@dataclass(frozen=True)
class Layout:
    """What decides a layout beside the embeddings.

    neighbours: UMAP's n_neighbors. distance: its min_dist. link: how strongly the same image in two
    spaces is drawn together, 0..1. seed: of the start and of what is sampled.
    """

    neighbours: int = 15
    distance: float = 0.1
    link: float = 1.0
    epochs: int = 500
    seed: int = 0


def project(spaces: Sequence[Embedding], layout: Layout) -> list[NDArray[np.float32]]:
    """One layout of S spaces of the same N images, each drawn on a sphere of its own: (N, 3) each.

    The fuzzy graphs of the spaces (McInnes et al. 2018, cosine metric) stand on the diagonal of one
    block matrix, every image is linked with itself in every other space, all copies start at the
    same random points, and all are laid out together under the haversine metric. Two independent
    layouts have nothing in common; in a joint one a person stands at about the same place on each.
    """
    import umap  # seconds to import, and prepare.py alone needs it
    from scipy.sparse import bmat, identity
    from threadpoolctl import threadpool_limits
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

    count, images = len(spaces), len(spaces[0])
    random = np.random.RandomState(layout.seed)
    with threadpool_limits(1):  # how many threads share a product decides its last bit
        graphs = [fuzzy_simplicial_set(x, layout.neighbours, random, "cosine")[0] for x in spaces]
    same = identity(images) * layout.link
    blocks = [[graphs[i] if i == j else same for j in range(count)] for i in range(count)]
    a, b = find_ab_params(1.0, layout.distance)
    start = random.uniform(0.0, 10.0, (images, 2)).astype(np.float32)
    angles = simplicial_set_embedding(
        np.concatenate(spaces), bmat(blocks).tocsr(), 2, 1.0, a, b, 1.0, 5, layout.epochs,
        np.tile(start, (count, 1)), random, "cosine", {}, False, {}, False,
        output_metric=umap.distances.haversine_grad, output_metric_kwds={}, euclidean_output=False,
    )[0]  # fmt: skip
    return np.split(on_sphere(angles).astype(np.float32), count)


def on_sphere(angles: NDArray[np.floating]) -> Points:
    """UMAP's two unbounded coordinates under the haversine metric, (N, 2), as unit (N, 3)."""
    a, b = np.asarray(angles, dtype=np.float64).T
    return np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)], axis=1)


def on_plane(points: Points) -> NDArray[np.float64]:
    """Two angles (N, 2) that on_sphere() turns into these points: a in 0..pi, b in -pi..pi."""
    x, y, z = np.asarray(points, dtype=np.float64).T
    return np.stack([np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)], axis=1)


def umap_transform(
    gallery: Embedding, points: Points, layout: Layout
) -> Callable[[Embedding], Points]:
    """place()'s rival, umap.transform(): faces (M, D) -> (M, 3) among a gallery at `points`.

    UMAP takes the gallery's neighbours alone (transform_mode "graph" lays nothing out) and is then
    given `points` (N, 3) as its layout. It starts a face at the weighted mean of its neighbours'
    angles, even where they wrap around, and moves it for 100 epochs while the gallery stays.
    """
    import umap

    mapper = umap.UMAP(
        n_neighbors=layout.neighbours, min_dist=layout.distance, metric="cosine",
        output_metric="haversine", random_state=layout.seed, transform_seed=layout.seed, n_jobs=1,
        transform_mode="graph",
    ).fit(gallery)  # fmt: skip
    mapper.embedding_ = on_plane(points).astype(np.float32)
    mapper.transform_mode = "embedding"
    return lambda faces: on_sphere(mapper.transform(faces))


@dataclass(frozen=True)
class Places:
    """Where M new faces stand in a layout of a gallery.

    points (M, 3). certainty (M,), 0..1: how much the neighbours agree (the length of their weighted
    mean); below HONEST there is no honest place. neighbours (M, K): gallery faces, nearest first.
    angles (M, K): the true angles to them, in radians.
    """

    points: Points
    certainty: NDArray[np.float64]
    neighbours: NDArray[np.int64]
    angles: NDArray[np.float64]


def place(
    embeddings: Embedding, gallery: Embedding, points: Points, neighbours: int = NEIGHBOURS
) -> Places:
    """The kNN-weighted spherical mean: faces (M, D) among a gallery (N, D) that is at `points`.

    A neighbour weighs as UMAP's smooth kNN distance would have it, exp(-(d - d_1) / sigma) of the
    cosine distance d, with sigma such that the weights sum to log2(K). A face is placed the same
    alone as among others.
    """
    cosine = np.clip(embeddings.astype(np.float64) @ gallery.astype(np.float64).T, -1.0, 1.0)
    nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :neighbours]
    close = np.take_along_axis(cosine, nearest, axis=1)
    weights = smooth_weights(1.0 - close)
    mean = np.einsum("mk,mkc->mc", weights, np.asarray(points, dtype=np.float64)[nearest])
    length = np.linalg.norm(mean, axis=1)
    unit = mean / np.maximum(length, 1e-12)[:, None]
    return Places(unit, length, nearest, np.arccos(close))


def smooth_weights(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """UMAP's membership strengths of sorted distances (M, K), scaled to sum to 1."""
    beyond = distance - distance[:, :1]
    target = np.log2(distance.shape[1])
    low, high = np.full(len(distance), 1e-9), np.full(len(distance), 1e3)
    for _ in range(64):  # the sum grows with sigma: halve the interval in which it is
        sigma = np.sqrt(low * high)
        below = np.exp(-beyond / sigma[:, None]).sum(axis=1) < target
        low, high = np.where(below, sigma, low), np.where(below, high, sigma)
    weights = np.exp(-beyond / np.sqrt(low * high)[:, None])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def facing(left: Points, right: Points | None = None) -> NDArray[np.float64]:
    """The rotation (3, 3) that brings `left` (3,) to the front and `right` (3,) to its right.

    points @ facing(left, right).T has left at (0, 0, 1) and right on the horizon, at y = 0, x >= 0.
    Without `right`, or where it says no direction, the pole stays as upright as it can.
    """
    front = np.asarray(left, dtype=np.float64) / np.linalg.norm(left)
    up_wanted = np.array([0.0, 1.0, 0.0])
    across = np.cross(up_wanted, front)
    if right is not None:
        beside = np.asarray(right, dtype=np.float64)
        beside = beside - (beside @ front) * front
        across = beside if np.linalg.norm(beside) > 1e-9 else across
    if np.linalg.norm(across) < 1e-9:  # looking along the pole
        across = np.array([1.0, 0.0, 0.0])
    across = across / np.linalg.norm(across)
    return np.stack([across, np.cross(front, across), front])


def person_means(vectors: NDArray[np.floating], person: NDArray[np.int64]) -> NDArray[np.float64]:
    """The normalised mean of each person's unit vectors, (C, D), by rising person number."""
    people, index = np.unique(person, return_inverse=True)
    sums = np.zeros((len(people), vectors.shape[1]))
    np.add.at(sums, index, vectors.astype(np.float64))
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12))


@dataclass(frozen=True)
class Faithfulness:
    """What one sphere keeps of its space. Angles in degrees.

    trustworthiness: Venna and Kaski's, 15 neighbours, 0..1. rank_correlation: Spearman's, of drawn
    against true angles of pairs of images. drawn_within, true_within: the mean angle between an
    image and its person's mean.
    """

    trustworthiness: float
    rank_correlation: float
    drawn_within: float
    true_within: float


def faithfulness(
    embeddings: Embedding, points: Points, person: NDArray[np.int64], seed: int = 0
) -> Faithfulness:
    """Measure a sphere (N, 3) against its space (N, D); `person` (N,) tells who the images show."""
    from scipy.stats import spearmanr
    from sklearn.manifold import trustworthiness

    rng = np.random.default_rng(seed)
    i, j = rng.integers(0, len(person), (2, 20_000))
    i, j = i[i != j], j[i != j]
    true, drawn = (angles_between(v[i], v[j]) for v in (embeddings, points))

    def within(vectors: NDArray[np.floating]) -> float:
        means = person_means(vectors, person)
        _, index = np.unique(person, return_inverse=True)
        return float(np.degrees(angles_between(vectors, means[index])).mean())

    return Faithfulness(
        trustworthiness=float(trustworthiness(embeddings, points, n_neighbors=15, metric="cosine")),
        rank_correlation=float(spearmanr(true, drawn).statistic),
        drawn_within=within(points),
        true_within=within(embeddings),
    )


def correspondence(points: Points, others: Points, person: NDArray[np.int64]) -> float:
    """How far apart the same person stands on two spheres, in degrees, a mean over people."""
    apart = angles_between(person_means(points, person), person_means(others, person))
    return float(np.degrees(apart).mean())
