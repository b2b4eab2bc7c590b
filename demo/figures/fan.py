"""The fan: one person in the middle, faces around it at their true angles.

It keeps the angle of every image to the middle. It loses the direction, which here only spreads
the points: the own images go round in a spiral, each other person has a sector.
"""

import numpy as np
import plotly.graph_objects as go

from demo.colours import LINE, colour_of, translucent
from demo.figures.flat import SPAN, sheet
from demo.figures.people import image_name, people_colours, person_name
from model.gallery import Gallery
from model.verification import Values
from model.views import Fan

TURN = 180.0 * (3.0 - 5.0**0.5)  # the golden angle: points of a spiral never line up
PLASTIC = 0.7548776662466927  # 1/1.3247..., spreads points over a sector alike
WIDE = 0.8  # of a sector that its person's images take up
RINGS = [30, 60, 90, 120]  # degrees
RING_LABELS = ["", "60°", "90°", "120°"]  # the innermost would lie over the own images
OWN_SIZE, OTHER_SIZE, PHOTO_SIZE = 7, 6, 13


def fan_figure(
    drawn: Fan, gallery: Gallery, loss: str, photo: float | None = None, reach: float | None = None
) -> go.Figure:
    """One loss's fan; the band outside the mean own angle is as wide as the margin.

    photo: around an uploaded face, the other one's angle in degrees. reach: a threshold in degrees,
    a dashed ring.
    """
    figure = go.Figure()
    colours = people_colours(gallery)
    _rings(figure, drawn, loss, reach)
    sector = 360.0 / max(1, len(drawn.others))
    for i, group in enumerate(drawn.others):
        spread = (np.arange(len(group.images)) * PLASTIC + 0.5) % 1.0 - 0.5
        figure.add_trace(
            go.Scatterpolar(
                r=np.degrees(group.angles), theta=sector * (i + 0.5 + WIDE * spread),
                mode="markers", name=person_name(gallery, group.person),
                marker={"symbol": "circle-open", "size": OTHER_SIZE,
                        "color": colours[group.person], "line": {"width": 1.4}},
                text=[image_name(gallery, int(k)) for k in group.images],
                hovertemplate="%{text}<br>%{r:.1f}°<extra></extra>",
            )
        )  # fmt: skip
    if drawn.own is not None:
        figure.add_trace(
            go.Scatterpolar(
                r=np.degrees(drawn.own.angles), theta=(np.arange(len(drawn.own.images)) * TURN),
                mode="markers", name=person_name(gallery, drawn.own.person),
                marker={"size": OWN_SIZE, "color": colours[drawn.own.person],
                        "line": {"width": 0.8, "color": "white"}},
                text=[image_name(gallery, int(k)) for k in drawn.own.images],
                hovertemplate="%{text}<br>%{r:.1f}°<extra></extra>",
            )
        )  # fmt: skip
    if photo is not None:
        _photos(figure, photo, loss)
    names = [broken(person_name(gallery, group.person)) for group in drawn.others]
    figure.update_polars(
        bgcolor="rgba(0,0,0,0)",
        radialaxis={"range": [0, SPAN], "tickvals": RINGS, "ticktext": RING_LABELS,
                    "angle": 90.0 - sector, "tickangle": 0, "gridcolor": LINE, "gridwidth": 0.5,
                    "showline": False, "ticks": "", "tickfont": {"size": 11}},
        angularaxis={"tickvals": [sector * (i + 0.5) for i in range(len(names))],
                     "ticktext": names, "showgrid": False, "linecolor": LINE, "ticks": "",
                     "rotation": 90, "direction": "clockwise", "tickfont": {"size": 10}},
    )  # fmt: skip
    return sheet(figure, 340, margin={"l": 68, "r": 68, "t": 40, "b": 36})


def _rings(figure: go.Figure, drawn: Fan, loss: str, reach: float | None) -> None:
    """The mean own angle, the margin's band beyond it, and a threshold."""
    colour = colour_of(loss)
    if drawn.ring is not None:
        inner = float(np.degrees(drawn.ring))
        if drawn.beyond is not None and drawn.beyond > drawn.ring:
            wide = float(np.degrees(drawn.beyond)) - inner
            figure.add_trace(
                go.Barpolar(
                    r=[wide], base=[inner], theta=[0], width=[360], name="margin",
                    marker={"color": translucent(colour, 0.22), "line": {"width": 0}},
                    hoverinfo="skip",
                )
            )  # fmt: skip
        figure.add_trace(_ring(inner, "ring", {"color": colour, "width": 2}))
    if reach is not None:
        figure.add_trace(_ring(reach, "threshold", {"color": colour, "width": 2, "dash": "dash"}))


def _photos(figure: go.Figure, angle: float, loss: str) -> None:
    """The first photo, a ring in the middle; the second, a square at its true angle."""
    line = {"color": colour_of(loss), "width": 3}
    figure.add_trace(
        go.Scatterpolar(r=[0, min(angle, SPAN)], theta=[0, 0], mode="lines", line=line,
                        name="pair", hoverinfo="skip")
    )  # fmt: skip
    said = f"{angle:.1f}°<extra></extra>"
    for name, r, symbol in (("first", 0.0, "circle-open"), ("second", min(angle, SPAN), "square")):
        figure.add_trace(
            go.Scatterpolar(
                r=[r], theta=[0], mode="markers", name=name, cliponaxis=False, hovertemplate=said,
                marker={"symbol": symbol, "size": PHOTO_SIZE, "color": colour_of(loss),
                        "line": {"color": colour_of(loss), "width": 3}},
            )
        )  # fmt: skip


def _round() -> Values:
    return np.linspace(0.0, 360.0, 181)


def _ring(radius: float, name: str, line: dict[str, object]) -> go.Scatterpolar:
    return go.Scatterpolar(
        r=np.full(181, radius), theta=_round(), mode="lines", name=name, line=line,
        hovertemplate="%{r:.1f}°<extra></extra>",
    )  # fmt: skip


def broken(name: str) -> str:
    """A name over at most two lines, broken near its middle, for the rim."""
    words = name.split()
    if len(words) < 2:
        return name
    at = min(range(1, len(words)), key=lambda i: abs(len(" ".join(words[:i])) - len(name) / 2))
    return " ".join(words[:at]) + "<br>" + " ".join(words[at:])
