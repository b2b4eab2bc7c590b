"""Choices by name in the URL, whatever the language of their labels, and over a change of page.

Streamlit's own bind="query-params" writes a choice's label, which changes with the language.
"""

from collections.abc import Callable, Sequence
from urllib.parse import unquote

import streamlit as st


def asked(key: str) -> str | None:
    """What the URL says of `key`; where it says nothing, what was kept, which then stands in it."""
    if key in st.query_params:
        _kept()[key] = st.query_params[key]
    elif _kept().get(key):
        st.query_params[key] = _kept()[key]
    return _kept().get(key)


def chosen(key: str, options: Sequence[str], first: str) -> str:
    """What the URL says of `key`, else what was chosen on another page.

    `first` where neither says anything or what they say is no option.
    """
    value = asked(key)
    return value if value is not None and value in options else first


def chosen_many(key: str, options: Sequence[str]) -> list[str]:
    """The same of a choice of several, which the URL names with commas; none at first."""
    values = [unquote(value) for value in (asked(key) or "").split(",") if value]
    return [option for option in options if option in values]


def keep(key: str) -> Callable[[], None]:
    """A widget's on_change: write its value into the URL."""
    return lambda: put(key, st.session_state[key])


def put(key: str, value: str | bool | list[str]) -> None:
    """Write a choice into the URL and keep it for the other pages; an empty one is taken away."""
    words = ",".join(map(_one, value)) if isinstance(value, list) else str(value)
    _kept()[key] = words
    if words:
        st.query_params[key] = words
    else:
        st.query_params.pop(key, None)


def _one(value: str) -> str:
    """One of several, without a comma of its own; chosen_many() reads it back."""
    return value.replace("%", "%25").replace(",", "%2C")


def _kept() -> dict[str, str]:
    found: dict[str, str] = st.session_state.setdefault("kept", {})
    return found
