"""A drag of the two spheres against Plotly's scatter3d with the same points, and what they cost.

python benchmarks/spheres.py
python benchmarks/spheres.py --everybody      the same with every face of LFW as well

The same Chromium drags one sphere of the spheres' page and one scene of a bare Streamlit page
that shows both layouts as Plotly scatter3d traces; a step is a move of the pointer and all until
the second picture after it. Then, on the compare page: how long after the two angles stand there
both spheres are painted with the two photos, and how many bytes came over the wire, at first and
for the photos. Chromium draws in software, as in the tests. With --everybody all faces that LFW
has are embedded and placed on the shipped spheres by model.sphere.place, about six minutes.

Target: faster. Needs requirements-dev.txt and Debian's chromium.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import tyro
from measuring import keep, line, ratio, show, spread, take_turns
from playwright.sync_api import Page
from serving import APP, PATIENCE, Site, chromium, new_page, serving

from demo import assets
from demo.assets import ASSETS
from model.aligned import load_faces
from model.data import lfw_home, read_lfw
from model.gallery import Gallery, save_gallery, write_npz
from model.sphere import place

TARGET, STEPS, MODELS = 1, 20, ("softmax", "arcface")
PLOTLY = """\
import sys
import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

sys.path.insert(0, {root!r})
from pathlib import Path
from demo import assets

drawn = assets.spheres(Path({folder!r}))
colours = np.array(drawn.data["colours"])[drawn.gallery.person]
figure = make_subplots(1, 2, specs=[[{{"type": "scene"}}] * 2])
for column, model in enumerate({models!r}):
    x, y, z = drawn.points[model].T
    dots = {{"size": 2, "color": colours}}
    figure.add_scatter3d(x=x, y=y, z=z, mode="markers", marker=dots, row=1, col=column + 1)
st.set_page_config(layout="wide")
st.plotly_chart(figure, key="plot", height=600)
st.button("ready", key="ready")
"""
PAINTED = "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
ANSWERED_AND_PAINTED = """() => new Promise(done => {
    let answered = null;
    const find = (root, what) => root.querySelector(what);
    const look = () => {
        const stage = [...document.querySelectorAll('*')].reduce(
            (found, e) => found ?? (e.shadowRoot && find(e.shadowRoot, '.spheres')), null);
        if (answered === null && document.querySelectorAll('.reading strong').length > 1)
            answered = performance.now();
        if (answered !== null && stage?.dataset.photos) done(performance.now() - answered);
        else requestAnimationFrame(look);
    };
    look();
})"""


def main(rounds: int = 5, everybody: bool = False) -> None:
    """Drag, paint, and count bytes.

    Args:
        rounds: How often each page is opened and dragged.
        everybody: Also with all faces of LFW.
    """
    cases = {}
    with tempfile.TemporaryDirectory() as folder:
        galleries = {"the gallery": ASSETS}
        if everybody:
            galleries["all of LFW"] = gallery_of_everybody(Path(folder, "everybody"))
        for name, gallery in galleries.items():
            print(f"{name}:")
            cases[name] = measure(gallery, Path(folder), rounds)
    keep({"target": f">= {TARGET}", "cases": cases}, packages=("streamlit", "plotly"))


def measure(gallery: Path, folder: Path, rounds: int) -> dict[str, object]:
    """One gallery: a drag on either page; painting and bytes on ours."""
    script = folder / "plotly_page.py"
    root = str(ASSETS.parent)
    script.write_text(PLOTLY.format(root=root, folder=str(gallery), models=MODELS))
    environment = {"MARGINSCOPE_DATA": str(folder), "MARGINSCOPE_GALLERY": str(gallery)}
    plotly = Site(script, ".st-key-ready button")
    with chromium() as browser, serving(APP, **environment) as (_, ours), \
            serving(plotly, **environment) as (_, theirs):  # fmt: skip

        def drag_ours() -> float:
            with new_page(browser) as page:
                page.goto(f"{ours}/spheres")
                page.wait_for_selector(".spheres[data-painted]", timeout=PATIENCE * 1000)
                return drag(page, ".spheres canvas")

        def drag_theirs() -> float:
            with new_page(browser) as page:
                page.goto(theirs)
                page.wait_for_selector(".js-plotly-plot canvas", timeout=PATIENCE * 1000)
                page.wait_for_timeout(5000)
                return drag(page, ".js-plotly-plot .gl-container canvas")

        turns = take_turns({"plotly": drag_theirs, "spheres": drag_ours}, rounds)
        with new_page(browser) as page:
            painted, first, later = compare(page, ours)
    found = ratio(turns["plotly"], turns["spheres"])
    print(line(f"plotly / spheres (target {TARGET})", found, "times"))
    sides = show({f"{name}, a step": times for name, times in turns.items()}, "ms")
    print(f"painted {painted:.0f} ms after the answer; {first} bytes at first, {later} for photos")
    return found | {
        "sides": sides,
        "painted_after_the_answer": spread([painted]) | {"unit": "ms"},
        "bytes_at_first": first,
        "bytes_for_two_photos": later,
    }


def drag(page: Page, selector: str) -> float:
    """Milliseconds a step of a drag takes, a mean over STEPS."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    began = time.perf_counter()
    for step in range(1, STEPS + 1):
        page.mouse.move(x + 4 * step, y + step)
        page.evaluate(PAINTED)
    spent = time.perf_counter() - began
    page.mouse.up()
    return 1000 * spent / STEPS


def compare(page: Page, address: str) -> tuple[float, int, int]:
    """Milliseconds from the answer to both spheres painted; bytes received before and for it."""
    received: list[int] = []
    page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda f: received.append(len(f)))
    )
    page.goto(address)
    page.wait_for_selector(".spheres[data-painted]", timeout=PATIENCE * 1000)
    page.wait_for_timeout(2000)
    first = sum(received)
    page.locator(APP.button).first.click()
    painted = page.evaluate(ANSWERED_AND_PAINTED)
    page.wait_for_timeout(2000)
    return float(painted), first, sum(received) - first


def gallery_of_everybody(folder: Path) -> Path:
    """Every face of LFW, embedded and placed on the shipped spheres: a folder for the app."""
    folder.mkdir()
    faces = load_faces(read_lfw(lfw_home()))
    shipped = assets.spheres(ASSETS)
    embeddings = {model: assets.recognizer(model).embed(faces.crops) for model in MODELS}
    people, person = np.unique(faces.person, return_inverse=True)
    gallery = Gallery(
        names=tuple(faces.names[j] for j in people),
        person=person.astype(np.int64),
        image=faces.image,
        seen=faces.part == "train",
        embeddings=embeddings,
        lengths={model: np.ones(len(person), np.float32) for model in MODELS},
        centred=np.zeros(0, np.int64),
        centres={},
        checkpoints={},
    )
    points = {
        model: place(
            vectors, shipped.gallery.embeddings[model], shipped.points[model]
        ).points.astype(np.float32)
        for model, vectors in embeddings.items()
    }
    save_gallery(folder / "gallery.npz", gallery)
    write_npz(folder / "spheres.npz", points)
    return folder


if __name__ == "__main__":
    tyro.cli(main)
