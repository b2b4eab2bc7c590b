"""The results page's studies: searches, margin against scale, the sweep, spoilt faces."""

from typing import Any

import streamlit as st

from demo.language import Text
from demo.pages.address import chosen, keep
from demo.pages.numbers import draw, signed, with_error
from demo.pages.table import csv_button, table
from demo.pages.terms import note
from model.degrade import DEGRADATIONS

FARS = ("0.01", "0.001")


def identify(found: dict[str, Any], words: Text) -> None:
    """Knowing these people, and knowing faces."""
    closed, opened = found["closed"], found["open"]
    st.markdown(
        words(
            "results.closed", rank_1=with_error("accuracy", closed["rank_1"]),
            ceiling=with_error("accuracy", closed["ceiling"]),
            known=with_error("accuracy", closed["rank_1_of_known"]),
            **{key: f"{count:,}" for key, count in closed["trained"].items()},
        )
    )  # fmt: skip
    keys = ("rank_1", "rank_5")
    fars = [(far, what) for far in FARS for what in ("found", "false_alarms")]
    head = ["", *(words(f"results.{key}") for key in keys)]
    head += [words(f"results.{what}", far=f"{100 * float(far):g}") for far, what in fars]
    st.html(table(head, [
        [words.loss(loss), *(with_error("accuracy", one[key]) for key in keys),
         *(with_error("accuracy", one["at_far"][far][what]) for far, what in fars)]
        for loss, one in opened["losses"].items()
    ]))  # fmt: skip
    counts = {key: opened[key] for key in ("enrolled", "probes", "strangers")}
    note(words, words("results.identify_how", **counts))


def factors(found: dict[str, Any], words: Text) -> None:
    """Scale and margin, each changed alone, at the size that ships."""
    areas = {"validation_auc": "results.auc_validation", "auc": "results.auc_test"}
    angles = (words(f"margin.{angle}") for angle in ANGLES)
    head = ["", *(words(label) for label in areas.values()), *angles]
    st.html(table(head, [
        [name.replace(" ", "\u00a0"), *(with_error("auc", one[area]) for area in areas),
         *(f"{one[a]['value']:.1f} ± {one[a]['standard_error']:.1f}°" for a in ANGLES)]
        for name, one in found["networks"].items()
    ]))  # fmt: skip
    lines = [
        words("results.factors_difference", second=second, first=first,
              validation=signed(one["validation_auc"], 4), test=signed(one["auc"], 4))
        for name, one in found["differences"].items()
        for second, first in [name.split(" less ")]
    ]  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in lines))
    rows = ((name, measure, of["value"], of["standard_error"])
            for name, one in found["networks"].items()
            for measure, of in one.items() if isinstance(of, dict))  # fmt: skip
    csv_button("factors", ("network", "measure", "value", "standard_error"), rows, words)
    note(words, words("results.factors_how"))


ANGLES = ("w_ec", "w_inter", "unseen_left_out", "unseen_inter")


def sweep(found: dict[str, Any], words: Text) -> None:
    """What scale and margin do on small trainings, and where these fail."""
    from demo.figures.evidence import sweep_figure

    measures = ("auc", "w_ec_degrees", "inter_degrees", "trained_right")
    measure = st.segmented_control(
        words("results.measure"), measures, default=chosen("sweep", measures, "auc"),
        key="sweep", format_func=lambda m: words(f"results.{m}"), required=True,
        on_change=keep("sweep"),
    )  # fmt: skip
    rows = [row for row in found["settings"] if row["ramp"] > 0]
    kept = {
        "margin": [r for r in rows if r["scale"] == found["at"]["scale"]],
        "scale": [r for r in rows if r["margin"] == found["at"]["margin"]],
    }
    failed = [row for row in found["settings"] if row["failed"]]
    told = ", ".join(
        words("results.failed_at", setting=r["setting"], failed=r["failed"], seeds=r["seeds"])
        for r in failed
    )
    for column, (by, some) in zip(st.columns(2), kept.items(), strict=True):
        with column:
            figure = sweep_figure(some, by, measure or "auc", words)
            draw(f"sweep-{by}", figure, told or words("results.none_failed"))
    st.markdown(words("results.failed", which=told) if told else words("results.none_failed"))
    names = ("setting", "scale", "margin", "ramp", "seeds", "failed")
    lines = ([*(r[n] for n in names), *(r.get(m, {}).get("value", "") for m in measures)]
             for r in found["settings"])  # fmt: skip
    csv_button("sweep", (*names, *measures), lines, words)
    seeds = min(r["seeds"] for r in found["settings"])
    note(words, words("results.sweep_how", seeds=seeds))


def degrade(found: dict[str, Any], words: Text) -> None:
    """AUC of each loss as a face is spoilt in one of eight ways."""
    from demo.figures.evidence import Curve, strength_figure

    kinds = list(DEGRADATIONS)
    kind = st.pills(
        words("results.kind"), kinds, default=chosen("spoilt", kinds, "blur"), key="spoilt",
        format_func=lambda k: words(f"break.of_{k}"), required=True, on_change=keep("spoilt"),
    )  # fmt: skip
    one = found["kinds"][kind or "blur"]
    steps = one["steps"]
    labels = [f"{step['strength']:g}" for step in steps]
    curves = [
        Curve(loss, labels, [step["losses"][loss]["auc"]["value"] for step in steps],
              [step["losses"][loss]["auc"]["standard_error"] for step in steps])
        for loss in steps[0]["losses"]
    ]  # fmt: skip
    ends = ", ".join(f"{words.loss(c.loss)} {c.y[0]:.3f} → {c.y[-1]:.3f}" for c in curves)
    axis = words(f"break.axis_{kind}")
    draw(
        "degrade",
        strength_figure(curves, axis, words),
        words("results.degrade_alt", kind=axis, ends=ends),
    )
    rows = ((name, step["strength"], loss, each["auc"]["value"], each["auc"]["standard_error"],
             each["accuracy"]["value"], each["accuracy"]["standard_error"])
            for name, some in found["kinds"].items() for step in some["steps"]
            for loss, each in step["losses"].items())  # fmt: skip
    head = ("kind", "strength", "loss", "auc", "auc_error", "accuracy", "accuracy_error")
    csv_button("degrade", head, rows, words)
    note(words, words("results.degrade_how", people=found["people"]))
