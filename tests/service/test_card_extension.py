"""Does what a card carries stay within its bound for any record, and does the count of what was left out add up?"""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from ehr import (
    RXNORM,
    assert_valid,
    assessment,
    bundle,
    cards,
    carried_form,
    client,
    lorazepam,
    order,
    post,
    prefetch,
    sign,
)
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from cds_service.config.limits import MAX_EXTENSION_BYTES
from cds_service.working.assessment_json import assessment_schema
from cds_service.working.explanation import explanation
from rules import load_knowledge

SINCE = {"authoredOn": "2026-11-01"}
SILENCING = {"hospice", "palliative-care", "alcohol-withdrawal"}
LISTS = {
    "contributions": lambda carried: carried.get("contributions", []),
    "opioid_contributions": lambda carried: carried["opioid"].get("contributions", []),
    "not_in_load": lambda carried: carried.get("not_in_load", []),
    "opioid_excluded": lambda carried: carried["opioid"].get("excluded", []),
    "not_counted": lambda carried: carried.get("not_counted", []),
}


def lorazepams(number: int) -> list[dict[str, Any]]:
    """Orders of lorazepam that all count: by as many prescribers, in as many doses."""
    return [
        order(
            f"l{index}",
            "lorazepam 0.5 MG Oral Tablet",
            units=1 + index / 4,
            requester={"reference": f"Practitioner/{index}"},
            authoredOn=f"2026-11-{1 + index % 20:02}",
        )
        for index in range(number)
    ]


