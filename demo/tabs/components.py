"""Gradio's components where ours differ: a photo's file is gone as soon as it is read.

Gradio keeps each upload as a file in its cache until a timer deletes it. Here nothing needs the
file once it is read: what the page shows of a photo is in the answer itself.
"""

import contextlib
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import processing_utils, utils
from gradio.data_classes import FileData, ImageData, ListFiles
from pydantic import TypeAdapter

from demo.hosted import hosted
from model.images import MAX_BYTES

OWN_FILE = "/gradio_api/file="  # what an upload is called that an agent's tool has made


class Taken:
    """What both components share: where a file may come from, and that it is gone once read."""

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """The file of an upload; of an address only where the server is the visitor's own."""
        given = str(url_or_file_path)
        if given.startswith(("http://", "https://")):
            _, own, path = given.partition(OWN_FILE)
            if own and utils.is_in_or_equal(path, utils.get_upload_folder()):
                return path
            if hosted():
                raise gr.Error("Upload the photo: this server fetches none from an address.")
        found: str | None = await super().async_move_resource_to_block_cache(  # type: ignore[misc]
            url_or_file_path
        )
        return found


def take(payload: FileData | ImageData) -> bytes:
    """A photo's bytes, at most one more than may be; its file and folder are gone afterwards."""
    if payload.url and payload.url.startswith("data:"):
        return bytes(processing_utils.decode_base64_to_binary(payload.url)[0])
    path = Path(str(payload.path))
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise gr.Error("This photo was read already, and deleted: give it again.") from None
    finally:
        if utils.is_in_or_equal(path, utils.get_upload_folder()):
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # another visitor's file lies there too
                path.parent.rmdir()


class PhotoInput(Taken, gr.Image):  # type: ignore[misc]
    """One photo: a file, the webcam or the clipboard."""

    def get_block_name(self) -> str:
        """What the page draws it as."""
        return "image"

    def preprocess(self, payload: ImageData | None) -> bytes | None:
        """The photo's bytes."""
        return None if payload is None else take(payload)


class PhotosInput(Taken, gr.File):  # type: ignore[misc]
    """Several photos."""

    def get_block_name(self) -> str:
        """What the page draws it as."""
        return "file"

    def preprocess(self, payload: ListFiles | FileData | None) -> list[bytes]:
        """The photos' bytes."""
        if payload is None:
            return []
        return [take(one) for one in (payload if isinstance(payload, ListFiles) else [payload])]


def photo_input(**options: Any) -> PhotoInput:
    """A PhotoInput that lets Gradio neither decode the photo nor offer it for sharing."""
    return PhotoInput(type="filepath", image_mode=None, buttons=[], **options)


class Told(gr.JSON):  # type: ignore[misc]
    """An answer whose type the API's description gives."""

    kind: Any = dict

    def get_block_name(self) -> str:
        """What the page draws it as."""
        return "json"

    def api_info(self) -> dict[str, Any]:
        """The answer as JSON Schema."""
        return TypeAdapter(self.kind).json_schema()


# Gradio writes a type stub beside the source of each component, and mypy would read that instead.
with contextlib.suppress(OSError):
    Path(__file__).with_suffix(".pyi").unlink()
