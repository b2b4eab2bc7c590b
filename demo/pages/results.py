"""The results page: what evaluate.py measured, with its errors, also where ArcFace does not win."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from demo import assets
from demo.figures.flat import config
from demo.language import Text
from demo.pages.address import chosen, keep
from demo.pages.frame import title
from demo.pages.margin import ledger
from demo.pages.table import csv_button, table
from demo.pages.terms import note
from model.degrade import DEGRADATIONS

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

        _draw("ledger", ledger_figure(found["ledger"], words), words("margin.ledger_title"))
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
        [words.loss(loss), *(_told(m, one[m]) for m in measures),
         *(_told("tar", one["tar_at_far"][far]) for far in FARS)]
        for loss, one in losses.items()
    ]))  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in verdicts(found, words)))
    note(words, words("results.view1_how", **_counts(found)))
    curves = {loss: one["roc"] for loss, one in losses.items()}
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{words('results.roc_title')}**")
        ends = ", ".join(
            f"{words.loss(loss)} {_told('tar', one['tar_at_far']['0.01'])}"
            for loss, one in losses.items()
        )
        _draw("roc", roc_figure(curves, words), words("results.roc_alt", ends=ends))
        rows = ((loss, f, t) for loss, one in curves.items()
                for f, t in zip(one["far"], one["tar"], strict=True))  # fmt: skip
        csv_button("roc", ("loss", "far", "tar"), rows, words)
    with right:
        st.markdown(f"**{words('results.reliability_title')}**")
        groups = {loss: one["reliability"] for loss, one in losses.items()}
        ends = ", ".join(
            f"{words.loss(loss)} {_told('accuracy', one['calibration_error'])}"
            for loss, one in losses.items()
        )
        figure = reliability(groups, words)
        _draw("reliability", figure, words("results.reliability_alt", ends=ends))
        keys = ("probability", "share", "pairs")
        lines = ((loss, *(g[k] for k in keys)) for loss, some in groups.items() for g in some)
        csv_button("reliability", ("loss", *keys), lines, words)


FARS = ("0.01", "0.001")


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
        everything = words("results.tar_differs" if sure else "results.tar_alike", tar=_points(tar))
        lines.append(
            words(
                "results.difference", second=words.loss(second), first=words.loss(first),
                points=_points(one["accuracy"]), auc=_signed(one["auc"], 4),
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
            _each(m, one[p][m]) if p in one else "–" for p in parts for m in ("accuracy", "auc")
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
              accuracy=_told("accuracy", one["accuracy"]))
        for loss, one in losses.items()
    ]  # fmt: skip
    compared = [
        words("results.view2_difference", second=words.loss(second), first=words.loss(first),
              points=_points(one["accuracy"]), auc=_signed(one["auc"], 4), n=one["n"])
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
        _draw("view2", figure, " ".join(lines))
    rows = ((loss, number, fold["accuracy"], fold["auc"]) for loss, one in losses.items()
            for number, fold in one["folds"].items())  # fmt: skip
    csv_button("view2", ("loss", "fold", "accuracy", "auc"), rows, words)
    note(words, words("results.view2_how", epochs=found["schedule"]["stop_after"]))


def identify(found: dict[str, Any], words: Text) -> None:
    """Knowing these people, and knowing faces."""
    closed, opened = found["closed"], found["open"]
    st.markdown(
        words(
            "results.closed", rank_1=_told("accuracy", closed["rank_1"]),
            ceiling=_told("accuracy", closed["ceiling"]),
            known=_told("accuracy", closed["rank_1_of_known"]), **closed["trained"],
        )
    )  # fmt: skip
    keys = ("rank_1", "rank_5")
    fars = [(far, what) for far in FARS for what in ("found", "false_alarms")]
    head = ["", *(words(f"results.{key}") for key in keys)]
    head += [words(f"results.{what}", far=f"{100 * float(far):g}") for far, what in fars]
    st.html(table(head, [
        [words.loss(loss), *(_told("accuracy", one[key]) for key in keys),
         *(_told("accuracy", one["at_far"][far][what]) for far, what in fars)]
        for loss, one in opened["losses"].items()
    ]))  # fmt: skip
    counts = {key: opened[key] for key in ("enrolled", "probes", "strangers")}
    note(words, words("results.identify_how", **counts))


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
            _draw(f"sweep-{by}", figure, told or words("results.none_failed"))
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
    _draw(
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


PARTS = {
    "view1": view1,
    "seeds": seeds,
    "view2": view2,
    "identify": identify,
    "sweep": sweep,
    "degrade": degrade,
}
FINAL = ("view1", "seeds", "view2", "identify")  # score test people, so their commands say --final


def _told(measure: str, of: dict[str, float]) -> str:
    scale, digits, unit = (1, 4, "") if measure == "auc" else (100, 1, " %")
    error = f" ± {scale * of['standard_error']:.{digits}f}" if "standard_error" in of else ""
    return f"{scale * of['value']:.{digits}f}{error}{unit}"


def _each(measure: str, of: dict[str, Any]) -> str:
    if measure == "auc":
        return ", ".join(f"{value:.4f}" for value in of["each"])
    return ", ".join(f"{100 * value:.1f}" for value in of["each"]) + " %"


def _points(of: dict[str, float]) -> str:
    return _signed({key: 100 * value for key, value in of.items()}, 1)


def _signed(of: dict[str, float], digits: int) -> str:
    value = f"{of['value']:+.{digits}f}".replace("-", "−")
    return f"{value} ± {of['standard_error']:.{digits}f}"


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


def _draw(name: str, figure: Any, alt: str) -> None:
    st.plotly_chart(figure, key=f"results-{name}", config=config(name), alt=alt)
