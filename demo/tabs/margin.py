"""The tab of true angles: fans and histograms under each loss, with both photos in them."""

import gradio as gr
import numpy as np
import plotly.graph_objects as go

from demo import assets
from demo.figures.dial import degrees
from demo.figures.fan import fan_figure
from demo.figures.histograms import highest, histogram_figure
from demo.figures.people import person_name
from demo.language import Text, text
from demo.service import CompareService, Comparison
from demo.session import SIDES, Session
from demo.tabs.frame import PRIVATE, Said, Updates, paragraphs
from model.errors import MarginScopeError
from model.gallery import Gallery
from model.views import Space, fan, fan_around


class MarginTab:
    """A person of the gallery, or the first of two photos, in the middle of each loss's fan."""

    def __init__(self, state: gr.State, language: gr.Radio, said: Said, tab: gr.Tab) -> None:
        said(gr.Markdown, lambda w: {"value": f"## {w('margin.fan_title')}"})
        people = _people()
        self.person = said(
            gr.Dropdown, lambda w: {"label": w("margin.fan_person")}, choices=people,
            value=people[0][1] if people else None,
        )  # fmt: skip
        self.fans = self._plots()
        self.fan_notes = gr.Markdown(elem_classes="small")
        said(gr.Markdown, lambda w: {"value": f"## {w('margin.histogram_title')}"})
        self.histograms = self._plots()
        self.histogram_notes = gr.Markdown(elem_classes="small")
        inputs = [state, language, self.person]
        notes = [self.fan_notes, self.histogram_notes]
        outputs = [*self.fans, *self.histograms, *notes, self.person]
        for event in (tab.select, language.input, self.person.input):
            event(self.draw, inputs, outputs, show_progress="minimal", **PRIVATE)

    def _plots(self) -> list[gr.Plot]:
        """A place for a figure under each loss's name."""
        plots = []
        with gr.Row():
            for name in assets.SHIPPED:
                with gr.Column(min_width=280):
                    gr.Markdown(f"**{text('en').loss(name)}**")  # the same in every language
                    plots.append(gr.Plot(show_label=False, container=False))
        return plots

    def draw(self, here: Session, language: str, person: int) -> Updates:
        """Both rows and what they say."""
        words = text(language)
        try:
            gallery, spaces = assets.spaces()
            comparison = _compared(here)
        except MarginScopeError as error:
            return {self.fan_notes: words.error(error)}
        changed: Updates = {}
        top, notes = highest(spaces), []
        for name, fans, histograms in zip(spaces, self.fans, self.histograms, strict=True):
            one, photos = spaces[name], comparison.answers[name].angle if comparison else None
            drawn = _marked(name, one, gallery, comparison) if comparison else None
            if drawn is None:
                drawn, sentence = _fan(name, one, gallery, person, words)
                notes.append(sentence)
            threshold = one.card.calibration.threshold
            parts = {"unseen": one.pairs["unseen"]} if comparison else one.pairs
            bars = histogram_figure(parts, name, threshold, top, words, photos)
            changed[fans] = drawn
            changed[histograms] = bars
        how = words("margin.uploads_how" if comparison else "margin.fan_how")
        pairs = next(iter(spaces.values())).pairs
        counts = {part: len(np.unique(found.left)) for part, found in pairs.items()}
        return changed | {
            self.person: gr.update(visible=comparison is None),
            self.fan_notes: paragraphs([*notes, how]),
            self.histogram_notes: "" if comparison else words("margin.histogram_how", **counts),
        }


def _marked(name: str, one: Space, gallery: Gallery, comparison: Comparison) -> go.Figure:
    """The first photo in the middle, the second at its true angle."""
    around = fan_around(one, comparison.embeddings[name][0])
    reach = one.card.calibration.threshold
    return fan_figure(around, gallery, name, photo=comparison.answers[name].angle, reach=reach)


def _fan(
    name: str, one: Space, gallery: Gallery, person: int, words: Text
) -> tuple[go.Figure, str]:
    """A person's class centre in the middle, and what is to be seen."""
    found = fan(one, person, about_centre=True)
    assert found.stranger is not None  # fan() always finds it
    sentence = words(
        "margin.fan_said", who=person_name(gallery, found.stranger.person),
        own=degrees(float(np.degrees(found.ring or 0.0))),
        nearest=degrees(float(np.degrees(found.stranger.angles.min()))),
    )  # fmt: skip
    return fan_figure(found, gallery, name), f"**{words.loss(name)}** {sentence}"


def _compared(here: Session) -> Comparison | None:
    """Both photos under every loss that ships; None where there are not two."""
    if not all(side in here.photos for side in SIDES):
        return None
    service = CompareService([assets.recognizer(name) for name in assets.SHIPPED])
    return service.compare(here.photos["left"], here.photos["right"])


def _people() -> list[tuple[str, int]]:
    """Everybody whose class centre is known, by name; nobody where there is no gallery."""
    try:
        gallery, spaces = assets.spaces()
    except MarginScopeError:
        return []
    owners = np.sort(next(iter(spaces.values())).owners)
    return [(person_name(gallery, int(k)), int(k)) for k in owners]
