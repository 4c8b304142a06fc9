"""Can a prescriber work the order-entry page, with a mouse and without one, and does it behave as an EHR would?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from desk import OXYCODONE, Desk, at_the_desk
from playwright.sync_api import Browser, Page, Route, expect
from serving import STORY, served

from cds_service.sandbox.demonstration import demonstration

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    with at_the_desk(browser) as desk:
        yield desk


# The chart


def test_a_patient_is_found_by_story_and_the_chart_opens(desk: Desk) -> None:
    desk.page.goto(desk.address)
    expect(desk.page.get_by_role("heading", name="Choose a patient to begin")).to_be_visible()
    expect(desk.page.locator("#patient-list button")).to_have_count(57)
    desk.page.get_by_label("Find by name or story").fill("hydrocodone tooth")
    expect(desk.page.locator("#patients-count")).to_have_text(re.compile(r"^1 of \d+ patients$"))
    desk.page.locator("#patient-list button").click()
    expect(desk.page.get_by_role("heading", name="Philippa Grunwald-Osei")).to_be_focused()
    expect(desk.page.locator("#load")).to_contain_text("10 mg/day diazepam-equivalent")
    expect(desk.page.locator("#medications")).to_contain_text("alprazolam 0.25 MG Oral Tablet")
    expect(desk.page.locator("#medications")).to_contain_text("Counts 10 mg/day diazepam-equivalent")
    # By the names that a card gives them, not by their ids.
    expect(desk.page.locator("#load")).to_contain_text("by Ashton 2002")
    expect(desk.page.locator("#load")).to_contain_text("5 by VA/DoD 2021")
    # One dose has one band.
    assert desk.page.locator("#load .band").all_inner_texts() == ["Low dose band"]
    expect(desk.page.locator("#conditions")).to_contain_text("None on record.")


def test_opening_a_chart_calls_patient_view_and_shows_its_card(desk: Desk) -> None:
    desk.open("taper-referral-diazepam-five-years")
    card = desk.page.locator("#chart-cards .card")
    expect(card).to_have_count(1)
    expect(card.locator(".indicator")).to_contain_text("Information")
    (request,) = desk.bodies("/benzo-patient-view")
    assert request["hook"] == "patient-view"
    assert request["context"]["patientId"] == "castellanos-euphemia"


def test_an_unknown_load_has_no_number(desk: Desk) -> None:
    # Lorazepam without any directions is all that is on record.
    desk.open("dose-missing-lorazepam-with-zolpidem")
    expect(desk.page.locator("#load .figure strong")).to_have_text("Not known")
    text = desk.page.locator("#load").inner_text()
    assert "Not known or not counted" in text
    assert "band" not in text


def test_a_partly_known_load_is_shown_as_at_least(desk: Desk) -> None:
    # Zolpidem 5 mg is 2.5 mg of diazepam (20 mg is 10); the lorazepam beside it still has no dose.
    desk.open("dose-missing-lorazepam-with-zolpidem")
    desk.page.get_by_role("button", name="Add the story's order").click()
    expect(desk.page.locator("#support-status")).to_contain_text("came back")
    while desk.page.locator("#order-cards .card:not(.answered)").count():
        desk.override()
    desk.page.get_by_role("button", name="Sign orders").click()
    expect(desk.page.locator("#load .figure")).to_have_text(["at least 2.5 mg/day diazepam-equivalent"])
    expect(desk.page.locator("#load .band")).to_have_text("Dose band not known")
    assert not re.search(r"\blow\b", desk.page.locator("#load").inner_text(), re.IGNORECASE)
    expect(desk.page.locator("#load .scale")).to_have_count(0)


def test_a_lapsed_order_is_named_beside_a_load_of_zero(desk: Desk) -> None:
    desk.open("lapsed-alprazolam-still-marked-active")
    expect(desk.page.locator("#load .figure strong")).to_have_text("None counted")
    expect(desk.page.locator("#load .plain").first).to_contain_text("alprazolam")


def test_a_chart_left_while_loading_is_not_drawn_into_the_next(desk: Desk) -> None:
    def late(route: Route) -> None:
        desk.page.wait_for_timeout(700)
        route.continue_()

    desk.page.goto(desk.address)
    desk.page.route("**/demo/assessment", late, times=1)
    listed = desk.page.locator("#patient-list")
    listed.get_by_role("button", name=re.compile("Philippa Grunwald")).click()
    desk.page.get_by_label("Find by name or story").fill("Mirabel Osei")
    listed.get_by_role("button", name=re.compile("Mirabel Osei")).click()
    desk.page.wait_for_timeout(1500)
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("Mirabel")
    assert "alprazolam" not in desk.page.locator("#load").inner_text()


# Choosing what to order


def test_drugs_come_from_the_knowledge_base_and_strengths_follow(desk: Desk) -> None:
    desk.open(STORY)
    desk.choose("lorazepam", "lorazepam 1 MG Oral Tablet")
    desk.page.get_by_label("Dose", exact=True).fill("2")
    desk.page.get_by_label("Frequency").select_option(label="at bedtime")
    desk.page.get_by_label("As needed").check()
    expect(desk.page.locator("#sig")).to_have_text("lorazepam 1 MG Oral Tablet, 2 tablets at bedtime as needed")


def test_an_order_says_everything_in_fhir(desk: Desk) -> None:
    desk.open(STORY)
    desk.choose("lorazepam", "lorazepam 1 MG Oral Tablet")
    desk.page.get_by_label("Dose", exact=True).fill("0.5")
    desk.page.get_by_label("Frequency").select_option(label="every 8 hours")
    desk.page.get_by_label("Quantity").fill("21")
    desk.page.get_by_label("Days' supply").fill("14")
    desk.page.get_by_label("As needed").check()
    desk.page.get_by_role("button", name="Add order").click()
    expect(desk.drafts).to_have_text(["lorazepam 1 MG Oral Tablet"])
    expect(desk.page.locator("#support-status")).to_contain_text("came back")
    (request,) = desk.bodies("/benzo-order-select")
    (draft,) = [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]
    assert request["context"]["selections"] == [f"MedicationRequest/{draft['id']}"]
    assert (draft["status"], draft["intent"], draft["authoredOn"]) == ("draft", "order", "2026-11-22")
    assert draft["subject"] == {"reference": "Patient/grunwald-osei-philippa"}
    assert draft["medicationCodeableConcept"]["coding"][0]["code"] == "197901"
    (dosage,) = draft["dosageInstruction"]
    assert dosage["timing"]["repeat"] == {"frequency": 1, "period": 8, "periodUnit": "h"}
    assert dosage["asNeededBoolean"] is True
    assert dosage["doseAndRate"] == [{"doseQuantity": {"value": 0.5, "unit": "tablet"}}]
    assert draft["dispenseRequest"]["quantity"] == {"value": 21, "unit": "tablet"}
    assert draft["dispenseRequest"]["expectedSupplyDuration"]["value"] == 14


def test_the_request_carries_what_the_discovered_templates_ask_for(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    (request,) = desk.bodies("/benzo-order-select")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request["hookInstance"])
    assert request["fhirServer"] == f"{desk.address}fhir"
    assert set(request["prefetch"]) == {
        "patient",
        "medicationRequests",
        "medicationStatements",
        "medicationDispenses",
        "conditions",
    }
    assert request["prefetch"]["patient"]["id"] == "grunwald-osei-philippa"
    assert request["prefetch"]["medicationRequests"]["total"] == 2


def test_a_drug_outside_the_knowledge_can_be_ordered_and_brings_no_card(desk: Desk) -> None:
    desk.open(STORY)
    desk.page.get_by_label("Drug", exact=True).click()
    desk.page.keyboard.type("amoxicillin 500 mg capsule")
    expect(desk.page.locator("#drug-options [role=option]")).to_have_text([re.compile("^Not in the knowledge base")])
    desk.page.get_by_role("button", name="Add order").click()
    expect(desk.drafts).to_have_text(["amoxicillin 500 mg capsule"])
    expect(desk.page.locator("#support-status")).to_have_text("order-select came back with no card.")


def test_an_order_without_a_drug_is_not_added_and_says_why(desk: Desk) -> None:
    desk.open(STORY)
    desk.page.get_by_role("button", name="Add order").click()
    expect(desk.page.locator("#order-error")).to_have_text("Choose a drug from the list.")
    expect(desk.page.get_by_label("Drug", exact=True)).to_be_focused()
    expect(desk.drafts).to_have_count(0)


# Cards and answers


def test_a_card_shows_its_parts_as_an_ehr_does(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    card = desk.cards.first
    expect(card.locator(".indicator")).to_contain_text("Warning")
    expect(card.get_by_role("heading", level=3)).to_contain_text(re.compile("oxycodone", re.IGNORECASE))
    assert card.locator(".source a").get_attribute("href", timeout=2000) is not None
    detail = card.locator(".markdown")
    expect(detail).to_be_hidden()
    card.get_by_text("Why, and the working").click()
    expect(detail).to_contain_text("alprazolam")
    assert detail.locator("li").count() >= 2
    assert "**" not in detail.inner_text()
    assert "\\" not in detail.inner_text()
    expect(desk.page.locator("#announcer")).to_contain_text("Warning")


def test_accepting_a_created_order_drafts_it_and_tells_the_service(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    desk.cards.first.get_by_role("button", name=re.compile("naloxone", re.IGNORECASE)).click()
    expect(desk.drafts).to_have_count(2)
    expect(desk.drafts.nth(1)).to_contain_text(re.compile("naloxone", re.IGNORECASE))
    expect(desk.cards.first.locator(".answer")).to_contain_text("Feedback sent: accepted")
    feedback = desk.feedback()
    assert feedback["outcome"] == "accepted"
    assert len(feedback["acceptedSuggestions"]) == 1
    assert re.match(r"\d{4}-\d\d-\d\dT.*Z$", feedback["outcomeTimestamp"])


def test_accepting_a_removal_removes_the_draft(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    desk.cards.first.get_by_role("button", name=re.compile("^Remove")).click()
    expect(desk.drafts).to_have_count(0)
    expect(desk.cards.first.locator(".answer")).to_contain_text("order removed")
    expect(desk.page.get_by_role("button", name="Sign orders")).to_be_disabled()


def test_signing_waits_for_an_answer_and_then_writes_to_the_record(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    desk.page.get_by_role("button", name="Sign orders").click()
    expect(desk.page.locator("#support-status")).to_contain_text("order-sign")
    expect(desk.cards.first.get_by_role("heading", level=3)).to_be_focused()
    expect(desk.page.locator("#drafts-note")).to_contain_text("1 card waits")
    assert len(desk.record("MedicationRequest", "grunwald-osei-philippa", "active")) == 2
    card = desk.cards.first
    card.get_by_role("group", name="Continue as ordered because").get_by_role(
        "button", name="Benefits outweigh"
    ).click()
    chosen = "Benefits outweigh the risks for this patient"
    expect(card.locator(".answer")).to_have_text(f"Feedback sent: overridden, {chosen}.")
    feedback = desk.feedback()
    assert feedback["outcome"] == "overridden"
    assert feedback["overrideReason"]["reason"]["code"]
    desk.page.get_by_role("button", name="Sign now").click()
    expect(desk.page.locator("#medications .name").first).to_contain_text(OXYCODONE)
    expect(desk.drafts).to_have_count(0)
    signed = desk.record("MedicationRequest", "grunwald-osei-philippa", "active")
    assert len(signed) == 3
    assert any(OXYCODONE in resource for resource in signed)


def test_a_card_answered_at_order_select_is_not_asked_again_at_signing(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    desk.override()
    expect(desk.cards.first.locator(".answer")).to_contain_text("no reason given")
    assert "overrideReason" not in desk.feedback()
    desk.page.get_by_role("button", name="Sign orders").click()
    expect(desk.page.locator("#medications .name").first).to_contain_text(OXYCODONE)
    assert len(desk.bodies("/benzo-order-sign")) == 1


def test_the_order_of_a_story_can_be_added_and_removed(desk: Desk) -> None:
    desk.open(STORY)
    desk.page.get_by_role("button", name="Add the story's order").click()
    expect(desk.drafts).to_have_count(1)
    expect(desk.cards).to_have_count(1)
    desk.page.locator("#drafts").get_by_role("button", name=re.compile("^Remove")).click()
    expect(desk.drafts).to_have_count(0)
    expect(desk.cards).to_have_count(0)
    expect(desk.page.get_by_role("button", name="Add the story's order")).to_be_visible()


def test_a_failing_service_is_reported_and_does_not_block_ordering(desk: Desk) -> None:
    desk.open(STORY)
    desk.page.route("**/cds-services/benzo-order-*", lambda route: route.fulfill(status=503, body=""))
    desk.order("oxycodone", OXYCODONE)
    expect(desk.page.locator("#support-status")).to_contain_text("Nothing was checked")
    desk.page.get_by_role("button", name="Sign orders").click()
    desk.page.get_by_role("button", name="Sign without a check").click()
    expect(desk.page.locator("#medications .name").first).to_contain_text(OXYCODONE)
    # The browser itself reports the 503 answers; nothing else may be complained of.
    assert all("503" in complaint for complaint in desk.complaints)
    desk.complaints.clear()


# What went over the wire


def test_the_raw_request_and_response_can_be_seen(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    desk.page.get_by_role("button", name="Show request and response").click()
    call = desk.page.locator("#raw-panel details").first
    expect(call.locator("summary")).to_contain_text("order-select POST /cds-services/benzo-order-select 200")
    expect(call.get_by_label("Request")).to_contain_text('"hook": "order-select"')
    expect(call.get_by_label("Response")).to_contain_text('"indicator": "warning"')
    desk.page.get_by_role("button", name="Hide request and response").click()
    expect(desk.page.locator("#raw-panel")).to_be_hidden()


# Markdown


Render = Callable[[str], str]


@pytest.fixture(scope="module")
def rendered(browser: Browser) -> Iterator[Render]:
    """Renders Markdown by the page's own module; gives the markup of what came of it."""
    program = "text => import('/demo/static/markdown.js').then((module) => module.rendered(text).innerHTML)"
    with served(demonstration()) as address:
        page = browser.new_page()
        page.goto(address)
        yield lambda markdown: str(page.evaluate(program, markdown))
        page.close()


