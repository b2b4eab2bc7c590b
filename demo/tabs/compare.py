"""The tab that compares: two photos, a dial a network, both faces on the spheres."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from demo import assets
from demo.figures.picture import picture
from demo.figures.standalone import FIGURES, SPHERES
from demo.language import Text, text
from demo.placed import PLAIN, embed_all, kept, marked, neighbour_rows, shown, unplaced
from demo.service import Belief, CompareService, Comparison
from demo.session import SIDES, Session, ready_pairs
from demo.tabs.components import photo_input
from demo.tabs.frame import PRIVATE, Said, Updates, figure, paragraphs
from demo.tabs.stage import answer_link, around_face, dials, panel, table
from demo.told import disagreement
from model.errors import MarginScopeError
from model.images import MAX_BYTES

CONTROL = "norm-softmax"
LIMITS, PRIORS = (1, 25, 5), (1, 99, 50)  # per cent: lowest, highest, what is set at first
SAVE = '<button type="button" class="save"></button>'


class CompareTab:
    """Its components, and what they show of a visitor's Session."""

    def __init__(self, state: gr.State, language: gr.Radio, said: Said) -> None:
        self.state, self.language, self.said = state, language, said
        self._buttons()
        self._stage()
        self._sliders()
        self._spheres()
        said(gr.Markdown, lambda w: {"value": w("app.notice")}, elem_classes="small")
        self.settings = [
            language, self.control, self.limit, self.prior, self.index, self.left_model,
            self.right_model,
        ]  # fmt: skip
        self._listen()

    def _button(self, key: str, **options: Any) -> gr.Button:
        look = {"size": "md", "scale": 0, "min_width": 130} | options
        return self.said(gr.Button, lambda w: {"value": w(f"compare.{key}")}, **look)

    def _buttons(self) -> None:
        with gr.Row():
            names = ["portraits"] if ready_pairs() is None else ["same", "different"]
            self.ready = {
                n: self._button(f"ready_{n}", variant="primary", min_width=200) for n in names
            }
            self.swap = self._button("swap", visible=False)
            self.clear = self._button("clear", visible=False)
            self.undo = self._button("undo", visible=False)

    def _stage(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.panels: dict[str, Any] = {}
        self.faces: dict[str, Any] = {}
        self.removes: dict[str, Any] = {}
        with gr.Row(elem_classes="trio"):
            self._side("left")
            with gr.Column():
                self.waits = gr.Markdown(text("en")("compare.waiting"))
                self.dials = gr.HTML()
                self.notes = gr.Markdown()
                with gr.Row(elem_classes="saves"):
                    self.answer = gr.HTML()
                    self.picture = figure("save_picture", SAVE, elem_id="picture")
            self._side("right")

    def _side(self, side: str) -> None:
        mark = "○" if side == "left" else "□"
        with gr.Column(elem_id=side, min_width=100):
            self.inputs[side] = self.said(
                photo_input,
                lambda w: {
                    "label": f"{mark} {w(f'compare.{side}')}", "placeholder": w("compare.upload")
                },
                sources=["upload", "webcam", "clipboard"], height=240,
            )  # fmt: skip
            self.panels[side] = gr.HTML()
            self.faces[side] = gr.Radio([], visible=False)
            self.removes[side] = self._button("remove", visible=False, size="sm")

    def _sliders(self) -> None:
        def slider(key: str, range_: tuple[int, int, int]) -> gr.Slider:
            low, high, first = range_
            return self.said(
                gr.Slider,
                lambda w: {"label": w(f"compare.{key}"), "info": w(f"compare.{key}_help")},
                minimum=low, maximum=high, value=first, step=1, min_width=280,
            )  # fmt: skip

        with gr.Row(elem_classes="settings"):
            self.control = self.said(
                gr.Checkbox,
                lambda w: {"label": w("compare.control"), "info": w("compare.control_help")},
                min_width=280,
            )
            self.limit, self.prior = slider("limit", LIMITS), slider("prior", PRIORS)

    def _spheres(self) -> None:
        try:
            drawn = assets.spheres(assets.gallery_folder())
            gallery, models = drawn.data, list(drawn.points)
        except MarginScopeError:  # draw() tells the visitor
            gallery, models = None, list(assets.SHIPPED)
        self.said(gr.Markdown, lambda w: {"value": f"## {w('spheres.title')}"})
        with gr.Row():
            self.left_model, self.right_model = (
                self.said(
                    gr.Dropdown, partial(_models, key, models), value=first, filterable=False
                )
                for key, first in (("left", models[0]), ("right", "arcface"))
            )  # fmt: skip
        css = (FIGURES / "sphere.css").read_text(encoding="utf-8")
        figure("gallery", "<span></span>", value=gallery)
        self.spheres = figure("sphere", SPHERES, css, elem_classes="drawn", elem_id="spheres")
        self.index, self.picked = gr.State(-1), gr.HTML()  # the face that was clicked
        self.placed = gr.Markdown(elem_classes="small")
        with self.said(gr.Accordion, lambda w: {"label": w("spheres.neighbours")}, open=False):
            self.neighbours = gr.HTML()

    def _listen(self) -> None:
        def read(side: str, here: Session, data: bytes | None) -> None:
            if data is not None:
                here.put(CompareService([]), side, data)

        def choose(side: str, here: Session, number: int) -> None:
            if side in here.photos:
                here.photos[side] = here.photos[side].using(number - 1)

        for side in SIDES:
            self._on(self.inputs[side].input, partial(read, side), self.inputs[side])
            self._on(self.faces[side].input, partial(choose, side), self.faces[side])
            self._on(self.removes[side].click, partial(_clear, side))
        for name, button in self.ready.items():
            self._on(button.click, partial(_take, name == "same"))
        self._on(self.swap.click, Session.swap)
        self._on(self.clear.click, Session.clear)
        self._on(self.undo.click, Session.undo)
        asked = [self.language, self.left_model, self.right_model]
        quiet = PRIVATE | {"show_progress": "hidden"}
        self.spheres.picked(self._pick, asked, [self.index, self.picked], **quiet)
        for part in asked:
            part.input(around_face, [*asked, self.index], self.picked, **quiet)
        for slider in (self.limit, self.prior):  # release would miss the keyboard
            self._on(slider.change, _nothing)
        for box in (self.control, self.left_model, self.right_model):
            self._on(box.input, _nothing)

    def _on(self, event: Callable[..., Any], change: Callable[..., None], *more: Any) -> None:
        """Let an event change the visitor's Session, and draw it."""
        count = len(self.settings)

        def run(here: Session, *values: Any) -> Updates:
            change(here, *values[count:])
            return {self.state: here} | self.draw(here, *values[:count])

        inputs = [self.state, *self.settings, *more]
        event(run, inputs, [self.state, *self.outputs], show_progress="minimal", **PRIVATE)

    def _pick(self, language: str, left: str, right: str, event: gr.EventData) -> Updates:
        """Remember which face was clicked, and tell of it."""
        index = int(event.index)
        return {self.index: index, self.picked: around_face(language, left, right, index)}

    @property
    def outputs(self) -> list[Any]:
        """What draw() changes."""
        sides = [self.inputs, self.panels, self.faces, self.removes]
        return [
            *(part for parts in sides for part in parts.values()),
            self.swap, self.clear, self.undo, self.waits, self.dials, self.notes, self.answer,
            self.picture, self.spheres, self.placed, self.neighbours,
        ]  # fmt: skip

    def draw(
        self, here: Session, language: str, control: bool, limit: int, prior: int, picked: int,
        *models: str,
    ) -> Updates:  # fmt: skip
        """Everything that depends on the photos and the settings."""
        words = text(language)
        changed: Updates = {}
        for side in SIDES:
            changed |= self._draw_side(side, here, words)
        waits = words("compare.waiting_one" if here.photos else "compare.waiting")
        waits += "\n\n" + words("compare.privacy", megabytes=MAX_BYTES // 2**20)
        changed |= {
            self.swap: gr.update(visible=bool(here.photos)),
            self.clear: gr.update(visible=bool(here.photos)),
            self.undo: gr.update(visible=bool(here.before) and here.before != here.photos),
        }
        service, problems = _service(control)
        comparison = None
        if service.recognizers and all(side in here.photos for side in SIDES):
            belief = Belief(prior=prior / 100, limit=limit / 100)
            comparison = service.compare(here.photos["left"], here.photos["right"], belief)
        changed |= self._draw_answer(service, comparison, words)
        said = [words.error(problem) for problem in problems]
        said += disagreement(comparison.answers, words) if comparison else []
        changed[self.notes] = paragraphs(said)
        changed[self.waits] = gr.update(value=waits, visible=comparison is None)
        return changed | self._draw_spheres(comparison, picked, list(models), words)

    def _draw_side(self, side: str, here: Session, words: Text) -> Updates:
        photo = here.photos.get(side)
        count = len(photo.faces) if photo else 0
        return {
            self.inputs[side]: gr.update(value=None, visible=photo is None),
            self.panels[side]: panel(side, here, words),
            self.removes[side]: gr.update(visible=photo is not None),
            self.faces[side]: gr.update(
                label=words("compare.pick", count=count), choices=list(range(1, count + 1)),
                value=photo.used + 1 if photo else None, visible=count > 1,
            ),
        }  # fmt: skip

    def _draw_answer(
        self, service: CompareService, comparison: Comparison | None, words: Text
    ) -> Updates:
        saved = None
        if comparison is not None:
            svg = picture(comparison, service.recognizers, words)
            saved = {"svg": svg, "label": words("picture.save"), "name": "marginscope.png"}
        return {
            self.dials: dials(service, comparison, words),
            self.answer: answer_link(comparison, words),
            self.picture: saved,
        }

    def _draw_spheres(
        self, comparison: Comparison | None, picked: int, models: list[str], words: Text
    ) -> Updates:
        photos = marked(comparison)
        try:
            drawn = assets.spheres(assets.gallery_folder())
            embeddings = embed_all(models, photos)
        except MarginScopeError as error:
            return {self.placed: words.error(error)}
        sentences = [
            *unplaced(drawn, photos, embeddings, words), *kept(models, words), words("spheres.how")
        ]  # fmt: skip
        return {
            self.spheres: shown(drawn, models, photos, embeddings, PLAIN, words, picked),
            self.placed: paragraphs(sentences),
            self.neighbours: table(neighbour_rows(drawn, photos, embeddings, words)),
        }


def _service(control: bool) -> tuple[CompareService, list[MarginScopeError]]:
    """The networks shown, and why others cannot be loaded."""
    found, problems = [], []
    for name in ("softmax", *((CONTROL,) if control else ()), "arcface"):
        try:
            found.append(assets.recognizer(name))
        except MarginScopeError as error:
            problems.append(error)
    return CompareService(found), problems


def _models(key: str, models: list[str], words: Text) -> dict[str, Any]:
    return {
        "label": words(f"spheres.choose_{key}"),
        "choices": [(words.loss(model), model) for model in models],
    }


def _take(same: bool, here: Session) -> None:
    here.take_ready_pair(CompareService([]), same)


def _clear(side: str, here: Session) -> None:
    here.clear(side)


def _nothing(here: Session) -> None:
    """The settings alone have changed."""
