"""The Gradio app as a whole: its page, its endpoints, how it is served."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr

from demo import api
from demo.hosted import hosted
from demo.language import LANGUAGES, guess, text
from demo.session import Session
from demo.tabs.compare import CompareTab
from demo.tabs.components import PhotosInput, Told, photo_input
from demo.tabs.frame import PRIVATE, Said, Updates, merged
from demo.tabs.margin import MarginTab
from demo.tabs.playback import PlaybackTab
from demo.turns import turns
from model.errors import MarginScopeError
from model.images import MAX_BYTES

STAYS = 1800  # seconds after which a visitor's photos leave the memory
WAITING = 64  # who may wait at once, for the page and the endpoints together
# What the browser does where the language changes, and where the visitor has changed it.
SPEAK = "language => { document.documentElement.lang = language; }"
KEEP = """language => {
  const url = new URL(location);
  url.searchParams.set('lang', language);
  history.replaceState(history.state, '', url);
}"""


def page() -> gr.Blocks:
    """Everything: three tabs in two languages, and the endpoints."""
    words = text("en")
    with gr.Blocks(title=words("app.title"), delete_cache=(60, 300)) as blocks:
        said = Said()
        state = gr.State(Session(), time_to_live=STAYS)
        with gr.Row(elem_classes="title"):
            said(gr.Markdown, lambda w: {"value": f"# {w('app.title')}\n{w('app.tagline')}"})
            language = gr.Radio(
                [(name, code) for code, name in LANGUAGES.items()], value="en", scale=0,
                label=words("app.language"), show_label=False, container=False, min_width=200,
            )  # fmt: skip
        with said(gr.Tab, lambda w: {"label": w("nav.compare")}):
            compared = CompareTab(state, language, said)
        with said(gr.Tab, lambda w: {"label": w("nav.margin")}) as tab:
            MarginTab(state, language, said, tab)
        with said(gr.Tab, lambda w: {"label": w("nav.playback")}) as tab:
            PlaybackTab(language, said, tab)
        _speak(blocks, state, language, compared, said)
        _endpoints()
    return blocks


def _speak(
    blocks: gr.Blocks, state: gr.State, language: gr.Radio, compared: CompareTab, said: Said
) -> None:
    """Say everything in the visitor's language, at first and where another is chosen."""

    def say(here: Session, *settings: Any) -> Updates:
        return merged(said.told(text(settings[0])), compared.draw(here, *settings))

    def greet(
        here: Session, spoken: str, control: bool, limit: int, prior: int, left: str, right: str,
        request: gr.Request,
    ) -> Updates:  # fmt: skip
        accepted = request.headers.get("accept-language", "").split(",")[0]
        asked = request.query_params.get("lang")
        spoken = asked if asked in LANGUAGES else guess(accepted.split(";")[0])
        return {language: spoken} | say(here, spoken, control, limit, prior, left, right)

    inputs, outputs = [state, *compared.settings], [*said.parts, *compared.outputs]
    blocks.load(greet, inputs, [language, *outputs], show_progress="hidden", **PRIVATE)
    language.input(say, inputs, outputs, show_progress="hidden", **PRIVATE)
    language.input(None, language, js=KEEP, api_visibility="private")
    language.change(None, language, js=SPEAK, api_visibility="private")


def _endpoints() -> None:
    """What scripts and agents may call; in hosted mode comparing alone."""
    with gr.Column(visible=False):
        button, photos = gr.Button(), PhotosInput(file_count="multiple", label="photos")
        left, right = photo_input(label="left"), photo_input(label="right")
        models = gr.CheckboxGroup(list(api.MODELS), value=api.ASKED, label="models")
        prior, limit = (gr.Number(value, label=n) for n, value in (("prior", 0.5), ("limit", 0.05)))
        faces = [gr.Number(0, precision=0, label=name) for name in ("left_face", "right_face")]
        count = gr.Number(5, precision=0, label="count")
        _endpoint(button, api.compare, [left, right, models, prior, limit, *faces])
        if not hosted():
            _endpoint(button, api.embed, [photos, models])
            _endpoint(button, api.nearest, [left, count])


def _endpoint(button: gr.Button, answer: Callable[..., Any], inputs: list[Any]) -> None:
    """Let `answer` be called by its name; an error of ours is told, any other stays in the log."""

    @wraps(answer)
    def told(*given: Any) -> Any:
        try:
            return answer(*given)
        except MarginScopeError as error:
            raise gr.Error(str(error), print_exception=False) from None

    output = Told(label=answer.__name__)
    output.kind = answer.__annotations__["return"]
    button.click(told, inputs, output, api_name=answer.__name__, concurrency_id="faces")


def serve(**options: Any) -> Any:
    """Serve the page, the endpoints and the MCP tools until the process ends."""
    blocks = page()
    at_once = turns().at_once
    blocks.queue(default_concurrency_limit=at_once, max_size=WAITING, api_open=False)
    return blocks.launch(
        theme=gr.themes.Default(primary_hue="blue", font=["system-ui", "sans-serif"]),
        css_paths=Path(__file__).with_name("style.css"),
        mcp_server=True, max_file_size=MAX_BYTES, run_history=False, enable_monitoring=False,
        share=False, show_error=False, ssr_mode=False, pwa=False, footer_links=["api", "settings"],
        **options,
    )  # fmt: skip
