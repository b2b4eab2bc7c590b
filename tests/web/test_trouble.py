"""A broken file of what ships: the Gradio app says which and how to mend it, and the rest works."""

import shutil
from pathlib import Path

import gradio as gr
import pytest

from demo import assets
from demo.service import CompareService
from demo.session import Session
from demo.tabs.compare import CompareTab
from demo.tabs.frame import Said
from demo.tabs.margin import MarginTab
from demo.tabs.stage import around_face
from model.errors import MarginScopeError

CACHED = ("recognizer", "spheres", "embedder_of", "checkpoint", "spaces")


@pytest.fixture
def copied(tmp_path, monkeypatch) -> Path:
    """The app's own files in a folder where a test may break them."""
    shutil.copytree(assets.ASSETS, tmp_path / "assets")
    monkeypatch.setattr(assets, "ASSETS", tmp_path / "assets")
    for name in CACHED:
        getattr(assets, name).cache_clear()
    yield tmp_path / "assets"
    for name in CACHED:
        getattr(assets, name).cache_clear()


def shown() -> tuple[CompareTab, dict]:
    """The compare tab, and what it shows of the two portraits."""
    with gr.Blocks():
        tab = CompareTab(gr.State(), gr.Radio(), Said())
    here = Session()
    for side, path in zip(("left", "right"), assets.PORTRAITS, strict=True):
        here.put(CompareService([]), side, path.read_bytes())
    return tab, tab.draw(here, "en", False, 5, 50, -1, "softmax", "arcface")


@pytest.mark.parametrize("broken", ["softmax", "arcface"])
def test_one_broken_network_leaves_the_other(copied, broken):
    (copied / f"{broken}.safetensors").write_bytes(b"nothing of the kind")
    tab, seen = shown()
    assert f"{broken}.safetensors is not a sound checkpoint" in seen[tab.notes]
    assert seen[tab.dials].count("<strong>") == 1
    assert seen[tab.waits]["visible"] is False


def test_a_missing_gallery_leaves_the_comparison(copied):
    (copied / "gallery.npz").unlink()
    tab, seen = shown()
    assert "gallery.npz" in seen[tab.placed]
    assert "prepare.py" in seen[tab.placed]
    assert seen[tab.dials].count("<strong>") == 2
    with gr.Blocks(), gr.Tab() as one:
        margin = MarginTab(gr.State(), gr.Radio(), Said(), one)
    assert "gallery.npz" in margin.draw(Session(), "en", 0)[margin.fan_notes]


def test_without_a_gallery_another_language_asks_for_no_face(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "gallery_folder", lambda: tmp_path)
    assert around_face("ko", "softmax", "arcface", -1) == ""
    with pytest.raises(MarginScopeError):
        around_face("ko", "softmax", "arcface", 0)
