"""Is the end of an earlier order offered only to an EHR that takes it, as the order was sent, and of no other order?"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, public, tenants_file, token
from ehr import DAY, bundle, client, lorazepam, order, prefetch, sign

from cds_service.config import Settings
from cds_service.hooks.judge import Judge
from cds_service.services import service_of
from cds_service.trust.orderables import Filing, plain_fhir
from cds_service.trust.tenant import CardDialect, open_tenant
from rules import load_knowledge

SELF = {"reference": "Practitioner/d1"}
OLD = {
    "requester": SELF,
    "authoredOn": "2026-01-02",
    "dispenseRequest": {"expectedSupplyDuration": {"value": 365, "unit": "d"}},
    "identifier": [{"system": "urn:ehr", "value": "77"}],
    "note": [{"text": "as the patient asked"}],
}
NEW = order("new", "lorazepam 1 MG Oral Tablet", code="197901", a_day=4, requester=SELF)


def old(**more: Any) -> dict[str, Any]:
    return lorazepam("old", **OLD) | more


def suggestions(tmp_path: Path, body: dict[str, Any], **block: Any) -> list[dict[str, Any]]:
    settings = {"keys": public(ES384), "orders": {"end": True}} | block
    http = client(tenants=tenants_file(tmp_path, general=settings), development=True)
    where = f"/benzo-{body['hook']}"
    reply = http.post(f"/cds-services{where}", json=body, headers={"Authorization": token(where)})
    assert reply.status_code == 200, reply.get_data(as_text=True)
    return [item for card in reply.json["cards"] for item in card.get("suggestions", [])]


def ends(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item["actions"][0]["resource"] for item in found if item["actions"][0]["type"] == "update"]


def raised(*record: dict[str, Any], drafts: tuple[dict[str, Any], ...] = (NEW,), **more: Any) -> dict[str, Any]:
    return sign(*drafts, prefetch=prefetch(*record), **more)


def test_the_order_is_sent_back_whole_and_stopped(tmp_path: Path) -> None:
    sent = old()
    found = suggestions(tmp_path, raised(copy.deepcopy(sent)))
    assert ends(found) == [sent | {"status": "stopped"}]
    (label,) = [item["label"] for item in found if item["actions"][0]["type"] == "update"]
    assert label == "End the earlier order of lorazepam (2 mg/day)"


@pytest.mark.parametrize("orders", [{}, {"end": False}])
def test_an_ehr_that_does_not_say_that_it_takes_it_is_not_offered_it(tmp_path: Path, orders: dict[str, bool]) -> None:
    assert ends(suggestions(tmp_path, raised(old()), orders=orders)) == []


def test_the_option_stands_in_words_where_it_is_no_button() -> None:
    http = client()
    detail = http.post("/cds-services/benzo-order-sign", json=raised(old())).json["cards"][0]["detail"]
    assert "ending the earlier order (lorazepam, 2 mg/day) if this one replaces it" in detail


REFUSED = {
    "another patient's": old(subject={"reference": "Patient/p2"}),
    "of no subject": {key: value for key, value in old().items() if key != "subject"},
    "of a subject by identifier": old(subject={"identifier": {"value": "p1"}}),
    "of a subject without a type": old(subject={"reference": "p1"}),
    "of a subject of another type": old(subject={"reference": "Group/p1"}),
    "a plan": old(intent="plan", reportedBoolean=True),
    "without an intent": {key: value for key, value in old().items() if key != "intent"},
    "completed": old(status="completed"),
    "on hold": old(status="on-hold"),
    "of a status that is none": old(status="Active "),
    "without an id": {key: value for key, value in old().items() if key != "id"},
    "not to be performed": old(doNotPerform=True),
}


@pytest.mark.parametrize("record", REFUSED.values(), ids=REFUSED)
def test_what_is_not_an_active_order_of_the_patient_is_never_ended(tmp_path: Path, record: dict[str, Any]) -> None:
    assert ends(suggestions(tmp_path, raised(record))) == []


def statement() -> dict[str, Any]:
    kept = ("id", "subject", "medicationCodeableConcept")
    dosage = {"dosage": old()["dosageInstruction"]}
    taken = {"resourceType": "MedicationStatement", "status": "active", "effectivePeriod": {"start": "2026-01-02"}}
    return {key: value for key, value in old().items() if key in kept} | dosage | taken


def test_a_statement_is_no_order(tmp_path: Path) -> None:
    body = sign(NEW, prefetch=prefetch(medicationStatements=bundle(statement(), type="searchset")))
    assert ends(suggestions(tmp_path, body)) == []


def test_an_order_that_the_draft_replaces_by_name_needs_no_end(tmp_path: Path) -> None:
    named = NEW | {"priorPrescription": {"reference": "MedicationRequest/old"}}
    assert ends(suggestions(tmp_path, raised(old(), drafts=(named,)))) == []


def _new(**more: Any) -> dict[str, Any]:
    return NEW | {"dosageInstruction": [NEW["dosageInstruction"][0] | more]}


KEPT = {
    "another hand's": (old(requester={"reference": "Practitioner/d2"}), NEW),
    "of an unknown hand": ({key: value for key, value in old().items() if key != "requester"}, NEW),
    "by a draft of an unknown hand": (old(), {key: value for key, value in NEW.items() if key != "requester"}),
    "by half its dose": (old(), order("new", "lorazepam 1 MG Oral Tablet", code="197901", requester=SELF)),
    "by an extra dose": (old(), _new(text="1 extra tablet 4 times a day")),
    "by an order beside it": (old(), _new(text="1 tablet 4 times a day, continue other lorazepam")),
    "by a draft that begins later": (
        old(),
        _new(
            timing={"repeat": {"frequency": 4, "period": 1, "periodUnit": "d", "boundsPeriod": {"start": "2026-12-20"}}}
        ),
    ),
    "by a draft of an unknown dose": (old(), NEW | {"dosageInstruction": [{"text": "as directed"}]}),
}


@pytest.mark.parametrize(("record", "draft"), KEPT.values(), ids=KEPT)
def test_an_order_whose_end_would_cut_or_leave_a_gap_is_ended_in_words_alone(
    tmp_path: Path, record: dict[str, Any], draft: dict[str, Any]
) -> None:
    assert ends(suggestions(tmp_path, raised(record, drafts=(draft,)))) == []


def test_two_orders_that_come_to_more_than_the_draft_are_not_ended(tmp_path: Path) -> None:
    more = [old(), old(id="second"), old(id="third")]
    assert ends(suggestions(tmp_path, raised(*more))) == []


def test_a_renewal_ends_nothing(tmp_path: Path) -> None:
    assert ends(suggestions(tmp_path, raised(old(), drafts=(lorazepam("new"),)))) == []


def test_a_switch_of_agents_is_ended_in_words_alone(tmp_path: Path) -> None:
    other = order("new", "diazepam 10 MG Oral Tablet", a_day=2)
    assert ends(suggestions(tmp_path, raised(old(), drafts=(other,)))) == []


def test_two_records_of_one_id_are_not_told_apart_by_it(tmp_path: Path) -> None:
    other = order("old", "zolpidem tartrate 5 MG Oral Tablet", **OLD)
    assert ends(suggestions(tmp_path, raised(old(), other))) == []


def test_a_draft_is_never_ended(tmp_path: Path) -> None:
    assert ends(suggestions(tmp_path, raised(drafts=(old(), NEW)))) == []


BASES = [
    (("https://ehr.example/fhir",), "https://ehr.example/fhir", 1),
    (("https://other.example/fhir",), "https://ehr.example/fhir", 0),
    (("https://ehr.example/fhir",), None, 1),
    (("https://ehr.example/fhir", "https://other.example/fhir"), None, 0),
]


@pytest.mark.parametrize(("bases", "server", "number"), BASES)
def test_an_order_of_another_server_is_not_ended_on_this_one(
    tmp_path: Path, bases: tuple[str, ...], server: str | None, number: int
) -> None:
    records = [old(), order("z", "metformin hydrochloride 500 MG Oral Tablet", **OLD)]
    entries = [
        {"fullUrl": f"{base}/MedicationRequest/{record['id']}", "resource": record}
        for base, record in zip(bases, records, strict=False)
    ]
    whole = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    body = sign(NEW, prefetch=prefetch() | {"medicationRequests": whole})
    found = suggestions(tmp_path, body | ({"fhirServer": server} if server else {}))
    assert len(ends(found)) == number


@pytest.mark.parametrize("subject", ["Patient/p1", "https://ehr.example/fhir/Patient/p1", "Patient/p1/_history/3"])
def test_the_patient_may_be_named_in_several_ways(tmp_path: Path, subject: str) -> None:
    assert len(ends(suggestions(tmp_path, raised(old(subject={"reference": subject}))))) == 1


def test_the_record_is_not_kept_with_the_call() -> None:
    dialect = CardDialect(orders=replace(plain_fhir(), files=frozenset(Filing)))
    tenant = replace(open_tenant(Settings(), load_knowledge()), dialect=dialect)
    body = json.dumps(raised(old())).encode()
    evaluation = Judge(Settings().request_limits).evaluate(tenant, service_of("benzo-order-sign"), body, DAY)
    assert evaluation.invocation.orders == {}
    assert any("End the earlier" in str(card.body) for card in evaluation.cards)


@pytest.mark.parametrize(
    ("filing", "kind"),
    [("medication", "MedicationRequest"), ("referral", "ServiceRequest"), ("removal", "delete")],
)
def test_what_an_ehr_cannot_file_is_offered_in_words(tmp_path: Path, filing: str, kind: str) -> None:
    oxycodone = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
    ill = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F10.20"}]},
    }
    body = sign(lorazepam("new"), prefetch=prefetch(oxycodone, conditions=bundle(ill, type="searchset")))

    def kinds(**block: Any) -> set[str]:
        actions = [item["actions"][0] for item in suggestions(tmp_path, body, **block)]
        return {
            action["resource"]["resourceType"] if action["type"] == "create" else action["type"] for action in actions
        }

    assert kinds() - kinds(orders={filing: False}) == {kind}
