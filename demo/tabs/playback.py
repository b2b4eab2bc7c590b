"""The tab of small trainings on film: two losses beside one another, and the row of margins."""

import base64
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from demo import assets
from demo.colours import OTHER
from demo.figures.playback import CHARTS, kept, playback_data, player_words, run_name
from demo.figures.standalone import FIGURES, player
from demo.figures.strip import last_angles, strip
from demo.language import Text, text
from demo.tabs.frame import PRIVATE, Said, Updates, figure, paragraphs
from model.errors import MarginScopeError
from model.film import Reel
from model.playback import MARGINS, RUNS, SETS, STRIP

FIRST = {"left": "softmax", "right": "arcface-0.5"}


class PlaybackTab:
    """Which people, which two losses, the film and the last moment under each margin."""

    def __init__(self, language: gr.Radio, said: Said, tab: gr.Tab) -> None:
        with gr.Row():
            self.people = said(gr.Dropdown, _sets, value="sixteen", filterable=False, min_width=240)
            self.sides = [
                said(
                    gr.Dropdown, partial(_runs, side), value=first, filterable=False, min_width=240
                )
                for side, first in FIRST.items()
            ]
        css = (FIGURES / "player.css").read_text(encoding="utf-8")
        self.film = figure("playback", player("playback", len(CHARTS)), css, elem_id="film")
        self.notes = gr.Markdown(elem_classes="small")
        said(gr.Markdown, lambda w: {"value": f"## {w('playback.strip_title')}"})
        self.strip = gr.HTML()
        inputs = [language, self.people, *self.sides]
        outputs = [self.film, self.notes, self.strip]
        chosen = (language, self.people, *self.sides)
        for event in (tab.select, *(part.input for part in chosen)):
            event(self.draw, inputs, outputs, show_progress="minimal", **PRIVATE)

    def draw(self, language: str, people: str, left: str, right: str) -> Updates:
        """Both films and what they say."""
        words = text(language)
        try:
            reel, colours = assets.playback()[people], assets.colours_by_folder()
        except MarginScopeError as error:
            return {self.notes: words.error(error)}
        data = playback_data(people, reel, (left, right), colours, words)
        sentences = kept(people, reel, words)
        spoken = player_words(data, sentences, words)
        return {
            self.film: data | {"key": "playback", "words": spoken},
            self.notes: paragraphs([*sentences, words("app.notice")]),
            self.strip: _strip(reel, [colours.get(one, OTHER) for one in reel.names], words),
        }


def _strip(reel: Reel, colours: list[str], words: Text) -> str:
    """The row of margins as an image that is pushed sideways on a phone."""
    ends = (last_angles(reel.films[run]) for run in STRIP)
    told = "; ".join(
        f"m = {m}: {own:.1f}°, {held:.1f}°" for m, (own, held) in zip(MARGINS, ends, strict=True)
    )
    drawn = base64.b64encode(strip(reel, colours, words).encode()).decode()
    alt = escape(words("playback.strip_alt", ends=told))
    return (
        f'<div class="strip" tabindex="0" role="region" '
        f'aria-label="{escape(words("playback.strip_title"))}">'
        f'<img src="data:image/svg+xml;base64,{drawn}" alt="{alt}"></div>'
    )


def _sets(words: Text) -> dict[str, Any]:
    choices = [(words(f"playback.{name}"), name) for name in SETS]
    return {"label": words("playback.choose_set"), "choices": choices}


def _runs(side: str, words: Text) -> dict[str, Any]:
    choices = [(run_name(run, words), run) for run in RUNS]
    return {"label": words(f"playback.choose_{side}"), "choices": choices}
