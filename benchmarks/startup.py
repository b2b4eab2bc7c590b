"""Our time from `streamlit run` to a usable page, over that of a bare Streamlit page with torch.

python benchmarks/startup.py

Each turn starts a fresh server process and opens its page in a Chromium that is already running,
as a visitor with nothing cached; the clock stops when the button (ours: the ready pair's) is
visible and enabled. The bare page imports torch and shows a button. Neither process has LFW, as on
a machine that installed nothing but this app; both have the app's .streamlit/config.toml. The
files lie in the system's cache: a first turn of each is left out. Then fresh processes without
Streamlit's server say what of it is imports and what is loading the two checkpoints.

Target: at most 1.3. Needs requirements-dev.txt and Debian's chromium.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tyro
from measuring import ROOT, keep, line, ratio, show, take_turns
from playwright.sync_api import Browser
from serving import APP, Site, bare_site, chromium, new_page, serving

TARGET = 1.3
TIMED_PARTS = """\
import json, time
spent, before = {{}}, time.perf_counter()
for part, code in {parts!r}.items():
    exec(code)
    now = time.perf_counter()
    spent[part], before = now - before, now
print(json.dumps(spent))
"""
PARTS = {
    "app.py": {
        "import streamlit": "import streamlit.web.bootstrap",
        "import torch": "import torch",
        "import the rest": "import demo.pages.compare",
        "look for LFW": "from demo.session import ready_pairs; ready_pairs()",
        "load two checkpoints": "from demo.assets import recognizer; "
        "recognizer('softmax'); recognizer('arcface')",
    },
    "bare page": {
        "import streamlit": "import streamlit.web.bootstrap",
        "import torch": "import torch",
    },
}


def main(rounds: int = 5) -> None:
    """Compare how soon the app and a bare page can be used.

    Args:
        rounds: How often each side is started.
    """
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        sites = {"app.py": APP, "bare page": bare_site(Path(folder))}
        turns = take_turns(
            {
                name: lambda site=site: start(site, browser, without_lfw=folder)
                for name, site in sites.items()
            },
            rounds,
        )
        alone = take_turns(
            {
                name: lambda parts=parts: timed_parts(parts, without_lfw=folder)
                for name, parts in PARTS.items()
            },
            rounds,
        )
    print("from start to a usable page:")
    usable = {name: [turn["usable"] for turn in some] for name, some in turns.items()}
    found = show(usable, "s")
    result = ratio(usable["app.py"], usable["bare page"])
    print(line(f"app.py / bare page (target {TARGET:g})", result, "times"))
    print("of that, until the server answers, which comes before the script is imported:")
    answers = {name: [turn["server answers"] for turn in some] for name, some in turns.items()}
    answers = show(answers, "s")
    parts = {}
    for name, some in alone.items():
        print(f"{name}, part by part in a process of its own:")
        parts[name] = show({part: [turn[part] for turn in some] for part in some[0]}, "s")
    told = {"target": f"<= {TARGET:g}", "sides": found, "server_answers": answers, "parts": parts}
    keep(result | told, packages=("streamlit", "plotly", "scikit-learn"))


def start(site: Site, browser: Browser, without_lfw: str) -> dict[str, float]:
    """Seconds until the server answers, and until the page is usable, both from the start."""
    with new_page(browser) as page:
        began = time.perf_counter()
        with serving(site, MARGINSCOPE_DATA=without_lfw) as (_, address):
            answers = time.perf_counter() - began
            page.goto(address, wait_until="commit")
            site.wait_until_usable(page)
            return {"server answers": answers, "usable": time.perf_counter() - began}


def timed_parts(parts: dict[str, str], without_lfw: str) -> dict[str, float]:
    """Seconds of each part, in a fresh process from the repository's root."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TIMED_PARTS.format(parts=parts)],
        cwd=ROOT, env=os.environ | {"MARGINSCOPE_DATA": without_lfw},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent: dict[str, float] = json.loads(done.stdout)
    return spent


if __name__ == "__main__":
    tyro.cli(main)
