"""The lesson's own figures; all values are measured or follow from a formula that stands beside."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from demo.colours import INK, LINE, colour_of, translucent
from demo.figures.dial import FONT
from demo.figures.flat import degree_axis, legend, sheet, titled
from demo.figures.plane import FINE as ANGLES
from demo.figures.plane import margin_lines
from demo.figures.target import Curve
from demo.language import Text
from model.film import FULL, PER_LENGTH, Reel
from model.lab import adacos
from model.margins import Margin
from model.recognizer import Embedding

GRID = {"gridcolor": LINE, "gridwidth": 0.5, "zerolinecolor": LINE, "fixedrange": True}


def numbers_figure(pair: Embedding, words: Text) -> go.Figure:
    """Both embeddings (2, D) number by number, and their products, whose sum is the cosine."""
    rows = np.stack([pair[0], pair[1], len(pair[0]) ** 0.5 * pair[0] * pair[1]])  # (3, D)
    most = float(np.abs(rows).max())
    labels = [words(f"lesson.numbers_{row}") for row in ("first", "second", "product")]
    figure = go.Figure(
        go.Heatmap(
            z=rows, y=labels, colorscale="RdBu_r", zmin=-most, zmax=most, ygap=6, showscale=False,
            hovertemplate="%{x}: %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True)
    figure.update_xaxes(title=titled(words("lesson.numbers_axis")), fixedrange=True)
    return sheet(figure, 210, margin={"l": 8, "r": 8, "t": 8, "b": 8})


def lengths_figure(reel: Reel, colours: list[str], words: Text) -> go.Figure:
    """Softmax's embeddings on a plane, with the lengths that they have; lines to the centres."""
    film = reel.films["softmax"]
    assert film.lengths is not None
    points = film.points[-1] / FULL * (film.lengths[-1] / PER_LENGTH)[:, None]  # (N, 2)
    reach = float(np.abs(points).max()) * 1.08
    figure = go.Figure()
    for j, name in enumerate(reel.names):
        mine = reel.person == j
        x, y = film.centres[-1][j] / FULL * reach
        figure.add_trace(
            go.Scatter(x=[0, x], y=[0, y], mode="lines", hoverinfo="skip",
                       line={"color": colours[j], "width": 1.5, "dash": "dot"})
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=points[mine, 0], y=points[mine, 1], mode="markers", name=name.replace("_", " "),
                marker={"color": colours[j], "size": 7,
                        "symbol": np.where(reel.held[mine], "circle-open", "circle").tolist()},
            )
        )  # fmt: skip
    axis: dict[str, Any] = {"range": [-reach, reach], **GRID}
    figure.update_xaxes(title=titled(words("lesson.lengths_axis")), constrain="domain", **axis)
    figure.update_yaxes(scaleanchor="x", **axis)
    return sheet(figure, 520)


def own_probability(scale: float, people: int, degrees: np.ndarray) -> np.ndarray:
    """e^(s cos t) / (e^(s cos t) + C - 1): all other centres at 90 degrees from the face."""
    own = np.exp(scale * np.cos(np.radians(degrees)))
    return np.asarray(own / (own + people - 1))


