"""The endpoints over HTTP and MCP, against the service asked directly and against the gallery."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio import processing_utils
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from demo import api, assets
from demo.assets import PORTRAITS
from demo.service import CompareService
from demo.spool import FOLDER
from demo.tabs.components import photo_input
from model.angles import angles_between
from model.images import MAX_BYTES

LEFT, RIGHT = (handle_file(str(path)) for path in PORTRAITS)
ROOT = Path(__file__).resolve().parents[2]
NO_PHOTO = "data:image/png;base64,dGhpcyBpcyBubyBwaG90bw=="


@pytest.fixture(scope="module")
def client(gradio_url) -> Client:
    return Client(gradio_url, verbose=False)


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    """What the service says of the two portraits."""
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    photos = (service.read(path.read_bytes(), "left") for path in PORTRAITS)
    return service.compare(*photos).to_json()


def about(first: Any, second: Any) -> bool:
    """Equal but for the last digits of numbers, which another process may round otherwise."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(about(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(about, first, second))
    if isinstance(first, float):
        return bool(np.isclose(first, second, atol=1e-3))
    return bool(first == second)


def test_compare_gives_the_answer_of_the_command_line(client, answer):
    assert about(client.predict(left=LEFT, right=RIGHT, api_name="/compare"), answer)


def test_compare_takes_faces_networks_and_shares(client, answer):
    given = client.predict(
        left=LEFT, right=RIGHT, models=["norm-softmax"], prior=0.01, left_face=1,
        api_name="/compare",
    )  # fmt: skip
    assert list(given["models"]) == ["norm-softmax"]
    assert given["prior"] == 0.01
    assert given["models"]["norm-softmax"]["probability_same"] < 0.05


def test_a_photo_compared_with_itself_is_no_angle_apart(client):
    """Gradio keeps both uploads in one file, since they are equal."""
    given = client.predict(left=LEFT, right=LEFT, api_name="/compare")
    assert all(one["angle_degrees"] < 0.05 for one in given["models"].values())


def refused(client: Client, api_name: str = "/compare", **given: Any) -> str:
    with pytest.raises(AppError) as error:
        client.predict(**given, api_name=api_name)
    return str(error.value)


def test_bad_input_is_told_with_its_cure(client, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"this is no photo")
    nobody = tmp_path / "nobody.png"
    Image.new("RGB", (100, 100), "grey").save(nobody)
    said = refused(client, left=handle_file(str(broken)), right=RIGHT)
    assert "cannot be read as a photo" in said
    assert "No face was found in the right photo" in refused(
        client, left=LEFT, right=handle_file(str(nobody))
    )
    assert "give a number up to 1" in refused(client, left=LEFT, right=RIGHT, left_face=7)
    assert "prior must be between 0 and 1" in refused(client, left=LEFT, right=RIGHT, prior=1)
    assert "left is missing" in refused(client, left=None, right=RIGHT)


def test_the_server_refuses_a_photo_that_is_too_large(client, tmp_path):
    huge = tmp_path / "huge.jpg"
    huge.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(Exception, match=r"(?i)size|413"):
        client.predict(left=handle_file(str(huge)), right=RIGHT, api_name="/compare")


def test_embed_gives_unit_vectors_whose_cosine_is_the_similarity(client, answer, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"this is no photo")
    photos = [LEFT, handle_file(str(broken)), RIGHT]
    given = client.predict(photos=photos, models=list(api.MODELS), api_name="/embed")
    assert given["photos"][1]["error"]["code"] == "PhotoUnreadable"
    for name in ("softmax", "arcface"):
        first, none, second = given["models"][name]
        assert none is None
        assert np.linalg.norm(first) == pytest.approx(1, abs=1e-4)
        similarity = answer["models"][name]["similarity"]
        assert np.dot(first, second) == pytest.approx(similarity, abs=1e-3)


def test_no_more_photos_than_sixty_four_at_once():
    with pytest.raises(api.PhotosTooMany, match="65 photos came, and at most 64"):
        api.embed([b""] * 65)


