"""The Gradio app's tabs without a browser: what they draw of two photos."""

import gradio as gr
import pytest

from demo import assets
from demo.language import text
from demo.service import CompareService
from demo.session import Session
from demo.tabs.compare import CompareTab
from demo.tabs.frame import Said
from demo.tabs.margin import MarginTab


@pytest.fixture(scope="module")
def here() -> Session:
    found = Session()
    for side, path in zip(("left", "right"), assets.PORTRAITS, strict=True):
        found.put(CompareService([]), side, path.read_bytes())
    return found


def test_two_photos_stand_among_pairs_of_unseen_people_alone(here):
    """The text below them says so; without photos seen people stand above."""
    with gr.Blocks(), gr.Tab() as one:
        tab = MarginTab(gr.State(), gr.Radio(), Said(), one)
    for session, parts in ((here, ["Never seen"]), (Session(), ["Seen in training", "Never seen"])):
        drawn = tab.draw(session, "en", tab.person.value)
        for plot in tab.histograms:
            said = [note.text.partition(":")[0] for note in drawn[plot].layout.annotations]
            assert said == parts
        assert bool(drawn[tab.histogram_notes]) == ("Seen in training" in parts)
        both = text("en")("margin.uploads_how") in drawn[tab.fan_notes]
        assert both == (session is here)


def test_a_drawn_sphere_keeps_hold_of_the_picked_face(here):
    with gr.Blocks():
        tab = CompareTab(gr.State(), gr.Radio(), Said())
    settings = dict.fromkeys(tab.settings)
    settings |= {tab.language: "en", tab.control: False, tab.limit: 5, tab.prior: 50, tab.index: 7,
                 tab.left_model: "softmax", tab.right_model: "arcface"}  # fmt: skip
    drawn = tab.draw(here, *settings.values())  # as an event gives them
    assert drawn[tab.spheres]["picked"] == 7
    assert drawn[tab.spheres]["models"] == ["softmax", "arcface"]
