"""Where photos stand on the spheres, in words and as files."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from demo import assets
from demo.figures.dial import degrees
from demo.figures.numbers import to_csv
from demo.figures.spheres import DRAWN_NEIGHBOURS, SphereSet
from demo.figures.standalone import standalone
from demo.language import Text
from demo.service import Photo, embed_photos
from model.recognizer import Embedding
from model.sphere import HONEST

Marked = Sequence[tuple[str, Photo]]  # photos, each with its mark: a ring, a square or a number


def embed_all(models: Sequence[str], photos: Marked) -> dict[str, Embedding]:
    """The photos' embeddings (M, D) by model; nothing where there are no photos."""
    if not photos:
        return {}
    only = [photo for _, photo in photos]
    return {model: embed_photos(model, assets.embedder_of(model), only) for model in models}


def unplaced(
    drawn: SphereSet, photos: Marked, embeddings: Mapping[str, Embedding], words: Text
) -> None:
    """A sentence for each photo that has no honest place on a sphere."""
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
            st.info(" ".join(said))


def neighbours_table(
    drawn: SphereSet, photos: Marked, embeddings: Mapping[str, Embedding], words: Text
) -> None:
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
    with st.expander(words("spheres.neighbours"), key="neighbours", on_change="rerun",
                     bind="query-params"):  # fmt: skip
        st.dataframe(rows, hide_index=True)


def save_points(drawn: SphereSet, photos: Marked, shown: dict[str, Any], words: Text) -> None:
    """Buttons for the points as CSV and JSON and for the spheres as a page; made when pressed."""
    title = words("spheres.title")
    files: dict[str, tuple[str, Callable[[], str]]] = {
        "html": ("text/html", partial(standalone, drawn.data, shown, title, words.language)),
        "csv": ("text/csv", lambda: as_csv(points(drawn, photos))),
        "json": ("application/json", lambda: json.dumps(points(drawn, photos))),
    }
    with st.container(horizontal=True, key="save-points"):
        for ending, (mime, make) in files.items():
            st.download_button(
                words(f"spheres.save_{ending}"), make, file_name=f"marginscope-spheres.{ending}",
                mime=mime, on_click="ignore", help=words(f"spheres.save_{ending}_help"),
                key=f"save-{ending}",
            )  # fmt: skip


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
