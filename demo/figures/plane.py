"""The decision plane: faces of two people by their angles to both class centres.

As in the ArcFace paper's Figure 5. It keeps both angles exact, and with them every boundary of a
cosine loss; it loses all other directions, and everybody else who competes for a face.
"""

import numpy as np
import plotly.graph_objects as go
import torch

from demo.colours import INK, LINE, colour_of, translucent
from demo.figures.flat import SPAN, degree_axis, legend, sheet, titled
from demo.figures.people import image_name, people_colours, person_name
from demo.language import Text
from model.gallery import Gallery
from model.margins import Margin
from model.verification import Values
from model.views import Plane, Space, softmax_boundary

FINE = np.linspace(0.0, 180.0, 721)  # degrees at which curves are drawn


def margin_lines(margin: Margin) -> tuple[Values, Values]:
    """Where the margin is just satisfied: (L, 2) degrees of (theta_1, theta_2), for either person.

    The first person's faces must lie above the first line, the second's to the right of the second.
    """
    other = np.degrees(margin.boundary(torch.from_numpy(np.radians(FINE))).numpy())
    line = np.stack([FINE, other], axis=1)[~np.isnan(other)]
    return line, line[:, ::-1]


def plane_figure(
    drawn: Plane, space: Space, gallery: Gallery, others: dict[str, Margin], text: Text
) -> go.Figure:
    """One loss's plane; `others` are further margins whose lines are drawn, by loss."""
    figure = go.Figure()
    _possible(figure, drawn.apart)
    if space.margin is None:
        _softmax_zone(figure, drawn, space)
    else:
        _zone(figure, space.margin, space.name, text)
        for loss, margin in others.items():
            for i, line in enumerate(margin_lines(margin)):
                figure.add_trace(
                    go.Scatter(x=line[:, 0], y=line[:, 1], mode="lines", name=text.loss(loss),
                               legendgroup=loss, showlegend=i == 0, hoverinfo="name",
                               line={"color": colour_of(loss), "width": 1.6, "dash": "dot"})
                )  # fmt: skip
    _faces(figure, drawn, gallery)
    names = [person_name(gallery, person) for person in drawn.people]
    for axis, name in ((figure.update_xaxes, names[0]), (figure.update_yaxes, names[1])):
        axis(title=titled(text("margin.angle_to", who=name)), constrain="domain",
             **degree_axis(SPAN))  # fmt: skip
    figure.update_yaxes(scaleanchor="x", constraintoward="top")
    # Margins that no legend moves, so that every plane has the same size
    room = {"l": 62, "r": 20, "t": 40, "b": 165, "autoexpand": False}
    return sheet(figure, 500, showlegend=True, legend=legend(above=False), margin=room)


def _possible(figure: go.Figure, apart: float) -> None:
    """The triangle inequality on the sphere: no face lies beyond these lines."""
    gap = float(np.degrees(apart))
    corner = [(SPAN - gap, SPAN), (0.0, gap), (gap, 0.0), (SPAN, SPAN - gap)]
    x, y = zip(*corner, strict=True)
    figure.add_trace(
        go.Scatter(x=x, y=y, mode="lines", name="possible", showlegend=False, hoverinfo="skip",
                   line={"color": LINE, "width": 1})
    )  # fmt: skip


def _zone(figure: go.Figure, margin: Margin, loss: str, text: Text) -> None:
    """The diagonal that decides, and around it the zone that the margin keeps clear."""
    first, second = margin_lines(margin)
    colour = colour_of(loss)
    if margin != Margin():
        around = np.concatenate([[[0.0, 0.0]], first, second[::-1]])
        figure.add_trace(
            go.Scatter(x=around[:, 0], y=around[:, 1], mode="lines", name=text("margin.zone"),
                       fill="toself", fillcolor=translucent(colour, 0.18), line={"width": 0},
                       hoverinfo="skip")
        )  # fmt: skip
        for line in (first, second):
            figure.add_trace(
                go.Scatter(x=line[:, 0], y=line[:, 1], mode="lines", name="edge", hoverinfo="skip",
                           showlegend=False, line={"color": colour, "width": 1.6})
            )  # fmt: skip
    ends = [0.0, SPAN]
    figure.add_trace(
        go.Scatter(x=ends, y=ends, mode="lines", name=text("margin.diagonal"), hoverinfo="skip",
                   line={"color": colour, "width": 2, "dash": "dash"})
    )  # fmt: skip


def _softmax_zone(figure: go.Figure, drawn: Plane, space: Space) -> None:
    """Between the lines of the shortest and the longest embedding: each has one of its own."""
    theta = np.radians(FINE)
    lines = []
    for length in drawn.lengths:
        other = np.degrees(softmax_boundary(space, drawn.people, theta, length))
        lines.append(np.stack([FINE, other], axis=1)[~np.isnan(other)])
    around = np.concatenate([lines[0], lines[1][::-1]])
    colour = colour_of(space.name)
    figure.add_trace(
        go.Scatter(x=around[:, 0], y=around[:, 1], mode="lines", name="lengths", fill="toself",
                   fillcolor=translucent(colour, 0.3), line={"color": colour, "width": 1},
                   showlegend=False, hoverinfo="skip")
    )  # fmt: skip


def _faces(figure: go.Figure, drawn: Plane, gallery: Gallery) -> None:
    """The first person's faces filled, the second's outlined; a cross where the network errs."""
    colours = people_colours(gallery)
    for i, person in enumerate(drawn.people):
        mine = drawn.second == bool(i)
        theta, images = np.degrees(drawn.theta[mine]), drawn.images[mine]
        shape = ("circle", "diamond-open")[i]
        figure.add_trace(
            go.Scatter(
                x=theta[:, 0], y=theta[:, 1], mode="markers", name=person_name(gallery, person),
                marker={"symbol": np.where(drawn.right[mine], shape, "x").tolist(),
                        "size": 7, "color": colours[person],
                        "line": {"width": 0.8 if i == 0 else 1.4,
                                 "color": "white" if i == 0 else colours[person]}},
                text=[image_name(gallery, int(k)) for k in images],
                hovertemplate="%{text}<br>%{x:.1f}°, %{y:.1f}°<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(hoverdistance=12, hoverlabel={"bordercolor": INK})
