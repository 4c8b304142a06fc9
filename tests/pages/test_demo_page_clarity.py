"""Does the order-entry page show what matters to somebody who decides in ten seconds, on any screen?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk import OXYCODONE, Desk, at_the_desk
from flask import Flask
from playwright.sync_api import Browser, expect
from serving import STORY, served

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    with at_the_desk(browser) as desk:
        yield desk


def broken_rules(desk: Desk) -> list[Any]:
    found = Axe().run(desk.page).response["violations"]
    return [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found]


# Where to start


def test_five_stories_stand_first_and_the_others_by_finding(desk: Desk) -> None:
    desk.page.goto(desk.address)
    expect(desk.page.locator("#start-here button")).to_have_count(5)
    listed = desk.page.locator("#patient-list")
    expect(listed.locator(".start button")).to_have_count(5)
    expect(listed.locator("summary", has_text="Opioid with a benzodiazepine or Z-drug")).to_contain_text("8")
    last = listed.locator("details").last
    expect(last.locator("summary")).to_contain_text("No card, and why")
    expect(last.get_by_role("button", name=re.compile("Nothing sedating"))).to_be_hidden()
    last.locator("summary").click()
    last.get_by_role("button", name=re.compile("Nothing sedating")).click()
    expect(desk.page.locator("#load")).to_contain_text("No benzodiazepine or Z-drug on record")


def test_a_name_that_nobody_has_is_named_and_the_others_are_shown(desk: Desk) -> None:
    desk.page.goto(desk.address)
    desk.page.get_by_label("Find by name or story").fill("Nobody <b>")
    expect(desk.page.locator("#patients-count")).to_have_text(
        "Nobody matches “Nobody <b>”. All 57 patients are listed."
    )
    expect(desk.page.locator("#patient-list button")).to_have_count(57)


def test_a_story_is_found_by_the_finding_that_it_is_told_for(desk: Desk) -> None:
    desk.page.goto(desk.address)
    desk.page.get_by_label("Find by name or story").fill("pregnancy")
    expect(desk.page.locator("#patients-count")).to_have_text("1 of 57 patients")


@pytest.mark.parametrize(
    ("story", "said"),
    [
        ("older-adult-temazepam-falls", "or write an order"),
        ("taper-referral-diazepam-five-years", "as the chart opens"),
        ("discharge-home-alprazolam-forgotten", "choose “Discharge”"),
        ("nothing-to-say", "and no card"),
    ],
)
def test_a_story_without_an_order_says_what_to_do(desk: Desk, story: str, said: str) -> None:
    desk.page.goto(f"{desk.address}#story={story}")
    expect(desk.page.locator("#story .next")).to_contain_text(said)
    expect(desk.page.get_by_role("button", name="Add the story's order")).to_have_count(0)


def test_a_story_in_which_nothing_is_said_does_not_let_anybody_wait(desk: Desk) -> None:
    desk.page.goto(f"{desk.address}#story=exempt-palliative-care")
    expect(desk.page.locator("#story .next")).to_have_text("No card is due here.")
    desk.add_story_order()
    expect(desk.page.locator("#support-status")).to_have_text("order-select came back with no card.")


# The patient


def test_the_name_stays_in_sight_and_covers_nothing_that_has_the_focus(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 1280, "height": 600})
    desk.open(STORY)
    desk.add_story_order()
    expect(desk.cards).to_have_count(1)
    name = desk.page.locator("#patient-name")
    for control in desk.page.locator("main").locator("button:visible, input:visible, select:visible, summary").all():
        if control.is_disabled():
            continue
        desk.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        control.focus()
        box, header = control.bounding_box(), desk.page.locator("#patient-header").bounding_box()
        assert box is not None
        assert header is not None
        assert box["y"] >= header["y"] + header["height"] or box["y"] + box["height"] <= header["y"]
        expect(name).to_be_in_viewport()


def test_the_name_of_a_story_does_not_stand_on_the_page(desk: Desk) -> None:
    desk.open(STORY)
    assert STORY not in desk.page.locator("body").inner_text()
    name = desk.page.locator("#patient-name")
    assert name.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 20


def test_units_are_shown_as_words(desk: Desk) -> None:
    desk.open("depressants-cyclobenzaprine-third")
    desk.add_story_order()
    expect(desk.page.locator("#drafts")).to_contain_text("1 pill")
    assert "{" not in desk.page.locator("main").inner_text()


# The load


def test_the_load_is_shown_before_and_with_the_order(desk: Desk) -> None:
    # Lorazepam 4 mg a day is 40 mg of diazepam by Ashton's table (1 mg is 10).
    desk.open("total-load-lorazepam-four-milligrams")
    expect(desk.page.locator("#load .figure strong")).to_have_text(["None"])
    desk.add_story_order()
    expect(desk.page.locator("#load .loads .figure strong")).to_have_text(["0", "40"])
    expect(desk.page.locator("#load .loads h3")).to_have_text(["On record", "With the orders"])
    expect(desk.page.locator("#load .band")).to_have_text(["High dose band"])
    expect(desk.page.locator("#load .tag")).to_have_text(["to sign"])
    desk.page.locator("#drafts").get_by_role("button", name=re.compile("^Remove")).click()
    expect(desk.page.locator("#load .figure strong")).to_have_text(["None"])


def test_opioids_are_shown_before_and_with_the_order(desk: Desk) -> None:
    # Hydrocodone 5 mg four times a day is 20 MME (factor 1).
    desk.open(STORY)
    expect(desk.page.locator("#load .opioids")).to_have_count(0)
    desk.add_story_order()
    expect(desk.page.locator("#load .opioids")).to_have_text("Opioids: 0 → 20 MME a day")


def test_the_mark_of_the_load_covers_no_words(desk: Desk) -> None:
    desk.open(STORY)
    assert desk.page.locator("#load .scale").inner_text() == ""
    marker, zones = (desk.page.locator(f"#load .{name}").bounding_box() for name in ("marker", "zones"))
    assert marker is not None
    assert zones is not None
    assert marker["y"] + marker["height"] <= zones["y"] + 1


def test_a_load_that_cannot_be_worked_out_says_so_and_the_chart_is_shown(desk: Desk) -> None:
    desk.page.route("**/demo/assessment", lambda route: route.fulfill(status=500, body=""))
    desk.page.goto(f"{desk.address}#story={STORY}")
    expect(desk.page.locator("#load")).to_have_text("The load could not be worked out: the answer was HTTP 500.")
    expect(desk.page.locator("#medications .name").first).to_contain_text("alprazolam")
    desk.complaints.clear()


# What cannot be read


def test_a_search_that_fails_is_named_and_the_rest_is_shown(desk: Desk) -> None:
    desk.page.route("**/fhir/MedicationDispense?*", lambda route: route.fulfill(status=503, body=""))
    desk.page.goto(f"{desk.address}#story={STORY}")
    expect(desk.page.locator("#problem")).to_have_text(
        "This chart is incomplete: dispensed medications could not be read. The rest is shown."
    )
    expect(desk.page.locator("#medications")).to_contain_text(
        "Not shown: dispensed medications could not be read (the answer was HTTP 503)."
    )
    expect(desk.page.locator("#medications .name").first).to_contain_text("alprazolam")
    expect(desk.page.locator("#conditions")).to_contain_text("None on record.")
    desk.complaints.clear()


def test_a_list_of_patients_that_cannot_be_read_is_named(desk: Desk) -> None:
    desk.page.route("**/fhir/Patient", lambda route: route.fulfill(status=503, body=""))
    desk.page.goto(desk.address)
    expect(desk.page.locator("#problem")).to_have_text(
        "The list of patients could not be read: the answer was HTTP 503."
    )
    desk.complaints.clear()


# Cards


def test_the_first_reason_of_a_card_is_seen_without_a_click(desk: Desk) -> None:
    desk.open(STORY)
    desk.add_story_order()
    card = desk.cards.first
    reason = card.locator(".reason")
    expect(reason).to_be_visible()
    expect(reason).to_contain_text("can slow or stop breathing")
    expect(card.locator(".markdown")).to_be_hidden()
    card.get_by_text("Why, and the working").click()
    # It is not said twice, and no title is left without its list.
    assert "can slow or stop breathing" not in card.locator(".markdown").inner_text()
    expect(card.locator(".markdown > *").first).to_have_text("Load")


def test_benefits_outweigh_the_risks_is_one_click_and_the_card_folds(desk: Desk) -> None:
    desk.open(STORY)
    desk.add_story_order()
    card = desk.cards.first
    clicks = card.get_by_role("button", name="Benefits outweigh the risks")
    clicks.click()
    expect(card.locator(".body")).to_be_hidden()
    expect(card.get_by_role("heading", level=3)).to_be_visible()
    expect(card.locator(".answer")).to_be_focused()
    assert desk.feedback()["overrideReason"]["reason"]["code"] == "benefits-outweigh-risks"
    card.get_by_role("button", name="Show the card").click()
    expect(card.locator(".reason")).to_be_visible()
    expect(clicks).to_be_disabled()
    card.get_by_role("button", name="Show less").click()
    expect(card.locator(".body")).to_be_hidden()


def test_every_other_reason_is_a_button_too(desk: Desk) -> None:
    desk.open(STORY)
    desk.add_story_order()
    shown = desk.cards.first.locator(".override button:visible")
    expect(shown).to_have_count(2)
    desk.cards.first.get_by_text("Another reason").click()
    offered = desk.bodies("/benzo-order-select")
    assert len(offered) == 1
    expect(shown).to_have_count(7)
    shown.get_by_text("A specialist is managing this").click()
    assert desk.feedback()["overrideReason"]["reason"]["code"] == "specialist-managing"


def test_after_signing_no_card_from_before_can_be_answered(desk: Desk) -> None:
    desk.open("taper-referral-diazepam-five-years")
    opened = desk.page.locator("#chart-cards .card")
    expect(opened).to_have_count(1)
    desk.order_oxycodone()
    desk.page.get_by_role("button", name="Sign orders").click()
    expect(desk.page.locator("#support-status")).to_contain_text("order-sign came back")
    while desk.page.locator("#order-cards .card:not(.answered)").count():
        desk.override()
    desk.page.get_by_role("button", name="Sign now").click()
    expect(desk.page.locator("#medications .name").first).to_contain_text(OXYCODONE)
    expect(opened.locator(".stale")).to_contain_text("Out of date: orders were signed since")
    opened.get_by_role("button", name="Show the card").click()
    alive = opened.locator(".suggestions button:enabled, .override button:enabled")
    expect(alive).to_have_count(0)
    expect(desk.cards).to_have_count(0)


def test_while_the_answer_for_changed_orders_is_awaited_the_old_card_cannot_be_answered(desk: Desk) -> None:
    desk.open(STORY)
    desk.add_story_order()
    expect(desk.cards).to_have_count(1)
    held: list[Any] = []
    desk.page.route("**/cds-services/benzo-order-select", lambda route: held.append(route))
    with desk.page.expect_request("**/cds-services/benzo-order-select"):
        desk.order("lorazepam", "lorazepam 1 MG Oral Tablet")
    expect(desk.cards.first.locator(".stale")).to_have_text("Out of date: the orders have changed.")
    expect(desk.cards.locator(".override button:enabled, .suggestions button:enabled")).to_have_count(0)
    held[0].continue_()
    expect(desk.cards.locator(".stale").first).to_have_text("")
    expect(desk.cards.first.locator(".override button").first).to_be_enabled()


def test_removing_one_of_two_orders_asks_again(desk: Desk) -> None:
    desk.open(STORY)
    desk.add_story_order()
    with desk.page.expect_response("**/cds-services/benzo-order-select"):
        desk.order("lorazepam", "lorazepam 1 MG Oral Tablet")
    expect(desk.drafts).to_have_count(2)
    desk.page.get_by_role("button", name="Remove lorazepam 1 MG Oral Tablet").click()
    expect(desk.drafts).to_have_count(1)
    expect(desk.page.locator("#support-status")).to_have_text("order-select came back with 1 card.")
    assert len(desk.bodies("/benzo-order-select")) == 3
    assert len(desk.bodies("/benzo-order-select")[-1]["context"]["draftOrders"]["entry"]) == 1


# Apps


def test_an_app_is_launched_from_the_chart_and_a_person_is_asked(desk: Desk) -> None:
    app = Flask("app")
    app.add_url_rule("/launch", "launch", lambda: "launched")
    app.add_url_rule("/callback", "callback", lambda: "back")
    desk.open(STORY)
    desk.page.get_by_text("Open an app from this chart").click()
    desk.page.get_by_label("Launch address").fill("javascript:alert(1)")
    desk.page.get_by_role("button", name="Open", exact=True).click()
    expect(desk.page.locator("#app-status")).to_have_text("Give the app's launch address, with http or https.")
    with served(app) as elsewhere:
        desk.page.get_by_label("Launch address").fill(f"{elsewhere}launch?from=ehr")
        with desk.page.expect_popup() as popup:
            desk.page.get_by_role("button", name="Open", exact=True).click()
        expect(popup.value.locator("body")).to_have_text("launched")
        sent = parse_qs(urlsplit(popup.value.url).query)
        assert sent.keys() == {"from", "iss", "launch"}
        assert sent["iss"] == [f"{desk.address}fhir"]
        popup.value.goto(authorization_request(desk, f"{elsewhere}callback", sent["launch"][0]))
        expect(popup.value.get_by_role("heading", level=1)).to_have_text("Open Test app?")
        expect(popup.value.locator("form")).to_contain_text("Philippa Grunwald-Osei")
        assert Axe().run(popup.value).response["violations"] == []
        popup.value.get_by_role("button", name="Allow", exact=True).click()
        expect(popup.value).to_have_url(re.compile(r"/callback\?code=[\w-]+&state=s1$"))


def authorization_request(desk: Desk, callback: str, launch: str) -> str:
    """The address that an app, registered just now, sends the browser to."""
    metadata = {
        "client_name": "Test app",
        "redirect_uris": [callback],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "none",
    }
    client = desk.page.request.post(f"{desk.address}fhir/auth/register", data=metadata).json()["client_id"]
    asks = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": callback,
        "scope": "launch patient/*.rs",
        "launch": launch,
        "state": "s1",
        "aud": f"{desk.address}fhir",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    return f"{desk.address}fhir/auth/authorize?{urlencode(asks)}"


# For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_rule_of_accessibility_is_broken(desk: Desk, width: int, scheme: Any) -> None:
    desk.page.set_viewport_size({"width": width, "height": 900})
    desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    desk.page.goto(desk.address)
    expect(desk.page.locator("#start-here button")).to_have_count(5)
    assert broken_rules(desk) == []
    desk.page.goto(f"{desk.address}#story=taper-referral-diazepam-five-years")
    desk.page.reload()
    expect(desk.page.locator("#chart-cards .card")).to_have_count(1)
    desk.order_oxycodone()
    desk.cards.first.get_by_text("Why, and the working").click()
    desk.cards.first.get_by_text("How each order was read").click()
    expect(desk.cards.first.locator(".explanation")).to_be_visible()
    desk.page.get_by_role("button", name="Show request and response").click()
    desk.page.get_by_text("Open an app from this chart").click()
    assert broken_rules(desk) == []
    desk.cards.first.get_by_text("Another reason").click()
    assert broken_rules(desk) == []
    desk.cards.first.locator(".reasons button").first.click()
    expect(desk.cards.first.locator(".body")).to_be_hidden()
    assert broken_rules(desk) == []


# A screen of 1280 pixels at 200 % is 640 wide, at 400 % 320.
@pytest.mark.parametrize("width", [320, 640])
def test_magnified_the_page_never_scrolls_sideways(desk: Desk, width: int) -> None:
    desk.page.set_viewport_size({"width": width, "height": 640})
    desk.open(STORY)
    desk.add_story_order()
    desk.cards.first.get_by_text("Why, and the working").click()
    desk.page.get_by_role("button", name="Show request and response").click()
    desk.page.get_by_text("Open an app from this chart").click()
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
    # The name takes little of a small screen.
    header = desk.page.locator("#patient-header").bounding_box()
    assert header is not None
    assert header["height"] <= 96
