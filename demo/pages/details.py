"""The numbers behind the dials, on demand, and a way to save them."""

import json

import streamlit as st

from demo.figures.dial import degrees, signed
from demo.language import Text
from demo.service import Answer, CompareService, Comparison
from model.calibration import Calibration

FARS = (0.1, 0.01, 0.001)


def details(service: CompareService, comparison: Comparison | None, words: Text) -> None:
    """An expander with each recogniser's thresholds and, where there is a pair, its numbers."""
    with st.expander(words("details.title")):
        with st.container(key="numbers"):
            st.markdown(_table(service, comparison, words))
        st.caption(words("details.note"))
        if comparison is not None:
            st.download_button(
                words("details.save"),
                json.dumps(comparison.to_json(), indent=1),
                file_name="marginscope.json",
                mime="application/json",
                on_click="ignore",
            )


def per_hundred(share: float, error: float) -> str:
    """0.123, 0.011 -> '12.3 ± 1.1'."""
    return f"{100 * share:.1f} ± {100 * error:.1f}"


def _table(service: CompareService, comparison: Comparison | None, words: Text) -> str:
    rows = [["", *(words(f"loss.{r.name}") for r in service.recognizers)]]
    rows.append(["---"] * len(rows[0]))
    if comparison is not None:
        answers = comparison.answers.values()
        rows += [
            [words(f"details.{name}"), *(_cell(name, answer) for answer in answers)]
            for name in ("angle", "similarity", "probability", "far", "frr")
        ]
    best = [degrees(r.calibration.threshold) for r in service.recognizers]
    rows.append([words("details.threshold_best"), *best])
    for far in FARS:
        label = words("details.threshold_far", far=f"{100 * far:g}")
        rows.append([label, *(_threshold(r.calibration, far, words) for r in service.recognizers)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


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
