"""Where photos stand on the spheres, in words and as files."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from demo.figures.spheres import SphereSet
from demo.figures.standalone import standalone
from demo.language import Text
from demo.placed import Marked, as_csv, neighbour_rows, points
from model.recognizer import Embedding


def neighbours_table(
    drawn: SphereSet, photos: Marked, embeddings: Mapping[str, Embedding], words: Text
) -> None:
    """The nearest gallery faces of each photo under each loss, with true angles."""
    rows = neighbour_rows(drawn, photos, embeddings, words)
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
