"""Two photos, and how similar the faces are under each loss."""

import streamlit as st

from demo import assets
from demo.figures.dial import degrees, dial, signed
from demo.language import LANGUAGES, Text, guess, text
from demo.pages.details import details, per_hundred
from demo.pages.photos import SIDES, photo_panel, ready_pairs, session, take_ready_pair
from demo.service import Answer, CompareService, Comparison
from model.errors import MarginScopeError
from model.images import MAX_BYTES
from model.recognizer import Recognizer

CONTROL = "norm-softmax"


def page() -> None:
    """The compare page."""
    words = _title()
    try:
        with st.spinner(words("compare.thinking")):
            losses = ("softmax", CONTROL, "arcface") if _with_control() else ("softmax", "arcface")
            service = CompareService([assets.recognizer(name) for name in losses])
    except MarginScopeError as error:
        st.error(words.error(error))
        return
    here = session()
    _buttons(service, words)
    with st.container(key="stage"):
        with st.container(key="first"):
            photo_panel("left", service, words)
        with st.container(key="answer"):
            comparison = None
            if all(side in here.photos for side in SIDES):
                comparison = service.compare(here.photos["left"], here.photos["right"])
            _dials(service, comparison, words)
        with st.container(key="second"):
            photo_panel("right", service, words)
    st.toggle(
        words("compare.control"), key="control", bind="query-params",
        help=words("compare.control_help"),
    )  # fmt: skip
    details(service, comparison, words)
    with st.expander(words("compare.how_title")):
        st.markdown(words("compare.how"))
    st.caption(words("app.notice"))


def _with_control() -> bool:
    """Whether norm-softmax is shown; the toggle stands below what it changes."""
    in_url = st.query_params.get("control") == "true"
    return bool(st.session_state.get("control", in_url))


def _title() -> Text:
    """The title line with the language switch; returns the language chosen."""
    asked = st.query_params.get("lang")
    first = asked if asked in LANGUAGES else guess(st.context.locale)

    def keep_in_url() -> None:
        st.query_params["lang"] = st.session_state.lang

    with st.container(horizontal=True, vertical_alignment="center", key="title"):
        place = st.container(width="stretch")
        language = st.segmented_control(
            text(first)("app.language"), list(LANGUAGES), default=first, key="lang",
            format_func=LANGUAGES.__getitem__, required=True, on_change=keep_in_url,
            label_visibility="collapsed",
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


def _dials(service: CompareService, comparison: Comparison | None, words: Text) -> None:
    answers = comparison.answers if comparison else {}
    if comparison is None:
        st.info(words("compare.waiting_one" if session().photos else "compare.waiting"))
    with st.container(key="dials"):
        for recognizer in service.recognizers:
            with st.container(key=f"dial-{recognizer.name}"):
                _dial(recognizer, answers.get(recognizer.name), words)
    if len({answer.verdict for answer in answers.values()}) > 1:
        st.info(words("compare.disagree"))
    if comparison is None:
        st.caption(words("compare.privacy", megabytes=MAX_BYTES // 2**20))


def _dial(recognizer: Recognizer, answer: Answer | None, words: Text) -> None:
    loss, calibration = recognizer.name, recognizer.calibration
    fields = {
        "loss": words(f"loss.{loss}"),
        "genuine": degrees(calibration.typical(same=True)),
        "impostor": degrees(calibration.typical(same=False)),
        "threshold": degrees(calibration.threshold),
    }
    if answer is not None:
        fields["angle"] = degrees(answer.angle)
        fields["similarity"] = signed(answer.similarity, 2)
    st.plotly_chart(
        dial(loss, calibration, answer.angle if answer else None, words),
        key=f"chart-{loss}",
        config={"displayModeBar": False},
        alt=words("compare.dial_alt" if answer else "compare.dial_alt_empty", **fields),
    )
    if answer is None:
        st.html(f'<div class="reading"><h3>{fields["loss"]}</h3></div>')
        return
    probability = f"{answer.probability:.2f}"
    st.html(
        f'<div class="reading"><h3>{fields["loss"]}</h3><strong>{fields["angle"]}</strong>'
        f"<span>{words('figure.similarity', value=fields['similarity'])}</span>"
        f"<em>{words(f'verdict.{answer.verdict}')}</em>"
        f"<span>{words('verdict.probability', value=probability)}</span></div>"
    )
    st.caption(
        words("compare.reading_far", far=per_hundred(answer.far, answer.far_error))
        + "  \n"
        + words("compare.reading_frr", frr=per_hundred(answer.frr, answer.frr_error))
    )
