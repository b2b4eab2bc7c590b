"""How far the probability can be trusted: what was said against what came true, on test people.

A point is a tenth of the pairs; on the diagonal what was said came true as often. It keeps both
shares exact; it loses which pairs they are. Bars are the binomial standard error of a point alone.
"""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from demo.colours import INK, LINE, colour_of
from demo.figures.dial import FONT
from demo.language import Text


def reliability(losses: dict[str, list[dict[str, float]]], text: Text) -> go.Figure:
    """One line a loss, from evaluate.py's groups {"pairs", "probability", "share"}."""
    figure = go.Figure()
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": LINE, "dash": "dash"})
    for loss, groups in losses.items():
        said, came, pairs = (
            np.array([group[key] for group in groups]) for key in ("probability", "share", "pairs")
        )
        error = np.sqrt(np.clip(came * (1 - came), 0, None) / pairs)
        figure.add_trace(
            go.Scatter(
                x=said, y=came, mode="lines+markers", name=text.loss(loss),
                line={"color": colour_of(loss), "width": 1.5}, marker={"size": 8},
                error_y={"array": error, "thickness": 1, "width": 0},
                hovertemplate="%{x:.2f} → %{y:.2f}",
            )
        )  # fmt: skip
    axis: dict[str, Any] = {"range": [-0.02, 1.02], "fixedrange": True, "gridcolor": LINE,
                            "gridwidth": 0.5, "zeroline": False}  # fmt: skip
    figure.update_xaxes(title=text("figure.said"), constrain="domain", **axis)
    figure.update_yaxes(title=text("figure.came_true"), scaleanchor="x", **axis)
    figure.update_layout(
        height=380,
        margin={"l": 60, "r": 10, "t": 10, "b": 50},
        legend={"orientation": "h", "y": 1.12},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        font={"family": FONT, "color": INK},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": INK},
    )
    return figure
