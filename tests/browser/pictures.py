"""README's pictures from the running app, into docs/: python -m tests.browser.pictures"""

from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from demo.language import text
from tests.browser.conftest import running_app
from tests.conftest import FLAGS

ROOT = Path(__file__).resolve().parents[2]
DOCS, PATIENCE = ROOT / "docs", 60_000


def main() -> None:
    """The two public-domain portraits compared, on the spheres and in true angles; a film's end."""
    DOCS.mkdir(exist_ok=True)
    (ROOT / "runs").mkdir(exist_ok=True)  # where the log goes
    with running_app(ROOT / "runs") as (url, *_), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for language, name in (("ko", "compare.ko"), ("en", "compare")):
            words = text(language)
            page = browser.new_page(viewport={"width": 1200, "height": 800}, locale=language)
            page.emulate_media(reduced_motion="reduce")
            page.goto(url)
            ready = page.get_by_role("button", name=words("compare.ready_portraits"))
            ready.click(timeout=PATIENCE)
            expect(page.locator(".reading strong").nth(1)).to_be_visible(timeout=PATIENCE)
            page.mouse.move(600, 790)
            page.wait_for_timeout(2000)  # the tooltip goes, the figures settle
            page.screenshot(path=str(DOCS / f"{name}.png"))
        page.get_by_role("link", name=words("nav.spheres")).click()
        take(page, ".spheres", "spheres")
        page.set_viewport_size({"width": 1200, "height": 1400})
        page.get_by_role("link", name=words("nav.playback")).click()
        take(page, ".st-key-playback", "playback")
        page.get_by_role("link", name=words("nav.margin"), exact=True).click()
        expect(page.locator(".js-plotly-plot").nth(5)).to_be_visible(timeout=PATIENCE)
        page.wait_for_timeout(4000)
        part = {"x": 0, "y": 60, "width": 1200, "height": 1030}
        page.screenshot(path=str(DOCS / "margin.png"), clip=part)
        browser.close()


def take(page: Page, selector: str, name: str) -> None:
    """One part of the page, once it has been painted."""
    expect(page.locator(selector)).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(4000)
    page.locator(selector).screenshot(path=str(DOCS / f"{name}.png"))


if __name__ == "__main__":
    main()
