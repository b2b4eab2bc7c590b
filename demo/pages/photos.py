"""The two photos of a session: where they come from, how they are swapped, cleared, undone."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from demo.assets import PORTRAITS
from demo.language import Text
from demo.pages.address import chosen, keep
from demo.service import CompareService, Photo
from model.data import DataNotFound, lfw_home, read_pairs
from model.errors import MarginScopeError
from model.images import MAX_BYTES, RGB

SIDES = ("left", "right")
PHOTO_TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"]
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@dataclass
class Session:
    """What one visitor has on the page; it lives in st.session_state and nowhere else.

    photos, problems: by side. before: the photos that undo() brings back. inputs: counts up by side
    to give its upload widget a fresh start, so that a file is not kept twice. pair: which ready
    pair comes next.
    """

    photos: dict[str, Photo] = field(default_factory=dict)
    problems: dict[str, MarginScopeError] = field(default_factory=dict)
    before: dict[str, Photo] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    pair: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    def put(self, service: CompareService, side: str, data: bytes) -> None:
        """Read a photo into a side; an unreadable one leaves what was there and says why."""
        self.inputs[side] += 1
        self.problems.pop(side, None)
        try:
            self.photos[side] = service.read(data, side)
        except MarginScopeError as error:
            self.problems[side] = error

    def swap(self) -> None:
        """The first becomes the second."""
        other = dict(zip(SIDES, SIDES[::-1], strict=True))
        self.photos = {other[side]: photo for side, photo in self.photos.items()}
        self.inputs = {side: count + 1 for side, count in self.inputs.items()}
        self.problems = {}

    def keep_for_undo(self) -> None:
        """Remember the photos there are; a second Clear in a row forgets nothing."""
        if self.photos:
            self.before = dict(self.photos)

    def clear(self, *sides: str) -> None:
        """Take photos away; undo() brings them back."""
        self.keep_for_undo()
        for side in sides or SIDES:
            self.photos.pop(side, None)
            self.inputs[side] += 1
        self.problems = {}

    def undo(self) -> None:
        """The photos before the last clear() or ready pair; undone itself by another undo()."""
        self.photos, self.before = self.before, self.photos
        self.inputs = {side: count + 1 for side, count in self.inputs.items()}
        self.problems = {}


def session() -> Session:
    """This visitor's Session."""
    if "session" not in st.session_state:
        st.session_state.session = Session()
    found: Session = st.session_state.session
    return found


@dataclass(frozen=True)
class ReadyPairs:
    """Pairs to try: LFW's View 1 test pairs where this machine has LFW, else nothing but portraits.

    same[True] are genuine pairs, same[False] impostor pairs, each a pair of files.
    """

    same: dict[bool, tuple[tuple[Path, Path], ...]]


@cache
def ready_pairs() -> ReadyPairs | None:
    """The ready pairs from LFW in a fixed shuffled order, or None where LFW is not here."""
    try:
        home = lfw_home()
        pairs = read_pairs(home / "pairsDevTest.txt")
    except (DataNotFound, OSError):
        return None
    order = np.random.default_rng(0).permutation(len(pairs))
    found: dict[bool, list[tuple[Path, Path]]] = {True: [], False: []}
    for i in order:
        (a, k), (b, n) = pairs[i]
        files = home / "lfw" / a / f"{a}_{k:04d}.jpg", home / "lfw" / b / f"{b}_{n:04d}.jpg"
        if all(file.is_file() for file in files):
            found[a == b].append(files)
    if not found[True] or not found[False]:
        return None
    return ReadyPairs({same: tuple(files) for same, files in found.items()})


def take_ready_pair(service: CompareService, same: bool) -> None:
    """Fill both sides with the next ready pair; undo() brings back what stood there."""
    here, ready = session(), ready_pairs()
    here.keep_for_undo()
    files = PORTRAITS
    if ready is not None:
        files = ready.same[same][here.pair[same] % len(ready.same[same])]
        here.pair[same] += 1
    for side, file in zip(SIDES, files, strict=True):
        here.put(service, side, file.read_bytes())


