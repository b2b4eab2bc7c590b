"""The lab's page through AppTest, and what its component is sent."""

import base64
import io

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from demo.assets import PORTRAITS
from demo.figures.lab import CHARTS, formula, lab_data, loss_of, told
from demo.language import text
from demo.pages import lab_people
from demo.pages.lab_people import gallery_people, person_in
from model.lab import PRESETS, Lab, Setting, cast_of


@pytest.fixture(scope="module")
def lab():
    setting = Setting(add_angle=0.5, steps=50)
    lab = Lab(cast_of(gallery_people(), range(4)), (setting.control, setting))
    while lab.take():
        pass
    return lab


def numbers(packed: str, kind) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), kind)


@pytest.mark.parametrize("sent", [0, 1, 30, 51])
def test_only_the_frames_that_are_new_are_sent(lab, sent):
    colours = ["#000000"] * 4
    data = lab_data(lab, "run", sent, ("a", "b"), colours, text("en"))
    frames = lab.frames[sent:]
    assert (data["from"], data["steps"]) == (sent, [frame.step for frame in frames])
    for side, film in enumerate(data["films"]):
        points = numbers(film["points"], np.int16)
        expected = [frame.shots[side].points for frame in frames]
        np.testing.assert_array_equal(points, np.array(expected).ravel())
        curves = {curve for _, names, _ in CHARTS for curve in names}
        assert {name: len(values) for name, values in film["curves"].items()} == dict.fromkeys(
            curves, len(frames)
        )
    assert data["span"] == len(lab.frames) - 1


def test_values_are_told_as_they_are_shown():
    assert told("accuracy", 0.5) == 50.0
    assert told("mean", np.pi) == 180.0
    assert told("loss", 1.234) == 1.23
    assert told("loss", float("nan")) is None


def test_a_setting_is_called_by_what_differs_from_no_margin():
    assert formula(Setting()) == "m = 0, s = 32"
    assert formula(Setting(add_angle=0.5, multiply=1.2, scale=64)) == "m₁ = 1.2, m₂ = 0.5, s = 64"
    assert loss_of(Setting()) == "norm-softmax"
    assert loss_of(Setting(add_cosine=0.3)) == "cosface"


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("Anna Kim_03.jpg", "Anna Kim"),
        ("ben2.png", "ben"),
        ("민수 (1).jpg", "민수"),
        ("George_W_Bush_0001.jpg", "George_W_Bush"),
        ("123.jpg", "123"),
    ],
)
def test_a_photo_is_named_after_its_person(name, person):
    assert person_in(name) == person


def page() -> None:
    import streamlit as st

    from demo.pages.lab import lab_page

    st.session_state.pages = {}
    lab_page()


def opened() -> AppTest:
    at = AppTest.from_function(page, default_timeout=60)
    at.run()
    assert not at.exception
    return at


def run_of(at: AppTest):
    return at.session_state["lab-run"]


def test_train_pause_step_and_reset():
    at = opened()
    assert run_of(at).lab.step == 0
    at.button(key="lab-step").click().run()
    assert run_of(at).lab.step == 1
    at.button(key="lab-train" if not run_of(at).begun else "lab-resume").click().run()
    run = run_of(at)
    assert run.job.working
    at.button(key="lab-pause").click().run()
    assert not run.job.working
    first = run.name
    at.button(key="lab-reset").click().run()
    assert run_of(at).lab.step == 0
    assert run_of(at).name != first


def test_a_change_of_the_margin_reaches_a_training_that_has_begun():
    at = opened()
    at.button(key="lab-step").click().run()
    run = run_of(at)
    at.slider(key="lab-add_angle").set_value(0.9).run()
    assert run_of(at) is run
    assert run.lab.trainings[1].margin.add_angle == pytest.approx(0.9)
    assert run.lab.trainings[0].margin.add_angle == 0.0
    at.select_slider(key="lab-steps").set_value(600).run()
    assert run_of(at) is run  # from the next start
    assert any(text("en")("lab.later") in caption.value for caption in at.caption)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_every_control(preset):
    at = opened()
    at.selectbox(key="lab-preset").set_value(preset).run()
    assert not at.exception
    yours = run_of(at).lab.settings[1]
    assert yours == PRESETS[preset].setting()
    assert run_of(at).lab.settings == PRESETS[preset].sides(16)


