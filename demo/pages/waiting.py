"""Waiting for a turn, where a page has something to compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from demo.language import Text
from demo.turns import turns


@contextmanager
def in_turn(
    place: DeltaGenerator, doing: str, words: Text, since: float | None = None
) -> Iterator[None]:
    """Compute within it, in turn with all other visitors, and draw nothing meanwhile.

    `place` is an st.empty(): it says how many are before, then with a spinner what is done. Each
    word to it is where Streamlit ends the run of a visitor who has left. `since` as for
    Turns.turn, which raises TurnsFull.
    """
    with turns().turn(lambda before: place.info(place_in_line(before, words)), since):
        with place, st.spinner(doing):
            yield
        place.empty()


def place_in_line(before: int, words: Text) -> str:
    """What somebody reads who waits."""
    return words("turns.before", count=before) if before else words("turns.next")


@contextmanager
def in_turn_with(bar: DeltaGenerator, done: float, words: Text) -> Iterator[None]:
    """The same for one of several pieces: a progress bar says where one is in line."""
    with turns().turn(lambda before: bar.progress(done, place_in_line(before, words))):
        yield
