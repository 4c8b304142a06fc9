"""Does a card say what is missing of the patient's picture in plain words, and the log how it came to be?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from ehr import ABSENT, bundle, cards, client, logged, logged_gaps, lorazepam, order, prefetch, sign

OXYCODONE = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def cut(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return bundle(*resources, type="searchset") | more


@pytest.mark.parametrize(
    ("supplied", "said", "why"),
    [
        ({"conditions": ABSENT}, "the problem list not supplied", "not sent"),
        ({"conditions": ERROR}, "the problem list not supplied", "the client sent an error"),
        ({"conditions": "failed"}, "the problem list not supplied", "not a FHIR resource"),
        ({"conditions": cut(total=3)}, "the problem list supplied only in part", "fewer entries"),
        ({"patient": ABSENT}, "the patient's data not supplied", "not sent"),
        ({"medicationStatements": ABSENT}, "medicines as the patient tells them not supplied", "not sent"),
        ({"medicationDispenses": ERROR}, "dispensing records not supplied", "the client sent an error"),
        (
            {"medicationRequests": cut(OXYCODONE, link=[{"relation": "next", "url": "https://x.example/2"}])},
            "medication orders supplied only in part",
            "more pages were not sent",
        ),
        (
            {"medicationRequests": {"resourceType": "Bundle", "entry": [{"resource": OXYCODONE}, {"resource": ERROR}]}},
            "medication orders supplied only in part",
            "a part of it is an error",
        ),
    ],
)
def test_a_card_says_what_and_the_log_says_why(supplied: dict[str, Any], said: str, why: str) -> None:
    with logged() as lines:
        (card, *_) = cards(client(), sign(lorazepam(), prefetch=prefetch(OXYCODONE, **supplied)))
    assert said in card["detail"]
    assert why not in card["detail"].replace(said, "")
    assert why in logged_gaps(lines)
    assert "Patient/" not in "".join(lines)


def test_what_nobody_could_look_at_is_said_before_what_is_old_in_a_long_record() -> None:
    over = {"dispenseRequest": {"expectedSupplyDuration": {"value": 30, "unit": "d", "code": "d"}}}
    names = ("temazepam 15 MG Oral Capsule", "diazepam 5 MG Oral Tablet", "clonazepam 1 MG Oral Tablet",
             "zolpidem tartrate 10 MG Oral Tablet", "tramadol hydrochloride 50 MG Oral Tablet",
             "morphine sulfate 15 MG Oral Tablet", "gabapentin 300 MG Oral Capsule", "estazolam 1 MG Oral Tablet",
             "triazolam 0.25 MG Oral Tablet", "codeine sulfate 30 MG Oral Tablet")  # fmt: skip
    old = [order(f"old-{name[:5]}", name, authoredOn="2026-06-01", **over) for name in names]
    (card, *_) = cards(client(), sign(lorazepam(), prefetch=prefetch(OXYCODONE, *old, conditions=ABSENT)))
    gaps = card["detail"].partition("**Not known or not counted**")[2]
    assert "the problem list not supplied" in gaps
    assert re.search(r"and \d+ more", gaps)


def test_what_is_complete_is_not_logged() -> None:
    with logged() as lines:
        cards(client(), sign(lorazepam(), prefetch=prefetch(OXYCODONE)))
    assert logged_gaps(lines) == "[]"


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ([{"resourceType": "MedicationKnowHow", "id": "1"}], "1 medication record could not be read"),
        (["text", 7], "2 medication records could not be read"),
    ],
)
def test_a_record_that_cannot_be_read_is_counted_in_plain_words(resources: list[Any], said: str) -> None:
    record = bundle(OXYCODONE, *resources, type="searchset")
    (card, *_) = cards(client(), sign(lorazepam(), prefetch=prefetch(medicationRequests=record)))
    assert said in card["detail"]
    assert "resourceType" not in card["detail"]


def test_an_entry_of_the_problem_list_is_no_medicine() -> None:
    entry = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p1"},
        "code": {"text": "x" * 3000},
    }
    listed = bundle(entry, type="searchset")
    (card, *_) = cards(client(), sign(lorazepam(), prefetch=prefetch(OXYCODONE, conditions=listed)))
    assert "1 entry of the problem list or the patient's data could not be read in full" in card["detail"]
    assert "A medication:" not in card["detail"]


def test_drafts_that_were_sent_in_part_are_said() -> None:
    body = sign(lorazepam(), prefetch=prefetch(OXYCODONE))
    body["context"]["draftOrders"]["link"] = [{"relation": "next", "url": "https://x.example/2"}]
    (card, *_) = cards(client(), body)
    assert "the orders being written supplied only in part" in card["detail"]


def test_what_is_another_patients_is_said() -> None:
    other = OXYCODONE | {"subject": {"reference": "Patient/p2"}}
    (card, *_) = cards(client(), sign(lorazepam(), prefetch=prefetch(other)))
    assert "medication orders not supplied (all that was sent is another patient's)" in card["detail"]
