"""The margin lab: set the margin, press train, watch it work or fail beside its control."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from secrets import token_hex
from typing import Any

import streamlit as st

from demo.figures.lab import CHARTS, lab_data
from demo.figures.standalone import FIGURES, player, script
from demo.language import Text
from demo.pages.address import chosen, put
from demo.pages.frame import title
from demo.pages.lab_advice import advice
from demo.pages.lab_people import Chosen, choose_people
from demo.pages.lab_said import say, titles
from demo.pages.terms import note, tell
from demo.workshop import Job, workshop
from model.diagnosis import diagnose
from model.errors import MarginScopeError
from model.lab import (
    MOST_IMAGES,
    PRESETS,
    STEPS,
    Lab,
    Setting,
    adacos,
    beside,
    cast_of,
    fitting_scale,
)
from model.labelled import Labelled

PACE = 60.0  # steps a second, which the eye can follow
TICK = 0.5  # seconds between two looks at a training that runs
KEY = "lab"
NONE = "own"  # no preset
LIVE = ("multiply", "add_angle", "add_cosine", "scale")  # may be changed while it runs
# Lowest, highest, step of what is a slider; what else there is to choose from
RANGES: dict[str, tuple[float, float, float]] = {
    "multiply": (1.0, 4.0, 0.05), "add_angle": (0.0, 1.5, 0.05), "add_cosine": (0.0, 1.0, 0.05),
    "ramp": (0.0, 1.0, 0.05), "warm_up": (0.0, 0.9, 0.05),
}  # fmt: skip
OPTIONS: dict[str, list[float] | list[int]] = {
    "scale": [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0, 64.0, 100.0, 200.0],
    "learning_rate": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0],
    "weight_decay": [0.0, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2],
    "steps": [STEPS[0], 100, 200, 300, 600, 1000, STEPS[1]],
    "images": [1, 2, 3, 5, 10, 20, MOST_IMAGES],
    "seed": list(range(10)),
}
FIRST = Setting(add_angle=0.5)


@dataclass
class Run:
    """A training of this session: how far its frames were sent, and what its sides are called."""

    name: str
    lab: Lab
    job: Job
    who: Labelled
    people: tuple[str, ...]
    sent: int = 0

    @property
    def begun(self) -> bool:
        """Whether a step was taken."""
        return self.lab.step > 0


def lab_page() -> None:
    """Who is learned, what is set, the training, what it shows, and advice for one's own data."""
    words = title("lab")
    tell(words, "lab.how", large=False)
    with st.container(key="lab-choices"):
        people, presets = (st.container(key=f"lab-choose-{name}") for name in ("people", "preset"))
    try:
        with people:
            chosen_people = choose_people(words)
    except MarginScopeError as error:
        st.info(words.error(error))
        return
    if chosen_people is not None:
        with presets:
            preset = _presets(len(chosen_people.people), words)
        first = PRESETS[preset].setting() if preset != NONE else FIRST
        setting = _settings(first, words)
        run = _run(chosen_people, setting, preset)
        _buttons(run, chosen_people, setting, preset, words)
        live = st.fragment(_live, run_every=TICK if run.job.working else None)
        live(run, chosen_people.colours, run.job.working, words)
        advice(chosen_people.who, words)
    st.caption(words("app.notice"))


def _presets(people: int, words: Text) -> str:
    """What to try; choosing one sets every setting."""

    def take() -> None:
        name = st.session_state["lab-preset"] or NONE
        put("lab-preset", name)
        shown = {field.name: st.session_state[f"lab-{field.name}"] for field in fields(Setting)}
        # One's own stay as they are: set anew, so that the URL tells of what is no preset's now.
        _set(Setting(**shown) if name == NONE else PRESETS[name].setting())

    names = [NONE, *PRESETS]
    found = st.selectbox(
        words("lab.preset"), names, format_func=lambda name: words(f"lab.preset_{name}"),
        index=names.index(chosen("lab-preset", names, NONE)), key="lab-preset", on_change=take,
    )  # fmt: skip
    scales = {"adacos": f"{adacos(people):.1f}", "cure": f"{fitting_scale(people):.1f}"}
    note(words, words(f"lab.preset_{found}_how", people=people, **scales))
    return found


def _set(setting: Setting) -> None:
    """Every control to this setting."""
    for field in fields(Setting):
        st.session_state[f"lab-{field.name}"] = getattr(setting, field.name)


def _settings(first: Setting, words: Text) -> Setting:
    """The controls; what differs from `first`, the preset's setting, is in the URL."""
    found: dict[str, Any] = {}

    def control(name: str) -> None:
        key = f"lab-{name}"
        shown: dict[str, Any] = {"key": key, "bind": "query-params"}
        shown |= {"help": words(f"lab.{name}_help"), "value": getattr(first, name)}
        if name in RANGES:
            low, high, step = RANGES[name]
            found[name] = st.slider(words(f"lab.{name}"), low, high, step=step, **shown)
        else:
            found[name] = st.select_slider(
                words(f"lab.{name}"), OPTIONS[name], format_func=lambda value: f"{value:g}", **shown
            )

    with st.container(key="lab-margin"):
        for name in LIVE:
            control(name)
    with st.expander(words("lab.more")), st.container(key="lab-more"):
        for field in fields(Setting):
            if field.name not in LIVE:
                control(field.name)
    return Setting(**found)


