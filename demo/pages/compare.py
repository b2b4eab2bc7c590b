"""Two photos, and how similar the faces are under each loss."""

import json
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import streamlit as st

from demo import assets
from demo.figures.dial import degrees, dial, signed
from demo.figures.picture import picture
from demo.figures.standalone import FIGURES, script
from demo.language import Text
from demo.pages.details import details, loss_term
from demo.pages.explain import explain
from demo.pages.frame import go, title
from demo.pages.margin import uploads
from demo.pages.photos import photo_panel, say_where_room_is_short, session
from demo.pages.spheres import spheres
from demo.pages.terms import term
from demo.pages.waiting import in_turn
from demo.placed import marked
from demo.service import Belief, CompareService, Comparison, Photo
from demo.session import SIDES, ready_pairs
from demo.told import dial_alt, disagreement, shares
from demo.turns import TurnsFull
from model.errors import MarginScopeError
from model.images import MAX_BYTES
from model.recognizer import Recognizer
from model.reference import REFERENCE

CONTROL = "norm-softmax"
LIMITS, PRIORS = (1, 25, 5), (1, 99, 50)  # per cent: lowest, highest, what is set at first


def compare_page() -> None:
    """The compare page; what stands below the stage is asked first, since it decides the stage."""
    words = title("compare")
    buttons, stage, below = (st.container(key=key) for key in ("buttons", "stage", "below"))
    with below:
        choice = _choices(words)
    with stage, st.spinner(words("compare.thinking")):
        recognizers, problems = choice.recognizers()
    with buttons:
        for problem in problems:
            st.error(words.error(problem))
        say_where_room_is_short(words)
    if not recognizers:
        return
    service = CompareService(recognizers)
    with stage:
        first, answer, second = (st.container(key=key) for key in ("first", "answer", "second"))
    with answer:
        comparison = _compared(service, choice.belief, words)
        _dials(service, comparison, words)
    with buttons:
        _buttons(words)
    for panel, side in zip((first, second), SIDES, strict=True):
        with panel:
            photo_panel(side, words)
    with below:
        spheres(marked(comparison), words)
        if st.button(words("spheres.larger"), key="to-spheres", icon=":material/arrow_forward:"):
            go("spheres")
        explain(service, comparison, words)
        uploads(comparison, words)
        details(service, comparison, words)
        with st.expander(words("compare.how_title"), key="how", on_change="rerun",
                         bind="query-params"):  # fmt: skip
            st.markdown(words("compare.how"))
        st.caption(words("app.notice"))


def _compared(service: CompareService, belief: Belief, words: Text) -> Comparison | None:
    """The answer on the photos, once both are there; what there is to compute waits for its turn.

    Where too many wait this says so, and the next run tries again.
    """
    here, place = session(), st.empty()

    def photos() -> list[Photo]:
        return [here.photos[side] for side in SIDES if side in here.photos]

    try:
        if here.given or not service.knows(*photos()):
            since = here.since if here.given else None
            with in_turn(place, words("compare.reading"), words, since):
                here.read_given(service)
                service.embed(*photos())
    except TurnsFull as error:
        with place.container():
            st.error(words.error(error))
            st.button(words("turns.again"), key="again")
        return None
    if len(photos()) < len(SIDES):
        return None
    left, right = photos()
    return service.compare(left, right, belief)


@dataclass(frozen=True)
class Choice:
    """What a visitor chose beside the photos; all of it is in the URL."""

    names: tuple[str, ...]
    onnx: bool
    belief: Belief

    def recognizers(self) -> tuple[list[Recognizer], list[MarginScopeError]]:
        """The recognisers shown, in order, and why others cannot be loaded."""
        loads = [partial(assets.recognizer, name) for name in self.names]
        file = assets.onnx_file()
        if self.onnx and file:
            loads.append(partial(assets.onnx_recognizer, file))
        found: list[Recognizer] = []
        problems: list[MarginScopeError] = []
        for load in loads:
            try:
                found.append(load())
            except MarginScopeError as error:
                problems.append(error)
        return found, problems


