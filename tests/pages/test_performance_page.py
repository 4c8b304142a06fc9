"""Does the page of how the findings do look right in a browser?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest
from flask import Flask
from playwright.sync_api import Browser
from serving import STORY, Watched, new_page, served

from cds_service.app import create_app
from cds_service.config import Settings
from fhir_fixtures import stories

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """A service with a store of eight calls: a reason overrode the cards of five, and another those of three."""
    story = next(each for each in stories() if each.slug == STORY)
    key = tmp_path / "store.key"
    key.write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    settings = Settings(store=str(tmp_path / "records.sqlite3"), store_key_file=key)
    app = create_app(settings, clock=lambda: story.on)
    http = app.test_client()
    # The first of the second reason snoozes the others.
    for number, code in enumerate(["short-course"] * 5 + ["benefits-outweigh-risks"] * 3):
        call = dict(story.request or {}) | {"hookInstance": str(uuid5(NAMESPACE_URL, str(number)))}
        for card in http.post("/cds-services/benzo-order-sign", json=call).json["cards"]:
            answer = {"card": card["uuid"], "outcome": "overridden", "overrideReason": {"reason": {"code": code}}}
            feedback = {"feedback": [answer | {"outcomeTimestamp": datetime.now(UTC).isoformat()}]}
            assert http.post("/cds-services/benzo-order-sign/feedback", json=feedback).status_code == 200
    return app


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_is_styled_and_never_scrolls_sideways(browser: Browser, app: Flask, width: int) -> None:
    with served(app) as address, new_page(browser, width) as page:
        watched = Watched(page)
        page.goto(f"{address}review/performance")
        assert page.locator("h1").inner_text() == "How the findings do"
        assert "8 calls judged" in page.locator("main").inner_text()
        assert "Short or procedural course 5" in " ".join(page.locator("main").inner_text().split())
        # The style was taken: a table as wide as its card.
        assert page.locator("section").first.evaluate("e => getComputedStyle(e).borderRadius") == "10px"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.complaints == []


def test_the_days_that_are_asked_for_are_shown(browser: Browser, app: Flask) -> None:
    with served(app) as address, new_page(browser) as page:
        watched = Watched(page)
        page.goto(f"{address}review/performance")
        page.get_by_label("From").fill("2020-01-01")
        page.get_by_label("to", exact=True).fill("2020-01-31")
        page.get_by_role("button", name="Show").click()
        assert "No call was judged" in page.locator("main").inner_text()
        assert watched.complaints == []