def _run(who: Chosen, setting: Setting, preset: str) -> Run:
    """This session's training; a new one where it has not begun and was set otherwise."""
    here: Run | None = st.session_state.get("lab-run")
    people = tuple(who.who.names[j] for j in who.people)
    pair = (_beside(setting, preset, len(people)), setting)
    other = here is None or here.who is not who.who or here.people != people
    if here is None or other or (not here.begun and here.lab.settings != pair):
        if here is not None:
            here.job.pause()
        here = _fresh(who, pair)
        st.session_state["lab-run"] = here
    elif here.begun and not here.lab.over:
        with here.job.lock:
            here.lab.change(setting.margin, setting.scale)
    return here


def _beside(setting: Setting, preset: str, people: int) -> Setting:
    return beside(setting, PRESETS.get(preset), people)


def _fresh(who: Chosen, pair: tuple[Setting, Setting]) -> Run:
    """A training before its first step."""
    lab = Lab(cast_of(who.who, who.people), pair)
    people = tuple(who.who.names[j] for j in who.people)
    return Run(f"run-{token_hex(4)}", lab, Job(lab.take, PACE), who.who, people)


def _buttons(run: Run, who: Chosen, setting: Setting, preset: str, words: Text) -> None:
    """Train or pause, one step, begin again."""
    job = run.job
    pair = (_beside(setting, preset, len(who.people)), setting)

    def again(train: bool) -> None:
        job.pause()
        st.session_state["lab-run"] = _fresh(who, pair)
        if train:
            workshop().add(st.session_state["lab-run"].job)

    def step() -> None:
        job.pause()
        with job.lock:
            job.step()

    def button(name: str, act: Callable[[], None], icon: str, kind: Any, off: bool) -> None:
        st.button(
            words(f"lab.{name}"), key=f"lab-{name}", on_click=act, disabled=off, type=kind,
            icon=f":material/{icon}:",
        )  # fmt: skip

    with st.container(horizontal=True, key="lab-buttons"):
        if job.working:
            button("pause", job.pause, "pause", "primary", False)
        elif job.over:
            button("again", lambda: again(True), "replay", "primary", False)
        else:
            name = "resume" if run.begun else "train"
            button(name, lambda: workshop().add(job), "play_arrow", "primary", False)
        button("step", step, "skip_next", "secondary", job.over)
        button("reset", lambda: again(False), "restart_alt", "secondary", False)
    if run.begun and not _same(run, setting):
        st.caption(words("lab.later"))


def _same(run: Run, setting: Setting) -> bool:
    """Whether a run's settings are these but for what may be changed while it runs."""
    ran = replace(run.lab.settings[1], **{name: getattr(setting, name) for name in LIVE})
    return ran == setting and (not run.lab.over or run.lab.settings[1] == setting)


def _live(run: Run, colours: list[str], ticking: bool, words: Text) -> None:
    """The component with the frames that are new, and what they show."""
    run.job.hear()
    with run.job.lock:
        called = titles(*run.lab.settings, words)
        data = lab_data(run.lab, run.name, run.sent, called, colours, words)
        findings = diagnose(run.lab)
        step, steps = run.lab.step, run.lab.trainings[1].last_step
    if run.begun:  # beside the button, where the charts are still below the fold
        st.progress(min(1.0, step / steps), words("lab.progress", step=step, steps=steps))
    run.sent += len(data["steps"])
    _component()(
        key=KEY, data=data | {"key": KEY, "name": run.name, "words": _words(data, words)},
        on_known_change=lambda: _missed(run),
    )  # fmt: skip
    if run.job.broken:
        st.error(words("lab.broken"))
    for finding in findings:
        say(finding, words)
    if ticking and not run.job.working:
        st.rerun()


def _missed(run: Run) -> None:
    """The browser lacks frames: send from there on."""
    known = st.session_state[KEY].known
    if known is not None:
        run.sent = int(known)


def _words(data: dict[str, Any], words: Text) -> dict[str, Any]:
    """What the component says itself."""
    left, right = (film["title"] for film in data["films"])
    keys = ("play", "pause", "step", "scrub", "speed", "long", "rim", "held", "learned", "own")
    return {
        **{key: words(f"playback.{key}") for key in keys},
        "target": words("lab.target"),
        "save": words("playback.save_png"),
        "legend": [words("lab.legend")] * 2,
        "alt": words("lab.alt", left=left, right=right),
        "caption": [words("lab.keeps"), words("picture.notice")],
    }


@cache
def _component() -> Any:
    """The component of figures/lab.js."""
    target = '<figure class="target"><figcaption></figcaption><canvas></canvas></figure>'
    styles = [(FIGURES / f"{name}.css").read_text(encoding="utf-8") for name in ("player", KEY)]
    return st.components.v2.component(
        KEY, html=player(KEY, len(CHARTS), target), css="\n".join(styles), js=script(KEY)
    )
