"""Whom the lab learns: people of the gallery, one's own photos, or anybody's embeddings."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import streamlit as st

from demo import assets
from demo.colours import of_people
from demo.figures.people import shown_name
from demo.language import Text
from demo.once import Once
from demo.pages.address import chosen, chosen_many, keep
from demo.pages.photos import PHOTO_TYPES, forget
from demo.pages.waiting import in_turn_with
from demo.service import CompareService
from model import images, labelled
from model.errors import MarginScopeError
from model.lab import MOST_PEOPLE
from model.labelled import Labelled, read_embeddings, unseen_people
from model.playback import TRUNK

SOURCES = ("gallery", "photos", "file")
FIRST = 16  # people, where nobody is chosen
MOST_PHOTOS = 60
KEY = "lab-data"  # in the session: what was uploaded, by source
PEOPLE = "lab-own-people"  # in the session: who of them was chosen, by source
LEFT_OUT = "lab-left-out"  # in the session: how many photos were more than are taken
Files = list[tuple[str, bytes]]  # names and contents that are still to be read


@dataclass(frozen=True)
class Chosen:
    """Everybody there is, and who of them is learned, by number; colours of these."""

    who: Labelled
    people: tuple[int, ...]
    colours: list[str]


@Once
def gallery_people() -> Labelled:
    """The unseen people of the gallery that ships, as the control embeds them."""
    return unseen_people(assets.spheres(assets.ASSETS).gallery, TRUNK)


def choose_people(words: Text) -> Chosen | None:
    """The source and the people; None, with a sentence, where nobody is there yet."""
    names = {source: words(f"lab.source_{source}") for source in SOURCES}
    source = st.segmented_control(
        words("lab.source"), SOURCES, format_func=names.__getitem__, key="lab-source",
        default=chosen("lab-source", SOURCES, "gallery"), on_change=keep("lab-source"),
        required=True,
    )  # fmt: skip
    who = gallery_people() if source == "gallery" else _uploaded(source, words)
    if who is None:
        return None
    options = list(who.names)
    only = st.multiselect(
        words("lab.people", most=MOST_PEOPLE), options, _asked(source, options),
        key=f"lab-people-{source}", max_selections=MOST_PEOPLE,
        format_func=lambda name: _label(who, name, words),
        placeholder=words("lab.people_first", count=min(FIRST, len(options))),
        on_change=_keep(source),
    )  # fmt: skip
    people = [options.index(name) for name in only] or list(range(min(FIRST, len(options))))
    if len(people) < 2:
        st.info(words("lab.two_people"))
        return None
    return Chosen(who, tuple(people), _colours(source, who, people))


def _asked(source: str, options: Sequence[str]) -> list[str]:
    """Who was chosen: of the gallery by the URL, of one's own people in this session alone.

    The URL would carry their names into the browser's history and the server's log.
    """
    if source == "gallery":
        return chosen_many(f"lab-people-{source}", options)[:MOST_PEOPLE]
    kept: dict[str, list[str]] = st.session_state.get(PEOPLE, {})
    return [name for name in kept.get(source, []) if name in options]


def _keep(source: str) -> Callable[[], None]:
    """The multiselect's on_change."""
    key = f"lab-people-{source}"
    if source == "gallery":
        return keep(key)

    def take() -> None:
        st.session_state.setdefault(PEOPLE, {})[source] = st.session_state[key]

    return take


def _label(who: Labelled, name: str, words: Text) -> str:
    count = who.images[who.names.index(name)]
    return words("lab.person", who=shown_name(name), count=count)


def _colours(source: str, who: Labelled, people: Sequence[int]) -> list[str]:
    """The gallery's people keep their colours; others get the palette's first."""
    if source == "gallery":
        known = assets.colours_by_folder()
        return [known[who.names[j]] for j in people]
    return of_people(np.array([who.images[j] for j in people]))


