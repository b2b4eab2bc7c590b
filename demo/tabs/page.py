"""The Gradio app as a whole: its page, its endpoints, how it is served."""

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import anyio.to_thread
import gradio as gr
import torch

from demo import api
from demo.hosted import hosted
from demo.language import LANGUAGES, guess, text
from demo.session import Session
from demo.tabs.compare import CompareTab
from demo.tabs.components import PhotosInput, Told, photo_input, refusal
from demo.tabs.frame import PRIVATE, Said, Updates, merged
from demo.tabs.margin import MarginTab
from demo.tabs.playback import PlaybackTab
from demo.turns import MOST, turns
from model.errors import MarginScopeError
from model.images import MAX_BYTES

STAYS = 1800.0  # seconds after a visitor's last click in which the session is kept
LEFT = 60.0  # the same after the page was closed
SCRIPT = 5.0  # the same of a script's session, which has no page
SESSIONS = 200  # that are kept at most
THREADS = 256  # of the web server; a call through MCP holds one while it waits
logger = logging.getLogger(__name__)
HERE = Path(__file__).parent


def page() -> gr.Blocks:
    """Everything: three tabs in two languages, and the endpoints."""
    words = text("en")
    with gr.Blocks(title=words("app.title")) as blocks:
        said = Said()
        state = gr.State(Session())
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
        here: Session, spoken: str, control: bool, limit: int, prior: int, picked: int, left: str,
        right: str, request: gr.Request,
    ) -> Updates:  # fmt: skip
        accepted = request.headers.get("accept-language", "").split(",")[0]
        asked = request.query_params.get("lang")
        spoken = asked if asked in LANGUAGES else guess(accepted.split(";")[0])
        return {language: spoken} | say(here, spoken, control, limit, prior, picked, left, right)

    inputs, outputs = [state, *compared.settings], [*said.parts, *compared.outputs]
    blocks.load(greet, inputs, [language, *outputs], show_progress="hidden", **PRIVATE)
    language.input(say, inputs, outputs, show_progress="hidden", **PRIVATE)
    language.input(
        None, language, js=(HERE / "keep.js").read_text(encoding="utf-8"), api_visibility="private"
    )
    language.change(
        None, language, js=(HERE / "speak.js").read_text(encoding="utf-8"), api_visibility="private"
    )


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
            raise refusal(error) from None

    output = Told(label=answer.__name__)
    output.kind = answer.__annotations__["return"]
    button.click(told, inputs, output, api_name=answer.__name__, concurrency_id="faces")


def serve(stays: float = STAYS, left: float = LEFT, **options: Any) -> gr.Blocks:
    """Serve the page, the endpoints and the MCP tools, in threads of their own."""
    # A second thread gains little on two faces, and waits for its turn where others want the cores.
    torch.set_num_threads(1)
    blocks = page()
    blocks.queue(default_concurrency_limit=turns().at_once, max_size=MOST, api_open=False)
    app, _, _ = blocks.launch(
        theme=gr.themes.Default(primary_hue="blue", font=["system-ui", "sans-serif"]),
        css_paths=HERE / "style.css",
        mcp_server=True, max_file_size=MAX_BYTES, state_session_capacity=SESSIONS,
        run_history=False, enable_monitoring=False, share=False, show_error=False, ssr_mode=False,
        pwa=False, footer_links=["api", "settings"], prevent_thread_lock=True,
        app_kwargs={"lifespan": _many_threads},
        **({"quiet": True} | options),
    )  # fmt: skip
    threading.Thread(
        target=_keep_forgetting, args=(app.state_holder, stays, left), daemon=True
    ).start()
    return blocks


@asynccontextmanager
async def _many_threads(app: object) -> AsyncIterator[None]:
    """As many threads as may wait: Gradio joins its queue in one of the same threads.

    With anyio's own 40, so many MCP calls at once would wait for a thread that they hold.
    """
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def _keep_forgetting(holder: Any, stays: float, left: float) -> None:
    closed: dict[str, datetime] = {}
    while True:
        time.sleep(min(5.0, left))
        try:
            _forget(holder, stays, left, closed)
        except Exception:  # the next time; a thread that ends would keep every photo
            logger.exception("forgetting")


def _forget(holder: Any, stays: float, left: float, closed: dict[str, datetime]) -> None:
    """Let go of sessions that are over.

    Gradio would drop gr.State alone; it also keeps what each session was last shown, photos and
    all, for the next 10,000 sessions. And it takes a broken connection for a closed page: one that
    is used afterwards is open. closed: when sessions that seem closed were last used.
    """
    for name, session in list(holder.session_data.items()):
        used = holder.time_last_used.get(name)
        if used is None:  # it was made or dropped meanwhile
            continue
        if session.is_closed and used > closed.setdefault(name, used):
            session.is_closed = False
        if not session.is_closed:
            closed.pop(name, None)
        idle = (datetime.now() - used).total_seconds()
        script = not session.state_data  # it has no page, and nothing to come back to
        if idle > (min(SCRIPT, left) if script else left if session.is_closed else stays):
            with holder.lock:
                holder.session_data.pop(name, None)
                holder.time_last_used.pop(name, None)
    for name in closed.keys() - holder.session_data.keys():
        del closed[name]
