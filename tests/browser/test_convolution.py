"""The convolution component on a bare page, against torch."""

import base64
import json
from itertools import product

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from torch.nn import functional

from demo.assets import ASSETS
from demo.figures.convolution import SIDE, convolution_data
from demo.figures.standalone import FIGURES, script
from demo.language import text
from demo.pages.lesson_convolution import SAID
from model.checkpoint import load_checkpoint
from model.features import stem_filters

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><style>:root {{ --st-text-color: #1b1f24; --st-primary-color: #0072B2;
  --st-background-color: #fff }} {style}</style><main>{html}</main><script type="module">
import component from "data:text/javascript;base64,{script}";
component({{ data: {data}, parentElement: document.querySelector("main") }});
</script>"""


@pytest.fixture(scope="module")
def data() -> dict:
    words = text("en")
    filters = stem_filters(load_checkpoint(ASSETS / "arcface.safetensors").network)
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    said = {key: words(f"convolution.{key}") for key in SAID}
    return convolution_data(crop, filters, words) | {"key": "test", "words": said}


@pytest.fixture
def page(browser, data):
    context = browser.new_context(viewport={"width": 1200, "height": 900}, has_touch=True)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(error))
    html, style = (
        (FIGURES / f"convolution.{kind}").read_text(encoding="utf-8") for kind in ("html", "css")
    )
    code = base64.b64encode(script("convolution").encode()).decode()
    page.set_content(PAGE.format(style=style, html=html, script=code, data=json.dumps(data)))
    expect(page.locator(".convolution[data-painted]")).to_be_visible()
    yield page
    context.close()
    assert not problems


def choose(page: Page, filter: int, stride: int, padding: int, pool: bool = False) -> None:
    """As a visitor does, but in one go: 72 combinations of clicks take minutes."""
    page.locator(".convolution").evaluate(
        """(root, [filter, stride, padding, pool]) => {
            const select = root.querySelector("select");
            select.selectedIndex = filter;
            select.dispatchEvent(new Event("change"));
            root.querySelector(`.stride input[value="${stride}"]`).click();
            root.querySelector(`.padding input[value="${padding}"]`).click();
            const pooling = root.querySelector(".pooling input");
            if (pooling.checked !== pool) pooling.click();
        }""",
        [filter, stride, padding, pool],
    )


def shown(page: Page) -> dict:
    return page.locator(".convolution").evaluate(
        "root => ({ output: root.output, pooled: root.pooled, ...root.dataset })"
    )


def by_torch(data: dict, filter: int, stride: int, padding: int) -> torch.Tensor:
    """(1, 1, O, O)"""
    image = torch.tensor(data["pixels"], dtype=torch.float64).view(1, 1, SIDE, SIDE)
    weights = torch.tensor(data["filters"][filter]["weights"], dtype=torch.float64)
    return functional.conv2d(image, weights.view(1, 1, 3, 3), stride=stride, padding=padding)


def test_the_output_is_that_of_torch(page, data):
    for case in product(range(8), (1, 2, 3), (0, 1, 2)):  # filter, stride, padding
        choose(page, *case, pool=True)
        found, wanted = shown(page), by_torch(data, *case)
        assert int(found["size"]) == wanted.shape[-1], case
        np.testing.assert_allclose(found["output"], wanted.flatten(), atol=1e-9)
        pooled = functional.max_pool2d(wanted, 2).flatten()
        np.testing.assert_allclose(found["pooled"], pooled, atol=1e-9)


def test_a_visitor_can_press_every_control(page, data):
    page.locator("select").select_option(index=1)
    page.locator(".stride input[value='3']").check()
    page.locator(".padding input[value='2']").check()
    page.locator(".pooling input").check()
    found, wanted = shown(page), by_torch(data, 1, 3, 2)
    np.testing.assert_allclose(found["output"], wanted.flatten(), atol=1e-9)
    expect(page.locator(".pooled")).to_be_visible()


def test_the_size_is_written_with_its_numbers_and_a_remainder_is_told(page):
    size = page.locator(".size")
    choose(page, 3, 1, 1)
    expect(size).to_contain_text("O = (N − F + 2P)/S + 1 = (28 − 3 + 2·1)/1 + 1 = 28")
    choose(page, 3, 2, 0)
    expect(size).to_contain_text("⌊(28 − 3 + 2·0)/2⌋ + 1 = ⌊12.5⌋ + 1 = 13")
    expect(size).to_contain_text("rounded down")


def test_arrow_keys_move_the_window_and_stop_at_the_edge(page, data):
    choose(page, 3, 2, 1)
    wanted = by_torch(data, 3, 2, 1)[0, 0]
    page.locator(".stage").focus()
    page.keyboard.press("Home")
    for key, row, column in (
        ("ArrowLeft", 0, 0), ("ArrowDown", 1, 0), ("ArrowRight", 1, 1), ("ArrowUp", 0, 1),
        ("End", 13, 13), ("ArrowDown", 13, 13),
    ):  # fmt: skip
        page.keyboard.press(key)
        found = shown(page)
        assert (int(found["row"]), int(found["column"])) == (row, column), key
        assert float(found["sum"]) == pytest.approx(float(wanted[row, column]))


def test_the_nine_products_and_their_sum_are_written_out(page):
    choose(page, 4, 1, 0)
    cells = page.locator(".products td").all()
    assert len(cells) == 9
    products = []
    for cell in cells:
        pixel, _, weight = cell.evaluate("c => c.firstChild.textContent").partition(" × ")
        told = float(cell.locator("b").inner_text().replace("−", "-"))
        assert told == pytest.approx(float(pixel) * float(weight.strip("()").replace("−", "-")))
        products.append(told)
    total = page.locator(".products output b").inner_text().removeprefix("= ").replace("−", "-")
    assert float(total) == pytest.approx(sum(products))
    assert float(total) == pytest.approx(float(shown(page)["sum"]), abs=0.005)


def test_mouse_and_touch_move_the_window_over_the_output(page):
    choose(page, 3, 1, 1)
    box = page.locator(".result canvas").bounding_box()
    place = box["x"] + 20.5 / 28 * box["width"], box["y"] + 3.5 / 28 * box["height"]
    page.mouse.move(*place)
    assert (shown(page)["row"], shown(page)["column"]) == ("3", "20")
    page.touchscreen.tap(box["x"] + 7.5 / 28 * box["width"], box["y"] + 9.5 / 28 * box["height"])
    assert (shown(page)["row"], shown(page)["column"]) == ("9", "7")
    box = page.locator(".input canvas").bounding_box()  # 30 cells with its padding
    page.mouse.move(box["x"] + 11.5 / 30 * box["width"], box["y"] + 16.5 / 30 * box["height"])
    assert (shown(page)["row"], shown(page)["column"]) == ("15", "10")
