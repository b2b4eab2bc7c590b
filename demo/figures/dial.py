"""The dial: the angle between two faces, drawn as that angle, before the angles of known pairs.

The first face's direction is the left end of an arc of 120 degrees, 0; the second face is the
needle, at the true angle. Two hills along the arc are the validation pairs: genuine ones filled,
impostor ones outlined. It keeps angles exact; it loses in which of the embedding's many dimensions
the two faces differ.
"""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from demo.colours import FAINT, INK, LINE, LOSS, translucent
from demo.language import Text
from demo.service import Answer
from model.verification import BINS, Calibration

SPAN = 120.0  # degrees on the arc; beyond it the needle stays at the end
HILL = 0.42  # height of the highest hill, in radii
STEP = 2.0  # degrees a bin of the hills
Points = NDArray[np.float64]


def dial(loss: str, answer: Answer, text: Text) -> go.Figure:
    """The plotly figure of one recogniser's answer."""
    colour = LOSS[loss]
    figure = go.Figure()
    _hills(figure, answer.calibration, colour, text)
    _scale(figure)
    _threshold(figure, answer.threshold, text)
    _needle(figure, answer.angle, colour, text)
    figure.add_annotation(
        x=0, y=-0.03, text=f"<b>{text(f'loss.{loss}')}</b>", font={"size": 15}, yanchor="top",
        showarrow=False,
    )  # fmt: skip
    figure.add_annotation(
        x=0, y=-0.17, text=f"<b>{degrees(answer.angle)}</b>",
        font={"size": 34}, yanchor="top", showarrow=False,
    )  # fmt: skip
    similarity = signed(answer.similarity, 2)
    figure.add_annotation(
        x=0, y=-0.47, text=text("figure.similarity", value=similarity),
        font={"size": 14}, yanchor="top", showarrow=False,
    )  # fmt: skip
    figure.update_xaxes(visible=False, range=[-1.36, 1.36], fixedrange=True)
    figure.update_yaxes(
        visible=False, range=[-0.64, 1.52], fixedrange=True, scaleanchor="x", scaleratio=1
    )
    figure.update_layout(
        height=330,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        dragmode=False,
        font={"family": "system-ui, -apple-system, 'Segoe UI', 'Noto Sans KR', sans-serif"},
    )
    return figure


def typical(counts: tuple[int, ...]) -> float:
    """The median angle, in degrees, of a Calibration's histogram."""
    cumulated = np.cumsum(counts)
    return float((np.searchsorted(cumulated, cumulated[-1] / 2) + 0.5) * 180.0 / BINS)


def degrees(angle: float) -> str:
    """57.04 -> '57.0°'."""
    return f"{angle:.1f}°"


def signed(value: float, digits: int) -> str:
    """-0.1 -> '−0.10', with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def on_arc(angle: Points, radius: Points | float) -> tuple[Points, Points]:
    """Dial coordinates: 0 degrees at the lower left, SPAN at the lower right, its middle on top."""
    bearing = np.radians(90.0 + SPAN / 2 - np.asarray(angle, dtype=np.float64))
    return radius * np.cos(bearing), radius * np.sin(bearing)


def _hills(figure: go.Figure, calibration: Calibration, colour: str, text: Text) -> None:
    centre = np.arange(STEP / 2, SPAN, STEP)
    bins = {
        name: _density(getattr(calibration, name), len(centre)) for name in ("genuine", "impostor")
    }
    top = max(values.max() for values in bins.values())
    for name, values in bins.items():
        angle = np.concatenate([[0.0], centre, [SPAN]])
        height = np.concatenate([[values[0]], values, [values[-1]]]) / top * HILL
        x, y = on_arc(angle, 1.0 + height)
        base_x, base_y = on_arc(angle[::-1], 1.0)
        filled = name == "genuine"
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([x, base_x]),
                y=np.concatenate([y, base_y]),
                mode="lines",
                fill="toself" if filled else None,
                fillcolor=translucent(colour, 0.55) if filled else None,
                line={"color": colour, "width": 0 if filled else 1.8, "shape": "spline"},
                hoverinfo="text",
                text=text(f"figure.{name}"),
                name=text(f"figure.{name}"),
            )
        )


def _density(counts: tuple[int, ...], bins: int) -> Points:
    """The share of pairs in each bin of STEP degrees."""
    values = np.asarray(counts, dtype=np.float64)
    width = round(STEP * BINS / 180.0)
    return np.asarray(values[: bins * width].reshape(bins, width).sum(axis=1) / values.sum())


def _scale(figure: go.Figure) -> None:
    x, y = on_arc(np.linspace(0, SPAN, 121), 1.0)
    figure.add_trace(
        go.Scatter(x=x, y=y, mode="lines", line={"color": LINE, "width": 1.5}, hoverinfo="skip")
    )
    for angle in range(0, int(SPAN) + 1, 30):
        x, y = on_arc(np.array([angle, angle]), np.array([0.95, 1.0]))
        figure.add_shape(
            type="line", x0=x[0], y0=y[0], x1=x[1], y1=y[1], line={"color": LINE, "width": 1.5}
        )
        x, y = on_arc(np.array([angle]), 0.88)
        figure.add_annotation(
            x=x[0], y=y[0], text=f"{angle}°", font={"size": 12, "color": INK}, showarrow=False
        )


def _threshold(figure: go.Figure, angle: float, text: Text) -> None:
    x, y = on_arc(np.full(2, min(angle, SPAN)), np.array([0.62, 1.0 + HILL + 0.02]))
    label = text("figure.threshold", angle=degrees(angle))
    figure.add_trace(
        go.Scatter(
            x=x, y=y, mode="lines", hoverinfo="text", text=label,
            line={"color": INK, "width": 1.5, "dash": "dash"},
        )
    )  # fmt: skip


def _needle(figure: go.Figure, angle: float, colour: str, text: Text) -> None:
    """Both directions and the wedge between them: a ring, the first photo; a square, the second."""
    end = min(angle, SPAN)
    wedge_x, wedge_y = on_arc(np.linspace(0, end, 61), 0.28)
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([[0.0], wedge_x, [0.0]]),
            y=np.concatenate([[0.0], wedge_y, [0.0]]),
            mode="lines", fill="toself", fillcolor=FAINT, line={"width": 0}, hoverinfo="skip",
        )
    )  # fmt: skip
    label = text("figure.this_pair", angle=degrees(angle))
    for direction, symbol in ((0.0, "circle-open"), (end, "square")):
        x, y = on_arc(np.array([direction]), 1.0)
        figure.add_trace(
            go.Scatter(
                x=[0.0, x[0]], y=[0.0, y[0]], mode="lines+markers", hoverinfo="text", text=label,
                line={"color": colour, "width": 3.5},
                marker={
                    "symbol": ["circle", symbol],
                    "size": [7, 13],
                    "color": colour,
                    "line": {"width": [0, 3], "color": colour},
                },
            )
        )  # fmt: skip
