"""Why residual: how two residual networks and their plain twins learn.

Above the training loss, below the AUC on people whom none was trained on. It keeps both, the mean
over the starts of results/depth.json; it loses the single steps and how far the starts are apart.
"""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from demo.colours import LINE, colour_of
from demo.figures.flat import sheet, titled
from demo.language import Text
from model.verification import Values

HEIGHT, PANEL = 560, 215.0  # of the figure and, about, of one panel, in pixels
ROOM = 96  # pixels right of the lines, for their labels
LETTER = 17.0  # pixels from one label to the next
PANELS = {"loss": "loss_step", "auc": "step"}  # a curve of the JSON and its axis
DEPTHS = ("shallow", "deep")
Network = dict[str, Any]


def depth_figure(found: dict[str, Any], words: Text) -> go.Figure:
    """The four networks of results/depth.json: a dashed line is plain, a thick one is deep."""
    figure = make_subplots(rows=len(PANELS), cols=1, shared_xaxes=True, vertical_spacing=0.07)
    for row, measure in enumerate(PANELS, start=1):
        _lines(figure, row, measure, found, words)
    figure.update_xaxes(range=[0, found["steps"]], fixedrange=True, showgrid=False, zeroline=False)
    figure.update_xaxes(title=titled(words("depth.steps")), row=len(PANELS), col=1)
    return sheet(figure, HEIGHT, margin={"l": 8, "r": ROOM, "t": 40, "b": 8})


def _lines(figure: go.Figure, row: int, measure: str, found: dict[str, Any], words: Text) -> None:
    """One panel: a labelled line a network, and what guessing would give."""
    networks, guess = list(found["networks"].values()), found["guessing"][measure]
    drawn = [curve(one, measure) for one in networks]
    low, high = reach([*drawn, np.array([guess])])
    for one, values in zip(networks, drawn, strict=True):
        look = {"color": colour_of(found["loss"]), "width": 3.5 if deep(one, found) else 1.7}
        figure.add_trace(
            go.Scatter(
                x=one["runs"][0][PANELS[measure]], y=values, name=label(one, words), mode="lines",
                line=look | {"dash": "dash" if one["plain"] else "solid"},
                hovertemplate="%{x:.0f} · %{y:.3f}",
            ),
            row=row, col=1,
        )  # fmt: skip
    figure.add_hline(y=guess, line={"color": LINE, "width": 1, "dash": "dot"}, row=row, col=1)
    labels = [*(label(one, words) for one in networks), words("depth.guessing")]
    ends = [*(float(values[-1]) for values in drawn), guess]
    gap = (high - low) * LETTER / PANEL
    for said, at in zip(labels, apart(ends, gap), strict=True):
        figure.add_annotation(text=said, x=found["steps"], y=at, xanchor="left", xshift=6,
                              showarrow=False, row=row, col=1)  # fmt: skip
    figure.update_yaxes(title=titled(words(f"depth.{measure}")), range=[low, high], nticks=6,
                        fixedrange=True, gridcolor=LINE, gridwidth=0.5, zeroline=False,
                        row=row, col=1)  # fmt: skip


def curve(network: Network, measure: str) -> Values:
    """A measure's values at its steps, the mean over the starts."""
    return np.asarray(np.mean([run[measure] for run in network["runs"]], axis=0))


def deep(network: Network, found: dict[str, Any]) -> bool:
    """Whether it has the most layers of all."""
    return bool(network["layers"] == max(one["layers"] for one in found["networks"].values()))


def label(network: Network, words: Text) -> str:
    """'plain, 50'"""
    kind = words("depth.plain") if network["plain"] else words("depth.residual")
    return words("depth.label", kind=kind, layers=network["layers"])


def reach(drawn: list[Values]) -> tuple[float, float]:
    """The ends of an axis that holds every value with a little room."""
    values = np.concatenate(drawn)
    room = 0.06 * float(np.ptp(values))
    return float(values.min()) - room, float(values.max()) + room


def apart(values: list[float], gap: float) -> list[float]:
    """The values moved as little as it takes for any two to stand `gap` apart, in their order."""
    order = np.argsort(values, kind="stable")
    level = np.asarray(values)[order] - gap * np.arange(len(values))  # to be made non-decreasing
    blocks: list[list[float]] = []
    for value in level:  # pool adjacent violators: isotonic least squares
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    moved = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    found = np.empty(len(values))
    found[order] = moved + gap * np.arange(len(values))
    return [float(value) for value in found]


def depth_sentences(found: dict[str, Any], words: Text) -> list[str]:
    """What was measured: how the four end, where plain is worse, and the first gradients."""
    fields = depth_fields(found)
    worse = [depth for depth in DEPTHS if plain_is_worse(found, depth)]
    verdict = "both" if len(worse) == len(DEPTHS) else worse[0] if worse else "neither"
    return [
        words("depth.says_ends", **fields),
        words(f"depth.says_{verdict}", **fields),
        words("depth.says_gradients", **fields),
    ]


def depth_caption(found: dict[str, Any], words: Text) -> str:
    """How to read the figure, what all four have in common, what it keeps and loses."""
    recipe, people = found["recipe"], found["trained"]["people"]
    return words(
        "depth.how", **depth_fields(found), images=found["trained"]["images"], people=people,
        unseen=found["validation"]["people"], width=recipe["width"], pixels=recipe["input_size"],
    )  # fmt: skip


def depth_alt(found: dict[str, Any], words: Text) -> str:
    """The figure for who does not see it."""
    ends = [
        words("depth.end", who=label(one, words), **_end(one)) for one in found["networks"].values()
    ]
    return words("depth.alt", steps=found["steps"], ends="; ".join(ends))


def depth_fields(found: dict[str, Any]) -> dict[str, str]:
    """The values of the sentences as they are shown, of each network by kind and depth.

    first_plain_deep: the length of the loss's gradient on the first layer before the first step;
    last_...: on the last layer.
    """
    fields = {"starts": str(found["seeds"]), "steps": str(found["steps"])}
    fields["guess"] = f"{found['guessing']['loss']:.2f}"
    for one in found["networks"].values():
        depth = DEPTHS[deep(one, found)]
        name = f"{'plain' if one['plain'] else 'residual'}_{depth}"
        fields[depth] = str(one["layers"])
        fields |= {f"{measure}_{name}": value for measure, value in _end(one).items()}
        lengths = curve(one, "gradients")
        fields[f"first_{name}"] = f"{lengths[0]:.0f}"
        fields[f"last_{name}"] = f"{lengths[-1]:.0f}"
    return fields


def _end(network: Network) -> dict[str, str]:
    auc = network["auc"]
    return {
        "loss": f"{network['loss']['value']:.2f}",
        "auc": f"{auc['value']:.3f} ± {auc['standard_error']:.3f}",
    }


def plain_is_worse(found: dict[str, Any], depth: str) -> bool:
    """Whether the plain twin learned worse: its training loss is higher, its AUC lower.

    Lower by more than two standard errors, those of people and of starts together.
    """
    one = next(n for n in found["networks"].values() if DEPTHS[deep(n, found)] == depth)
    layers = one["layers"]
    lost = found["differences"][f"plain-{layers} less residual-{layers}"]
    of_starts = lost["auc"].get("standard_deviation", 0.0) / math.sqrt(found["seeds"])
    error = math.hypot(lost["auc"]["standard_error"], of_starts)
    return bool(lost["loss"]["value"] > 0 and lost["auc"]["value"] < -2 * error)
