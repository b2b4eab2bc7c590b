"""The numbers behind the dials, each term with what it means, and how far they can be trusted."""

from html import escape

import streamlit as st

from demo import assets
from demo.figures.dial import FARS, degrees, signed
from demo.language import Text
from demo.pages.terms import note, term
from demo.service import Answer, CompareService, Comparison
from model.calibration import Calibration

TERMS = ("angle", "similarity", "probability", "far", "frr")  # of a pair


def details(service: CompareService, comparison: Comparison | None, words: Text) -> None:
    """An expander with each recogniser's thresholds and, where there is a pair, its numbers."""
    with st.expander(words("details.title"), key="numbers", on_change="rerun", bind="query-params"):
        st.html(_table(service, comparison, words))
        note(words, words("details.note"))
    title = words("details.trust_title")
    with st.expander(title, key="trust", on_change="rerun", bind="query-params") as opened:
        if opened.open:
            _trust(service, words)


def _trust(service: CompareService, words: Text) -> None:
    """What the probabilities said of test people, and what came true."""
    from demo.figures.reliability import reliability  # Plotly, which the page does without so far

    scores = assets.results("view1").get("losses", {})
    shown = {r.name: scores[r.name] for r in service.recognizers if r.name in scores}
    errors = []
    for name, found in shown.items():
        error = found["calibration_error"]
        parts = {key: signed(100 * error[key], 1) for key in ("value", "standard_error", "perfect")}
        chance = f"{100 * error['p_value']:.0f}"
        errors.append(words("details.trust_of", loss=words.loss(name), chance=chance, **parts))
    st.markdown(words("details.trust"))
    st.markdown("\n".join(f"- {sentence}" for sentence in errors))
    groups = {name: found["reliability"] for name, found in shown.items()}
    st.plotly_chart(
        reliability(groups, words), config={"displayModeBar": False}, alt=" ".join(errors)
    )


def per_hundred(share: float, error: float) -> str:
    """0.123, 0.011 -> '12.3 ± 1.1'."""
    return f"{100 * share:.1f} ± {100 * error:.1f}"


def loss_term(words: Text, recognizer: str, place: str) -> str:
    """HTML of a recogniser's name, with what that loss is; a file's own name stands as it is."""
    label = words.loss(recognizer)
    if f"tip.{recognizer}" not in words.sentences:
        return escape(label)
    return term(words, recognizer, label, place)


def _table(service: CompareService, comparison: Comparison | None, words: Text) -> str:
    recognizers = service.recognizers
    rows = []
    if comparison is not None:
        answers = comparison.answers.values()
        rows += [
            (term(words, name, words(f"details.{name}")), [_cell(name, a) for a in answers])
            for name in TERMS
        ]
    label = term(words, "threshold", words("details.threshold_best"))
    rows.append((label, [degrees(r.calibration.threshold) for r in recognizers]))
    for far in FARS:
        label = words("details.threshold_far", far=f"{100 * far:g}")
        label = term(words, "threshold_far", label, f"{far}")
        rows.append((label, [_threshold(r.calibration, far, words) for r in recognizers]))
    head = "".join(f'<th scope="col">{loss_term(words, r.name, "table")}</th>' for r in recognizers)
    body = "".join(
        f'<tr><th scope="row">{label}</th>{"".join(f"<td>{escape(c)}</td>" for c in cells)}</tr>'
        for label, cells in rows
    )
    return f'<div class="numbers"><table><tr><td></td>{head}</tr>{body}</table></div>'


def _cell(name: str, answer: Answer) -> str:
    return {
        "angle": degrees(answer.angle),
        "similarity": signed(answer.similarity, 3),
        "probability": f"{answer.probability:.3f}",
        "far": f"{per_hundred(answer.far, answer.far_error)} %",
        "frr": f"{per_hundred(answer.frr, answer.frr_error)} %",
    }[name]


def _threshold(calibration: Calibration, far: float, words: Text) -> str:
    angle = calibration.threshold_at_far(far)
    frr, error = calibration.frr(angle)
    return words("details.threshold_cell", angle=degrees(angle), frr=per_hundred(frr, error))
