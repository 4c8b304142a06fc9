"""Take the pictures of the README anew from the demonstration: the card of one story, and the page around it.

Needs the test extra (playwright) and the system's Chromium: ``.venv/bin/python scripts/pictures.py``.
"""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from cds_service.sandbox.demonstration import QuietHandler, demonstration

CHROMIUM = "/usr/bin/chromium"
STORY = "opioid-hydrocodone-on-alprazolam"
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def order(page: Page, address: str) -> None:
    """Open the story's chart and add the order that it is about."""
    page.goto(f"{address}#story={STORY}")
    page.get_by_role("button", name="Add the story's order").click()
    page.locator("#order-cards .card").wait_for()


def main() -> None:
    """Serve the demonstration, take both pictures, stop."""
    server = make_server("127.0.0.1", 0, demonstration(), threaded=True, request_handler=QuietHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.port}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        # Wide enough that the card, which has half of the page, reads like a card.
        page = browser.new_page(viewport={"width": 1560, "height": 1200}, reduced_motion="reduce")
        order(page, address)
        page.get_by_text("Why, and the working").click()
        page.locator("#order-cards .card").screenshot(path=IMAGES / "card.png")
        # About as large as a README shows it: a larger one is only heavier.
        page = browser.new_page(
            viewport={"width": 1280, "height": 1000}, device_scale_factor=0.75, reduced_motion="reduce"
        )
        order(page, address)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=IMAGES / "page.png")
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