def framed(photo: Photo) -> RGB:
    """The preview (H, W, 3) with a frame around each face, a thick one around the one used."""
    canvas = np.ascontiguousarray(photo.preview).copy()
    ratio = canvas.shape[1] / photo.width
    stroke = max(1, round(max(canvas.shape) / 220))
    for i, face in enumerate(photo.faces):
        left, top, width, height = (round(v * ratio) for v in face.box)
        corners = (left, top), (left + width, top + height)
        line = stroke * (3 if i == photo.used else 1)
        cv2.rectangle(canvas, *corners, BLACK, line + 2, cv2.LINE_AA)
        cv2.rectangle(canvas, *corners, WHITE, line, cv2.LINE_AA)
        if len(photo.faces) > 1:
            size = max(0.5, stroke / 2.5)
            place = (left + 2 * stroke, top + round(24 * size))
            cv2.putText(canvas, str(i + 1), place, 0, size, BLACK, stroke * 3, cv2.LINE_AA)
            cv2.putText(canvas, str(i + 1), place, 0, size, WHITE, stroke, cv2.LINE_AA)
    return np.asarray(canvas, dtype=np.uint8)


def photo_panel(side: str, service: CompareService, text: Text) -> None:
    """One side: the photo with its faces and crop, or the ways to give one."""
    here = session()
    mark = "○" if side == "left" else "□"
    st.markdown(f"**{mark} {text(f'compare.{side}')}**")
    if side in here.problems:
        st.error(text.error(here.problems[side]))
    photo = here.photos.get(side)
    if photo is None:
        _source(side, service, text)
        return
    name = text(f"side.{side}")
    st.image(framed(photo), width="stretch", alt=text("compare.photo_alt", photo=name))
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.image(photo.crop, width=72, alt=text("compare.crop_alt", photo=name))
        st.caption(text("compare.crop"))
    if len(photo.faces) > 1:
        _pick(side, photo, text)
    if photo.remarks:
        st.warning("\n\n".join(text.remark(remark) for remark in photo.remarks))
    st.button(
        text("compare.remove"), key=f"remove-{side}", type="tertiary", on_click=here.clear,
        args=(side,),
    )  # fmt: skip


def forget(given: UploadedFile) -> None:
    """Let Streamlit drop an upload that was read: it would keep the file for the whole session."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context is not None else None
    if context is not None and isinstance(manager, MemoryUploadedFileManager):
        manager.remove_file(context.session_id, given.file_id)


def _source(side: str, service: CompareService, text: Text) -> None:
    here = session()
    names = {"file": text("compare.from_file"), "camera": text("compare.from_camera")}
    name = f"source-{side}"
    kind = st.segmented_control(
        text("compare.source"), list(names), format_func=names.__getitem__, key=name,
        default=chosen(name, list(names), "file"), on_change=keep(name),
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    key = f"{kind}-{side}-{here.inputs[side]}"

    def take() -> None:
        given = st.session_state.get(key)
        if given is not None:
            with st.spinner(text("compare.reading")):
                here.put(service, side, given.getvalue())
            forget(given)

    if kind == "camera":
        st.camera_input(
            text("compare.camera"), key=key, on_change=take, label_visibility="collapsed"
        )
    else:
        st.file_uploader(
            text("compare.upload"),
            max_upload_size=MAX_BYTES // 2**20,
            type=PHOTO_TYPES,
            key=key,
            on_change=take,
            label_visibility="collapsed",
        )


def _pick(side: str, photo: Photo, text: Text) -> None:
    here = session()
    key = f"face-{side}-{here.inputs[side]}"
    numbers = list(range(1, len(photo.faces) + 1))

    def take() -> None:
        here.photos[side] = photo.using(st.session_state[key] - 1)

    st.segmented_control(
        text("compare.pick", count=len(numbers)), numbers, default=photo.used + 1, key=key,
        on_change=take, required=True,
    )  # fmt: skip