def _choices(words: Text) -> Choice:
    """Which networks are shown, and the two sliders of a verdict."""

    def switch(key: str, **fields: str) -> bool:
        return st.toggle(
            words(f"compare.{key}", **fields), key=key, bind="query-params",
            help=words(f"compare.{key}_help"),
        )  # fmt: skip

    def slider(key: str, range_: tuple[int, int, int]) -> float:
        low, high, first = range_
        return st.slider(
            words(f"compare.{key}"), low, high, first, format="%d %%", key=key,
            bind="query-params", help=words(f"compare.{key}_help"),
        ) / 100  # fmt: skip

    with st.container(key="choices"):
        names = ["softmax", "arcface"]
        with st.container():
            if switch("control"):
                names.insert(1, CONTROL)
            if assets.has_reference() and switch("reference"):
                names.append(REFERENCE)
            file = assets.onnx_file()
            onnx = file is not None and switch("onnx", name=file.name)
        limit = slider("limit", LIMITS)
        prior = slider("prior", PRIORS)
    return Choice(tuple(names), onnx, Belief(prior=prior, limit=limit))


def _buttons(words: Text) -> None:
    here = session()
    with st.container(horizontal=True):
        if ready_pairs() is None:
            st.button(
                words("compare.ready_portraits"), on_click=here.give_ready_pair, args=(False,),
                help=words("compare.ready_help_portraits"), type="primary", key="ready-portraits",
            )  # fmt: skip
        else:
            for same, name in ((True, "same"), (False, "different")):
                st.button(
                    words(f"compare.ready_{name}"), on_click=here.give_ready_pair, args=(same,),
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
    if len(session().photos) < len(SIDES):
        st.info(words("compare.waiting_one" if session().photos else "compare.waiting"))
    with st.container(key="dials"):
        for recognizer in service.recognizers:
            with st.container(key=f"dial-{recognizer.name}"):
                _dial(recognizer, comparison, words)
    if comparison is None:
        st.caption(words("compare.privacy", megabytes=MAX_BYTES // 2**20))
        return
    for sentence in disagreement(answers, words):
        st.info(sentence)
    with st.container(horizontal=True, horizontal_alignment="center", key="save"):
        st.download_button(
            words("details.save"), json.dumps(comparison.to_json(), indent=1),
            file_name="marginscope.json", mime="application/json", on_click="ignore",
        )  # fmt: skip
        svg = picture(comparison, service.recognizers, words)
        data = {"svg": svg, "label": words("picture.save"), "name": "marginscope.png"}
        _save_picture()(key="save-picture", data=data, width="content")


def _dial(recognizer: Recognizer, comparison: Comparison | None, words: Text) -> None:
    name = recognizer.name
    answer = comparison.answers[name] if comparison else None
    drawn = dial(name, recognizer.calibration, answer.angle if answer else None, words)
    st.image(drawn, width="stretch", alt=dial_alt(recognizer, answer, words))
    heading = f"<h3>{loss_term(words, name, 'dial')}</h3>"
    if answer is None:
        st.html(f'<div class="reading">{heading}</div>')
        return
    probability = words("verdict.probability", value=f"{answer.probability:.2f}")
    similarity = words("figure.similarity", value=signed(answer.similarity, 2))
    st.html(
        f'<div class="reading">{heading}<strong>{degrees(answer.angle)}</strong>'
        f"<span>{similarity}</span><em>{words(f'verdict.{answer.verdict}')}</em>"
        f"<span>{term(words, 'probability', probability, name)}</span></div>"
    )
    for kind, sentence in shares(recognizer, answer, words).items():
        st.caption(sentence, help=words(f"tip.{kind}"))


@cache
def _save_picture() -> Any:
    """The component behind the button that saves the picture."""
    return st.components.v2.component(
        "save_picture",
        html='<button type="button" class="save"></button>',
        css=(FIGURES / "save_picture.css").read_text(encoding="utf-8"),
        js=script("save_picture"),
    )
