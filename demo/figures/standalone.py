"""The spheres as one HTML file that turns without a server and without a network."""

import base64
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).resolve().parent
FILM = ("download", "rotation", "turnable", "paper", "film", "chart", "player")
PARTS = {  # of a script that is more than one file
    "sphere": ("download", "rotation", "turnable", "paper", "sphere"),
    "playback": (*FILM, "playback"),
    "lab": (*FILM, "lab"),
    "save_picture": ("download", "save_picture"),
}
SPHERES = """
<div class="spheres" tabindex="0" role="application">
  <figure><canvas></canvas><figcaption></figcaption></figure>
  <figure><canvas></canvas><figcaption></figcaption></figure>
  <div class="label" hidden><i></i><span></span></div>
</div>
<button type="button" class="save"></button>
"""
PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --st-text-color: #1b1f24; --st-background-color: #ffffff;
  --st-primary-color: #0072B2; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --st-text-color: #f4f5f7; --st-background-color: #0e1117; --st-primary-color: #56B4E9; }}
}}
body {{ margin: 1rem auto; max-width: 84rem; padding: 0 1rem; font-family: system-ui, sans-serif;
  background: var(--st-background-color); color: var(--st-text-color); }}
{style}
</style>
<h1>{title}</h1>
<main>{spheres}</main>
{sentences}
<script type="module">
import gallery from "data:text/javascript;base64,{gallery_script}";
import spheres from "data:text/javascript;base64,{sphere_script}";
const [put, shown] = {data};
gallery({{ data: put }});
spheres({{ data: shown, parentElement: document.querySelector("main") }});
</script></html>
"""


@cache
def script(name: str) -> str:
    """A component's script, put together from its files."""
    files = [FIGURES / f"{part}.js" for part in PARTS.get(name, (name,))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def player(name: str, charts: int, more: str = "") -> str:
    """The HTML of a component that plays two trainings: so many charts, and what it has beside."""
    chart = "<figure><figcaption><b></b><span></span></figcaption><canvas></canvas></figure>\n"
    frame = (FIGURES / "player.html").read_text(encoding="utf-8")
    return frame.format(name=name, charts=charts * chart, more=more)


def standalone(gallery: dict[str, Any], shown: dict[str, Any], title: str, language: str) -> str:
    """The page of what the component shows; the uploaded faces that it marks are in it."""

    def encoded(name: str) -> str:
        return base64.b64encode(script(name).encode()).decode()

    return PAGE.format(
        language=language,
        title=escape(title),
        style=(FIGURES / "sphere.css").read_text(encoding="utf-8"),
        spheres=SPHERES,
        sentences="".join(f"<p>{escape(s)}</p>" for s in shown["words"]["caption"]),
        gallery_script=encoded("gallery"),
        sphere_script=encoded("sphere"),
        data=json.dumps([gallery, shown]).replace("</", "<\\/"),
    )
