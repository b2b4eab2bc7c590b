"""Where photos stand on the spheres: what is drawn, in words, and as rows of numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from demo import assets
from demo.figures.dial import degrees
from demo.figures.numbers import to_csv
from demo.figures.people import image_name
from demo.figures.spheres import DRAWN_NEIGHBOURS, SphereSet, uploads
from demo.language import Text
from demo.service import Comparison, Photo, embed_photos
from model.recognizer import Embedding
from model.sphere import HONEST

Marked = Sequence[tuple[str, Photo]]  # photos, each with its mark: a ring, a square or a number
MARKS = ("○", "□")  # of the two photos that are compared
LITTLE = 0.8  # trustworthiness below which a sphere keeps little
PLAIN: dict[str, Any] = {  # how the spheres are drawn at first
    "parts": "both", "colour": "person", "size": "medium", "centres": False, "names": False,
    "people": [],
}  # fmt: skip


def marked(comparison: Comparison | None) -> Marked:
    """The two photos that are compared, as a ring and a square."""
    return list(zip(MARKS, (comparison.left, comparison.right), strict=True)) if comparison else []


def embed_all(models: Sequence[str], photos: Marked) -> dict[str, Embedding]:
    """The photos' embeddings (M, D) by model; nothing where there are no photos."""
    if not photos:
        return {}
    only = [photo for _, photo in photos]
    return {model: embed_photos(model, assets.embedder_of(model), only) for model in models}


def shown(
    drawn: SphereSet,
    models: list[str],
    photos: Marked,
    embeddings: Mapping[str, Embedding],
    look: Mapping[str, Any],
    words: Text,
    picked: int = -1,
) -> dict[str, Any]:
    """What figures/sphere.js takes beside the gallery: two models, the photos, how they are drawn.

    look: parts, colour, size, centres, names, people. picked: an image of the gallery, or -1.
    """
    pair = [mark for mark, _ in photos[:2]] == list(MARKS)
    return {
        "key": "spheres",
        "gallery": drawn.data["id"],
        "models": models,
        "picked": picked,
        "uploads": uploads(drawn, photos, embeddings, pair),
        **look,
        **_words(models, words),
    }


def _words(models: list[str], words: Text) -> dict[str, Any]:
    """What the component says itself."""
    titles = [words.loss(model) for model in models]
    return {
        "titles": titles,
        "words": {
            **{name: words(f"spheres.{name}") for name in ("seen", "unseen", "own")},
            "save": words("spheres.save_png"),
            "alt": words("spheres.alt", left=titles[0], right=titles[1]),
            "caption": [
                *(sentence.replace("*", "") for sentence in kept(models, words)),
                words("picture.notice"),
            ],
        },
    }


def kept(models: list[str], words: Text) -> list[str]:
    """What each sphere keeps and loses, as prepare.py measured it when it made the gallery."""
    found = assets.kept_by_spheres(assets.gallery_folder())
    shown = [model for model in dict.fromkeys(models) if model in found]
    sentences = [
        words(
            "spheres.kept" if found[model]["trustworthiness"] > LITTLE else "spheres.kept_little",
            loss=words.loss(model),
            trust=f"{found[model]['trustworthiness']:.2f}",
            rank=f"{found[model]['rank_correlation']:.2f}",
            drawn=degrees(found[model]["drawn_within"]),
            true=degrees(found[model]["true_within"]),
        )
        for model in shown
    ]
    if "arcface" in shown:
        sentences += [
            words(
                "spheres.apart", loss=words.loss(m), apart=degrees(found[m]["from_arcface_degrees"])
            )
            for m in shown
            if m != "arcface"
        ]
    return sentences


def unplaced(
    drawn: SphereSet, photos: Marked, embeddings: Mapping[str, Embedding], words: Text
) -> list[str]:
    """A sentence for each sphere on which a photo has no honest place."""
    sentences = []
    found = assets.results("placement").get("losses", {})
    for model, vectors in embeddings.items():
        certainty = drawn.place(model, vectors).certainty
        hollow = [
            f"{mark} ({value:.2f})"
            for (mark, _), value in zip(photos, certainty, strict=True)
            if value < HONEST
        ]
        if hollow:
            said = [words("spheres.unplaced", loss=words.loss(model), marks=", ".join(hollow))]
            if model in found and assets.gallery_folder() == assets.ASSETS:
                share = 100 * found[model]["no_honest_place"]["strangers"]["value"]
                said.append(words("spheres.unplaced_share", share=f"{share:.0f}"))
            sentences.append(" ".join(said))
    return sentences


def neighbour_rows(
    drawn: SphereSet, photos: Marked, embeddings: Mapping[str, Embedding], words: Text
) -> list[dict[str, str]]:
    """The nearest gallery faces of each photo under each loss, with true angles."""
    rows = []
    for model, vectors in embeddings.items():
        found = drawn.place(model, vectors)
        for i, (mark, _) in enumerate(photos):
            for k in range(min(DRAWN_NEIGHBOURS, found.neighbours.shape[1])):
                index = found.neighbours[i, k]
                rows.append(
                    {
                        words("spheres.photo"): mark,
                        words("spheres.network"): words.loss(model),
                        words("spheres.who"): drawn.names[drawn.gallery.person[index]],
                        words("spheres.true_angle"): degrees(float(np.degrees(found.angles[i, k]))),
                        words("spheres.certainty"): f"{found.certainty[i]:.2f}",
                    }
                )
    return rows


def around(
    drawn: SphereSet, index: int, models: Sequence[str], words: Text
) -> list[dict[str, Any]]:
    """The nearest other faces of face `index` of the gallery, each model's in a column."""
    columns = {}
    for model in dict.fromkeys(models):
        found = drawn.nearest(model, index, DRAWN_NEIGHBOURS)
        columns[words.loss(model)] = [
            f"{image_name(drawn.gallery, i)} · {degrees(angle)}" for i, angle in found
        ]
    return [
        {words("face.rank"): rank + 1, **{loss: faces[rank] for loss, faces in columns.items()}}
        for rank in range(min(len(faces) for faces in columns.values()))
    ]


def points(drawn: SphereSet, photos: Marked) -> list[dict[str, Any]]:
    """Every point by every model: x, y, z on the unit sphere, the true angle to the own mean.

    A photo of the visitor's has its mark for a person, and its certainty instead of that angle.
    """
    gallery, rows = drawn.gallery, []
    for i, image in enumerate(gallery.image):
        row = {"person": drawn.names[gallery.person[i]], "image": str(image),
               "seen": bool(gallery.seen[i])}  # fmt: skip
        for model, places in drawn.points.items():
            row |= _coordinates(model, places[i])
            row[f"own_mean_degrees_{model}"] = round(float(drawn.own_angles[model][i]), 2)
        rows.append(row)
    embeddings = embed_all(list(drawn.points), photos)
    for i, (mark, _) in enumerate(photos):
        row = {"person": mark, "image": "", "seen": False}
        for model, vectors in embeddings.items():
            found = drawn.place(model, vectors[i : i + 1])
            row |= _coordinates(model, found.points[0])
            row[f"certainty_{model}"] = round(float(found.certainty[0]), 3)
        rows.append(row)
    return rows


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with every column that any of them has."""
    head = list(dict.fromkeys(key for row in rows for key in row))
    return to_csv(head, ([row.get(key, "") for key in head] for row in rows))


def _coordinates(model: str, point: Sequence[float]) -> dict[str, float]:
    return {f"{axis}_{model}": round(float(v), 5) for axis, v in zip("xyz", point, strict=True)}