@pytest.mark.parametrize(
    ("markdown", "markup"),
    [
        ("**a** and *b*", "<p><strong>a</strong> and <em>b</em></p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("### Load", "<h4>Load</h4>"),
        ("a\nb\n\nc", "<p>a b</p><p>c</p>"),
        (r"\*a\* \[b\] 2 \< 3", "<p>*a* [b] 2 &lt; 3</p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("`**a**`", "<p><code>**a**</code></p>"),
    ],
)
def test_markdown_is_rendered(rendered: Render, markdown: str, markup: str) -> None:
    assert rendered(markdown) == markup


def test_a_table_is_rendered_with_escaped_bars_inside_its_cells(rendered: Render) -> None:
    markup = rendered("| a | b |\n|---|--:|\n| 1 \\| 2 | **3** |\n\nafter")
    assert '<th scope="col">a</th>' in markup
    assert "<td>1 | 2</td><td><strong>3</strong></td>" in markup
    assert markup.endswith("<p>after</p>")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "- <b>bold</b>",
        "[click](javascript:alert(1))",
        "[click](data:text/html,x)",
        "&lt;script&gt;",
    ],
)
def test_nothing_in_markdown_becomes_an_element_of_its_own(rendered: Render, hostile: str) -> None:
    assert re.findall(r"<(?!/?(?:p|ul|li)>)", rendered(hostile)) == []


