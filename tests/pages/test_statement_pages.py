"""Can the pages on what the service is be read in a browser, by a screen reader, on a phone and on paper?"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from serving import Watched, new_page, served

from cds_service.app import create_app
from cds_service.config import Settings

pytestmark = pytest.mark.browser
PAGES = ["about", "source-attributes"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_no_rule_of_accessibility_is_broken(browser: Browser, path: str, scheme: str) -> None:
    with served(create_app(Settings())) as address, new_page(browser) as page:
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{address}{path}")
        broken = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in broken] == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_styled_and_never_scrolls_sideways(browser: Browser, path: str, width: int) -> None:
    with served(create_app(Settings())) as address, new_page(browser, width) as page:
        watched = Watched(page)
        page.goto(f"{address}{path}")
        assert page.locator("section").first.evaluate("e => getComputedStyle(e).borderRadius") == "10px"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.complaints == []
        assert {request.url.removeprefix(address) for request in watched.sent} <= {path, "about/style.css"}


@pytest.mark.parametrize("path", PAGES)
def test_paper_shows_everything_in_black_on_white(browser: Browser, path: str) -> None:
    with served(create_app(Settings())) as address, new_page(browser) as page:
        page.emulate_media(media="print", color_scheme="dark")
        page.goto(f"{address}{path}")
        body = page.locator("body")
        assert body.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
        assert body.evaluate("e => getComputedStyle(e).color") == "rgb(0, 0, 0)"
        # What is wider than the paper is not cut off.
        wide = page.locator(".wide").evaluate_all("all => all.map(e => getComputedStyle(e).overflowX)")
        assert set(wide) <= {"visible"}
        assert page.pdf()[:5] == b"%PDF-"


def test_a_link_leads_from_what_it_is_to_its_sources_and_back(browser: Browser) -> None:
    with served(create_app(Settings())) as address, new_page(browser) as page:
        page.goto(f"{address}about")
        page.get_by_role("link", name="Source attributes").click()
        assert page.locator("h1").inner_text() == "Source attributes of Benzo-CDS"
        page.get_by_role("link", name="older-adult").click()
        assert page.url.endswith("#older-adult")
        page.get_by_role("link", name="what the service is").click()
        assert page.locator("h1").inner_text() == "About Benzo-CDS"
