"""The results page: what evaluate.py measured, with its errors, also where ArcFace does not win."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from demo import assets
from demo.language import Text
from demo.pages.frame import title
from demo.pages.margin import ledger
from demo.pages.numbers import draw, of_starts, points, signed, with_error
from demo.pages.results_studies import FARS, degrade, factors, identify, sweep
from demo.pages.table import csv_button, table
from demo.pages.terms import note

ELSEWHERE = ("ledger", "depth", "quality", "placement", "layout", "playback")  # on other pages
SURE = 0.05  # a p-value below which a difference is told from chance


def results_page() -> None:
    """Each protocol under its own title; one that was not measured here says its command."""
    words = title("results")
    for name in (*PARTS, *ELSEWHERE):
        if problem := assets.damage(name):
            st.error(words.error(problem))
    found = {name: assets.results(name) for name in (*PARTS, "ledger")}
    for name, part in PARTS.items():
        st.subheader(words(f"results.{name}_title"), anchor=name)
        if found[name]:
            part(found[name], words)
        else:
            st.info(words("results.missing", command=f"{name} --final" if name in FINAL else name))
    ledger(words)
    if found["ledger"]:
        from demo.figures.evidence import ledger_figure

        draw("ledger", ledger_figure(found["ledger"], words), words("margin.ledger_title"))
        head = ("loss", "statistic", "value", "standard_error")
        csv_button("ledger", head, _ledger_rows(found["ledger"]), words)
    st.caption(words("app.notice"))


def view1(found: dict[str, Any], words: Text) -> None:
    """View 1: a table, whether two losses differ, the ROC curve and the reliability diagram."""
    from demo.figures.evidence import roc_figure
    from demo.figures.reliability import reliability

    losses = found["losses"]
    measures = ("accuracy", "auc", "eer")
    head = ["", *(words(f"results.{m}") for m in measures), *(_at(far, words) for far in FARS)]
    st.html(table(head, [
        [words.loss(loss), *(with_error(m, one[m]) for m in measures),
         *(with_error("tar", one["tar_at_far"][far]) for far in FARS)]
        for loss, one in losses.items()
    ]))  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in verdicts(found, words)))
    note(words, words("results.view1_how", **_counts(found)))
    curves = {loss: one["roc"] for loss, one in losses.items()}
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{words('results.roc_title')}**")
        ends = ", ".join(
            f"{words.loss(loss)} {with_error('tar', one['tar_at_far']['0.01'])}"
            for loss, one in losses.items()
        )
        draw("roc", roc_figure(curves, words), words("results.roc_alt", ends=ends))
        rows = ((loss, f, t) for loss, one in curves.items()
                for f, t in zip(one["far"], one["tar"], strict=True))  # fmt: skip
        csv_button("roc", ("loss", "far", "tar"), rows, words)
    with right:
        st.markdown(f"**{words('results.reliability_title')}**")
        groups = {loss: one["reliability"] for loss, one in losses.items()}
        ends = ", ".join(
            f"{words.loss(loss)} {with_error('accuracy', one['calibration_error'])}"
            for loss, one in losses.items()
        )
        figure = reliability(groups, words)
        draw("reliability", figure, words("results.reliability_alt", ends=ends))
        keys = ("probability", "share", "pairs")
        lines = ((loss, *(g[k] for k in keys)) for loss, some in groups.items() for g in some)
        csv_button("reliability", ("loss", *keys), lines, words)


def verdicts(found: dict[str, Any], words: Text) -> list[str]:
    """A sentence for each two losses: how much they differ, and whether that may be chance."""
    lines = []
    for name, one in found["differences"].items():
        second, first = name.split(" less ")
        test, tar = one["mcnemar"], one["tar_at_far"]["0.01"]
        answers = words(
            "results.answers_differ" if test["p_value"] < SURE else "results.answers_alike",
            p=f"{test['p_value']:.2g}", second=words.loss(second), first=words.loss(first),
            only_second=test["only_first"], only_first=test["only_second"],
        )  # fmt: skip
        sure = abs(tar["value"]) > 2 * tar["standard_error"]
        everything = words("results.tar_differs" if sure else "results.tar_alike", tar=points(tar))
        lines.append(
            words(
                "results.difference", second=words.loss(second), first=words.loss(first),
                points=points(one["accuracy"]), auc=signed(one["auc"], 4),
                answers=answers, everything=everything,
            )
        )  # fmt: skip
    return lines


def seeds(found: dict[str, Any], words: Text) -> None:
    """Three starts of each loss: on validation people, and on test people."""
    parts = ("validation", "test")
    head = ["", *(words(f"results.seeds_{p}", what=words(f"results.{m}"))
                  for p in parts for m in ("accuracy", "auc"))]  # fmt: skip
    lines = []
    for loss, one in found["losses"].items():
        cells = [
            of_starts(m, one[p][m]) if p in one else "–" for p in parts for m in ("accuracy", "auc")
        ]
        lines.append([words.loss(loss), *cells])
    st.html(table(head, lines))
    note(words, words("results.seeds_how", seed=found["ships"]))


def view2(found: dict[str, Any], words: Text) -> None:
    """Ten folds a loss, as far as they are trained."""
    from demo.figures.evidence import Curve, points_figure

    losses = {loss: one for loss, one in found["losses"].items() if one["folds"]}
    lines = [
        words("results.view2_said", loss=words.loss(loss), n=one["n"],
              accuracy=with_error("accuracy", one["accuracy"]))
        for loss, one in losses.items()
    ]  # fmt: skip
    compared = [
        words("results.view2_difference", second=words.loss(second), first=words.loss(first),
              points=points(one["accuracy"]), auc=signed(one["auc"], 4), n=one["n"])
        for name, one in found.get("differences", {}).items()
        for second, first in [name.split(" less ")]
    ]  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in lines + compared))
    values = {
        loss: [fold["accuracy"] for fold in one["folds"].values()] for loss, one in losses.items()
    }
    if max(map(len, values.values()), default=0) > 1:  # one point draws no spread
        curves = [Curve(loss, list(range(len(each))), each) for loss, each in values.items()]
        names = {loss: words.loss(loss) for loss in values}
        figure = points_figure(curves, names, words("results.accuracy"))
        draw("view2", figure, " ".join(lines))
    rows = ((loss, number, fold["accuracy"], fold["auc"]) for loss, one in losses.items()
            for number, fold in one["folds"].items())  # fmt: skip
    csv_button("view2", ("loss", "fold", "accuracy", "auc"), rows, words)
    note(words, words("results.view2_how", epochs=found["schedule"]["stop_after"]))


PARTS = {
    "view1": view1,
    "seeds": seeds,
    "view2": view2,
    "factors": factors,
    "identify": identify,
    "sweep": sweep,
    "degrade": degrade,
}
# They score test people, so their commands say --final
FINAL = ("view1", "seeds", "view2", "factors", "identify")


def _at(far: str, words: Text) -> str:
    return words("results.tar_at", far=f"{100 * float(far):g}")


def _counts(found: dict[str, Any]) -> dict[str, str]:
    every = found["all_pairs"]
    return {
        "people": f"{found['people']:,}",
        "images": f"{found['images']:,}",
        "every": f"{every['genuine'] + every['impostor']:,}",
    }


def _ledger_rows(found: dict[str, Any]) -> Iterable[tuple[object, ...]]:
    for loss, one in found["losses"].items():
        for name, of in one.items():
            if isinstance(of, dict):
                yield loss, name, of["value"], of["standard_error"]
