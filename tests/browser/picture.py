"""README's pictures from the running app, into docs/: python -m tests.browser.picture"""

from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, running_app

ROOT = Path(__file__).resolve().parents[2]
DOCS, PATIENCE = ROOT / "docs", 60_000


def main() -> None:
    """The two public-domain portraits compared and on the spheres, and a training's last moment."""
    DOCS.mkdir(exist_ok=True)
    (ROOT / "runs").mkdir(exist_ok=True)  # where the log goes
    with running_app(ROOT / "runs") as (url, *_), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 800}, locale="en-US")
        page.emulate_media(reduced_motion="reduce")
        page.goto(url)
        page.get_by_role("button", name="Try two portraits").click(timeout=PATIENCE)
        expect(page.locator(".reading strong").nth(1)).to_be_visible(timeout=PATIENCE)
        page.mouse.move(600, 790)
        page.wait_for_timeout(2000)  # the tooltip goes, the figures settle
        page.screenshot(path=str(DOCS / "compare.png"))
        page.get_by_role("link", name="Spheres").click()
        take(page, ".spheres", "spheres")
        page.get_by_role("link", name="A training on film").click()
        page.set_viewport_size({"width": 1200, "height": 1400})
        take(page, ".st-key-playback", "playback")
        browser.close()


def take(page: Page, selector: str, name: str) -> None:
    """One part of the page, once it has been painted."""
    expect(page.locator(selector)).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(4000)
    page.locator(selector).screenshot(path=str(DOCS / f"{name}.png"))


if __name__ == "__main__":
    main()
