"""The margin page: exact views of the shipped models, side by side."""

from html import escape

import streamlit as st

from demo import assets
from demo.figures.dial import degrees
from demo.language import Text
from demo.pages.address import chosen_many, put
from demo.pages.frame import title
from demo.pages.terms import note
from demo.service import Comparison
from model.errors import MarginScopeError
from model.ledger import PAPER, SHARES, STATISTICS


def margin_page() -> None:
    """Each view under its own title, the losses beside one another."""
    from demo.pages import views  # Plotly, which the compare page does without

    words = title("margin")
    try:
        gallery, spaces = assets.spaces()
    except MarginScopeError as error:
        st.error(words.error(error))
        return
    _say_which(words)
    losses = _losses(words)
    shown = {name: spaces[name] for name in losses}
    views.fans(shown, gallery, words)
    views.histograms(shown, words)
    views.planes(shown, gallery, words)
    views.targets(words)
    ledger(words)
    st.caption(words("app.notice"))


def _say_which(words: Text) -> None:
    """Whose faces these are, where the spheres show others."""
    if assets.gallery_folder() != assets.ASSETS:
        st.info(words("margin.shipped"))


def _losses(words: Text) -> list[str]:
    """Which networks stand beside one another; all where none is chosen."""
    st.pills(
        words("margin.losses"), assets.SHIPPED, selection_mode="multi", key="losses",
        default=chosen_many("losses", assets.SHIPPED) or list(assets.SHIPPED),
        format_func=words.loss, on_change=lambda: put("losses", st.session_state.losses),
    )  # fmt: skip
    chosen = st.session_state.losses
    return [name for name in assets.SHIPPED if name in chosen] or list(assets.SHIPPED)


def ledger(words: Text) -> None:
    """The angle statistics as evaluate.py measured them, beside the paper's Table 3."""
    st.subheader(words("margin.ledger_title"), anchor=False)
    found = assets.results("ledger")
    if not found:
        st.info(words("margin.ledger_missing"))
        return
    losses = found["losses"]
    names = [words.loss(name) for name in losses]
    names += [words("margin.paper", loss=words.loss(name)) for name in PAPER]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(_line(name, losses, words) for name in (*STATISTICS, *SHARES))
    first = f'<th scope="col">{escape(words("margin.statistic"))}</th>'
    st.html(f'<div class="numbers"><table><tr>{first}{head}</tr>{body}</table></div>')
    note(words, words("margin.ledger_how", **found["people"]))


def _line(name: str, losses: dict[str, dict[str, dict[str, float]]], words: Text) -> str:
    """One statistic of every loss, ours with its error, and the paper's."""
    cells = []
    for scores in losses.values():
        value, error = scores[name]["value"], scores[name]["standard_error"]
        if name in SHARES:
            cells.append(f"{100 * value:.1f} ± {100 * error:.1f} %")
        else:
            cells.append(f"{value:.1f} ± {error:.1f}°")
    cells += [degrees(column[name]) if name in column else "–" for column in PAPER.values()]
    row = "".join(f"<td>{escape(cell)}</td>" for cell in cells).replace(" ", "\u00a0")
    label = escape(words(f"margin.{name}"))
    return f'<tr><th scope="row" style="min-width: 9rem">{label}</th>{row}</tr>'


def uploads(comparison: Comparison | None, words: Text) -> None:
    """For the compare page: both photos in true angles, in an expander that is drawn when open."""
    if comparison is None:
        return
    with st.expander(
        words("margin.uploads_title"), key="exact", on_change="rerun", bind="query-params"
    ) as opened:
        if not opened.open:
            return
        from demo.pages import views

        try:
            gallery, spaces = assets.spaces()
        except MarginScopeError as error:
            st.info(words.error(error))
            return
        _say_which(words)
        shown = {name: spaces[name] for name in comparison.embeddings if name in spaces}
        views.marked(shown, gallery, comparison, words)
