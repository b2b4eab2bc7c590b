"""What the flat figures have in common: a theme-neutral sheet, axes in degrees."""

from typing import Any

import plotly.graph_objects as go

from demo.colours import INK, LINE
from demo.figures.dial import FONT

SPAN = 120.0  # degrees that are drawn; one scale for every loss
CLEAR = "rgba(0,0,0,0)"
# Plotly's bar with nothing but the camera, which saves the figure as SVG.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": True,
    "modeBarButtons": [["toImage"]],
    "responsive": True,
}


def config(name: str) -> dict[str, Any]:
    """Plotly's configuration of a figure that saves as <name>.svg."""
    return CONFIG | {"toImageButtonOptions": {"format": "svg", "filename": f"marginscope-{name}"}}


def sheet(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    """The figure without a ground of its own, in our type, with nothing to zoom by mistake."""
    look: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 20, "t": 40, "b": 8},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "dragmode": False,
        "showlegend": False,
        "font": {"family": FONT, "color": INK, "size": 12},
        "modebar": {"bgcolor": CLEAR, "color": INK, "activecolor": INK},
        "hoverlabel": {"font": {"family": FONT}},
    }
    figure.update_layout(**(look | layout))
    return figure


def degree_axis(span: float = SPAN, **more: Any) -> dict[str, Any]:
    """An axis of angles from 0 to `span` degrees, a tick each 30."""
    look: dict[str, Any] = {
        "range": [0, span], "tick0": 0, "dtick": 30, "ticksuffix": "°",
        "fixedrange": True, "gridcolor": LINE, "gridwidth": 0.5, "zeroline": False,
        "automargin": True,
    }  # fmt: skip
    return look | more


def titled(words: str) -> dict[str, Any]:
    """An axis title no larger than the rest."""
    return {"text": words, "font": {"size": 12}}


def legend(above: bool = True) -> dict[str, Any]:
    """A legend in lines across the figure, at its top or its foot."""
    edge = "top" if above else "bottom"
    return {"orientation": "h", "x": 0, "y": float(above), "yref": "container", "yanchor": edge}