def test_nearest_is_the_nearest_of_the_whole_gallery(client):
    given = client.predict(photo=LEFT, count=7, api_name="/nearest")
    gallery = assets.spheres(assets.ASSETS).gallery
    photo = CompareService([]).read(PORTRAITS[0].read_bytes(), "left")
    for name, found in given["models"].items():
        vector = assets.recognizer(name).embed(photo.crop[None])[0]
        angles = np.sort(np.degrees(angles_between(gallery.embeddings[name], vector)))[:7]
        said = [one["angle_degrees"] for one in found["nearest"]]
        np.testing.assert_allclose(said, angles, atol=0.02)
        assert found["has_place"] == (found["certainty"] >= 0.5)


def test_a_number_that_is_none_is_refused_with_the_cure(client):
    for name in ("prior", "limit"):
        assert "between 0 and 1" in refused(client, left=LEFT, right=RIGHT, **{name: None})
    assert "from 1 to" in refused(client, "/nearest", photo=LEFT, count=None)


def test_a_photo_at_an_address_is_fetched_each_time(monkeypatch, tmp_path):
    asked_for = []

    async def fetch(address: str) -> httpx.Response:
        asked_for.append(address)
        return httpx.Response(200, content=f"{len(asked_for)}".encode())

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_get", fetch)
    photo = photo_input()
    photo.GRADIO_CACHE = str(tmp_path)
    address = "https://example.org/now.jpg"
    files = [asked(photo.async_move_resource_to_block_cache(address)) for _ in range(2)]
    assert [Path(file).read_text() for file in files] == ["1", "2"]
    assert all(one.partition("#")[0] == address for one in asked_for)


def test_nothing_private_is_public(client, gradio_url):
    public = client.view_api(return_format="dict", print_info=False)
    assert set(public["named_endpoints"]) == {"/compare", "/embed", "/nearest"}
    assert public["unnamed_endpoints"] == {}
    config = json.load(urllib.request.urlopen(f"{gradio_url}/config"))
    private = [d["id"] for d in config["dependencies"] if d["api_visibility"] == "private"]
    assert len(private) > 20  # every event of the page
    with pytest.raises(Exception, match=r"(?i)private|not.*found|cannot|404|disabled|invalid"):
        client.predict(fn_index=private[0])
    for path in ("/etc/passwd", str(ROOT / "README.md"), str(ROOT / "assets/arcface.safetensors")):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{gradio_url}/gradio_api/file={path}")
        assert error.value.code in (403, 404)
    secret = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    assert "root:" not in refused(client, left=secret, right=RIGHT)


def test_the_answer_has_a_documented_type(client):
    public = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    for name, key in (("/compare", "angle_degrees"), ("/embed", "sentence"), ("/nearest", "seen")):
        assert key in public[name]["returns"][0]["python_type"]["type"], name


def test_an_upload_that_nobody_asks_about_is_swept_away(gradio_process):
    url, process = gradio_process
    boundary = "x7x7x7"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        f"Content-Type: image/jpeg\r\n\r\nnobody asks about this\r\n--{boundary}--\r\n"
    ).encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{url}/gradio_api/upload", body, headers)
    (path,) = json.load(urllib.request.urlopen(request))
    kept = Path(path)
    folder = next(p for p in kept.parents if p.name.startswith(FOLDER))
    assert folder.name.startswith(f"{FOLDER}{process.pid}-")
    assert folder.stat().st_mode & 0o077 == 0  # nobody else on the machine may look in
    assert kept.read_bytes() == b"nobody asks about this"
    long_ago = time.time() - 1000
    os.utime(kept, (long_ago, long_ago))
    for _ in range(300):
        if not kept.exists():
            return
        time.sleep(0.2)
    pytest.fail("the upload is still there")


@pytest.fixture
def two_photos(tmp_path) -> Path:
    """A folder with left.jpg and right.jpg."""
    for name, path in zip(("left", "right"), PORTRAITS, strict=True):
        shutil.copy(path, tmp_path / f"{name}.jpg")
    return tmp_path


