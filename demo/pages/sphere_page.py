"""The spheres on a page of their own, larger, with up to twenty photos at once."""

from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from demo.language import Text
from demo.pages.frame import title
from demo.pages.photos import PHOTO_TYPES, forget, session
from demo.pages.spheres import spheres
from demo.pages.waiting import in_turn_with
from demo.placed import Marked
from demo.service import CompareService, Photo
from demo.session import SIDES, framed
from model.errors import MarginScopeError
from model.images import MAX_BYTES

MOST = 20  # photos at once, beside the two that are compared


@dataclass
class Several:
    """The photos of this page; they live in st.session_state and nowhere else.

    given: files that are still to be read, each with its number among those given together.
    problems: why such a file could not be read. left_out: how many were too many. before: what
    undo() brings back. inputs: counts up, for a fresh upload widget.
    """

    photos: list[Photo] = field(default_factory=list)
    given: list[tuple[int, bytes]] = field(default_factory=list, repr=False)
    problems: list[tuple[int, MarginScopeError]] = field(default_factory=list)
    left_out: int = 0
    before: list[Photo] = field(default_factory=list)
    inputs: int = 0

    def take(self, files: list[UploadedFile]) -> None:
        """Take files until there are MOST photos; read_given() reads them."""
        self.problems, self.before, self.inputs = [], [], self.inputs + 1
        room = MOST - len(self.photos) - len(self.given)
        self.left_out = max(0, len(files) - room)
        self.given += [(i + 1, file.getvalue()) for i, file in enumerate(files[: max(0, room)])]
        for file in files:
            forget(file)

    def read_given(self, words: Text) -> None:
        """Read what was given; one that cannot be read says why.

        Where another click ends this run of the page, the next one goes on with the rest.
        """
        count, reading = len(self.given), words("compare.reading")
        bar = st.progress(0.0, reading)
        while self.given:
            done = 1 - len(self.given) / count
            bar.progress(done, reading)
            number, data = self.given[0]
            try:
                with in_turn_with(bar, done, words):
                    self.photos.append(CompareService([]).read(data, "given"))
            except MarginScopeError as error:
                self.problems.append((number, error.bare()))
            del self.given[0]
        bar.empty()

    def remove(self, *numbers: int) -> None:
        """Take away the photos of these indices, all where none is named."""
        self.before, self.problems, self.left_out = list(self.photos), [], 0
        gone = numbers or range(len(self.photos))
        self.photos = [photo for i, photo in enumerate(self.photos) if i not in gone]

    def undo(self) -> None:
        """The photos before the last remove()."""
        self.photos, self.before = self.before, []


def sphere_page() -> None:
    """Give photos, see each one's place and neighbours under two losses."""
    words = title("spheres")
    if "several" not in st.session_state:
        st.session_state.several = Several()
    here: Several = st.session_state.several
    if here.given:
        here.read_given(words)
    compared = session().photos
    shown: Marked = [
        *(
            (mark, compared[side])
            for mark, side in zip("○□", SIDES, strict=True)
            if side in compared
        ),
        *((str(i + 1), photo) for i, photo in enumerate(here.photos)),
    ]
    spheres(shown, words, large=True)
    _photos(here, words)
    st.caption(words("app.notice"))


def _photos(here: Several, words: Text) -> None:
    """The uploader, what was read, and what could not be."""
    st.subheader(words("spheres.several"), anchor=False)
    key = f"several-{here.inputs}"
    st.file_uploader(
        words("spheres.upload", most=MOST), type=PHOTO_TYPES, accept_multiple_files=True, key=key,
        max_upload_size=MAX_BYTES // 2**20,
        on_change=lambda: here.take(st.session_state.get(key) or []),
    )  # fmt: skip
    for number, error in here.problems:
        st.error(words("spheres.problem", number=number, problem=words.error(error)))
    if here.left_out:
        st.warning(words("spheres.left_out", count=here.left_out, most=MOST))
    with st.container(horizontal=True):
        for i, photo in enumerate(here.photos):
            with st.container(width=120):
                st.image(framed(photo), width=110, alt=words("spheres.photo_alt", number=i + 1))
                st.button(
                    words("spheres.remove", number=i + 1), key=f"several-remove-{i}",
                    type="tertiary", on_click=here.remove, args=(i,),
                )  # fmt: skip
    with st.container(horizontal=True):
        if here.photos:
            st.button(words("compare.clear"), key="several-clear", on_click=here.remove)
        if here.before:
            st.button(words("compare.undo"), key="several-undo", on_click=here.undo)
