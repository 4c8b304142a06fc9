"""Is what came under each prefetch key counted and logged as what it was: data, nothing, or something in its place?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from ehr import (
    ABSENT,
    assessment,
    bundle,
    cards,
    client,
    conditions,
    logged,
    lorazepam,
    metformin,
    order,
    patient,
    post,
    prefetch,
    sign,
)

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}
OF_ANOTHER = order("theirs", "diazepam 5 MG Oral Tablet", subject={"reference": "Patient/q"})
DISPENSED = {
    "resourceType": "MedicationDispense",
    "id": "d1",
    "status": "completed",
    "subject": {"reference": "Patient/p1"},
    "medicationCodeableConcept": {"text": "metformin hydrochloride 500 MG Oral Tablet"},
    "authorizingPrescription": [{"reference": "MedicationRequest/unsent"}],
    "whenHandedOver": "2026-11-20",
}


def what_came(body: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """What came under each key: as it is counted, and as it is logged."""
    http = client()
    with logged() as lines:
        assert post(http, body).status_code == 200
    (line,) = [event for event in map(json.loads, lines) if event["event"] == "answered"]
    counted = {}
    for sample in http.get("/metrics").get_data(as_text=True).splitlines():
        if sample.startswith("benzo_cds_record_keys_total"):
            labels = dict(part.split("=") for part in sample.partition("{")[2].partition("}")[0].split(","))
            assert labels["tenant"] == '"open"'
            counted[labels["key"].strip('"')] = labels["reached"].strip('"')
    return counted, line.get("record", {})


@pytest.mark.parametrize(
    ("sent", "counted", "is_logged"),
    [
        (bundle(metformin()), "prefetch", False),
        (EMPTY, "empty", True),
        (None, "null", True),
        (OUTCOME, "failed", True),
        ({}, "unusable", True),
        ("MedicationRequest?patient={{context.patientId}}", "unusable", True),
        (bundle(patient()), "other-type", True),
        (patient(), "other-type", True),
        (["junk", 7], "other-type", True),
        ([{"resourceType": {"MedicationRequest": 1}}, {"resourceType": ["x"]}], "other-type", True),
        (bundle(OF_ANOTHER), "another-patient", True),
    ],
)
def test_medication_requests_are_counted_as_what_they_are(sent, counted, is_logged):
    by_key, told = what_came(sign(lorazepam(), prefetch=prefetch(medicationRequests=sent)))
    assert by_key["medicationRequests"] == counted
    assert told == ({"medicationRequests": counted} if is_logged else {})


def test_the_other_keys_are_counted_too_and_logged_where_nothing_came():
    sent = prefetch(
        metformin(), patient=bundle(), conditions="see chart", medicationStatements=ABSENT, medicationDispenses=EMPTY
    )
    by_key, told = what_came(sign(lorazepam(), prefetch=sent))
    odd = {"conditions": "unusable", "medicationStatements": "missing"}
    assert told == odd
    assert by_key == odd | {"patient": "empty", "medicationRequests": "prefetch", "medicationDispenses": "empty"}


@pytest.mark.parametrize("sent", [EMPTY, None])
@pytest.mark.parametrize(
    "body",
    [
        {"draft": lorazepam(priorPrescription={"reference": "MedicationRequest/unsent"})},
        {"draft": lorazepam(basedOn=[{"reference": "MedicationRequest/unsent"}])},
        {"draft": lorazepam(), "medicationDispenses": bundle(DISPENSED)},
    ],
    ids=["a draft that follows an order", "a draft based on one", "a dispense under one"],
)
def test_an_empty_record_that_other_records_contradict_is_incomplete(sent, body):
    beside = {key: value for key, value in body.items() if key != "draft"}
    whole = sign(body["draft"], prefetch=prefetch(medicationRequests=sent, **beside))
    by_key, told = what_came(whole)
    assert by_key["medicationRequests"] == told["medicationRequests"] == "contradicted"
    (card,) = cards(client(), whole)
    assert assessment(card)["load"]["with_order"]["complete"] is False
    # What was dispensed long ago names an order that need not be on record today.
    if "medicationDispenses" in body:
        long_ago = bundle(DISPENSED | {"whenHandedOver": "2024-01-02"})
        old = sign(body["draft"], prefetch=prefetch(medicationRequests=sent, medicationDispenses=long_ago))
        assert what_came(old)[0]["medicationRequests"] in ("empty", "null")
    # Where the order that is named was sent, nothing is missing.
    sent_too = prefetch(lorazepam("unsent", status="completed"), **beside)
    assert what_came(sign(body["draft"], prefetch=sent_too))[1] == {}


@pytest.mark.parametrize(
    ("key", "sent", "said", "not_said"),
    [
        ("conditions", [1, "x", {"foo": 1}], "3 entries of the problem list", "medication record"),
        ("conditions", [*conditions(("13645005", "COPD"))["entry"], "x"], "1 entry of the problem list", "medication"),
        ("patient", [patient(), "junk"], "1 entry of the problem list or the patient's data", "medication record"),
        ("medicationStatements", ["junk"], "1 medication record could not be read", "problem list or"),
        ("conditions", bundle({"resourceType": "MedicationThing"}), "1 medication record could not be read", "entry"),
    ],
)
def test_junk_is_told_by_where_it_stood(key, sent, said, not_said):
    (card,) = cards(client(), sign(lorazepam(), prefetch=prefetch(**{key: sent})))
    told = " ".join(line for line in card["detail"].splitlines() if "could not be read" in line)
    assert said in told
    assert not_said not in told
