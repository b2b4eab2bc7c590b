"""Genuine and impostor angles of the gallery's pairs: seen people above, unseen ones below.

It keeps how many pairs lie at each angle; it loses which pairs they are.
"""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from demo.colours import INK, colour_of, translucent
from demo.figures.flat import SPAN, degree_axis, legend, sheet, titled
from demo.language import Text
from model.ledger import PER_DEGREE, PairAngles, equal_error, overlap
from model.verification import Values
from model.views import Space

PARTS = ("seen", "unseen")


def shares(pairs: PairAngles) -> tuple[Values, Values]:
    """Genuine and impostor pairs by whole degree, per cent of each kind, (180,) each."""
    genuine, impostor = (
        counts.reshape(180, PER_DEGREE).sum(axis=1) for counts in pairs.histograms()
    )
    return 100 * genuine / genuine.sum(), 100 * impostor / impostor.sum()


def highest(spaces: dict[str, Space]) -> float:
    """The same height for every loss's histograms, in per cent a degree."""
    tops = [share.max() for s in spaces.values() for pairs in s.pairs.values()
            for share in shares(pairs)]  # fmt: skip
    return 1.08 * float(max(tops))


def histogram_figure(
    parts: dict[str, PairAngles],
    loss: str,
    threshold: float,
    top: float,
    text: Text,
    photos: float | None = None,
) -> go.Figure:
    """One loss's histograms, each part of `parts` on a row, up to `top` per cent a degree.

    threshold: the validation people's, in degrees. photos: the angle between two uploads.
    """
    colour = colour_of(loss)
    figure = make_subplots(rows=len(parts), cols=1, shared_xaxes=True, vertical_spacing=0.13)
    middle = np.arange(180) + 0.5
    for row, (part, pairs) in enumerate(parts.items(), start=1):
        genuine, impostor = shares(pairs)
        for name, share in (("genuine", genuine), ("impostor", impostor)):
            filled = name == "genuine"
            figure.add_trace(
                go.Scatter(
                    x=middle, y=share, name=text(f"figure.{name}"), legendgroup=name,
                    showlegend=row == 1, mode="lines",
                    line={"color": colour, "width": 0 if filled else 1.8, "shape": "hvh"},
                    fill="tozeroy" if filled else None, fillcolor=translucent(colour, 0.5),
                    hovertemplate="%{x:.1f}° · %{y:.2f} %",
                ),
                row=row, col=1,
            )  # fmt: skip
        error, angle = equal_error(*pairs.histograms())
        _line(figure, row, threshold, "dash", top)
        _line(figure, row, float(np.degrees(angle)), "dot", top)
        if photos is not None:
            _photos(figure, row, photos, colour, top)
        said = text(
            f"margin.histogram_{part}", overlap=f"{100 * overlap(*pairs.histograms()):.1f}",
            eer=f"{100 * error:.1f}",
        )  # fmt: skip
        figure.add_annotation(
            text=said, x=0, y=1.0, xref="x domain", yref="y domain", xanchor="left",
            yanchor="bottom", showarrow=False, align="left", row=row, col=1,
        )  # fmt: skip
    figure.update_xaxes(**degree_axis(SPAN))
    figure.update_xaxes(title=titled(text("margin.pair_angle")), row=len(parts), col=1)
    figure.update_yaxes(range=[0, top], fixedrange=True, showgrid=False, zeroline=True,
                        zerolinecolor=INK, ticksuffix=" %", nticks=4)  # fmt: skip
    return sheet(figure, 150 + 140 * len(parts), showlegend=True, legend=legend(),
                 margin={"l": 8, "r": 20, "t": 48, "b": 8})  # fmt: skip


def _line(figure: go.Figure, row: int, at: float, dash: str, top: float) -> None:
    figure.add_trace(
        go.Scatter(x=[at, at], y=[0, top], mode="lines", showlegend=False, name=dash,
                   line={"color": INK, "width": 1.5, "dash": dash},
                   hovertemplate="%{x:.1f}°<extra></extra>"),
        row=row, col=1,
    )  # fmt: skip


def _photos(figure: go.Figure, row: int, at: float, colour: str, top: float) -> None:
    """The angle of the two uploads: a needle with the second one's square on top."""
    figure.add_trace(
        go.Scatter(x=[min(at, SPAN)] * 2, y=[0, 0.9 * top], mode="lines+markers", showlegend=False,
                   name="photos", line={"color": colour, "width": 3.5},
                   marker={"symbol": ["line-ns", "square"], "size": 11, "color": colour},
                   hovertemplate=f"{at:.1f}°<extra></extra>"),
        row=row, col=1,
    )  # fmt: skip
