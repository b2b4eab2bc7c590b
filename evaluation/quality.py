"""How much accuracy falls for poor photos: the evidence for the limits of model/quality.py.

python evaluate.py quality     five minutes of processor time; validation people alone

One genuine pair of each person with two photos without a remark, ten impostor pairs with the same
second photo, of the people who are next by name (first name first, so likely of one sex). That is
made tiny, blurred, dark or cut off in steps, its face is detected again, and accuracy at the
recognisers' own thresholds is compared with that of the same pairs before. A turn cannot be made;
for it, and beside the others, stand the pairs whose worse photo is poor as it is.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from evaluation.results import ASSETS, RESULTS, bar, made_by, write_json
from model.aligned import load_faces
from model.data import Pairs, lfw_home, pairs_of_people, read_lfw
from model.degrade import blurred, exposed
from model.faces import CROP, TEMPLATE, Face, align, choose, detect, reduced, similarity
from model.images import RGB, read_image
from model.quality import LIMITS, Limit, Quality, measure, remarks
from model.recognizer import Recognizer
from model.verification import Values, auc, bootstrap_over_people, degrees, pair_cosines

LOSSES = ("softmax", "arcface")
IMPOSTORS = 10  # pairs of two people for each pair of one
FALL = 0.03  # of accuracy, at which a remark is due
WORST = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)  # shares of the photos, from the worst on
STEPS: dict[str, tuple[float, ...]] = {
    "tiny": (30, 20, 15, 12, 10, 8, 6),  # pixels between the eyes
    "blurred": (1, 2, 3, 4, 5, 6),  # sigma of a Gaussian, in pixels of the 112-pixel template
    "dark": (0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1),  # the share of the grey level that is left
    "cut_off": (0.1, 0.2, 0.3, 0.4, 0.5),  # of the template, from each of four sides
}
ALL = [(kind, level) for kind, levels in STEPS.items() for level in levels]


def degraded(image: RGB, face: Face, kind: str, level: float) -> list[RGB]:
    """The photo made worse, uint8 (H', W', 3), in one way or, cut off, in four."""
    linear, shift = similarity(face.landmarks, TEMPLATE)
    if kind == "tiny":
        ratio = level / float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
        return [reduced(image, round(max(image.shape) * ratio))]
    if kind == "blurred":
        return [blurred(image, level / np.linalg.det(linear) ** 0.5)]
    if kind == "dark":
        return [exposed(image, level, sigma=2.0)]
    grid = np.argwhere(np.ones((CROP, CROP)))
    points = (grid - shift) @ np.linalg.inv(linear).T  # the template's pixels in the photo
    edges = np.quantile(points, [level, 1 - level], axis=0)
    (left, top), (right, bottom) = np.maximum(edges.round().astype(int), 0)
    return [image[:, left:], image[:, :right], image[top:], image[:bottom]]


def found(image: RGB) -> tuple[Face, Quality, RGB] | None:
    """The face that the product would use, its measures and its crop."""
    image = np.ascontiguousarray(image)
    faces = detect(image)
    if not faces:
        return None
    face = faces[choose(faces, image.shape)]
    crop = align(image, face.landmarks)
    return face, measure(image, face, crop), crop


def look(photo: Path, worsen: bool) -> dict[tuple[str, float], list[Any]]:
    """Quality and crop, or None, of a photo at ("none", 0) and, if asked for, at each of ALL."""
    cv2.setNumThreads(1)  # the photos run in parallel, one process a core
    image = read_image(photo.read_bytes())
    now = found(image)
    assert now is not None  # load_faces() has found one
    seen: dict[tuple[str, float], list[Any]] = {("none", 0): [now[1:]]}
    for step in ALL if worsen else ():
        seen[step] = [one and one[1:] for one in map(found, degraded(image, now[0], *step))]
    return seen


def look_at(photos: Sequence[Path], worsen: bool, what: str) -> list[Any]:
    """look() at each photo, in parallel, with a bar."""
    work = Parallel(n_jobs=-1, return_as="generator")(delayed(look)(p, worsen) for p in photos)
    return list(tqdm(work, what, len(photos), unit="photo"))


@dataclass(frozen=True)
class Answers:
    """Of P pairs: cosines and which answers are right, (losses, P); same (P,), people two (P,)."""

    cosines: Values
    right: NDArray[np.bool_]
    same: NDArray[np.bool_]
    people: tuple[NDArray[np.int64], NDArray[np.int64]]

    def accuracy(self, weight: Values) -> Values:
        """Of each loss, genuine and impostor pairs counting alike."""
        of_kind = (np.where(kind, weight, 0.0) for kind in (self.same, ~self.same))
        return np.asarray(sum(self.right @ w / w.sum() for w in of_kind) / 2)

    def scores(self, before: "Answers | None" = None) -> dict[str, Any]:
        """The fall is of the mean accuracy, from that of the same pairs `before` or from 0."""

        def fall(weight: Values) -> float:
            start = 0.0 if before is None else before.accuracy(weight)
            return float(np.mean(start - self.accuracy(weight)))

        once = np.ones(len(self.same))
        return dict(zip(LOSSES, self.accuracy(once).round(4).tolist(), strict=True)) | {
            "auc": round(float(np.mean([auc(c, self.same) for c in self.cosines])), 4),
            "genuine_degrees": round(float(degrees(self.cosines[:, self.same]).mean()), 2),
            "fall": round(fall(once), 4),
            "standard_error": round(bootstrap_over_people(fall, *self.people), 4),
        }


@dataclass(frozen=True)
class Bench:
    """N faces: their embeddings, (N, D) a recogniser, and whom they show, (N,)."""

    recognizers: list[Recognizer]
    embeddings: list[NDArray[np.float32]]
    person: NDArray[np.int64]

    def answers(self, left: Any, right: Any, same: NDArray[np.bool_]) -> Answers:
        """What is said of P pairs of these faces, by index."""
        cosines = np.stack([pair_cosines(e, Pairs(left, right, same)) for e in self.embeddings])
        limits = np.array([r.calibration.threshold for r in self.recognizers])
        told = (degrees(cosines) <= limits[:, None]) == same
        return Answers(cosines, told, same, (self.person[left], self.person[right]))


def natural(limit: Limit, values: Values, bench: Bench) -> list[dict[str, Any]]:
    """A row for the pairs whose worse photo is among the worst so many of all photos' `values`.

    They fall from the last row; their standard error is that of their own accuracy.
    """
    pairs = pairs_of_people(bench.person)
    bad = -values if limit.below else values
    worse = np.maximum(bad[pairs.left], bad[pairs.right])
    edges = [np.inf, *np.quantile(bad, 1.0 - np.array(WORST[:-1])), -np.inf]
    rows: list[dict[str, Any]] = []
    for (high, low), share in zip(itertools.pairwise(edges), WORST, strict=True):
        some = (worse > low) & (worse <= high)
        rows.append({"step": f"{share:.0%}", "n": int((some & pairs.same).sum())})
        if rows[-1]["n"] >= 10:
            rows[-1]["measure"] = round(float(np.median(np.abs(worse[some]))), 3)
            left, right, same = (x[some] for x in (pairs.left, pairs.right, pairs.same))
            rows[-1] |= bench.answers(left, right, same).scores()
    return [r | {"fall": round(r["fall"] - rows[-1]["fall"], 4)} for r in rows if "fall" in r]


def made(
    limit: Limit, bench: Bench, start: float, chosen: NDArray[np.int64], worsened: list[Any]
) -> list[dict[str, Any]]:
    """A row a step. chosen (2, K): a clean photo and the one that is worsened, of K people."""
    rows: list[dict[str, Any]] = [{"step": "none", "n": len(worsened), "measure": start, "fall": 0}]
    for level in STEPS.get(limit.kind, ()):
        seen = [
            (k, i, w) for k, a in enumerate(worsened) for i, w in enumerate(a[limit.kind, level])
        ]
        kept = [(k, i, *one) for k, i, one in seen if one is not None]
        who, way, qualities, crops = (list(column) for column in zip(*kept, strict=True))
        other = (np.array(who)[:, None] + np.arange(1 + IMPOSTORS)) % chosen.shape[1]
        left, second = chosen[0][other.ravel()], chosen[1][who]  # of `other` the first is oneself
        item = np.repeat(np.arange(len(who)), 1 + IMPOSTORS)
        same = np.tile(np.arange(1 + IMPOSTORS) == 0, len(who))
        before = bench.answers(left, second[item], same)
        both = zip(bench.recognizers, bench.embeddings, strict=True)
        now = [np.concatenate([known, r.embed(np.stack(crops))]) for r, known in both]
        after = Bench(bench.recognizers, now, np.append(bench.person, bench.person[second]))
        told = after.answers(left, len(bench.person) + item, same)
        measured = float(np.median([getattr(quality, limit.measure) for quality in qualities]))
        row = {"step": level, "n": len(who), "lost": len(seen) - len(who)}
        row |= {"measure": round(measured, 3), "remarked": remarked(limit, qualities)}
        each = [1.0 * (np.array(way)[item] == i) for i in range(max(way) + 1)]  # of four sides
        falls = [np.mean(before.accuracy(w) - told.accuracy(w)).round(4) for w in each]
        rows.append(row | told.scores(before) | {"fall_each": [float(fall) for fall in falls]})
    return rows


def remarked(limit: Limit, qualities: list[Quality]) -> float:
    """The share of faces with a remark of this kind."""
    kinds = [{remark.kind for remark in remarks(quality)} for quality in qualities]
    return round(float(np.mean([limit.kind in some for some in kinds])), 4)


def due(rows: list[dict[str, Any]]) -> float | None:
    """The measure at which accuracy first falls by FALL, between two rows of growing harm."""
    for a, b in itertools.pairwise(rows):
        if a["fall"] < FALL <= b["fall"]:
            share = (FALL - a["fall"]) / (b["fall"] - a["fall"])
            return round(float(a["measure"] + share * (b["measure"] - a["measure"])), 3)
    return None


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """A Markdown table."""
    keys = max((list(row) for row in rows), key=len)
    print(f"\n{title}\n\n| {' | '.join(keys)} |\n{'|---' * len(keys)}|")
    for row in rows:
        print("|", " | ".join(str(row.get(key, "")) for key in keys), "|")


def quality(data_home: Path | None = None) -> None:
    """Measure how much accuracy falls for poor photos: the evidence for the remarks' limits.

    Writes results/quality.json.

    Args:
        data_home: The folder that holds lfw_home/.
    """
    recognizers = [Recognizer.load(ASSETS / f"{loss}.safetensors") for loss in LOSSES]
    collection = read_lfw(lfw_home(data_home, download=True))
    faces = load_faces(collection, bar("aligning faces"))
    index = faces.indices("validation")
    person = faces.person[index]
    folders = [collection.root / faces.names[j] for j in person]
    photos = [f / f"{name}.jpg" for f, name in zip(folders, faces.image[index], strict=True)]
    seen = [one["none", 0][0][0] for one in look_at(photos, False, "validation photos")]
    chosen = pairs_of_clean(person, np.array([not remarks(quality) for quality in seen]))
    worsened = look_at([photos[i] for i in chosen[1]], True, "photos made worse")
    bench = Bench(recognizers, [r.embed(faces.crops[index]) for r in recognizers], person)
    report = made_by("python evaluate.py quality") | {"people": len(worsened), "kinds": {}}
    for limit in tqdm(LIMITS, "kinds of remark"):
        values = np.array([getattr(quality, limit.measure) for quality in seen])
        rows = made(limit, bench, round(float(np.median(values[chosen[1]])), 3), chosen, worsened)
        one = {"measure": limit.measure, "limit": limit.value, f"falls_by_{FALL}_at": due(rows)}
        one |= {"ordinary_remarked": remarked(limit, seen), "steps": rows}
        report["kinds"][limit.kind] = one | {"natural": natural(limit, values, bench)}
    for kind, one in report["kinds"].items():
        show(", ".join(f"{k} {v}" for k, v in list(one.items())[:4]), one["steps"])
        show(f"{kind}: photos as they are", one["natural"])
    write_json(RESULTS / "quality.json", report)


def pairs_of_clean(person: NDArray[np.int64], clean: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Two photos (2, K) of each person who has two that are clean, drawn at random."""
    rng = np.random.default_rng(0)
    usable = [np.flatnonzero((person == p) & clean) for p in np.unique(person)]
    return np.array([rng.choice(own, 2, replace=False) for own in usable if len(own) > 1]).T
