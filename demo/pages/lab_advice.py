"""Advise me: which scale, margin and ramp for these data, and whether a margin helps at all."""

import math

import streamlit as st

from demo.figures.dial import degrees, signed
from demo.language import Text
from demo.pages.table import csv_button
from demo.pages.terms import note
from demo.workshop import Job, workshop
from model.advise import (
    CHECKS,
    SEEDS,
    Advice,
    Advisor,
    Trial,
    arcface_torch,
    metric_learning,
    recipe,
)
from model.labelled import Labelled

TICK = 1.0  # seconds between two looks
KEY = "lab-advisor"


def advice(who: Labelled, words: Text) -> None:
    """The section below the training."""
    st.subheader(words("lab.advise_title"), anchor=False)
    st.markdown(words("lab.advise_how", people=len(who.names), images=len(who.person)))
    here: tuple[Advisor, Job] | None = st.session_state.get(KEY)
    if here is not None and here[0].who is not who:
        here[1].pause()
        here = None

    def begin() -> None:
        advisor = Advisor(who)
        job = Job(advisor.take)
        st.session_state[KEY] = (advisor, job)
        workshop().add(job)

    if here is None:
        st.button(words("lab.advise"), key="advise", on_click=begin, icon=":material/science:")
        return
    with st.container(horizontal=True):
        if here[1].working:
            st.button(words("lab.advise_stop"), key="advise-stop", on_click=here[1].pause,
                      icon=":material/stop:")  # fmt: skip
        elif not here[1].over:
            st.button(words("lab.advise_on"), key="advise-on", icon=":material/play_arrow:",
                      on_click=lambda: workshop().add(here[1]))  # fmt: skip
        st.button(words("lab.advise_again"), key="advise-again", on_click=begin,
                  icon=":material/replay:")  # fmt: skip
    live = st.fragment(_live, run_every=TICK if here[1].working else None)
    live(*here, here[1].working, words)


def _live(advisor: Advisor, job: Job, ticking: bool, words: Text) -> None:
    """How far it is, the maps so far, and at the end what to set."""
    from demo.figures.advice import HEAD, heat_maps, rows  # Plotly, which is not needed before

    job.hear()
    if job.working:
        told = words("lab.advise_progress", done=advisor.done, total=advisor.total)
        st.progress(advisor.done / advisor.total, told)
    elif job.broken:
        st.error(words("lab.broken"))
    if advisor.outcomes:
        for of in ("accuracy", "own_mean"):
            st.markdown(f"**{words(f'lab.map_{of}')}**")
            st.plotly_chart(
                heat_maps(advisor, of, words), key=f"map-{of}", config={"displayModeBar": False},
                alt=words(f"lab.map_{of}"),
            )  # fmt: skip
        note(words, words("lab.map_how", seeds=SEEDS))
        csv_button("advice", HEAD, rows(advisor), words)
    found = advisor.advice
    if found is not None:
        _say(found, len(advisor.who.names), words)
    if ticking and not job.working:
        st.rerun()


def _say(found: Advice, people: int, words: Text) -> None:
    """The verdict as a sentence, and the settings to take along."""
    trial = found.control if found.verdict == "harms" else found.best
    st.markdown(
        words(
            f"lab.advice_{found.verdict}", scale=f"{found.best.scale:g}",
            margin=f"{found.best.margin:g}", ramp=f"{found.best.ramp:g}",
            control_scale=f"{found.control.scale:g}", gain=signed(100 * found.gain, 1),
            error=f"{100 * found.gain_error:.1f}", checks=CHECKS,
            angle=degrees(abs(math.degrees(found.gain_angle))),
            way=words("lab.farther" if found.gain_angle < 0 else "lab.nearer"),
        )
    )  # fmt: skip
    note(words, words("lab.advice_caution"))
    for name, language, told in _settings(trial, people):
        st.markdown(f"`{name}`")
        st.code(told, language)
    st.download_button(
        words("lab.save_recipe"), recipe(trial), file_name="my-recipe.toml",
        mime="application/toml", on_click="ignore", key="save-recipe",
    )  # fmt: skip


def _settings(trial: Trial, people: int) -> list[tuple[str, str, str]]:
    """What they are for, their language and the text."""
    return [
        ("train.py", "toml", recipe(trial)),
        ("pytorch-metric-learning", "python", metric_learning(trial, people)),
        ("arcface_torch", "python", arcface_torch(trial)),
    ]
