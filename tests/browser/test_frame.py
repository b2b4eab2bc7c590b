"""The app as the hub shows it: in a frame of another site, HTTPS ending at a proxy before it."""

import asyncio
import datetime
import http.server
import ipaddress
import re
import ssl
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, FrameLocator, Request, expect

from demo.assets import PORTRAITS
from hosting.build import build
from tests.serving import free_port, served

pytestmark = pytest.mark.browser
SLOW = 60_000  # milliseconds; the first visit loads the networks
LOSSES = ("softmax", "arcface")


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> ssl.SSLContext:
    """A certificate of our own for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    alternatives = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def proxy(tls: ssl.SSLContext, port: int) -> Iterator[int]:
    """HTTPS on a free port, plain HTTP to `port` behind it, as the hub's proxy does."""
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # somebody hung up
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, forth), pump(back, writer))

    async def listen() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        stop = asyncio.Event()
        started.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(listen()))  # ends what is still open
    thread.start()
    https, loop, stop = started.result()
    try:
        yield https
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@contextmanager
def page_with_frame(tls: ssl.SSLContext, url: str, folder: Path) -> Iterator[str]:
    """A page on https://localhost, another site than https://127.0.0.1, with `url` in a frame."""
    (folder / "index.html").write_text(f'<iframe src="{url}" width="1200" height="900"></iframe>')
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_port}/index.html"
        server.shutdown()


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("space") / "streamlit"
    build("streamlit", folder)
    return folder


@contextmanager
def started(space: Path, *options: str) -> Iterator[int]:
    """The Space's app as its Dockerfile starts it, but for the port."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    with served(
        [*command, *options], f"http://127.0.0.1:{port}/_stcore/health", space.parent / "log.txt",
        folder=space, clean=False, MARGINSCOPE_HOSTED="1", MARGINSCOPE_DATA=str(space),
    ):  # fmt: skip
        yield port


@pytest.fixture(scope="module")
def hosted(space) -> Iterator[int]:
    with started(space) as port:
        yield port


@contextmanager
def framed(
    browser: Browser, tls: ssl.SSLContext, port: int, folder: Path
) -> Iterator[tuple[FrameLocator, list[int]]]:
    """The app in its frame, and how the server answered to uploads so far."""
    answers: list[int] = []
    with (
        proxy(tls, port) as https,
        page_with_frame(tls, f"https://127.0.0.1:{https}", folder) as url,
    ):
        context = browser.new_context(
            ignore_https_errors=True, viewport={"width": 1280, "height": 960}, locale="en-US"
        )
        page = context.new_page()
        page.on("response", lambda r: answers.append(r.status) if is_upload(r.request) else None)
        page.goto(url)
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("button", name="Try two portraits")).to_be_visible(timeout=SLOW)
        yield frame, answers
        context.close()


def is_upload(request: Request) -> bool:
    return "/upload_file/" in request.url and request.method == "PUT"


def upload(frame: FrameLocator, side: str, path: Path) -> None:
    frame.locator(f".st-key-{side} input[type=file]").set_input_files(str(path))


def test_two_photos_are_uploaded_and_compared_in_the_hubs_frame(browser, tls, hosted, tmp_path):
    with framed(browser, tls, hosted, tmp_path) as (frame, answers):
        upload(frame, "first", PORTRAITS[0])
        first = frame.get_by_alt_text("The first photo with the faces found in frames")
        expect(first).to_be_visible(timeout=SLOW)
        upload(frame, "second", PORTRAITS[1])
        for loss in LOSSES:
            reading = frame.locator(f".st-key-dial-{loss} .reading strong")
            expect(reading).to_have_text(re.compile(r"^\d+\.\d°$"), timeout=SLOW)
        assert answers == [204, 204]


def test_without_the_setting_an_upload_is_refused_there(browser, tls, space, tmp_path):
    option = "--server.enableXsrfProtection=true"
    with started(space, option) as port, framed(browser, tls, port, tmp_path) as (frame, answers):
        with frame.owner.page.expect_response(lambda r: is_upload(r.request), timeout=SLOW):
            upload(frame, "first", PORTRAITS[0])
        assert answers == [403]


def test_another_site_cannot_upload_into_a_session(browser, tls, hosted, tmp_path):
    """What the protection is against: not even with the address, which holds the session's id."""
    with framed(browser, tls, hosted, tmp_path) as (frame, answers):
        page = frame.owner.page
        with page.expect_request(is_upload, timeout=SLOW) as sent:
            upload(frame, "first", PORTRAITS[0])
        first = frame.get_by_alt_text("The first photo with the faces found in frames")
        expect(first).to_be_visible(timeout=SLOW)
        forge = """address => { const form = new FormData(); form.append('file', new Blob(['a']));
            return fetch(address, {method: 'PUT', body: form}).then(() => 'sent', String); }"""
        assert page.evaluate(forge, sent.value.url) == "TypeError: Failed to fetch"
        assert page.frames[1].evaluate(forge, sent.value.url) == "sent"  # the app itself can
        assert answers == [204, 204]
