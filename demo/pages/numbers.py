"""How the results page shows a number with its error, and a figure."""

from typing import Any

import streamlit as st

from demo.figures.flat import config


def with_error(measure: str, of: dict[str, float]) -> str:
    """'0.9670 ± 0.0055' for an AUC, '90.5 ± 1.0 %' for a share 0..1."""
    scale, digits, unit = (1, 4, "") if measure == "auc" else (100, 1, " %")
    error = f" ± {scale * of['standard_error']:.{digits}f}" if "standard_error" in of else ""
    return f"{scale * of['value']:.{digits}f}{error}{unit}"


def of_starts(measure: str, of: dict[str, Any]) -> str:
    """The same measure of each start, without errors."""
    if measure == "auc":
        return ", ".join(f"{value:.4f}" for value in of["each"])
    return ", ".join(f"{100 * value:.1f}" for value in of["each"]) + " %"


def points(of: dict[str, float]) -> str:
    """A difference of shares in points, '+1.2 ± 0.9'."""
    return signed({key: 100 * value for key, value in of.items()}, 1)


def signed(of: dict[str, float], digits: int) -> str:
    """A difference with its sign and error."""
    value = f"{of['value']:+.{digits}f}".replace("-", "−")
    return f"{value} ± {of['standard_error']:.{digits}f}"


def draw(name: str, figure: Any, alt: str) -> None:
    """A figure of this page, which saves as an SVG of that name."""
    st.plotly_chart(figure, key=f"results-{name}", config=config(name), alt=alt)
