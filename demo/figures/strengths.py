"""How far a face moves from itself as its crop is spoilt, under each loss, before the thresholds.

It keeps the angle to the clean crop, exact; it loses the direction, and whom the face comes near.
The strengths stand evenly apart, as on the slider, whatever their distances.
"""

import plotly.graph_objects as go

from demo.colours import INK, LINE, colour_of
from demo.figures.flat import SPAN, degree_axis, legend, sheet, titled
from demo.language import Text
from model.verification import Values


def strengths_figure(
    labels: list[str],
    angles: dict[str, Values],
    thresholds: dict[str, float],
    present: str,
    axis: str,
    text: Text,
) -> go.Figure:
    """A curve a loss over the K `labels`, (K,) degrees, its threshold dashed in the same hue.

    present: the label that is chosen. axis: what the labels are, with their unit.
    """
    figure = go.Figure()
    ends = [labels[0], labels[-1]]
    for loss, values in angles.items():
        colour, threshold = colour_of(loss), thresholds[loss]
        figure.add_trace(
            go.Scatter(
                x=labels, y=values.tolist(), mode="lines+markers",
                name=text.loss(loss), legendgroup=loss,
                line={"color": colour, "width": 2.2}, marker={"size": 6},
                hovertemplate="%{y:.1f}°",
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=ends, y=[threshold] * 2, mode="lines", name="threshold", showlegend=False,
                legendgroup=loss, line={"color": colour, "width": 1.5, "dash": "dash"},
                hovertemplate=f"{threshold:.1f}°<extra></extra>",
            )
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(x=[present] * 2, y=[0, SPAN], mode="lines", name="present", showlegend=False,
                   line={"color": INK, "width": 1.2, "dash": "dot"}, hoverinfo="skip")
    )  # fmt: skip
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=labels,
                        title=titled(axis), fixedrange=True, gridcolor=LINE, gridwidth=0.5,
                        tickangle=0, automargin=True)  # fmt: skip
    figure.update_yaxes(**degree_axis(title=titled(text("break.angle_axis"))))
    return sheet(figure, 380, showlegend=True, legend=legend(), hovermode="x unified")
