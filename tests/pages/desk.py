"""The order-entry page as a test sits in front of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, expect
from serving import Watched, new_page, served

from cds_service.sandbox.demonstration import demonstration

OXYCODONE = "oxycodone hydrochloride 5 MG Oral Tablet"


@dataclass
class Desk(Watched):
    """The page as a test sits in front of it, with what it sent and what it complained of."""

    address: str = ""

    def open(self, story: str) -> None:
        self.page.goto(f"{self.address}#story={story}")
        expect(self.page.locator("#load .figure").first).to_be_visible()
        expect(self.page.locator("#medications .name").first).to_be_visible()

    def choose(self, drug: str, product: str) -> None:
        self.page.get_by_label("Drug", exact=True).click()
        self.page.keyboard.type(drug)
        self.page.locator("#drug-options").get_by_role("option", name=drug).first.click()
        self.page.get_by_label("Strength and form").select_option(label=product)

    def order(self, drug: str, product: str, frequency: str = "twice daily") -> None:
        self.choose(drug, product)
        self.page.get_by_label("Frequency").select_option(label=frequency)
        self.page.get_by_role("button", name="Add order").click()

    def order_oxycodone(self) -> None:
        self.order("oxycodone", OXYCODONE, "four times daily")
        expect(self.cards).to_have_count(1)

    @property
    def cards(self) -> Any:
        return self.page.locator("#order-cards .card")

    @property
    def drafts(self) -> Any:
        return self.page.locator("#drafts .name")

    def bodies(self, ending: str) -> list[dict[str, Any]]:
        return [
            request.post_data_json for request in self.sent if request.method == "POST" and request.url.endswith(ending)
        ]

    def feedback(self) -> dict[str, Any]:
        """The one feedback that was sent."""
        (body,) = self.bodies("/feedback")
        (entry,) = body["feedback"]
        return dict(entry)

    def record(self, kind: str, patient: str, status: str) -> list[str]:
        bundle = self.page.evaluate(
            "address => fetch(address).then((answer) => answer.json())",
            f"/fhir/{kind}?patient={patient}&status={status}",
        )
        return [str(entry["resource"]) for entry in bundle.get("entry", [])]

    def override(self, reason: str = "No reason given") -> None:
        """Answer the first card of the orders that waits."""
        answer(self.page.locator("#order-cards .card:not(.answered)").first, reason)

    def add_story_order(self) -> None:
        """Add the story's order and wait for what comes back."""
        self.page.get_by_role("button", name="Add the story's order").click()
        expect(self.page.locator("#support-status")).to_contain_text("came back")


def answer(card: Locator, reason: str = "No reason given") -> None:
    """Override a card; most reasons stand behind the first ones."""
    button = card.get_by_role("button", name=re.compile(reason))
    if not button.count():
        card.get_by_text("Another reason").click()
    button.click()


@contextmanager
def at_the_desk(browser: Browser, width: int = 1280) -> Iterator[Desk]:
    """A demonstration of its own for every test, since what is ordered stays in the sandbox.

    At the end nothing may have been complained of, and nothing been sent elsewhere.
    """
    with served(demonstration()) as address, new_page(browser, width) as page:
        desk = Desk(page, address=address)
        yield desk
        assert desk.complaints == []
        assert {urlsplit(request.url).netloc for request in desk.sent} == {urlsplit(address).netloc}
