"""The dial: the angle between two faces, drawn as that angle, before the angles of known pairs.

The first face's direction is the left end of an arc of 120 degrees, 0; the second face is the
needle, at the true angle. Two hills along the arc are the validation pairs: genuine ones filled,
impostor ones outlined. It keeps angles exact; it loses in which of the embedding's many dimensions
the two faces differ.
"""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from demo.colours import FAINT, INK, LINE, LOSS, translucent
from demo.language import Text
from model.calibration import BINS, Calibration

SPAN = 120.0  # degrees on the arc; beyond it the needle stays at the end
HILL = 0.42  # height of the highest hill, in radii
SMOOTH = 2.0  # degrees
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans KR', sans-serif"
Points = NDArray[np.float64]


def dial(loss: str, calibration: Calibration, angle: float | None, text: Text) -> go.Figure:
    """One recogniser's figure; `angle` in degrees, None while there is no pair to place."""
    colour = LOSS[loss]
    figure = go.Figure()
    _hills(figure, calibration, colour, text)
    _scale(figure)
    _threshold(figure, calibration.threshold, text)
    if angle is not None:
        _needle(figure, angle, colour, text)
    axis = {"visible": False, "fixedrange": True, "constrain": "domain"}
    figure.update_xaxes(range=[-1.4, 1.4], **axis)
    figure.update_yaxes(range=[-0.08, 1.6], scaleanchor="x", scaleratio=1, **axis)
    figure.update_layout(
        height=230,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        dragmode=False,
        font={"family": FONT},
    )
    return figure


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
    angle = np.arange(SPAN + 1)
    hills = {name: _density(getattr(calibration, name)) for name in ("genuine", "impostor")}
    top = max(density.max() for density in hills.values())
    for name, density in hills.items():
        height = density / top * HILL
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
                line={"color": colour, "width": 0 if filled else 1.8},
                hoverinfo="text",
                text=text(f"figure.{name}"),
                name=name,
            )
        )
        middle = np.array([calibration.typical(same=filled)])
        x, y = on_arc(middle, 1.0 + height.max() + 0.09)
        figure.add_annotation(
            x=x[0], y=y[0], text=text(f"figure.{name}"), font={"size": 12, "color": INK},
            xshift=-18 if filled else 8, showarrow=False,
        )  # fmt: skip


def _density(counts: tuple[int, ...]) -> Points:
    """How densely pairs lie at each whole degree 0..SPAN, smoothed with a Gaussian of 2 degrees."""
    per_degree = BINS / 180.0
    smooth = gaussian_filter1d(np.asarray(counts, dtype=np.float64), SMOOTH * per_degree)
    at = (np.arange(SPAN + 1) * per_degree).astype(int)
    return np.asarray(smooth[at] / max(smooth.sum(), 1e-12))


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
        at_end = angle in (0, SPAN)  # below the end of the arc, clear of the needles
        x, y = on_arc(np.array([angle]), 1.0 if at_end else 0.87)
        figure.add_annotation(
            x=x[0], y=y[0], text=f"{angle}°", font={"size": 12, "color": INK}, showarrow=False,
            yshift=-17 if at_end else 0,
        )  # fmt: skip


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
