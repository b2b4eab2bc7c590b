"""How well model/sphere.py's place() puts a face on a sphere, and how often it says it cannot.

python evaluate.py placement     the shipped gallery and spheres; validation people as strangers

Every fifth image of a person is held out and placed among the others, at their shipped places; the
error is the angle on the sphere to its own shipped place. Two layouts have nothing in common, so
there is no other place to compare with; that one is of a fit in which the held-out image itself
took part, and may have drawn its neighbours. umap.transform() is measured in the same way.

A stranger is a validation person, nobody's neighbour in the gallery: the honest answer is that
there is no place. What other limits and numbers of neighbours would give stands in the table.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.results import (
    ASSETS,
    LOSSES,
    RESULTS,
    bar,
    made_by,
    percent,
    shipped_gallery,
    write_json,
)
from model.aligned import Faces, load_faces
from model.angles import angles_between
from model.data import lfw_home, read_lfw
from model.gallery import load_spheres
from model.recognizer import Embedding, Recognizer
from model.sphere import HONEST, NEIGHBOURS, Layout, Places, Points, on_plane, place, umap_transform
from model.verification import Values, bootstrap_over_people

HELD_OUT = 5  # one image of so many
NEAR = 15.0  # degrees
ALONE = 60  # faces that are placed a second time, one at a time
HONESTIES, COUNTS = (0.3, 0.4, 0.5, 0.6, 0.7), (5, 10, 15, 30)  # what the table tries
Measured = dict[str, float]  # {"value", "standard_error"}


def held_out(person: NDArray[np.int64], seed: int = 0) -> NDArray[np.bool_]:
    """Which images (N,) are held out: of each person with n images n // HELD_OUT, by `seed`."""
    rng = np.random.default_rng(seed)
    out = np.zeros(len(person), dtype=np.bool_)
    for one in np.unique(person):
        own = np.flatnonzero(person == one)
        out[rng.permutation(own)[: len(own) // HELD_OUT]] = True
    return out


def mean(values: Values, person: NDArray[np.int64]) -> Measured:
    """The mean over images (M,), with its standard error over the choice of people."""
    return measured(lambda weight: float(np.average(values, weights=weight)), person)


def share(are: NDArray[np.bool_], person: NDArray[np.int64]) -> Measured:
    """The share of images (M,), 0..1, with its standard error over the choice of people."""
    return mean(are.astype(np.float64), person)


def measured(measure: Callable[[Values], float], person: NDArray[np.int64]) -> Measured:
    """measure(weight) of images that show `person` (M,), each weighing 1, with its error."""
    error = bootstrap_over_people(measure, person, person)
    return {"value": round(measure(np.ones(len(person))), 4), "standard_error": round(error, 4)}


def distances(apart: Values, person: NDArray[np.int64]) -> dict[str, Any]:
    """Median and mean of distances (M,) in degrees, and the share of at most NEAR."""

    def median(weight: Values) -> float:
        return float(np.quantile(apart, 0.5, weights=weight, method="inverted_cdf"))

    return {
        "images": len(apart),
        "median_degrees": measured(median, person),
        "mean_degrees": mean(apart, person),
        f"within_{NEAR:.0f}_degrees": share(apart <= NEAR, person),
    }


def degrees_apart(points: Points, others: Points) -> Values:
    """Great-circle distances of unit vectors (M, 3), in degrees."""
    return np.degrees(angles_between(points, others))


def refusals(places: Places, threshold: float) -> dict[str, NDArray[np.bool_]]:
    """Which faces (M,) have no honest place, and which have nobody near.

    That is: no gallery face within `threshold`, the angle in degrees of the recogniser's verdict.
    It decides nothing on screen; it stands beside for comparison.
    """
    return {
        "no_honest_place": places.certainty < HONEST,
        "nobody_near": np.degrees(places.angles[:, 0]) > threshold,
    }


def company(together: Points, one_at_a_time: Points) -> Measured:
    """By how many degrees a face (K, 3) moves when it is placed alone instead of among others."""
    apart = degrees_apart(together, one_at_a_time)
    return {
        "faces": len(apart),
        "median": round(float(np.median(apart)), 6),
        "greatest": round(float(apart.max()), 6),
    }


def wrapped(points: Points, neighbours: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whose neighbours (M, K), gallery faces at `points`, stand on both sides of b = +-pi."""
    return np.asarray(np.ptp(on_plane(points)[:, 1][neighbours], axis=1) > np.pi)


def gallery_scores(
    embeddings: Embedding,
    points: Points,
    person: NDArray[np.int64],
    seen: NDArray[np.bool_],
    threshold: float,
) -> dict[str, Any]:
    """The held-out images of one space (N, D) and its sphere (N, 3), by place() and by UMAP."""
    out = held_out(person)
    faces, gallery, spots, shows = embeddings[out], embeddings[~out], points[~out], person[out]
    ours = place(faces, gallery, spots)
    sides: dict[str, Callable[[Embedding], Points]] = {
        "place": lambda some: place(some, gallery, spots).points,
        "umap_transform": umap_transform(gallery, spots, Layout()),
    }
    whose = {"all": np.ones(len(faces), dtype=np.bool_), "seen": seen[out], "unseen": ~seen[out]}
    groups = whose | {
        "honest_place": ours.certainty >= HONEST,
        "not_wrapped": ~wrapped(spots, ours.neighbours),  # UMAP's mean of angles is one of places
    }
    found: dict[str, Any] = {
        what: {name: share(are[some], shows[some]) for name, some in whose.items() if some.any()}
        for what, are in refusals(ours, threshold).items()
    }
    again = np.random.default_rng(0).permutation(len(faces))[:ALONE]
    for name, side in sides.items():
        placed = side(faces)
        apart = degrees_apart(placed, points[out])
        found[name] = {
            group: distances(apart[some], shows[some])
            for group, some in groups.items()
            if some.any()
        }
        alone = np.concatenate([side(faces[i : i + 1]) for i in again])
        found[name]["moved_by_company_degrees"] = company(placed[again], alone)
    return found


def choices(
    embeddings: Embedding,
    points: Points,
    person: NDArray[np.int64],
    seen: NDArray[np.bool_],
    strangers: Embedding,
) -> list[dict[str, Any]]:
    """A row for each number of neighbours: the error, and who has no honest place at each limit."""
    out, rows = held_out(person), []
    for count in COUNTS:
        known = place(embeddings[out], embeddings[~out], points[~out], count)
        unknown = place(strangers, embeddings, points, count)
        apart = degrees_apart(known.points, points[out])
        row: dict[str, Any] = {"neighbours": count}
        row["median_degrees"] = round(float(np.median(apart)), 3)
        for honest in HONESTIES:
            has_none = known.certainty < honest
            row[f"no_honest_place_below_{honest}"] = {
                "strangers": round(float((unknown.certainty < honest).mean()), 4),
                "seen": round(float(has_none[seen[out]].mean()), 4),
                "unseen": round(float(has_none[~seen[out]].mean()), 4),
            }
        rows.append(row)
    return rows


def one_each(faces: Faces) -> NDArray[np.int64]:
    """The first image of each validation person, (P,)."""
    index = faces.indices("validation")
    return index[np.unique(faces.person[index], return_index=True)[1]]


def placement(data_home: Path | None = None) -> None:
    """Measure how well faces are placed on the shipped spheres and how often strangers are refused.

    Writes results/placement.json. Strangers are validation people; no test image but the gallery's.

    Args:
        data_home: The folder that holds lfw_home/.
    """
    gallery = shipped_gallery()
    spheres = load_spheres(ASSETS / "spheres.npz", gallery)
    faces = load_faces(read_lfw(lfw_home(data_home, download=True)), bar("aligning faces"))
    chosen = one_each(faces)
    crops = faces.crops[chosen]
    report = made_by("python evaluate.py placement") | {
        "neighbours": NEIGHBOURS, "honest": HONEST, "gallery": len(gallery.person),
        "held_out": int(held_out(gallery.person).sum()), "strangers": len(chosen), "losses": {},
    }  # fmt: skip
    for loss in LOSSES:
        recognizer = Recognizer.load(ASSETS / f"{loss}.safetensors")
        threshold, strangers = recognizer.calibration.threshold, recognizer.embed(crops)
        space = gallery.embeddings[loss], spheres[loss]
        scores = gallery_scores(*space, gallery.person, gallery.seen, threshold)
        for what, are in refusals(place(strangers, *space), threshold).items():
            scores[what]["strangers"] = share(are, faces.person[chosen])
        scores["choices"] = choices(*space, gallery.person, gallery.seen, strangers)
        report["losses"][loss] = scores
        show(loss, scores)
    write_json(RESULTS / "placement.json", report)


def show(loss: str, scores: dict[str, Any]) -> None:
    """Print the main figures of one model and the table of choices."""
    print(f"\n{loss}")
    for name in ("place", "umap_transform"):
        found = scores[name]["all"]
        print(
            f"{name:15} median {found['median_degrees']['value']:.1f}°, mean "
            f"{found['mean_degrees']['value']:.1f}°, {percent(found[f'within_{NEAR:.0f}_degrees'])}"
            f" within {NEAR:.0f}°; company moves a face by "
            f"{scores[name]['moved_by_company_degrees']['median']:.1f}° (median)"
        )
    for what in ("no_honest_place", "nobody_near"):
        told = ", ".join(f"{who} {percent(found)}" for who, found in scores[what].items())
        print(f"{what}: {told}")
    heads = [f"below {honest}" for honest in HONESTIES]
    print(f"\n| neighbours | median degrees | {' | '.join(heads)} |\n{'|---' * (2 + len(heads))}|")
    for row in scores["choices"]:
        cells = [row[f"no_honest_place_below_{honest}"] for honest in HONESTIES]
        shares = ["/".join(f"{100 * v:.0f}" for v in cell.values()) for cell in cells]
        print(f"| {row['neighbours']} | {row['median_degrees']} | {' | '.join(shares)} |")
    print("(% of strangers/seen/unseen people's images without an honest place)")
