"""What evaluate.py measured, drawn: ROC curves, folds, sweeps, spoilt faces.

Each figure keeps the numbers exact, with their standard errors where one is drawn; it loses which
people and photos they come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from demo.colours import LINE, colour_of, translucent
from demo.figures.flat import legend, sheet, titled
from demo.language import Text
from model.ledger import STATISTICS

HEIGHT = 380


@dataclass(frozen=True)
class Curve:
    """Values of one loss: x (K,), y (K,) and, where there is one, their standard error (K,)."""

    loss: str
    x: Sequence[float | str]
    y: Sequence[float]
    error: Sequence[float] | None = None


def roc_figure(losses: dict[str, dict[str, list[float]]], text: Text) -> go.Figure:
    """TAR over FAR of each loss {"far": (K,), "tar": (K,)}; FAR is logarithmic."""
    curves = [Curve(loss, one["far"], one["tar"]) for loss, one in losses.items()]
    figure = curves_figure(curves, text("results.far"), text("results.tar"), text)
    figure.update_xaxes(type="log", range=[-4.05, 0], tickformat="~%", dtick=1)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    return figure


def strength_figure(curves: list[Curve], axis: str, text: Text) -> go.Figure:
    """AUC of each loss over labelled strengths, evenly apart, with a band of one error."""
    figure = curves_figure(curves, axis, text("results.auc"), text)
    figure.update_xaxes(type="category", tickangle=0)
    figure.update_yaxes(range=[0.45, 1.0])
    return figure


def curves_figure(curves: list[Curve], x_axis: str, y_axis: str, text: Text) -> go.Figure:
    """A line a loss, in its hue; a band reaches one standard error either way."""
    figure = go.Figure()
    for curve in curves:
        colour, y = colour_of(curve.loss), np.asarray(curve.y)
        if curve.error is not None:
            spread = np.asarray(curve.error)
            figure.add_trace(
                go.Scatter(
                    x=[*curve.x, *reversed(curve.x)], name="error", hoverinfo="skip",
                    y=[*(y + spread).tolist(), *(y - spread)[::-1].tolist()],
                    fill="toself", fillcolor=translucent(colour, 0.18), line={"width": 0},
                    showlegend=False, legendgroup=curve.loss,
                )
            )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=list(curve.x), y=y.tolist(), mode="lines", name=text.loss(curve.loss),
                legendgroup=curve.loss, line={"color": colour, "width": 2.2},
                hovertemplate="%{y:.3f}",
            )
        )  # fmt: skip
    return _axes(figure, x_axis, y_axis)


def points_figure(curves: list[Curve], labels: dict[str, str], y_axis: str) -> go.Figure:
    """Single values of each loss, such as ten folds, with their mean as a line."""
    figure = go.Figure()
    for curve in curves:
        colour, label = colour_of(curve.loss), labels[curve.loss]
        figure.add_trace(
            go.Box(
                y=list(curve.y), name=label, boxpoints="all", jitter=0.5, pointpos=0,
                boxmean=True, line={"color": colour, "width": 1.5}, fillcolor="rgba(0,0,0,0)",
                marker={"color": colour, "size": 7}, hovertemplate="%{y:.4f}<extra></extra>",
            )
        )  # fmt: skip
    figure = _axes(figure, "", y_axis)
    figure.update_yaxes(tickformat=".1%")
    return figure.update_layout(showlegend=False)


def sweep_figure(rows: list[dict[str, Any]], by: str, measure: str, text: Text) -> go.Figure:
    """A measure over "scale" or "margin" of a sweep's rows; bars are the spread over seeds.

    Hollow crosses are settings at which a training failed.
    """
    rows = sorted((row for row in rows if measure in row), key=lambda row: float(row[by]))
    figure = go.Figure()
    colour = colour_of("arcface")
    figure.add_trace(
        go.Scatter(
            x=[row[by] for row in rows],
            y=[row[measure]["value"] for row in rows],
            error_y={
                "array": [row[measure].get("standard_deviation", 0.0) for row in rows],
                "thickness": 1.2,
            },
            mode="lines+markers", name=text.loss("arcface"),
            line={"color": colour, "width": 2},
            marker={
                "size": 10, "color": colour, "line": {"width": 2, "color": colour},
                "symbol": ["x-open" if row["failed"] else "circle" for row in rows],
            },
            hovertemplate="%{x:g}: %{y:.3f}<extra></extra>",
        )
    )  # fmt: skip
    _axes(figure, text(f"results.by_{by}"), text(f"results.{measure}"))
    if by == "scale":
        figure.update_xaxes(type="log", tickvals=[row[by] for row in rows])
    return figure.update_layout(showlegend=False)


def ledger_figure(found: dict[str, Any], text: Text) -> go.Figure:
    """The angle statistics of each loss, filled and with their errors, and the paper's, hollow."""
    names = [name for name in STATISTICS if not name.endswith("left_out")]
    labels = [text(f"margin.{name}") for name in names]
    figure = go.Figure()
    for loss, one in found["losses"].items():
        figure.add_trace(
            go.Scatter(
                x=[one[name]["value"] for name in names], y=labels, mode="markers",
                error_x={"array": [one[name]["standard_error"] for name in names]},
                name=text.loss(loss), marker={"size": 10, "color": colour_of(loss)},
                hovertemplate="%{x:.1f}°",
            )
        )  # fmt: skip
    for loss in found["losses"]:
        if loss in found["paper"]:
            column = found["paper"][loss]
            figure.add_trace(
                go.Scatter(
                    x=[column.get(name) for name in names], y=labels, mode="markers",
                    name=text("margin.paper", loss=text.loss(loss)), hovertemplate="%{x:.1f}°",
                    marker={"size": 9, "symbol": "diamond-open", "color": colour_of(loss),
                            "line": {"width": 2}},
                )
            )  # fmt: skip
    _axes(figure, text("results.degrees"), "")
    for label in labels:  # above its row, so that a phone has its whole width for the angles
        figure.add_annotation(x=0, y=label, text=label, xanchor="left", yshift=15, showarrow=False)
    figure.update_yaxes(range=[len(labels) - 0.5, -0.9], showticklabels=False)
    figure.update_xaxes(ticksuffix="°", range=[0, 84], tickangle=0)
    return figure.update_layout(height=HEIGHT + 80)


def _axes(figure: go.Figure, x_axis: str, y_axis: str) -> go.Figure:
    look: dict[str, Any] = {"fixedrange": True, "gridcolor": LINE, "gridwidth": 0.5,
                            "zeroline": False, "automargin": True}  # fmt: skip
    figure.update_xaxes(title=titled(x_axis), **look)
    figure.update_yaxes(title=titled(y_axis), **look)
    return sheet(figure, HEIGHT, showlegend=True, legend=legend(), hovermode="x unified")
