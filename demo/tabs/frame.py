"""What the tabs share: components that speak both languages, figures that are our own script."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.components import Component

from demo.figures.standalone import script
from demo.language import Text, text

Kind = TypeVar("Kind")
Updates = dict[Any, Any]  # of components, as a handler returns them
# What each event of the page is: not for clients, in one queue with the endpoints, and where
# several come while one is answered, the last of them is answered too.
PRIVATE: dict[str, Any] = {
    "api_visibility": "private", "concurrency_id": "faces", "trigger_mode": "always_last",
}  # fmt: skip

MOUNT = Path(__file__).with_name("mount.js").read_text(encoding="utf-8")


class Said:
    """Components that say something, and what: another language tells them all anew."""

    def __init__(self) -> None:
        self.parts: dict[Component, Callable[[Text], dict[str, Any]]] = {}

    def __call__(
        self, kind: Callable[..., Kind], say: Callable[[Text], dict[str, Any]], **options: Any
    ) -> Kind:
        """Make a component of a kind that says `say(words)`, as keywords of its kind."""
        made = kind(**say(text("en")), **options)
        self.parts[made] = say
        return made

    def told(self, words: Text) -> Updates:
        """Everything in another language."""
        return {part: gr.update(**say(words)) for part, say in self.parts.items()}


def figure(name: str, html: str, css: str = "", value: Any = None, **options: Any) -> gr.HTML:
    """A component that the script figures/<name>.js draws, as in the Streamlit app."""
    encoded = base64.b64encode(script(name).encode()).decode()
    return gr.HTML(
        value, html_template=html, css_template=css, js_on_load=MOUNT.replace("SCRIPT", encoded),
        apply_default_css=False, **options,
    )  # fmt: skip


def merged(first: Updates, second: Updates) -> Updates:
    """Both; where a component is in both, with the properties of both."""
    both = first | second
    for part in first.keys() & second.keys():
        one, two = first[part], second[part]
        both[part] = one | (two if isinstance(two, dict) else {"value": two})
    return both


def paragraphs(sentences: list[str]) -> str:
    """Sentences with their **emphasis** as one text for gr.Markdown, a paragraph each."""
    return "\n\n".join(sentences)
