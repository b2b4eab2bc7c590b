"""The two photos on a page: where they come from, and what is seen of them."""

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from demo.language import Text
from demo.pages.address import chosen, keep
from demo.service import Photo
from demo.session import Session, framed
from demo.spool import has_room
from model.images import MAX_BYTES

PHOTO_TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"]


def session() -> Session:
    """This visitor's Session."""
    if "session" not in st.session_state:
        st.session_state.session = Session()
    found: Session = st.session_state.session
    return found


def photo_panel(side: str, text: Text) -> None:
    """One side: the photo with its faces and crop, or the ways to give one."""
    here = session()
    mark = "○" if side == "left" else "□"
    st.markdown(f"**{mark} {text(f'compare.{side}')}**")
    if side in here.problems:
        st.error(text.error(here.problems[side]))
    photo = here.photos.get(side)
    if photo is None:
        _source(side, text)
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


def say_where_room_is_short(text: Text) -> None:
    """A warning where no large upload fits any more."""
    if not has_room():
        st.warning(text("turns.no_room"))


def _source(side: str, text: Text) -> None:
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
            here.give(side, given.getvalue())
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
