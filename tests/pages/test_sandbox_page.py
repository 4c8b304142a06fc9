"""Does the order-entry page work with a sandbox that demands a token, and say where it cannot read a whole record?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from serving import STORY, Watched, new_page, served

from cds_service.sandbox.demonstration import demonstration
from cds_service.sandbox.fhir_server.faults import Fault, FaultKind, Faults
from cds_service.sandbox.fhir_server.server import Behaviour
from cds_service.sandbox.smart.access import Access

pytestmark = pytest.mark.browser


@contextmanager
def opened(browser: Browser, behaviour: Behaviour) -> Iterator[tuple[Page, list[Request], list[str]]]:
    """The page with the story's chart asked for, what it sends, and what it complains of."""
    with served(demonstration(behaviour)) as address, new_page(browser) as page:
        watched = Watched(page)
        page.goto(f"{address}#story={STORY}")
        yield page, watched.sent, watched.complaints


def test_the_page_gets_itself_a_token_and_passes_it_on(browser: Browser) -> None:
    with opened(browser, Behaviour(Access(demanded=True), most_per_page=7)) as (page, sent, complaints):
        expect(page.locator("#medications .name").first).to_be_visible()
        # Every patient is listed, although no page of the sandbox holds them all.
        expect(page.locator("#patient-list button")).to_have_count(57)
        page.get_by_role("button", name="Add the story's order").click()
        expect(page.locator("#order-cards .card")).to_have_count(1)
        paths = [(urlsplit(request.url).path, request) for request in sent]
        reads = [request for path, request in paths if path.startswith("/fhir/") and path.count("/") == 2]
        assert len(reads) > 10
        assert {request.headers.get("authorization", "")[:7] for request in reads} == {"Bearer "}
        assert len([path for path, _ in paths if path == "/fhir/auth/token"]) == 1
        hooks = [request.post_data_json for path, request in paths if path.startswith("/cds-services/")]
        assert hooks
        assert all(body["fhirAuthorization"]["token_type"] == "Bearer" for body in hooks)
        assert complaints == []


def test_a_token_about_to_expire_is_renewed(browser: Browser) -> None:
    # Within the time before its end in which the page uses none.
    with opened(browser, Behaviour(Access(demanded=True, seconds=1))) as (page, sent, complaints):
        expect(page.locator("#medications .name").first).to_be_visible()
        assert len([request for request in sent if request.url.endswith("/fhir/auth/token")]) > 1
        assert complaints == []


@pytest.mark.parametrize("kind", [FaultKind.CUT_PAGE, FaultKind.LOOPING_PAGE, FaultKind.FOREIGN_PAGE])
def test_a_record_with_a_broken_page_is_not_shown_as_complete(browser: Browser, kind: FaultKind) -> None:
    faults = Faults([Fault(kind=kind, types=("MedicationRequest",))])
    with opened(browser, Behaviour(faults=faults)) as (page, _, complaints):
        page.goto(page.url.partition("#")[0])
        page.get_by_label("Find by name or story").fill("twelve")
        page.locator("#patient-list button").click()
        expect(page.locator("#problem")).to_have_text(
            "This chart is incomplete: medication orders could not be read. The rest is shown."
        )
        expect(page.locator("#medications .name")).to_have_count(0)
        expect(page.locator("#medications")).to_contain_text("Not shown: medication orders could not be read")
        expect(page.locator("#medications")).not_to_contain_text("No active medication")
        assert complaints == []