def many(each: int) -> list[dict[str, Any]]:
    """So many orders each in the load, copies of one, beside the load, without a dose, and of opioids."""
    others = [
        resource
        for index in range(each)
        for resource in (
            order(f"z{index}", "zolpidem tartrate 5 MG Oral Tablet", **SINCE),
            order(f"g{index}", "gabapentin 300 MG Oral Capsule", **SINCE),
            order(f"d{index}", "diazepam 5 MG Oral Tablet", **SINCE, dosageInstruction=[{"text": "wie besprochen ü"}]),
            order(f"o{index}", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", **SINCE),
            order(f"b{index}", "buprenorphine 8 MG / naloxone 2 MG Sublingual Tablet", **SINCE),
        )
    ]
    return [*lorazepams(each), *others]


def size(value: object) -> int:
    return len(orjson.dumps(value))


def sources(carried: dict[str, Any]) -> set[str]:
    return {line["source"] for lines in LISTS.values() for line in lines(carried)}


@pytest.fixture
def unbounded(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr("cds_service.cards.cards.MAX_EXTENSION_BYTES", 10**9)
    return client()


def test_a_card_on_very_many_orders_carries_what_its_bound_allows_and_counts_the_rest() -> None:
    response = post(client(), sign(lorazepam("draft"), prefetch=prefetch(*many(166))))
    assert_valid("response", response.json)
    assert len(response.get_data()) < 2 * (MAX_EXTENSION_BYTES + 10_000)
    assert response.json["cards"]
    for card in response.json["cards"]:
        assert MAX_EXTENSION_BYTES * 0.9 < size(card["extension"]) <= MAX_EXTENSION_BYTES
        carried = assessment(card)
        # The draft is what the card is about.
        assert "MedicationRequest/draft" in sources(carried)
        assert carried["left_out"]["not_counted"] >= 166
        # The total is that of all orders, and no less than that of those that are shown.
        assert carried["load"]["with_order"]["used"] > sum(
            line["equivalent"]["used"] for line in carried["contributions"]
        )


@pytest.mark.parametrize("each", [2, 5, 20, 60])
def test_the_lines_that_are_left_out_are_counted(
    each: int, unbounded: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = sign(lorazepam("draft"), prefetch=prefetch(*many(each)))
    whole = [assessment(card) for card in cards(unbounded, body)]
    monkeypatch.undo()
    for card, all_of_it in zip(cards(client(), body), whole, strict=True):
        carried = assessment(card)
        assert "left_out" not in all_of_it
        assert size(card["extension"]) <= MAX_EXTENSION_BYTES
        for name, lines in LISTS.items():
            shown, every = lines(carried), lines(all_of_it)
            assert len(shown) + carried.get("left_out", {}).get(name, 0) == len(every)
            # In their own order.
            assert shown == [line for line in every if line in shown]
        assert bool(carried.get("left_out")) == (size(all_of_it) > MAX_EXTENSION_BYTES - 100)
        if not carried.get("left_out"):
            assert carried == all_of_it


def test_lines_not_counted_give_way_before_lines_beside_the_load_and_those_before_contributions() -> None:
    (card, *_) = cards(client(), sign(lorazepam("draft"), prefetch=prefetch(*many(100))))
    shown = [bool(lines(assessment(card))) for lines in LISTS.values()]
    assert shown == sorted(shown, reverse=True)
    (card, *_) = cards(client(), sign(lorazepam("draft"), prefetch=prefetch(*many(8))))
    assert set(assessment(card)["left_out"]) <= {"not_counted", "opioid_excluded", "not_in_load"}


def test_agents_that_the_card_is_about_come_before_others() -> None:
    """The card on the draft of clonazepam speaks of high potency: clonazepam on record comes before zolpidem."""
    zolpidem = [
        line | {"medicationCodeableConcept": {"text": "zolpidem tartrate 5 MG Oral Tablet"}} for line in lorazepams(150)
    ]
    about = order("zzz", "clonazepam 1 MG Oral Tablet", **SINCE)
    draft = order("draft", "clonazepam 2 MG Oral Tablet", code="197529")
    for card in cards(client(), sign(draft, prefetch=prefetch(*zolpidem, about))):
        carried = assessment(card)
        assert carried["left_out"]["contributions"] > 50
        assert {"MedicationRequest/draft", "MedicationRequest/zzz"} <= sources(carried)


def test_text_of_several_bytes_a_character_is_measured_in_bytes() -> None:
    text = "1 Tablette täglich 每日一次 " * 40
    record = [
        order(f"l{number}", "lorazepam 1 MG Oral Tablet", dosageInstruction=[{"text": f"{number} {text}"}])
        for number in range(40)
    ]
    for card in cards(client(), sign(lorazepam("draft"), prefetch=prefetch(*record))):
        assert size(card["extension"]) <= MAX_EXTENSION_BYTES


def test_every_agent_at_once_keeps_the_bound() -> None:
    """An order of every agent and combination, and every condition that does not silence the service."""
    knowledge = load_knowledge()
    products = {tuple(part.agent for part in product.ingredients): product for product in knowledge.products.values()}
    record = [
        order(f"m{number}", product.name, **SINCE)
        | {"medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": product.code, "display": product.name}]}}
        for number, product in enumerate(products.values())
    ]
    assert len({part.agent for product in products.values() for part in product.ingredients}) > 100
    conditions = [
        {
            "resourceType": "Condition",
            "id": concept.id,
            "subject": {"reference": "Patient/p1"},
            "recordedDate": "2026-11-01",
            "code": {"text": concept.name},
        }
        for concept in knowledge.concepts.values()
        if concept.id not in SILENCING
    ]
    found = cards(client(), sign(lorazepam("draft"), prefetch=prefetch(*record, conditions=bundle(*conditions))))
    assert found
    for card in found:
        carried = assessment(card)
        assert size(card["extension"]) <= MAX_EXTENSION_BYTES
        assert "MedicationRequest/draft" in sources(carried)
        assert all(finding["facts"] for finding in carried["findings"])


def test_the_count_is_part_of_the_documented_form() -> None:
    validator = Draft202012Validator(carried_form(assessment_schema()))
    for card in cards(client(), sign(lorazepam("draft"), prefetch=prefetch(*many(50)))):
        assert [error.message for error in validator.iter_errors(assessment(card))] == []
        assert assessment(card)["left_out"]


def test_the_page_of_how_orders_were_read_counts_what_the_card_left_out() -> None:
    (card, *_) = cards(client(), sign(lorazepam("draft"), prefetch=prefetch(*many(50))))
    carried = assessment(card)
    groups = {group.title: group for group in explanation(carried)}
    counted = groups["Not counted"]
    assert (
        len(counted.orders) + counted.more == len(carried.get("not_counted", [])) + carried["left_out"]["not_counted"]
    )
