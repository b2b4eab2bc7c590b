"""The panel of one face of the gallery: who it is, its neighbours, and the way to compare it."""

from functools import partial

import streamlit as st

from demo import assets
from demo.figures.people import image_name
from demo.figures.spheres import SphereSet
from demo.language import Text
from demo.pages.address import put
from demo.pages.frame import go
from demo.pages.photos import session
from demo.placed import around
from demo.session import SIDES

PICKED = "sphere-picked"  # in the URL: the image whose panel is open


def face_panel(drawn: SphereSet, index: int, models: list[str], words: Text) -> None:
    """Face `index` of the gallery: its picture where this machine has it, neighbours, buttons."""
    gallery = drawn.gallery
    files = assets.gallery_photos(assets.gallery_folder())
    file = files[index] if files else None
    with st.container(border=True, key="face-panel"):
        with st.container(horizontal=True, vertical_alignment="center"):
            if file:
                st.image(str(file), width=110, alt=words("face.alt"))
            with st.container():
                st.markdown(f"**{image_name(drawn.gallery, index)}**")
                st.caption(words("spheres.seen" if gallery.seen[index] else "spheres.unseen"))
        st.dataframe(around(drawn, index, models, words), hide_index=True)
        with st.container(horizontal=True):
            if file:
                for side in SIDES:
                    if st.button(words(f"face.compare_{side}"), key=f"face-{side}"):
                        _take(file.read_bytes(), side)
                        go("compare")
            else:
                st.caption(words("face.not_this" if files else "face.no_picture"))
            st.button(
                words("face.close"), key="face-close", type="tertiary",
                on_click=partial(put, PICKED, ""),
            )  # fmt: skip


def _take(data: bytes, side: str) -> None:
    here = session()
    here.keep_for_undo()
    here.give(side, data)