def test_a_link_opens_without_access_to_this_page(rendered: Render) -> None:
    assert rendered("[a](https://example.org/x)") == (
        '<p><a href="https://example.org/x" target="_blank" rel="noopener noreferrer">a</a></p>'
    )


# How each order was read


WRITTEN = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "authoredOn": "2026-11-10",
    "subject": {"reference": "Patient/grunwald-osei-philippa"},
}
AS_NEEDED = WRITTEN | {
    "medicationCodeableConcept": {"text": "lorazepam 0.5 MG Oral Tablet"},
    "dosageInstruction": [{"text": "take 1/2-1 tab po bid prn for anxiety mdd= 2 tabs"}],
}
NOT_READ = WRITTEN | {
    "medicationCodeableConcept": {"text": "temazepam 15 MG Oral Capsule"},
    "dosageInstruction": [{"text": "1 cap qhs flurb <img src=x onerror=alert(1)>"}],
}


def opened(desk: Desk) -> Any:
    """The disclosure of a card for oxycodone beside orders in words, opened by keyboard."""
    for order in (AS_NEEDED, NOT_READ):
        assert desk.page.request.post(f"{desk.address}fhir/MedicationRequest", data=order).status == 201
    desk.open(STORY)
    desk.order_oxycodone()
    card = desk.cards.first
    card.get_by_text("How each order was read").focus()
    desk.page.keyboard.press("Enter")
    explanation = card.locator(".explanation")
    expect(explanation).to_be_visible()
    return explanation


