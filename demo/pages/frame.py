"""What every page has: its title line, the language switch, the ways to the other pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from demo.language import LANGUAGES, Text, guess, text
from demo.pages.address import chosen, keep
from demo.pages.terms import tell
from model.errors import MarginScopeError


def language() -> str:
    """The language of this visitor: what was chosen, else what the browser speaks."""
    return chosen("lang", list(LANGUAGES), guess(st.context.locale))


def title(page: str) -> Text:
    """The title line and what the page is about; returns the sentences in the chosen language."""
    first = language()
    with st.container(horizontal=True, vertical_alignment="center", key="title"):
        place = st.container(width="stretch")
        asked = st.segmented_control(
            text(first)("app.language"), list(LANGUAGES), default=first, key="lang",
            format_func=LANGUAGES.__getitem__, required=True, on_change=keep("lang"),
            label_visibility="collapsed",
        )  # fmt: skip
    words = text(asked or first)
    spoken = {"language": words.language, "upload": words("app.upload")}
    _page_language()(key="page-language", data=spoken, height=1)
    place.title(words("app.title" if page == "compare" else f"{page}.title"), anchor=False)
    tell(words, "app.tagline" if page == "compare" else f"{page}.tagline", large=False)
    return words


@contextmanager
def saying(words: Text) -> Iterator[None]:
    """Within it an error of ours becomes a sentence on the page; what stands outside goes on.

    A fragment needs one of its own: Streamlit lets none of its errors out.
    """
    try:
        yield
    except MarginScopeError as error:
        st.error(words.error(error))


def go(page: str) -> None:
    """Show another page, with everything that was chosen there."""
    st.switch_page(st.session_state.pages[page])


@cache
def _page_language() -> Any:
    """The component that tells the browser the language, and a word that Streamlit lacks in it."""
    script = Path(__file__).with_name("page_language.js").read_text(encoding="utf-8")
    return st.components.v2.component("page_language", html="<span></span>", js=script)