def _uploaded(source: str, words: Text) -> Labelled | None:
    """What was uploaded in this session, with the way to give it and to take it away."""
    kept: dict[str, Labelled] = st.session_state.setdefault(KEY, {})
    problems: dict[str, MarginScopeError] = st.session_state.setdefault("lab-problems", {})
    count: int = st.session_state.setdefault("lab-uploads", 0)
    unread: dict[str, Files] = st.session_state.setdefault("lab-unread", {})
    photos = source == "photos"
    if source in unread:
        _read(source, unread, words)
    if source in problems:
        st.error(words.error(problems[source]))
    if source in kept:
        who = kept[source]
        st.markdown(words("lab.have", images=len(who.person), people=len(who.names)))
        left_out = st.session_state.get(LEFT_OUT, 0) if photos else 0
        if left_out:
            st.warning(words("spheres.left_out", count=left_out, most=MOST_PHOTOS))
        st.button(
            words("lab.take_away"), key="lab-take-away", type="tertiary", on_click=_forget,
            args=(source,),
        )  # fmt: skip
        return who
    key = f"lab-upload-{source}-{count}"

    def take() -> None:
        given = st.session_state.get(key)
        files = given if isinstance(given, list) else [given] if given else []
        if files:
            st.session_state["lab-uploads"] += 1
            problems.pop(source, None)
            if photos:
                st.session_state[LEFT_OUT] = max(0, len(files) - MOST_PHOTOS)
            unread[source] = [(file.name, file.getvalue()) for file in files[:MOST_PHOTOS]]
        for file in files:
            forget(file)

    st.file_uploader(
        words(f"lab.upload_{source}", most=MOST_PHOTOS), key=key, on_change=take,
        type=PHOTO_TYPES if photos else ["npz", "csv"], accept_multiple_files=photos,
        max_upload_size=(images.MAX_BYTES if photos else labelled.MAX_BYTES) // 2**20,
        help=words(f"lab.upload_{source}_help"),
    )  # fmt: skip
    st.caption(words(f"lab.upload_{source}_how"))
    return None


def _read(source: str, unread: dict[str, Files], words: Text) -> None:
    """Read an upload into the session, or keep why it could not be read.

    Where another click ends this run, which is no Exception, the next one reads it anew.
    """
    files = unread[source]
    try:
        if source == "file":
            with st.spinner(words("lab.reading")):
                st.session_state[KEY][source] = read_embeddings(files[0][1])
        else:
            st.session_state[KEY][source] = _faces(files, words)
        st.session_state.get(PEOPLE, {}).pop(source, None)
    except MarginScopeError as error:
        st.session_state["lab-problems"][source] = error.bare()
    except Exception:
        del unread[source]
        raise
    del unread[source]


def _faces(files: Files, words: Text) -> Labelled:
    """Photos named after the person in them -> the control's embeddings of their faces."""
    service = CompareService([assets.recognizer(TRUNK)])
    bar = st.progress(0.0, words("lab.reading"))
    crops, people = [], []
    for k, (name, data) in enumerate(files):
        bar.progress(k / len(files), words("lab.reading"))
        with in_turn_with(bar, k / len(files), words):
            try:
                crops.append(service.read(data, "given").crop)
            except MarginScopeError:
                continue  # a photo without a face: how many were learned is said below
        people.append(person_in(name))
    bar.empty()
    if not crops:
        return labelled.labelled(np.zeros((0, 1), dtype=np.float32), np.array([], dtype=str))
    return labelled.labelled(assets.recognizer(TRUNK).embed(np.stack(crops)), np.array(people))


def person_in(name: str) -> str:
    """'Anna Kim_03.jpg' -> 'Anna Kim': the file's name without its ending and its number."""
    stem = PurePath(name).stem
    return re.sub(r"[\s_()\-.]*\d*[\s_()\-.]*$", "", stem) or stem


def _forget(source: str) -> None:
    """Take away what was uploaded, and what was learned from it."""
    st.session_state[KEY].pop(source, None)
    run, advisor = (st.session_state.pop(key, None) for key in ("lab-run", "lab-advisor"))
    for job in (run and run.job, advisor and advisor[1]):
        if job:
            job.pause()
    st.session_state.get(PEOPLE, {}).pop(source, None)