def test_two_visitors_do_not_disturb_each_other():
    one, other = opened(), opened()
    one.button(key="lab-step").click().run()
    other.slider(key="lab-add_angle").set_value(1.0).run()
    assert run_of(one).lab.step == 1
    assert run_of(other).lab.step == 0
    assert run_of(one).lab.trainings[1].margin.add_angle == 0.5
    weights = [run_of(at).lab.trainings[1].head.weight for at in (one, other)]
    assert weights[0] is not weights[1]


def test_advice_begins_and_stops():
    at = opened()
    at.button(key="advise").click().run()
    advisor, job = at.session_state["lab-advisor"]
    assert job.working
    at.button(key="advise-stop").click().run()
    assert not job.working
    assert not at.exception
    assert advisor.total > 50


def own_data(seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 8))
    labels = np.repeat(np.array(["anna", "ben", "cho"]), 6)
    rows = centres[np.repeat(np.arange(3), 6)] + 0.1 * rng.normal(size=(18, 8))
    stream = io.BytesIO()
    np.savez(stream, embeddings=rows, labels=labels)
    return stream.getvalue()


def test_ones_own_embeddings_are_learned_and_taken_away():
    at = opened()
    at.segmented_control(key="lab-source").set_value("file").run()
    assert "lab-run" not in at.session_state or run_of(at).people != ("anna", "ben", "cho")
    at.file_uploader(key="lab-upload-file-0").upload(
        "mine.npz", own_data(), "application/zip"
    ).run()
    assert not at.exception
    assert run_of(at).people == ("anna", "ben", "cho")
    at.button(key="lab-step").click().run()
    assert run_of(at).lab.step == 1
    at.button(key="lab-take-away").click().run()
    assert not at.exception
    assert "lab-run" not in at.session_state  # nor what was learned from them
    other = own_data(seed=1)
    at.file_uploader(key="lab-upload-file-1").upload("mine.npz", other, "application/zip").run()
    assert not at.exception
    learned = run_of(at)
    assert learned.people == ("anna", "ben", "cho")
    assert learned.who is at.session_state["lab-data"]["file"]
    assert learned.lab.step == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_upload_that_was_interrupted_is_read_anew_and_a_broken_one_is_not(monkeypatch, error):
    def broken(data: bytes) -> None:
        raise error

    state = {"lab-data": {}, "lab-problems": {}}
    monkeypatch.setattr(lab_people, "read_embeddings", broken)
    monkeypatch.setattr(lab_people.st, "session_state", state)
    unread = {"file": [("mine.npz", own_data())]}
    with pytest.raises(error):
        lab_people._read("file", unread, text("en"))
    assert ("file" in unread) == (error is KeyboardInterrupt)


def test_a_file_that_is_none_says_what_it_should_be_and_nothing_is_lost():
    at = opened()
    before = run_of(at)
    at.segmented_control(key="lab-source").set_value("file").run()
    at.file_uploader(key="lab-upload-file-0").upload("mine.csv", b"a,b\nc", "text/csv").run()
    assert not at.exception
    assert "`embeddings` (N, E)" in at.error[0].value
    at.segmented_control(key="lab-source").set_value("gallery").run()
    assert run_of(at) is before


def test_ones_own_photos_are_told_apart_by_their_names():
    at = opened()
    at.segmented_control(key="lab-source").set_value("photos").run()
    field = at.file_uploader(key="lab-upload-photos-0")
    for name, file in zip(("Eileen", "Grace"), PORTRAITS, strict=True):
        for i in (1, 2):
            field.upload(f"{name} {i}.png", file.read_bytes(), "image/png")
    field.upload("nobody 1.png", b"no photo", "image/png")
    at.run()
    assert not at.exception
    assert set(run_of(at).people) == {"Eileen", "Grace"}
    assert len(run_of(at).lab.casts[0].person) == 4