def test_a_card_shows_how_each_order_was_read(desk: Desk) -> None:
    explanation = opened(desk)
    lorazepam = explanation.locator(".order-read", has_text="lorazepam 0.5 MG")
    expect(lorazepam.locator(".read-as")).to_have_text(
        "half to one 0.5 mg tablet, up to twice a day as needed, not over 2 tablets: 0 to 1 mg a day"
    )
    expect(lorazepam.locator("mark")).to_have_text(["1/2-1 tab1", "po2", "bid3", "prn for anxiety4", "mdd= 2 tabs5"])
    expect(lorazepam.locator(".gave li")).to_have_text(
        [
            "1/2-1 tab: half to 1 tablet",
            "po: route: oral",
            "bid: twice a day",
            "prn for anxiety: as needed",
            "mdd= 2 tabs: not over 2 tablets a day",
        ]
    )
    expect(lorazepam).to_contain_text("taken as needed, counted at the most that is permitted")


def test_a_card_shows_the_words_that_stopped_the_reading(desk: Desk) -> None:
    temazepam = opened(desk).locator(".order-read", has_text="temazepam 15 MG")
    expect(temazepam).to_contain_text("daily dose not known")
    # Not by its colour alone: it is said.
    expect(temazepam.locator(".gave li")).to_contain_text("not understood")
    expect(temazepam.locator(".as-written")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(desk.page.locator("img[src='x']")).to_have_count(0)


@pytest.mark.parametrize("width", [380, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_how_an_order_was_read_can_be_read_on_any_screen(desk: Desk, width: int, scheme: Any) -> None:
    desk.page.set_viewport_size({"width": width, "height": 800})
    desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    opened(desk)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
    assert [pair for pair in desk.page.evaluate(CONTRAST) if pair[0] < 4.5] == []


def test_an_explanation_that_cannot_be_rendered_is_reported(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    desk.page.route("**/demo/explanation", lambda route: route.fulfill(status=500, body=""))
    desk.cards.first.get_by_text("How each order was read").click()
    expect(desk.cards.first.locator(".how-read")).to_contain_text("This could not be shown: the answer was HTTP 500.")
    assert all("500" in complaint for complaint in desk.complaints)
    desk.complaints.clear()


# The hooks that no order is behind, and the refill


def test_a_discharge_asks_what_goes_home(desk: Desk) -> None:
    desk.open("discharge-home-alprazolam-forgotten")
    desk.page.get_by_role("button", name="Discharge").click()
    expect(desk.page.locator("#encounter-status")).to_have_text("encounter-discharge came back with 1 card.")
    heading = desk.page.locator("#chart-cards h3")
    expect(heading).to_contain_text("not among the orders going home")
    expect(heading).to_be_focused()
    (request,) = desk.bodies("/benzo-encounter-discharge")
    assert request["context"]["encounterId"]


def test_an_encounter_without_sedatives_starts_without_a_card(desk: Desk) -> None:
    desk.open("nothing-to-say")
    desk.page.get_by_role("button", name="Start encounter").click()
    expect(desk.page.locator("#encounter-status")).to_have_text("encounter-start came back with no card.")
    desk.page.locator("#patient-list").get_by_role("button", name=re.compile("Philippa Grunwald")).click()
    expect(desk.page.locator("#encounter-status")).to_have_text("")


def test_an_order_can_be_checked_as_a_refill(desk: Desk) -> None:
    desk.open("refill-a-week-early")
    expect(desk.page.get_by_role("button", name="Check as a refill")).to_be_disabled()
    desk.page.get_by_role("button", name="Add the story's order").click()
    expect(desk.page.locator("#support-status")).to_contain_text("order-select came back")
    desk.page.get_by_role("button", name="Check as a refill").click()
    expect(desk.page.locator("#support-status")).to_have_text("medication-refill came back with 1 card.")
    (request,) = desk.bodies("/benzo-medication-refill")
    assert len(request["context"]["medications"]["entry"]) == 1
    # 30 days dispensed three times from 31 August last until 28 November: 7 days, the 22nd and the 28th included.
    expect(desk.cards.first.locator(".reason")).to_contain_text("early, 7 days of its supply remain")


# For everybody


def test_everything_can_be_done_by_keyboard(desk: Desk) -> None:
    keys = desk.page.keyboard
    desk.page.goto(desk.address)
    expect(desk.page.locator("#patient-list button").first).to_be_visible()
    keys.press("Tab")
    expect(desk.page.get_by_role("link", name="Skip to the chart")).to_be_focused()
    keys.press("Tab")
    expect(desk.page.get_by_label("Find by name or story")).to_be_focused()
    keys.type("hydrocodone tooth")
    tab_to(desk.page, "#patient-list button")
    keys.press("Enter")
    expect(desk.page.get_by_role("heading", level=1)).to_be_focused()
    expect(desk.page.locator("#medications .name").first).to_be_visible()
    tab_to(desk.page, "#drug")
    keys.type("oxycodone")
    expect(desk.page.locator("#drug-options [role=option]").first).to_be_visible()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(desk.page.get_by_label("Drug", exact=True)).to_have_value("oxycodone")
    tab_to(desk.page, "#product")
    keys.type("oxycodone hydrochloride 5 MG Oral T")
    tab_to(desk.page, "#add-order")
    keys.press("Enter")
    expect(desk.cards).to_have_count(1)
    tab_to(desk.page, "#sign-orders", "Shift+Tab")
    keys.press("Enter")
    expect(desk.cards.first.get_by_role("heading", level=3)).to_be_focused()
    tab_to(desk.page, ".override button")
    keys.press("Enter")
    expect(desk.cards.first.locator(".answer")).to_be_focused()
    tab_to(desk.page, "#sign-orders", "Shift+Tab")
    keys.press("Enter")
    expect(desk.page.locator("#medications .name").first).to_contain_text(OXYCODONE)


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Press the key until the focus is on what the selector names, each stop with a focus that can be seen."""
    for _ in range(40):
        page.keyboard.press(key)
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no number of {key} reaches {selector}")


def test_every_control_has_a_name(desk: Desk) -> None:
    desk.open(STORY)
    desk.order_oxycodone()
    unidentified_in_force = desk.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, summary, a[href]")].filter((control) =>
          !(control.getAttribute("aria-label") || control.textContent.trim()
            || [...(control.labels ?? [])].some((label) => label.textContent.trim()))
        ).map((control) => control.outerHTML)"""
    )
    selects = desk.page.evaluate(
        """() => [...document.querySelectorAll("select, input")].filter((control) => !control.labels.length)
          .map((control) => control.outerHTML)"""
    )
    assert unidentified_in_force == selects == []


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest(":disabled, .skip, .hidden, option")) continue;
    const [one, other] = [parse(getComputedStyle(element).color), ground(element)].map(luminance);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([Math.round(ratio * 100) / 100, walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(desk: Desk, scheme: Any) -> None:
    desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    desk.open(STORY)
    desk.order_oxycodone()
    desk.cards.first.get_by_text("Why, and the working").click()
    measured = desk.page.evaluate(CONTRAST)
    assert len(measured) > 60
    assert [pair for pair in measured if pair[0] < 4.5] == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_overflows_the_screen(desk: Desk, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 800})
    desk.open(STORY)
    desk.order_oxycodone()
    desk.cards.first.get_by_text("Why, and the working").click()
    desk.page.get_by_role("button", name="Show request and response").click()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_narrow_screen_the_list_makes_way_for_the_chart(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 360, "height": 800})
    desk.page.goto(desk.address)
    expect(desk.page.locator("#patient-list")).to_be_hidden()
    desk.page.locator("#start-here").get_by_role("button", name=re.compile("Philippa Grunwald")).click()
    desk.page.get_by_role("button", name="Show list").click()
    expect(desk.page.locator("#patient-list")).to_be_visible()
