"""Choices by name in the URL, whatever the language of their labels.

Streamlit's own bind="query-params" writes a choice's label, which changes with the language.
"""

from collections.abc import Callable, Sequence

import streamlit as st


def chosen(key: str, options: Sequence[str], first: str) -> str:
    """What the URL says of `key`; `first` where it says nothing or what is no option."""
    asked = st.query_params.get(key)
    return asked if asked is not None and asked in options else first


def keep(key: str) -> Callable[[], None]:
    """A widget's on_change: write its value into the URL."""

    def write() -> None:
        st.query_params[key] = st.session_state[key]

    return write
