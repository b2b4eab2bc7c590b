"""Gradio's components where ours differ: photos come as bytes, and from where they may.

An upload lies in Gradio's cache, which demo/spool.py sweeps. Nothing of ours needs it there once it
is read: what the page shows of a photo is in the answer itself.
"""

import contextlib
from pathlib import Path
from secrets import token_hex
from typing import Any

import gradio as gr
from gradio import processing_utils, utils
from gradio.data_classes import FileData, ImageData, ListFiles
from pydantic import TypeAdapter

from demo.api import AddressRefused, AddressUnreachable
from demo.hosted import hosted
from model.errors import MarginScopeError
from model.images import MAX_BYTES

OWN_FILE = "/gradio_api/file="  # what an upload is called that an agent's tool has made


class Taken:
    """What both components share: where a file may come from."""

    async def async_move_resource_to_block_cache(self, url_or_file_path: Any) -> str | None:
        """The file of an upload; of an address only where the server is the visitor's own."""
        given = str(url_or_file_path)
        if not given.startswith(("http://", "https://")):
            return await self._cached(given)
        _, own, path = given.partition(OWN_FILE)
        if own and utils.is_in_or_equal(path, utils.get_upload_folder()):
            return path
        if hosted():
            raise refusal(AddressRefused())
        try:  # the fragment gives each call a file of its own: what is there may have changed
            return await self._cached(f"{given}#{token_hex(8)}")
        except Exception as error:
            raise refusal(AddressUnreachable(address=given, problem=error)) from None

    async def _cached(self, given: str) -> str | None:
        found: str | None = await super().async_move_resource_to_block_cache(  # type: ignore[misc]
            given
        )
        return found


def refusal(error: MarginScopeError) -> gr.Error:
    """An error of ours as Gradio tells it to a visitor; the log does not hear of it."""
    return gr.Error(str(error), print_exception=False)


def read(payload: FileData | ImageData) -> bytes:
    """A photo's bytes, at most one more than may be; none of a file that was swept away."""
    if payload.url and payload.url.startswith("data:"):
        return bytes(processing_utils.decode_base64_to_binary(payload.url)[0])
    try:
        with Path(str(payload.path)).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return b""


class PhotoInput(Taken, gr.Image):  # type: ignore[misc]
    """One photo: a file, the webcam or the clipboard."""

    def get_block_name(self) -> str:
        """What the page draws it as."""
        return "image"

    def preprocess(self, payload: ImageData | None) -> bytes | None:
        """The photo's bytes."""
        return None if payload is None else read(payload)


class PhotosInput(Taken, gr.File):  # type: ignore[misc]
    """Several photos."""

    def get_block_name(self) -> str:
        """What the page draws it as."""
        return "file"

    def preprocess(self, payload: ListFiles | FileData | None) -> list[bytes]:
        """The photos' bytes."""
        if payload is None:
            return []
        return [read(one) for one in (payload if isinstance(payload, ListFiles) else [payload])]


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