def example(start: str, url: str) -> str:
    """The code block of README that begins with `start`, for the server at `url`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return start + text.split(start, 1)[1].split("```", 1)[0].replace("http://127.0.0.1:7860", url)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_as_readme_has_it(gradio_url, two_photos, answer):
    script = example("URL=", f"{gradio_url}")
    ran = subprocess.run(["bash", "-c", script], cwd=two_photos, capture_output=True, text=True)
    assert "event: complete" in ran.stdout, ran
    (given,) = json.loads(ran.stdout.split("data: ", 1)[1])
    assert about(given, answer)


def test_python_as_readme_has_it(gradio_url, two_photos, answer):
    script = example("from gradio_client", gradio_url)
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, cwd=two_photos, capture_output=True, text=True)
    angle, verdict = ran.stdout.split()[-2:]
    found = answer["models"]["arcface"]
    assert float(angle) == pytest.approx(found["angle_degrees"], abs=1e-2)
    assert verdict == found["verdict"]


def _uploaded(url: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        (name,) = httpx.post(f"{url}/gradio_api/upload", files={"files": stream}, timeout=60).json()
    return {"path": name, "meta": {"_type": "gradio.FileData"}}


def asked(asking: Coroutine[Any, Any, Any]) -> Any:
    """What it gives, in a thread: this one may have Playwright's loop."""
    with ThreadPoolExecutor() as threads:
        return threads.submit(asyncio.run, asking).result()


async def with_tools(url: str, ask: Any) -> Any:
    async with (
        streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        return await ask(session)


def test_an_agent_compares_by_mcp(gradio_url, answer):
    async def ask(session: ClientSession) -> Any:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert set(tools) == {"compare", "embed", "nearest"}
        assert "never to decide who somebody is" in tools["compare"].description
        assert all(tool.description for tool in tools.values())
        fields = tools["compare"].inputSchema["properties"]
        assert "between 0 and 1" in fields["prior"]["description"]
        files = [
            f"{gradio_url}/gradio_api/file={_uploaded(gradio_url, path)['path']}"
            for path in PORTRAITS
        ]
        return await session.call_tool("compare", {"left": files[0], "right": files[1]})

    said = asked(with_tools(gradio_url, ask))
    assert not said.isError
    angle = answer["models"]["arcface"]["angle_degrees"]
    assert f"'angle_degrees': {angle:.1f}"[:-1] in said.content[0].text


def test_more_agents_than_a_server_has_threads_are_all_answered(gradio_url):
    many = 45  # anyio has 40 threads, which is what Gradio would do with

    async def ask(session: ClientSession) -> Any:
        wrong = {"left": NO_PHOTO, "right": NO_PHOTO}
        return await asyncio.gather(*(session.call_tool("compare", wrong) for _ in range(many)))

    said = asked(with_tools(gradio_url, ask))
    assert ["read as a photo" in one.content[0].text for one in said] == [True] * many


def test_an_agent_is_told_what_is_wrong(gradio_url):
    async def ask(session: ClientSession) -> Any:
        return await session.call_tool("compare", {"left": NO_PHOTO, "right": NO_PHOTO})

    said = asked(with_tools(gradio_url, ask))
    assert said.isError
    assert "read as a photo" in said.content[0].text


def test_strangers_are_offered_comparison_alone(hosted_url, answer):
    client = Client(hosted_url, verbose=False)
    public = client.view_api(return_format="dict", print_info=False)
    assert set(public["named_endpoints"]) == {"/compare"}
    assert about(client.predict(left=LEFT, right=RIGHT, api_name="/compare"), answer)
    far = {"path": "http://127.0.0.1:1/photo.jpg", "meta": {"_type": "gradio.FileData"}}
    assert "fetches none from an address" in refused(client, left=far, right=RIGHT)

    async def ask(session: ClientSession) -> Any:
        return [tool.name for tool in (await session.list_tools()).tools]

    assert asked(with_tools(hosted_url, ask)) == ["compare"]
