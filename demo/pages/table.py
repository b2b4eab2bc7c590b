"""Numbers that a figure shows, as a plain table in HTML and as CSV."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from demo.figures.numbers import to_csv
from demo.language import Text


def table(head: list[str], rows: list[list[str]]) -> str:
    """HTML of a table whose rows are named by their first cell; the texts are escaped here."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells).replace(" ", "\u00a0")
        + "</tr>"
        for first, *cells in rows
    )
    return f'<div class="numbers"><table><tr>{top}</tr>{body}</table></div>'


def csv_button(
    name: str, head: Sequence[str], rows: Iterable[Sequence[object]], words: Text
) -> None:
    """A button that saves these rows as marginscope-<name>.csv."""
    st.download_button(
        words("margin.csv"), to_csv(head, rows), file_name=f"marginscope-{name}.csv",
        mime="text/csv", key=f"csv-{name}", on_click="ignore", type="tertiary",
        icon=":material/download:",
    )  # fmt: skip