def scale_figure(scale: float, people: int, words: Text) -> go.Figure:
    """The probability of the own class over the angle to its centre, for some scales."""
    figure = go.Figure()
    fixed = round(adacos(people), 1)
    for s, wide, dash in (
        (1.0, 1.2, "dot"),
        (fixed, 1.6, "dash"),
        (64.0, 1.2, "dot"),
        (scale, 3.5, "solid"),
    ):
        chosen = wide > 3
        figure.add_trace(
            go.Scatter(
                x=ANGLES, y=100 * own_probability(s, people, ANGLES), mode="lines",
                name=words("lesson.scale_line", s=f"{s:g}")
                + (words("lesson.scale_adacos") if s == fixed and not chosen else ""),
                line={"color": colour_of("norm-softmax") if chosen else INK, "width": wide,
                      "dash": dash},
                hovertemplate="%{x:.0f}° → %{y:.1f} %<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title=titled(words("margin.own_angle")), **degree_axis(120.0))
    figure.update_yaxes(
        title=titled(words("lesson.scale_axis")), range=[0, 101], ticksuffix=" %", **GRID
    )
    return sheet(figure, 430, showlegend=True, legend=legend())


def target_figure(m: float, words: Text) -> go.Figure:
    """The target curve with ArcFace's margin m, in radians, and without one."""
    figure = go.Figure()
    for margin, loss, wide in (
        (Margin(), "norm-softmax", 1.6),
        (Margin(add_angle=m), "arcface", 3),
    ):
        values = Curve(loss, margin).values
        figure.add_trace(
            go.Scatter(x=np.linspace(0, 180, len(values)), y=values, mode="lines",
                       line={"color": colour_of(loss), "width": wide},
                       hovertemplate="%{x:.0f}° → %{y:.2f}<extra></extra>")
        )  # fmt: skip
    figure.update_xaxes(title=titled(words("margin.own_angle")), **degree_axis(180.0))
    figure.update_yaxes(title=titled(words("margin.target")), **GRID)
    return sheet(figure, 400)


def zone_figure(m: float, words: Text) -> go.Figure:
    """Between two people: the line that decides, and the zone that the margin keeps clear."""
    first, second = margin_lines(Margin(add_angle=m))
    zone = np.concatenate([first, second[::-1]])
    arcface = colour_of("arcface")
    figure = go.Figure(
        [
            go.Scatter(x=zone[:, 0], y=zone[:, 1], mode="lines", fill="toself", hoverinfo="skip",
                       fillcolor=translucent(arcface, 0.25), line={"color": arcface, "width": 2}),
            go.Scatter(x=[0, 120], y=[0, 120], mode="lines", hoverinfo="skip",
                       line={"color": colour_of("norm-softmax"), "width": 2, "dash": "dash"}),
        ]
    )  # fmt: skip
    for axis, who in ((figure.update_xaxes, "first"), (figure.update_yaxes, "second")):
        axis(title=titled(words(f"lesson.plane_{who}")), **degree_axis(120.0))
    return sheet(figure, 400)


LEDGER = ("seen_intra", "unseen_intra", "seen_inter", "unseen_inter")


def ledger_figure(found: dict[str, Any], words: Text) -> go.Figure:
    """Intra and Inter, seen and unseen, under each loss, with standard errors over people."""
    figure = go.Figure()
    for k, (loss, row) in enumerate(found.items()):
        values = [row[key]["value"] for key in LEDGER]
        errors = [row[key]["standard_error"] for key in LEDGER]
        figure.add_trace(
            go.Scatter(
                x=values, y=[i + 0.2 * (1 - k) for i in range(len(LEDGER))], mode="markers",
                name=words.loss(loss), error_x={"array": errors, "color": colour_of(loss)},
                marker={"color": colour_of(loss), "size": 11},
                hovertemplate="%{x:.1f}°<extra></extra>",
            )
        )  # fmt: skip
    ticks = [words(f"lesson.ledger_{key}") for key in LEDGER]
    figure.update_yaxes(tickvals=list(range(len(LEDGER))), ticktext=ticks, autorange="reversed",
                        automargin=True, **GRID)  # fmt: skip
    figure.update_xaxes(**degree_axis(90.0))
    return sheet(figure, 380, showlegend=True, legend=legend())


def block_svg(layers: int, blocks: int, turned: int, words: Text) -> str:
    """A residual block as SVG: two convolutions, and the shortcut past them.

    turned: how many of the network's blocks have a 1 x 1 convolution on the shortcut.
    """
    boxes = [words(f"lesson.block_{name}") for name in ("first", "second")]
    parts = []
    for k, label in enumerate(boxes):
        x = 108 + 225 * k
        parts.append(
            f'<rect x="{x}" y="92" width="205" height="46" rx="8" fill="none" stroke="{INK}" '
            f'stroke-width="1.6"/><text x="{x + 102}" y="120" font-size="12" text-anchor="middle">'
            f"{label}</text>"
        )
    arrow = f'fill="none" stroke="{INK}" stroke-width="1.6" marker-end="url(#tip)"'
    blue = colour_of("arcface")
    lines = [(70, 108), (313, 333), (538, 560), (592, 645)]
    parts += [f'<path d="M{a} 115H{b - 6}" {arrow}/>' for a, b in lines]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 190" font-family="{FONT}" '
        f'font-size="15" fill="{INK}"><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" '
        f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{INK}"/>'
        f"</marker></defs>{''.join(parts)}"
        f'<text x="44" y="121" font-size="20" text-anchor="middle">x</text>'
        f'<circle cx="576" cy="115" r="15" fill="none" stroke="{blue}" stroke-width="2.4"/>'
        f'<text x="576" y="122" font-size="20" text-anchor="middle" fill="{blue}">+</text>'
        f'<path d="M95 115V40H576V98" fill="none" stroke="{blue}" stroke-width="2.6"/>'
        f'<text x="330" y="32" text-anchor="middle" fill="{blue}">{words("lesson.block_shortcut")}'
        f'</text><text x="672" y="121" text-anchor="middle">ReLU</text>'
        f'<text x="360" y="172" font-size="13" text-anchor="middle">'
        f"{words('lesson.block_count', layers=layers, blocks=blocks, turned=turned)}</text></svg>"
    )


def highest(scale: float, people: int) -> float:
    """The own probability at 0 degrees, 0..1."""
    return float(own_probability(scale, people, np.zeros(1))[0])


def needed_angle(scale: float, people: int) -> float | None:
    """The angle up to which the own class has more than half of the probability, in degrees."""
    cosine = math.log(people - 1) / scale if people > 1 else -1.0
    return math.degrees(math.acos(cosine)) if abs(cosine) <= 1 else None
