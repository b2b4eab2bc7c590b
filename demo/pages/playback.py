"""Small trainings on film: two losses beside one another, and the margin at a glance."""

import base64
from collections.abc import Callable, Sequence
from functools import cache, partial
from html import escape
from typing import Any

import streamlit as st

from demo import assets
from demo.colours import OTHER
from demo.figures.dial import degrees
from demo.figures.playback import (
    CHARTS,
    curves_csv,
    kept,
    playback_data,
    player_words,
    run_name,
)
from demo.figures.standalone import FIGURES, player, script
from demo.figures.strip import last_angles, strip
from demo.language import Text
from demo.pages.address import chosen, keep
from demo.pages.frame import title
from demo.pages.terms import note
from model.errors import MarginScopeError
from model.film import Reel
from model.playback import MARGINS, SETS, STRIP

FIRST = {"set": "sixteen", "left": "softmax", "right": "arcface-0.5"}
TABLED = ("norm-softmax", "arcface-0.5")  # of which the sentence on longer trainings tells


def playback_page() -> None:
    """Choose a set and two losses, watch both trainings, read off what the margin did."""
    words = title("playback")
    try:
        reels, colours = assets.playback(), assets.colours_by_folder()
    except MarginScopeError as error:
        st.info(words.error(error))
        return
    with st.container(horizontal=True, key="playback-choices"):
        name = _select("set", list(SETS), lambda one: words(f"playback.{one}"), words)
        reel = reels[name]
        called = partial(run_name, words=words)
        runs = tuple(_select(side, list(reel.films), called, words) for side in ("left", "right"))
    left, right = runs
    data = playback_data(name, reel, (left, right), colours, words)
    sentences = kept(name, reel, words)
    _component()(
        key="playback",
        data=data | {"key": "playback", "words": player_words(data, sentences, words)},
    )
    st.download_button(
        words("playback.save_csv"), partial(curves_csv, reel, words), mime="text/csv",
        file_name=f"marginscope-playback-{name}.csv", on_click="ignore", key="save-curves",
        help=words("playback.save_csv_help"),
    )  # fmt: skip
    for sentence in sentences:
        note(words, sentence)
    _strip(name, reel, [colours.get(folder, OTHER) for folder in reel.names], words)
    st.caption(words("app.notice"))


def _select(key: str, options: Sequence[str], label: Callable[[str], str], words: Text) -> str:
    """A choice that stands in the URL."""
    name = f"film-{key}"
    return st.selectbox(
        words(f"playback.choose_{key}"), list(options), format_func=label, key=name,
        index=list(options).index(chosen(name, options, FIRST[key])), on_change=keep(name),
    )  # fmt: skip


def _strip(name: str, reel: Reel, colours: list[str], words: Text) -> None:
    """The last frame under each m, and what longer trainings make of it."""
    st.subheader(words("playback.strip_title"), anchor=False)
    ends = {run: last_angles(reel.films[run]) for run in STRIP}
    drawn = strip(reel, colours, words)
    told = words(
        "playback.strip_alt",
        ends="; ".join(
            f"m = {m}: {degrees(own)}, {degrees(held)}"
            for m, (own, held) in zip(MARGINS, ends.values(), strict=True)
        ),
    )
    st.html(_pushed(drawn, told, words("playback.strip_title")))
    st.download_button(
        words("playback.save_svg"), drawn, file_name=f"marginscope-margins-{name}.svg",
        mime="image/svg+xml", on_click="ignore", key="save-strip",
    )  # fmt: skip
    first, last = ends[STRIP[0]], ends[STRIP[-1]]
    angles = dict(zip(("first", "first_held", "last", "last_held"), (*first, *last), strict=True))
    st.markdown(
        words(
            "playback.strip_says", m=MARGINS[-1],
            **{key: degrees(angle) for key, angle in angles.items()},
        )
    )  # fmt: skip
    for key, found in (("seeds", assets.results("playback")), ("longer", _longer())):
        if found:
            note(words, words(f"playback.{key}", **_fields(found)))


def _pushed(svg: str, alt: str, label: str) -> str:
    """HTML of a drawing that is wider than a phone: pushed sideways by touch, wheel or arrow keys.

    Streamlit's containers scroll, but take no focus and have no name.
    """
    sent = base64.b64encode(svg.encode()).decode()
    return (
        f'<div class="strip" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<img src="data:image/svg+xml;base64,{sent}" alt="{escape(alt)}"></div>'
    )


def _longer() -> dict[str, Any]:
    found: dict[str, Any] = assets.results("playback").get("longer", {})
    return found


def _fields(kept: dict[str, Any]) -> dict[str, str]:
    """Own-centre angles and held-out accuracy over seeds, without a margin and with one."""
    setting = kept if "steps" in kept else kept["sets"]["sixteen"]
    fields = {"steps": f"{setting['steps']}", "scale": f"{setting['scale']:g}"}
    for place, run in zip(("control", "margin"), TABLED, strict=True):
        ends = kept["seeds"][run]
        for key, end, scale in (
            ("own", "own_degrees", 1), ("held", "own_held_degrees", 1),
            ("right", "accuracy_held", 100),
        ):  # fmt: skip
            value, spread = (scale * ends[end][of] for of in ("value", "standard_deviation"))
            fields[f"{place}_{key}"] = f"{value:.1f} ± {spread:.1f}"
    return fields


@cache
def _component() -> Any:
    """The component of figures/playback.js."""
    css = (FIGURES / "player.css").read_text(encoding="utf-8")
    return st.components.v2.component(
        "playback", html=player("playback", len(CHARTS)), css=css, js=script("playback")
    )
