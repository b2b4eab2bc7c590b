"""The lesson: nine steps from two photos to the margin, each a live figure and a few sentences."""

from collections.abc import Callable

import streamlit as st

from demo import assets
from demo.language import Text
from demo.pages import lesson_steps
from demo.pages.address import chosen, put
from demo.pages.frame import title
from demo.pages.lesson_break import break_step
from demo.pages.lesson_convolution import convolution_step
from demo.pages.lesson_search import search_step
from demo.pages.photos import session
from demo.pages.terms import tell
from demo.service import CompareService, Photo
from demo.session import SIDES
from model.errors import MarginScopeError

KEY = "lesson-step"


def lesson_page() -> None:
    """One step, and the ways to the others: buttons, a list, PageUp and PageDown."""
    words = title("lesson")
    names = list(STEPS)
    numbers = [str(i + 1) for i in range(len(names))]
    here = numbers.index(chosen(KEY, numbers, "1"))
    _ways(here, names, words, "above")
    with st.container(key="lesson"):
        name = words(f"lesson.{names[here]}_title")
        st.subheader(words("lesson.numbered", number=here + 1, name=name), anchor=False)
        try:
            STEPS[names[here]](_photos() if names[here] in PICTURED else {}, words)
        except MarginScopeError as error:
            st.info(words.error(error))
    _ways(here, names, words, "below")
    st.caption(words("lesson.keys"))
    st.caption(words("app.notice"))


def _ways(here: int, names: list[str], words: Text, place: str) -> None:
    """Back, the list of steps, next; the keys belong to the upper ones."""

    def button(way: str, to: int, key: str, icon: str) -> None:
        st.button(
            words(f"lesson.{way}"), key=f"lesson-{way}-{place}", icon=f":material/{icon}:",
            on_click=put, args=(KEY, str(to + 1)), disabled=not 0 <= to < len(names),
            shortcut=key if place == "above" else None,
        )  # fmt: skip

    with st.container(horizontal=True, vertical_alignment="bottom", key=f"lesson-ways-{place}"):
        button("back", here - 1, "PageUp", "arrow_back")
        if place == "above":
            numbers = list(range(len(names)))
            st.selectbox(
                words("lesson.step", number=here + 1, count=len(names)), numbers, index=here,
                key=f"lesson-list-{here}", on_change=lambda: put(
                    KEY, str(st.session_state[f"lesson-list-{here}"] + 1)
                ),
                format_func=lambda i: words(
                    "lesson.numbered", number=i + 1, name=words(f"lesson.{names[i]}_title")
                ),
            )  # fmt: skip
        button("next", here + 1, "PageDown", "arrow_forward")
    if place == "above":
        st.progress((here + 1) / len(names))


def _photos() -> dict[str, Photo]:
    """The visitor's two photos; where they are not both there, the two portraits."""
    mine = session().photos
    return {s: mine[s] for s in SIDES} if all(s in mine for s in SIDES) else portraits()


@st.cache_resource(show_spinner=False)
def portraits() -> dict[str, Photo]:
    """The two portraits that ship, read once a process."""
    service = CompareService([])
    files = zip(SIDES, assets.PORTRAITS, strict=True)
    return {side: service.read(assets.shipped_photo(file), side) for side, file in files}


def _convolution(photos: dict[str, Photo], words: Text) -> None:
    tell(words, "lesson.convolution_says")
    convolution_step(photos["left"].crop, words)


def _break(photos: dict[str, Photo], words: Text) -> None:
    tell(words, "lesson.break_says")
    break_step(photos["left"].crop, words)


def _search(_: dict[str, Photo], words: Text) -> None:
    tell(words, "lesson.search_says")
    search_step(words)


STEPS: dict[str, Callable[[dict[str, Photo], Text], None]] = {
    "embedding": lesson_steps.embedding,
    "convolution": _convolution,
    "residual": lesson_steps.residual,
    "softmax": lesson_steps.softmax,
    "sphere": lesson_steps.sphere,
    "margin": lesson_steps.margin,
    "ledger": lesson_steps.ledger,
    "break": _break,
    "search": _search,
}
PICTURED = ("embedding", "convolution", "break")  # the steps that show the photos
