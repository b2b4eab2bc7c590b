"""A search among N strangers: how many of them it reports, and whom it misses for being strict.

The first figure keeps expected numbers, which hold however the strangers resemble one another; it
loses how much a single search differs from them. The second keeps each loss's errors.
"""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from demo.colours import INK, LINE, colour_of, translucent
from demo.figures.dial import FARS
from demo.figures.flat import legend, sheet, titled
from demo.language import Text

DASHES = ("solid", "dash", "dot")  # by FAR; hue would be a loss
AXIS: dict[str, Any] = {"fixedrange": True, "gridcolor": LINE, "gridwidth": 0.5,
                        "zeroline": False, "automargin": True}  # fmt: skip


def alarms_figure(present: int, most: int, text: Text) -> go.Figure:
    """Expected false alarms N x FAR over N = 1..most, logarithmic, with the `present` N marked."""
    figure = go.Figure()
    for far, dash in zip(FARS, DASHES, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[1, present, most], y=[far, far * present, far * most], mode="lines+markers",
                name=text("search.far", far=f"{100 * far:g}"),
                line={"color": INK, "width": 2, "dash": dash}, marker={"size": [0, 11, 0]},
                cliponaxis=False, hovertemplate="%{x:,} → %{y:,.3~g}",
            )
        )  # fmt: skip
    log = AXIS | {"type": "log", "dtick": 1}
    figure.update_xaxes(title=titled(text("search.strangers")), tickformat="~s",
                        range=[0, np.log10(most)], **log)  # fmt: skip
    figure.update_yaxes(title=titled(text("search.alarms")), tickformat="~g", **log)
    return sheet(figure, 340, showlegend=True, legend=legend())


def misses_figure(misses: dict[str, list[tuple[float, float]]], text: Text) -> go.Figure:
    """By loss, at each FAR, the share of genuine pairs that is rejected, with its error, 0..1."""
    figure = go.Figure()
    for loss, shares in misses.items():
        colour = colour_of(loss)
        share, error = 100 * np.array(shares).T
        figure.add_trace(
            go.Bar(
                x=[text("search.far", far=f"{100 * far:g}") for far in FARS], y=share,
                name=text.loss(loss), error_y={"array": error, "thickness": 1.2, "color": INK},
                marker={"color": translucent(colour, 0.75), "line": {"color": colour, "width": 1}},
                hovertemplate="%{y:.1f} %",
            )
        )  # fmt: skip
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(title=titled(text("search.missed")), ticksuffix=" %", range=[0, 100],
                        **AXIS)  # fmt: skip
    return sheet(figure, 340, showlegend=True, legend=legend(), barmode="group")
