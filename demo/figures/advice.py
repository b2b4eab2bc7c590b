"""Heat maps of a grid of trials: held-out accuracy and angle over scale and margin, with spread."""

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from demo.colours import INK
from demo.figures.flat import sheet, titled
from demo.language import Text
from model.advise import RAMPS, Advisor, Trial
from model.verification import Values

OF = ("accuracy", "own_mean")  # what there is a map of
HEAD = ("ramp", "m2", "s", "seeds", "held_out_right_percent", "standard_deviation",
        "own_mean_degrees", "standard_deviation")  # fmt: skip


def rows(advisor: Advisor) -> Iterator[tuple[object, ...]]:
    """The maps' numbers, a row a trial under HEAD; what is not known yet is empty."""
    for trial in advisor.trials:
        seeds = len(advisor.outcomes.get(trial, []))
        shown = [value for of in OF for value in _shown(advisor, trial, of)]
        told = ["" if np.isnan(value) else value for value in shown]
        yield trial.ramp, trial.margin, trial.scale, seeds, *told


def heat_maps(advisor: Advisor, of: str, words: Text) -> go.Figure:
    """One map for each ramp; `of` is accuracy (per cent, green is more) or own_mean (degrees)."""
    scales = list(dict.fromkeys(trial.scale for trial in advisor.trials))
    margins = list(dict.fromkeys(trial.margin for trial in advisor.trials))
    figure = make_subplots(
        rows=1, cols=len(RAMPS), shared_yaxes=True, horizontal_spacing=0.05,
        subplot_titles=[words("lab.map_ramp", ramp=f"{ramp:g}") for ramp in RAMPS],
    )  # fmt: skip
    maps = [_values(advisor, of, scales, margins, ramp) for ramp in RAMPS]
    known = np.concatenate([means[np.isfinite(means)] for means, _ in maps])
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    for k, (means, spreads) in enumerate(maps):
        figure.add_trace(
            go.Heatmap(
                z=means, x=[f"{m:g}" for m in margins], y=[f"{s:g}" for s in scales],
                zmin=low, zmax=high, coloraxis=None, xgap=2, ygap=2,
                colorscale="Viridis", reversescale=of == "own_mean", showscale=k == len(maps) - 1,
                text=_told(means, spreads), texttemplate="%{text}", hoverinfo="skip",
                colorbar={"thickness": 10, "ticksuffix": "°" if of == "own_mean" else " %"},
            ),
            row=1, col=k + 1,
        )  # fmt: skip
    figure.update_xaxes(title=titled(words("lab.map_margin")), type="category", fixedrange=True)
    figure.update_yaxes(type="category", fixedrange=True)
    figure.update_yaxes(title=titled(words("lab.map_scale")), row=1, col=1)
    figure.update_annotations(font={"size": 12, "color": INK})
    return sheet(figure, 60 + 46 * len(scales))


def _values(
    advisor: Advisor, of: str, scales: list[float], margins: list[float], ramp: float
) -> tuple[Values, Values]:
    """Means and standard deviations (S, M) as they are shown; the control is in every map."""
    found = np.full((2, len(scales), len(margins)), np.nan)
    for trial in advisor.trials:
        if trial.ramp == ramp or trial.margin == 0:
            place = scales.index(trial.scale), margins.index(trial.margin)
            found[(slice(None), *place)] = _shown(advisor, trial, of)
    return found[0], found[1]


def _shown(advisor: Advisor, trial: Trial, of: str) -> tuple[float, float]:
    mean, spread = advisor.mean(trial, of)
    unit = 180 / np.pi if of == "own_mean" else 100.0
    return unit * mean, unit * spread


def _told(means: Values, spreads: Values) -> list[list[str]]:
    def cell(mean: float, spread: float) -> str:
        if not np.isfinite(mean):
            return ""
        return f"{mean:.1f} ± {spread:.1f}" if np.isfinite(spread) else f"{mean:.1f}"

    return [
        [cell(mean, spread) for mean, spread in zip(*row, strict=True)]
        for row in zip(means, spreads, strict=True)
    ]
