"""Two unit spheres: both spaces, drawn alike, with the photos in them."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import streamlit as st

from demo import assets
from demo.figures.atlas import CELL, COLUMNS, atlas
from demo.figures.people import shown_name
from demo.figures.spheres import SphereSet
from demo.figures.standalone import FIGURES, SPHERES, script
from demo.language import Text
from demo.pages.address import asked, chosen, chosen_many, keep, put
from demo.pages.face import PICKED, face_panel
from demo.pages.frame import go
from demo.pages.places import neighbours_table, save_points
from demo.pages.terms import note
from demo.pages.waiting import in_turn
from demo.placed import Marked, embed_all, kept, shown, unplaced
from demo.turns import TurnsFull
from model.errors import MarginScopeError
from model.recognizer import Embedding

KEY = "spheres"
PARTS, COLOURS = ("both", "seen", "unseen"), ("person", "angle")
SIZES = ("small", "medium", "large")


def spheres(photos: Marked, words: Text, large: bool = False) -> None:
    """The section of the spheres; a sentence where they have not been made."""
    folder = assets.gallery_folder()
    try:
        drawn = assets.spheres(folder)
    except MarginScopeError as error:
        st.info(words.error(error))
        return
    if not large:
        st.subheader(words("spheres.title"), anchor=False)
    models, look = _choices(drawn, words)
    try:
        embeddings = _embedded(models, photos, words)
    except TurnsFull as error:
        st.error(words.error(error))
        return
    picked = drawn.index_of(asked(PICKED))
    data = shown(drawn, models, photos, embeddings, look, words, picked)
    with st.container(key="spheres-large" if large else "spheres-small"):
        component("gallery")(key="gallery", data=drawn.data, height=1)
        component("sphere")(key=KEY, data=data, on_picked_change=partial(_pick, drawn))
    for sentence in unplaced(drawn, photos, embeddings, words):
        st.info(sentence)
    if picked >= 0:
        face_panel(drawn, picked, models, words)
    legend = [words("spheres.heat")] if look["colour"] == "angle" else []
    for sentence in [*legend, *kept(models, words), words("spheres.how")]:
        note(words, sentence)
    if st.button(words("spheres.exact"), key="to-margin", icon=":material/arrow_forward:"):
        go("margin")
    if photos:
        neighbours_table(drawn, photos, embeddings, words)
    save_points(drawn, photos, data, words)
    _send_faces(folder, drawn.data["id"])


def _embedded(models: list[str], photos: Marked, words: Text) -> dict[str, Embedding]:
    """The photos' embeddings (M, D) by model; in turn where one is to be computed. TurnsFull."""
    place = st.empty()
    if all((model, photo.used) in photo.embedded for model in models for _, photo in photos):
        return embed_all(models, photos)
    with in_turn(place, words("compare.thinking"), words):
        return embed_all(models, photos)


def _choices(drawn: SphereSet, words: Text) -> tuple[list[str], dict[str, Any]]:
    """Which two models, and how they are drawn; all of it in the URL."""
    models = list(drawn.points)

    def select(key: str, options: Sequence[str], first: str, label: Callable[[str], str]) -> str:
        name = f"sphere-{key}"
        return st.selectbox(
            words(f"spheres.choose_{key}"), list(options), format_func=label, key=name,
            index=list(options).index(chosen(name, options, first)), on_change=keep(name),
        )  # fmt: skip

    def switch(key: str) -> bool:
        name = f"sphere-{key}"
        on = chosen(name, ("True", "False"), "False") == "True"
        return st.toggle(
            words(f"spheres.{key}"), on, key=name, on_change=keep(name),
            help=words(f"spheres.{key}_help"),
        )  # fmt: skip

    def said(option: str) -> str:
        return words(f"spheres.{option}")

    with st.container(horizontal=True, key="sphere-choices", vertical_alignment="bottom"):
        both = [
            select("left", models, models[0], words.loss),
            select("right", models, "arcface" if "arcface" in models else models[-1], words.loss),
        ]
        look: dict[str, Any] = {
            "parts": select("parts", PARTS, "both", said),
            "colour": select("colour", COLOURS, "person", said),
        }
        with st.popover(words("spheres.more")):
            look["size"] = select("size", SIZES, "medium", said)
            look["centres"] = switch("centres")
            look["names"] = switch("names")
            folders = list(drawn.gallery.names)
            only = st.multiselect(
                words("spheres.people"), folders, chosen_many("sphere-people", folders),
                format_func=shown_name, key="sphere-people",
                on_change=keep("sphere-people"), placeholder=words("spheres.everybody"),
            )  # fmt: skip
            look["people"] = [folders.index(folder) for folder in only]
    return both, look


def _pick(drawn: SphereSet) -> None:
    """A click on a point: its image stands in the URL; a click beside every point lets go."""
    index = st.session_state[KEY].picked
    put(PICKED, drawn.addresses[index] if 0 <= index < len(drawn.addresses) else "")


def _send_faces(folder: Path, gallery: str) -> None:
    """The gallery's faces for the pointer, last of all: they are slow to read."""
    files = assets.gallery_photos(folder)
    if files:
        data = {"id": gallery, "atlas": atlas(files), "cell": CELL, "columns": COLUMNS}
        component("gallery")(key="faces", data=data, height=1)


@cache
def component(name: str) -> Any:
    """The component of a script in figures/; the spheres' own has canvases and a style."""
    drawn = name == "sphere"
    return st.components.v2.component(
        name,
        html=SPHERES if drawn else "<span></span>",
        css=(FIGURES / "sphere.css").read_text(encoding="utf-8") if drawn else None,
        js=script(name),
    )
