"""The two spheres in Chromium: painted, turned together, kept over reruns, telling who is who."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from scipy.spatial.transform import Rotation, Slerp

from demo import assets
from demo.assets import ASSETS, PORTRAITS
from demo.figures.spheres import uploads
from demo.figures.standalone import FIGURES
from demo.service import CompareService

pytestmark = pytest.mark.browser
SLOW = 60_000
PIXELS = """canvas => {
    const c = canvas.getContext('2d');
    return [...c.getImageData(0, 0, canvas.width, canvas.height).data];
}"""

PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
READY = '.spheres[data-painted]:not([data-painted=""])'  # with the gallery's points


@pytest.fixture
def page(browser, app_url):
    context = browser.new_context(viewport={"width": 1200, "height": 900}, locale="en-US")
    page = context.new_page()
    page.goto(app_url)
    expect(page.locator(READY)).to_be_visible(timeout=SLOW)
    page.locator(".spheres").scroll_into_view_if_needed()
    yield page
    context.close()


def pictures(page: Page) -> list[np.ndarray]:
    """Both canvases as they are painted, (H, W, 4)."""
    page.wait_for_timeout(1200)  # a turn to other photos takes 600
    page.evaluate(PAINTED)
    found = []
    for canvas in page.locator(".spheres canvas").all():
        size = canvas.evaluate("c => [c.height, c.width]")
        found.append(np.array(canvas.evaluate(PIXELS), dtype=np.uint8).reshape(*size, 4))
    return found


def drag(page: Page, x: float, y: float) -> None:
    """From (x, y) to the right and a little down."""
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 40, steps=5)
    page.mouse.up()


def colourful(image: np.ndarray) -> int:
    """How many pixels have a hue and are opaque: those of points on the front."""
    rgb = image[..., :3].astype(int)
    return int(((rgb.max(axis=2) - rgb.min(axis=2) > 60) & (image[..., 3] > 200)).sum())


@pytest.mark.parametrize("degrees", [0.0, 40.0, 150.0, 179.8])
def test_a_part_of_a_turn_is_a_rotation_that_goes_that_part_of_the_way(browser, degrees: float):
    """Against SciPy's Slerp, with matrices rounded as the page gets them."""
    axis = np.array([1.0, 2.0, -2.0]) / 3
    start = Rotation.from_rotvec([0.3, -0.2, 0.9])
    end = Rotation.from_rotvec(np.radians(degrees) * axis) * start
    rows = [np.round(turn.as_matrix(), 6).ravel().tolist() for turn in (start, end)]
    page = browser.new_page()
    page.add_script_tag(content=(FIGURES / "rotation.js").read_text(encoding="utf-8"))
    for share in (0.3, 0.8):
        found = page.evaluate("([a, b, share]) => partOf(a, b, share)", [*rows, share])
        wanted = Slerp([0, 1], Rotation.concatenate([start, end]))(share).as_matrix()
        np.testing.assert_allclose(np.array(found).reshape(3, 3), wanted, atol=2e-3)
    page.close()


