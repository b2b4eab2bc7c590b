"""Two unit spheres under the dials: both spaces, drawn alike, with the two photos in them."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from demo import assets
from demo.figures.dial import degrees
from demo.figures.spheres import SphereSet
from demo.language import Text
from demo.pages.address import chosen, keep
from demo.service import Comparison
from model.errors import MarginScopeError
from model.sphere import HONEST

FIGURES = Path(__file__).resolve().parent.parent / "figures"
PARTS, COLOURS = ("both", "seen", "unseen"), ("person", "angle")
HTML = """
<div class="spheres" tabindex="0" role="img">
  <figure><canvas></canvas><figcaption></figcaption></figure>
  <figure><canvas></canvas><figcaption></figcaption></figure>
  <div class="label" hidden></div>
</div>
"""


def spheres(comparison: Comparison | None, words: Text) -> None:
    """The section of the spheres; a sentence where they have not been made."""
    st.subheader(words("spheres.title"), anchor=False)
    try:
        drawn = assets.spheres()
    except MarginScopeError as error:
        st.info(words.error(error))
        return
    models = list(drawn.points)
    with st.container(horizontal=True, key="sphere-choices"):
        left = _select("left", models, "softmax", words.loss, words)
        right = _select("right", models, "arcface", words.loss, words)
        parts = _select("parts", PARTS, "both", lambda part: words(f"spheres.{part}"), words)
        colour = _select("colour", COLOURS, "person", lambda by: words(f"spheres.{by}"), words)
    uploads = drawn.uploads(comparison)
    _component("gallery", False)(key="gallery", data=drawn.data, height=1)
    _component("sphere", True)(
        key="spheres",
        data={
            "key": "spheres",
            "gallery": drawn.data["id"],
            "models": [left, right],
            "titles": [words.loss(left), words.loss(right)],
            "parts": parts,
            "colour": colour,
            "uploads": uploads,
            "words": {
                "seen": words("spheres.seen"),
                "unseen": words("spheres.unseen"),
                "own": words("spheres.own"),
                "alt": words("spheres.alt", left=words.loss(left), right=words.loss(right)),
            },
        },
    )
    _said(drawn, comparison, (left, right), words)


def _select(
    key: str, options: Sequence[str], first: str, label: Callable[[str], str], words: Text
) -> str:
    """A choice that stands in the URL."""
    name = f"sphere-{key}"
    return st.selectbox(
        words(f"spheres.choose_{key}"), list(options), format_func=label, key=name,
        index=list(options).index(chosen(name, options, first)), on_change=keep(name),
    )  # fmt: skip


def _said(
    drawn: SphereSet, comparison: Comparison | None, models: tuple[str, str], words: Text
) -> None:
    """What the picture keeps and loses, where a photo has no place, and who its neighbours are."""
    kept = assets.results("layout").get("spheres", {})
    if all(model in kept for model in models):
        for model in dict.fromkeys(models):
            found = kept[model]
            st.caption(
                words(
                    "spheres.kept",
                    loss=words.loss(model),
                    trust=f"{found['trustworthiness']:.2f}",
                    rank=f"{found['rank_correlation']:.2f}",
                    drawn=degrees(found["drawn_within"]),
                    true=degrees(found["true_within"]),
                )
            )
    st.caption(words("spheres.how"))
    if comparison is not None:
        with st.expander(words("spheres.neighbours"), key="neighbours", on_change="rerun",
                         bind="query-params"):  # fmt: skip
            st.dataframe(_neighbours(drawn, comparison, words), hide_index=True)


def _neighbours(drawn: SphereSet, comparison: Comparison, words: Text) -> list[dict[str, Any]]:
    """The five nearest gallery faces of each photo under each loss, with true angles."""
    rows = []
    for model, pair in comparison.embeddings.items():
        if model not in drawn.points:
            continue
        found = drawn.place(model, pair)
        for i, side in enumerate(("left", "right")):
            for index, angle in zip(found.neighbours[i, :5], found.angles[i, :5], strict=True):
                who = drawn.gallery.names[drawn.gallery.person[index]].replace("_", " ")
                rows.append(
                    {
                        words("spheres.photo"): words(f"side.{side}"),
                        words("spheres.network"): words.loss(model),
                        words("spheres.who"): who,
                        words("spheres.true_angle"): degrees(float(np.degrees(angle))),
                        words("spheres.certainty"): f"{found.certainty[i]:.2f}"
                        + ("" if found.certainty[i] >= HONEST else " ○"),
                    }
                )
    return rows


@cache
def _component(name: str, seen: bool) -> Any:
    """The component of a script in figures/; the spheres' own has canvases and a style."""
    read = {kind: (FIGURES / f"{name}.{kind}") for kind in ("js", "css")}
    return st.components.v2.component(
        name,
        html=HTML if seen else "<span></span>",
        css=read["css"].read_text(encoding="utf-8") if seen else None,
        js=read["js"].read_text(encoding="utf-8"),
    )
