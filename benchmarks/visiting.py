"""Visitors without a browser: Streamlit's WebSocket protocol and uploads by PUT, and gradio_client.

Fifty Chromiums would measure Chromium. What a page would draw arrives here all the same.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from gradio_client import Client, handle_file
from serving import APP, serving, serving_gradio
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from demo.language import text

SIDES = ("left", "right")
READING = re.compile(r'class="reading".*?<strong>([^<]+)</strong>', re.DOTALL)
PATIENCE = 600.0  # seconds
XSRF = "_streamlit_xsrf"
QUEUED = text("en")("turns.next").split(":")[0]  # how both sentences about the place begin


@dataclass(frozen=True)
class Photos:
    """Two photos' files, and whose they are."""

    files: tuple[bytes, bytes]
    whose: str


@dataclass(frozen=True)
class Answer:
    """The angles of softmax and ArcFace in degrees; whether a place in the queue was shown."""

    angles: list[float]
    waited: bool = False


Ask = Callable[[Photos], Awaitable[Answer]]


@dataclass(frozen=True)
class App:
    """How an app is served, as (process id, address), and how a person opens it."""

    name: str
    serving: Callable[[], AbstractContextManager[tuple[int, str]]]
    open: Callable[[str], AbstractAsyncContextManager[Ask]]


class VisitFailed(Exception):
    """The page showed an error, or ended without what was waited for."""


@dataclass
class Seen:
    """What one run of the script sent: upload fields by key, angles, sentences of errors.

    waited: whether it told a place in the queue.
    """

    uploaders: dict[str, str] = field(default_factory=dict)
    angles: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    waited: bool = False

    def take(self, message: ForwardMsg) -> None:
        """Keep what counts of one message."""
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "file_uploader":
            self.uploaders[element.file_uploader.id.rsplit("$$", 1)[-1]] = element.file_uploader.id
        elif kind == "html":
            self.angles += READING.findall(element.html.body)
        elif kind == "exception":
            self.errors.append(element.exception.message)
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)
        elif kind == "alert" and element.alert.body.startswith(QUEUED):
            self.waited = True


class Visitor:
    """One page of the app that is open."""

    def __init__(self, socket: ClientConnection, http: httpx.AsyncClient) -> None:
        self.socket, self.http = socket, http
        self.session = self.page = ""
        self.cached: set[str] = set()  # large messages, which a page keeps too

    async def run(self, state: dict[str, list[UploadedFileInfo]] | None = None) -> Seen:
        """Let the script run, with files in these upload fields; what it sent until its end."""
        asked = BackMsg()
        asked.rerun_script.page_script_hash = self.page
        asked.rerun_script.context_info.locale = "en-US"
        asked.rerun_script.cached_message_hashes.extend(self.cached)
        for widget, files in (state or {}).items():
            one = asked.rerun_script.widget_states.widgets.add(id=widget)
            one.file_uploader_state_value.uploaded_file_info.extend(files)
        await self.socket.send(asked.SerializeToString())
        seen = Seen()
        async for message in self._messages():
            seen.take(message)
            if message.metadata.cacheable:
                self.cached.add(message.hash)
            if message.WhichOneof("type") == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
                self.page = message.new_session.page_script_hash
            elif message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY and (
                message.HasField("script_finished")
            ):
                return seen
        raise VisitFailed("the connection ended")

    async def _messages(self) -> AsyncIterator[ForwardMsg]:
        async for data in self.socket:
            assert isinstance(data, bytes)
            message = ForwardMsg()
            message.ParseFromString(data)
            yield message

    async def upload(self, uploader: str, photo: bytes) -> UploadedFileInfo:
        """Send a photo's bytes as the page does: ask for an address, then PUT."""
        asked = BackMsg()
        asked.file_urls_request.request_id = "photo"
        asked.file_urls_request.file_names.append("photo.jpg")
        asked.file_urls_request.session_id = self.session
        await self.socket.send(asked.SerializeToString())
        async for message in self._messages():
            if message.WhichOneof("type") == "file_urls_response":
                urls = message.file_urls_response.file_urls[0]
                break
        else:
            raise VisitFailed("no address for the upload")
        answer = await self.http.put(
            urls.upload_url,
            files={"file": ("photo.jpg", photo, "image/jpeg")},
            headers={"X-Xsrftoken": self.http.cookies[XSRF]},
        )
        answer.raise_for_status()
        return UploadedFileInfo(
            name="photo.jpg", size=len(photo), file_id=urls.file_id, file_urls=urls
        )

    async def compare(self, uploaders: dict[str, str], photos: Photos) -> Answer:
        """Give both photos one after the other, as a person does, and read the angles."""
        waited = False
        for side, photo in zip(SIDES, photos.files, strict=True):
            widget = next(w for key, w in uploaders.items() if f"file-{side}" in key)
            seen = await self.run({widget: [await self.upload(widget, photo)]})
            uploaders, waited = seen.uploaders, waited or seen.waited
            if seen.errors:
                raise VisitFailed("; ".join(seen.errors))
        return Answer([float(angle.rstrip("°")) for angle in seen.angles], waited)


@asynccontextmanager
async def page(address: str) -> AsyncIterator[Ask]:
    """The Streamlit page at http://..., once its first run has ended; left at the end."""
    # A connection that has been idle is closed under the next upload; a browser tries that again.
    anew = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=anew) as http:
        (await http.get("/_stcore/health")).raise_for_status()
        async with connect(
            address.replace("http", "ws") + "/_stcore/stream",
            subprotocols=["streamlit"],
            additional_headers={"Cookie": f"{XSRF}={http.cookies[XSRF]}"},
            max_size=None,
            open_timeout=PATIENCE,
            ping_interval=None,
        ) as socket:
            visitor = Visitor(socket, http)
            first = await visitor.run()
            yield lambda photos: visitor.compare(first.uploaders, photos)


@asynccontextmanager
async def api(address: str) -> AsyncIterator[Ask]:
    """A script that has found the endpoints at http://..., in a thread of its own."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread, TemporaryDirectory() as folder:
        connected = partial(Client, address, verbose=False, download_files=False)
        client = await loop.run_in_executor(thread, connected)

        def ask(photos: Photos) -> Answer:
            files = []
            for side, photo in zip(SIDES, photos.files, strict=True):
                files.append(Path(folder, side))
                files[-1].write_bytes(photo)
            left, right = (handle_file(str(file)) for file in files)
            found = client.predict(left=left, right=right, api_name="/compare")
            models = (found["models"][name] for name in ("softmax", "arcface"))
            return Answer([model["angle_degrees"] for model in models])

        yield lambda photos: loop.run_in_executor(thread, ask, photos)


APPS = {
    "streamlit": App("Streamlit", lambda: serving(APP), page),
    "api": App("API", serving_gradio, api),
}