def test_both_spheres_are_painted_and_a_drag_turns_both(page: Page):
    before = pictures(page)
    assert all(colourful(image) > 3000 for image in before)
    box = page.locator(".spheres canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(page, x, y)
    after = pictures(page)
    for one, other in zip(before, after, strict=True):
        assert (one != other).any(axis=2).mean() > 0.02
        assert colourful(other) > 3000


def test_the_keyboard_turns_and_home_brings_back(page: Page):
    start = pictures(page)
    page.locator(".spheres").focus()
    page.keyboard.press("ArrowRight")
    assert (pictures(page)[0] != start[0]).any()
    page.keyboard.press("Home")
    np.testing.assert_array_equal(pictures(page)[0], start[0])


def test_the_camera_survives_a_rerun_and_another_colour(page: Page):
    page.locator(".spheres").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    turned = pictures(page)
    page.locator(".st-key-control label").click()
    expect(page.locator(".st-key-dial-norm-softmax")).to_be_visible(timeout=SLOW)
    for one, other in zip(turned, pictures(page), strict=True):
        assert (one != other).any(axis=2).mean() < 0.001


def test_a_point_tells_who_it_is_and_lights_its_person_on_both(page: Page):
    before = pictures(page)
    image = before[0]
    rgb = image[..., :3].astype(int)
    hue = (rgb.max(axis=2) - rgb.min(axis=2) > 60) & (image[..., 3] > 200)
    rows, columns = np.nonzero(hue)
    middle = np.argmin((rows - image.shape[0] / 2) ** 2 + (columns - image.shape[1] / 2) ** 2)
    canvas = page.locator(".spheres canvas").first
    box = canvas.bounding_box()
    x = box["x"] + columns[middle] * box["width"] / image.shape[1]
    y = box["y"] + rows[middle] * box["height"] / image.shape[0]
    page.mouse.move(x, y)
    label = page.locator(".spheres .label")
    expect(label).to_be_visible()
    expect(label).to_have_text(
        re.compile(r"\w+ \w+.* · (Seen in training|Never seen)\s*to the person's mean: .*°")
    )
    page.mouse.click(x, y, button="right")  # the browser's menu, and nobody picked
    page.mouse.move(box["x"] - 20, box["y"] - 20)
    for one, other in zip(before, pictures(page), strict=True):
        np.testing.assert_array_equal(one, other)
    page.mouse.click(x, y)
    page.mouse.move(box["x"] - 20, box["y"] - 20)
    for one, other in zip(before, pictures(page), strict=True):
        assert colourful(other) < colourful(one) / 2  # everybody else steps back


def test_two_photos_stand_in_front_and_on_the_horizon_to_the_right(page: Page):
    page.get_by_role("button", name="Try two portraits").click()
    expect(page.locator(".reading strong").nth(1)).to_be_visible(timeout=SLOW)
    photos = re.compile(r"^\w{16}$")
    expect(page.locator(".spheres")).to_have_attribute("data-photos", photos, timeout=SLOW)
    page.locator(".spheres").scroll_into_view_if_needed()
    service = CompareService([assets.recognizer(name) for name in ("softmax", "arcface")])
    both = [service.read(path.read_bytes(), "left") for path in PORTRAITS]
    marked = list(zip("○□", both, strict=True))
    placed = uploads(assets.spheres(ASSETS), marked, service.compare(*both).embeddings, pair=True)
    lengths = []
    for image, model in zip(pictures(page), ("softmax", "arcface"), strict=True):
        left, right = (np.array(p["places"][model]["point"]) for p in placed["photos"])
        drawn = np.arccos(np.clip(left @ right, -1, 1))
        height, width = image.shape[:2]
        # Orthographic: the right photo is seen at sin(angle) of the radius, if it is in front
        reach = int((width / 2 - 16) * np.sin(min(drawn, np.pi / 2))) - 12
        dark = (image[..., :3].max(axis=2) < 70) & (image[..., 3] > 200)
        line = dark[height // 2 - 1 : height // 2 + 1, width // 2 + 12 : width // 2 + reach]
        lengths.append(line.shape[1])
        if line.shape[1] > 4:
            assert line.all(axis=0).mean() > 0.8, model  # an arc from the middle to the right
        past = dark[height // 2 - 1 : height // 2 + 1, : width // 2 - 70]
        assert past.all(axis=0).mean() < 0.2  # and none to the left
    assert max(lengths) > 10
    expect(page.get_by_text("The nearest faces of your photos")).to_be_visible()


def test_what_is_shown_stands_in_the_url(browser, app_url):
    context = browser.new_context(viewport={"width": 1200, "height": 900}, locale="en-US")
    page = context.new_page()
    page.goto(f"{app_url}/?sphere-left=untrained&sphere-parts=unseen&sphere-colour=angle")
    titles = page.locator(".spheres figcaption")
    expect(titles.first).to_have_text("Untrained", timeout=SLOW)
    expect(titles.last).to_have_text("ArcFace")
    context.close()


def test_a_click_opens_the_panel_of_a_face_and_stands_in_the_url(page: Page):
    page.locator(".spheres").focus()
    page.keyboard.press("Enter")  # the point in the middle of the left sphere
    panel = page.locator(".st-key-face-panel")
    expect(panel).to_be_visible(timeout=SLOW)
    picked = re.search(r"sphere-picked=\w+(?:/|%2F)(\w+)", page.evaluate("location.href")).group(1)
    expect(panel).to_contain_text(picked.replace("_", " "))
    expect(panel).to_contain_text("does not have the gallery's pictures")
    page.goto(page.evaluate("location.href"))
    expect(panel).to_contain_text(picked.replace("_", " "), timeout=SLOW)
    page.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0, timeout=SLOW)
    assert "sphere-picked" not in page.evaluate("location.href")


def test_camera_and_choices_survive_a_change_of_page_and_of_language(page: Page):
    page.locator(".spheres").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Larger, and for up to twenty photos").click()
    expect(page.get_by_role("heading", name="Both spaces as spheres")).to_be_visible(timeout=SLOW)
    expect(page.locator(READY)).to_be_visible(timeout=SLOW)
    here = pictures(page)[0]
    page.get_by_role("radio", name="한국어").click()
    expect(page.locator(".st-key-given, h1", has_text="두 공간을 구로 보기")).to_be_visible(
        timeout=SLOW
    )
    np.testing.assert_array_equal(pictures(page)[0], here)
    page.locator(".spheres").focus()
    page.keyboard.press("Home")
    assert (pictures(page)[0] != here).any()  # so it had been turned


def test_photos_are_taken_many_at_once_and_the_saved_page_opens_offline(page: Page, tmp_path):
    page.get_by_role("link", name="Spheres").click()
    expect(page.get_by_text("Drop up to 20 photos here")).to_be_visible(timeout=SLOW)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    page.locator("input[type=file]").set_input_files([*PORTRAITS, broken])
    expect(page.get_by_role("button", name="Remove 2")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("cannot be read as a photo")).to_be_visible()
    before = pictures(page)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Spheres as a page").click()
    saved = tmp_path / "spheres.html"
    waited.value.save_as(saved)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Spheres as a picture").click()
    waited.value.save_as(tmp_path / "spheres.png")
    with Image.open(tmp_path / "spheres.png") as picture:
        assert picture.size[0] > 2 * before[0].shape[1]
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Remove 2")).to_be_visible(timeout=SLOW)

    page.context.set_offline(True)
    alone = page.context.new_page()
    errors: list[str] = []
    alone.on("pageerror", lambda error: errors.append(str(error)))
    alone.goto(saved.as_uri())
    expect(alone.locator(READY)).to_be_visible()
    start = pictures(alone)
    assert all(colourful(image) > 3000 for image in start)
    alone.locator(".spheres").focus()
    alone.keyboard.press("ArrowLeft")
    assert (pictures(alone)[0] != start[0]).any()
    assert not errors
    page.context.set_offline(False)
