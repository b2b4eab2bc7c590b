"""Two photos, and how similar the faces are under each loss."""

import streamlit as st

from demo.assets import recognizer
from demo.figures.dial import degrees, dial, signed, typical
from demo.language import LANGUAGES, Text, guess, text
from demo.pages.photos import SIDES, photo_panel, ready_pairs, session, take_ready_pair
from demo.service import Answer, CompareService, Comparison
from model.errors import MarginScopeError
from model.images import MAX_BYTES

LOSSES = ("softmax", "arcface")


def page() -> None:
    """The compare page."""
    words = _title()
    try:
        with st.spinner(words("compare.thinking")):
            service = CompareService([recognizer(name) for name in LOSSES])
    except MarginScopeError as error:
        st.error(words.error(error))
        return
    here = session()
    _buttons(service, words)
    with st.container(key="stage"):
        with st.container(key="first"):
            photo_panel("left", service, words)
        with st.container(key="answer"):
            if all(side in here.photos for side in SIDES):
                _answers(service.compare(here.photos["left"], here.photos["right"]), words)
            else:
                _waiting(words)
        with st.container(key="second"):
            photo_panel("right", service, words)
    with st.expander(words("compare.how_title")):
        st.markdown(words("compare.how"))
    st.caption(words("app.notice"))


def _title() -> Text:
    """The title line with the language switch; returns the language chosen."""
    first = guess(st.context.locale)
    with st.container(horizontal=True, vertical_alignment="center", key="title"):
        place = st.container(width="stretch")
        language = st.segmented_control(
            "Language · 언어", list(LANGUAGES), format_func=LANGUAGES.__getitem__, default=first,
            key="lang", bind="query-params", label_visibility="collapsed", required=True,
        )  # fmt: skip
    words = text(language or first)
    place.title(words("app.title"), anchor=False)
    st.markdown(words("app.tagline"))
    return words


def _buttons(service: CompareService, words: Text) -> None:
    here = session()
    with st.container(horizontal=True, key="buttons"):
        if ready_pairs() is None:
            st.button(
                words("compare.ready_portraits"), on_click=take_ready_pair, args=(service, False),
                help=words("compare.ready_help_portraits"), type="primary", key="ready-portraits",
            )  # fmt: skip
        else:
            for same, name in ((True, "same"), (False, "different")):
                st.button(
                    words(f"compare.ready_{name}"), on_click=take_ready_pair, args=(service, same),
                    help=words("compare.ready_help_lfw"), key=f"ready-{name}",
                    type="secondary" if here.photos else "primary",
                )  # fmt: skip
        if here.photos:
            st.button(words("compare.swap"), on_click=here.swap, key="swap")
            st.button(words("compare.clear"), on_click=here.clear, key="clear")
        if here.before and here.before != here.photos:
            st.button(words("compare.undo"), on_click=here.undo, key="undo")


def _waiting(words: Text) -> None:
    one = bool(session().photos)
    st.info(words("compare.waiting_one" if one else "compare.waiting"))
    st.caption(words("compare.privacy", megabytes=MAX_BYTES // 2**20))


def _answers(comparison: Comparison, words: Text) -> None:
    with st.container(key="dials"):
        for loss, answer in comparison.answers.items():
            with st.container(key=f"dial-{loss}"):
                _answer(loss, answer, words)
    sides = {answer.angle <= answer.threshold for answer in comparison.answers.values()}
    if len(sides) > 1:
        st.info(words("compare.disagree"))


def _answer(loss: str, answer: Answer, words: Text) -> None:
    st.plotly_chart(
        dial(loss, answer, words),
        key=f"chart-{loss}",
        config={"displayModeBar": False},
        alt=words(
            "compare.dial_alt",
            loss=words(f"loss.{loss}"),
            angle=degrees(answer.angle),
            similarity=signed(answer.similarity, 2),
            genuine=degrees(typical(answer.calibration.genuine)),
            impostor=degrees(typical(answer.calibration.impostor)),
        ),
    )
    st.markdown(
        words("compare.reading_far", far=f"{100 * answer.far:.1f}")
        + "  \n"
        + words("compare.reading_frr", frr=f"{100 * answer.frr:.1f}")
    )
