"""README's picture from the running app: python -m tests.browser.picture"""

import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import FLAGS, running_app

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Compare the two public-domain portraits and keep what is seen as docs/compare.png."""
    with running_app(ROOT / "runs") as (url, *_), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 800}, locale="en-US")
        page.goto(url)
        page.get_by_role("button", name="Try two portraits").click(timeout=60_000)
        expect(page.locator(".reading strong").nth(1)).to_be_visible(timeout=60_000)
        page.mouse.move(600, 790)
        time.sleep(2)  # the tooltip goes, the figures settle
        (ROOT / "docs").mkdir(exist_ok=True)
        page.screenshot(path=str(ROOT / "docs" / "compare.png"))
        browser.close()


if __name__ == "__main__":
    main()
