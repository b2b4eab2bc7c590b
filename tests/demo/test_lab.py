"""The lab's page through AppTest, and what its component is sent."""

import base64
import csv
import io

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from demo.assets import PORTRAITS
from demo.figures.advice import HEAD, rows
from demo.figures.lab import CHARTS, formula, lab_data, loss_of, told
from demo.figures.numbers import to_csv
from demo.language import text
from demo.pages import lab_people, lab_said
from demo.pages.lab_people import gallery_people, person_in
from model.advise import Advisor, Outcome, Trial
from model.diagnosis import Finding
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


def test_no_curve_of_two_people_leaves_its_panel():
    """Two people's means part to 180 degrees."""
    setting = Setting(scale=8.0, steps=100)
    lab = Lab(cast_of(gallery_people(), range(2)), (setting, setting))
    while lab.take():
        pass
    data = lab_data(lab, "run", 0, ("a", "b"), ["#000000"] * 2, text("en"))
    assert max(data["films"][0]["curves"]["gap"]) > 90
    for chart in data["charts"]:
        values = [v for name in chart["curves"] for v in data["films"][0]["curves"][name]]
        assert chart["top"] is None or max(v for v in values if v is not None) <= chart["top"]


def test_a_side_is_called_something_where_nothing_differs_any_more():
    setting = Setting(add_angle=0.5, scale=2.0)
    assert lab_said.titles(setting, setting, text("en"))[0] == "The cure: m₂ = 0.5, s = 2"
    cure = Setting(add_angle=0.5, scale=2.0, warm_up=0.1)
    assert lab_said.titles(cure, setting, text("en"))[0] == "The cure: warm-up = 0.1"
    assert lab_said.titles(setting.control, setting, text("en"))[0].endswith("m = 0, s = 2")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_differs_is_named_in_the_finding(language, monkeypatch):
    said = []
    monkeypatch.setattr(lab_said.st, "warning", said.append)
    numbers = {"here": 10.0, "there": 0.1}
    shares = {"yours": 0.7, "beside": 1.0}
    words = text(language)
    lab_said.say(Finding("cured", {}, shares, numbers, "learning_rate"), words)
    name = words("lab.learning_rate_short")
    assert f"{name} = 10" in said[0]
    assert f"{name} = 0.1" in said[0]
    assert "{" not in said[0]
    shares |= {"yours_learned": 0.8, "beside_learned": 0.9}
    lab_said.say(Finding("behind", {}, shares), words)
    assert all(f"{share} %" in said[1] for share in (80, 90, 70, 100))
    numbers = {"step": 1234, "learning_rate": 10.0}
    lab_said.say(Finding("not_finite", numbers=numbers), words)
    assert "1234" in said[2]


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


def verdict(nearer: float) -> None:
    from demo.language import text
    from demo.pages.lab_advice import _say
    from model.advise import Advice, Trial

    trial = Trial(4.0, 0.3, 0.3)
    _say(Advice(trial, trial, 0.0, 0.01, nearer), 4, text("en"))


@pytest.mark.parametrize(("nearer", "said"), [(0.1, "nearer to"), (-0.1, "farther from")])
def test_the_advice_says_which_way_the_angle_went(nearer, said):
    at = AppTest.from_function(verdict, args=(nearer,), default_timeout=60).run()
    assert not at.exception
    assert f"held-out images stand 5.7° {said} their person's mean" in at.markdown[0].value


def maps(advisor) -> None:
    from demo.language import text
    from demo.pages.lab_advice import _live
    from demo.workshop import Job

    _live(advisor, Job(advisor.take), False, text("en"))


def test_the_advices_maps_are_there_as_csv():
    trials = [Trial(4.0, 0.0, 0.3), Trial(4.0, 0.3, 0.3), Trial(8.0, 0.3, 0.3)]
    first = [Outcome(0.5, np.radians(20)), Outcome(0.7, np.radians(30))]
    outcomes = {trials[0]: first, trials[1]: first[:1]}
    advisor = Advisor(gallery_people(), trials, outcomes)
    found = list(csv.reader(io.StringIO(to_csv(HEAD, rows(advisor)))))
    assert len(found) == 1 + len(trials)
    assert all(len(row) == len(HEAD) for row in found)
    values = [[float(v) if v else None for v in row] for row in found[1:]]
    spread = np.sqrt(50)  # of 20 and 30 degrees
    assert values[0] == [0.3, 0.0, 4.0, 2, 60.0, pytest.approx(2 * spread), 25.0,
                         pytest.approx(spread)]  # fmt: skip
    assert values[1] == [0.3, 0.3, 4.0, 1, 50.0, None, 20.0, None]
    assert values[2] == [0.3, 0.3, 8.0, 0, None, None, None, None]
    at = AppTest.from_function(maps, args=(advisor,), default_timeout=60).run()
    assert not at.exception
    assert [b.key for b in at.get("download_button")] == ["csv-advice"]


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
    at.multiselect(key="lab-people-file").set_value(["ben", "cho"]).run()
    assert run_of(at).people == ("ben", "cho")
    assert "ben" not in str(at.query_params)  # one's own people are nobody else's to read
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


def test_photos_that_are_too_many_are_said_to_be_left_out(monkeypatch):
    monkeypatch.setattr(lab_people, "MOST_PHOTOS", 4)
    at = opened()
    at.segmented_control(key="lab-source").set_value("photos").run()
    field = at.file_uploader(key="lab-upload-photos-0")
    for i in (1, 2, 3):
        for name, file in zip(("Eileen", "Grace"), PORTRAITS, strict=True):
            field.upload(f"{name} {i}.png", file.read_bytes(), "image/png")
    at.run()
    assert not at.exception
    assert "2 photos were left out: at most 4" in at.warning[0].value


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
