"""Target curves: what a face's logit counts for, at each angle to its own class centre.

Below stand the measured own-centre angles of all training images, before and after training. It
keeps both exact; it loses the scale, by which each loss multiplies its curve.
"""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots

from demo.colours import INK, LINE, colour_of, translucent
from demo.figures.flat import degree_axis, legend, sheet, titled
from demo.language import Text
from model.checkpoint import Card
from model.margins import LOSSES, Margin
from model.verification import Values

FINE = np.linspace(0.0, 180.0, 361)  # degrees
MIDDLES = np.arange(180) + 0.5  # of the Card's bins
CHOSEN = "chosen"


@dataclass(frozen=True)
class Curve:
    """One line: a loss's name or CHOSEN, and its margin."""

    name: str
    margin: Margin

    @property
    def values(self) -> Values:
        """The target cosine at FINE, (361,)."""
        theta = torch.from_numpy(np.radians(FINE))
        return np.asarray(self.margin.target(theta).numpy())

    @property
    def formula(self) -> str:
        """'m₂ = 0.4', only what differs from no margin."""
        margin = self.margin
        parts = [("m₁", margin.multiply, 1.0), ("m₂", margin.add_angle, 0.0),
                 ("m₃", margin.add_cosine, 0.0)]  # fmt: skip
        return ", ".join(f"{name} = {value:g}" for name, value, none in parts if value != none)


def curves(cards: dict[str, Card], chosen: Margin) -> list[Curve]:
    """The losses with cosine logits, each with the margin that it was trained with.

    Of those without a checkpoint, the paper's margin; and the combination that a person chose.
    """
    margins = {name: loss.margin for name, loss in LOSSES.items()}
    margins |= {name: card.config.final_margin for name, card in cards.items()}
    rows = [Curve(name, margin) for name, margin in margins.items() if margin is not None]
    return [*rows, Curve(CHOSEN, chosen)]


def as_published(margin: Margin) -> tuple[Values, Values]:
    """ArcFace as its authors' code has it beyond theta = pi - m: cos(theta) - m sin(m).

    Degrees and values there; ours goes on with psi (model/margins.py).
    """
    m = margin.add_angle
    theta = np.radians(FINE[np.radians(FINE) >= np.pi - m])
    return np.degrees(theta), np.cos(theta) - m * np.sin(m)


def target_figure(drawn: list[Curve], cards: dict[str, Card], text: Text) -> go.Figure:
    """The curves over the Cards' own-centre angles, on one axis of angles."""
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.62, 0.38]
    )
    for curve in drawn:
        _curve(figure, curve, text)
    for i, (loss, card) in enumerate(cards.items()):
        _angles(figure, loss, card, i == 0, text)
    figure.update_xaxes(**degree_axis(180.0))
    figure.update_xaxes(title=titled(text("margin.own_angle")), row=2, col=1)
    look = {"fixedrange": True, "gridcolor": LINE, "gridwidth": 0.5, "zerolinecolor": LINE}
    figure.update_yaxes(title=titled(text("margin.target")), row=1, col=1, **look)
    figure.update_yaxes(title=titled(text("margin.share")), row=2, col=1, ticksuffix=" %", nticks=4,
                        rangemode="tozero", **look)  # fmt: skip
    return sheet(figure, 540, showlegend=True, legend=legend())


def _curve(figure: go.Figure, curve: Curve, text: Text) -> None:
    chosen = curve.name == CHOSEN
    colour = INK if chosen else colour_of(curve.name)
    label = text("margin.chosen") if chosen else text.loss(curve.name)
    name = f"{label} ({curve.formula})" if curve.formula else label
    figure.add_trace(
        go.Scatter(x=FINE, y=curve.values, mode="lines", name=name,
                   line={"color": colour, "width": 3 if chosen else 2,
                         "dash": "dash" if chosen else "solid"},
                   hovertemplate="%{x:.0f}° → %{y:.2f}"),
        row=1, col=1,
    )  # fmt: skip
    margin = curve.margin
    if margin == Margin(add_angle=margin.add_angle) and margin.add_angle > 0:
        angle, value = as_published(margin)
        figure.add_trace(
            go.Scatter(x=angle, y=value, mode="lines", name="published", showlegend=False,
                       line={"color": colour, "width": 1.5, "dash": "dot"},
                       hovertemplate="%{x:.0f}° → %{y:.2f}<extra></extra>"),
            row=1, col=1,
        )  # fmt: skip


def _angles(figure: go.Figure, loss: str, card: Card, first: bool, text: Text) -> None:
    """How many training images lie at each angle: outlined at the start, filled at the end."""
    colour = colour_of(loss)
    for when in ("start", "end"):
        counts = np.array(card.training[f"own_angles_{when}"], dtype=np.float64)
        filled = when == "end"
        figure.add_trace(
            go.Scatter(
                x=MIDDLES, y=100 * counts / counts.sum(), mode="lines",
                name=f"{text.loss(loss)}, {text(f'margin.{when}')}", showlegend=False,
                line={"color": colour, "width": 1.4, "dash": "solid" if filled else "dot"},
                fill="tozeroy" if filled else None, fillcolor=translucent(colour, 0.3),
                hovertemplate="%{x:.0f}° · %{y:.1f} %",
            ),
            row=2, col=1,
        )  # fmt: skip
    if first:
        place = {"xref": "x2", "yref": "y2 domain", "y": 1.0, "showarrow": False}
        start = np.average(MIDDLES, weights=card.training["own_angles_start"])
        figure.add_annotation(text=text("margin.start"), x=float(start), xanchor="left",
                              xshift=34, **place)  # fmt: skip
