"""Does the sandbox page and include as R4 defines it, so that no resource comes twice or is lost?"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from ehr import DAY, lorazepam, order, patient
from flask.testing import FlaskClient
from sandbox_server import (
    FHIR_JSON,
    SIGN,
    asked,
    assert_valid,
    hook_request,
    links,
    matches,
    missing,
    outcome,
    served_sandbox,
)

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.sandbox.fhir_server.paging import Paging, SearchResult
from cds_service.sandbox.fhir_server.server import Behaviour
from cds_service.sandbox.fhir_store.refusal import RefusedError

MEDICATION = {
    "resourceType": "Medication",
    "id": "lor1",
    "code": lorazepam()["medicationCodeableConcept"],
    "manufacturer": {"reference": "Organization/maker"},
}


def referring(identity: str, medication: str = "Medication/lor1", **more: Any) -> dict[str, Any]:
    body = lorazepam(identity, **more)
    del body["medicationCodeableConcept"]
    return body | {"medicationReference": {"reference": medication}}


RECORD = [
    patient(),
    {"resourceType": "Practitioner", "id": "one"},
    {"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "Practitioner/one"}},
    MEDICATION,
    referring("m1", requester={"reference": "PractitionerRole/role"}),
    referring("m2", "http://localhost/fhir/Medication/lor1", requester={"reference": "Practitioner/one"}),
    referring("m3", "Medication/of-another-system", requester={"display": "Nobody's id"}),
    order("m4", "metformin hydrochloride 500 MG Oral Tablet"),
    order("m5", "metformin hydrochloride 500 MG Oral Tablet"),
    {
        "resourceType": "MedicationDispense",
        "id": "d1",
        "status": "completed",
        "medicationReference": {"reference": "Medication/lor1"},
        "authorizingPrescription": [{"reference": "MedicationRequest/m1"}, {"reference": "MedicationRequest/m4"}],
        "subject": {"reference": "Patient/p1"},
    },
]


@pytest.fixture
def fhir() -> FlaskClient:
    return asked(RECORD)


def found(fhir: FlaskClient, query: str, **headers: str) -> dict[str, Any]:
    answer = fhir.get(query if query.startswith("http") else f"/fhir/{query}", headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body = dict(answer.get_json())
    assert_valid(body)
    return body


# Pages


def test_every_page_leads_to_the_next_one_and_back(fhir: FlaskClient) -> None:
    first = found(fhir, "MedicationRequest?patient=p1&_count=2")
    second = found(fhir, links(first)["next"])
    third = found(fhir, links(second)["next"])
    assert [matches(page) for page in (first, second, third)] == [["m1", "m2"], ["m3", "m4"], ["m5"]]
    assert {page["total"] for page in (first, second, third)} == {5}
    assert [set(links(page)) for page in (first, second, third)] == [
        {"self", "first", "next"}, {"self", "first", "previous", "next"}, {"self", "first", "previous"},
    ]  # fmt: skip
    assert links(first)["self"] == "http://localhost/fhir/MedicationRequest?patient=p1&_count=2"
    for page, relation, same in ((third, "previous", second), (second, "previous", first), (third, "first", first)):
        assert found(fhir, links(page)[relation]) == same


def test_a_link_to_another_page_names_no_patient(fhir: FlaskClient) -> None:
    page = found(fhir, "MedicationRequest?patient=p1&_count=2")
    assert set(parse_qs(urlsplit(links(page)["next"]).query)) == {"_page"}


def test_later_writes_do_not_change_the_pages_of_a_search(fhir: FlaskClient) -> None:
    first = found(fhir, "MedicationRequest?patient=p1&_count=2")
    fhir.post("/fhir/MedicationRequest", json=order("new", "metformin hydrochloride 500 MG Oral Tablet"))
    fhir.delete("/fhir/MedicationRequest/m1")
    fhir.delete("/fhir/MedicationRequest/m4")
    fhir.put("/fhir/MedicationRequest/m3", json=referring("m3", status="stopped"))
    second = found(fhir, links(first)["next"])
    assert (matches(second), second["total"]) == (["m3", "m4"], 5)
    assert second["entry"][0]["resource"]["status"] == "active"
    assert matches(found(fhir, links(second)["next"])) == ["m5"]
    assert found(fhir, "MedicationRequest?patient=p1")["total"] == 4


@pytest.mark.parametrize(("count", "expected"), [("", 3), ("&_count=2", 2), ("&_count=1000", 3)])
def test_a_page_is_never_longer_than_the_server_allows(count: str, expected: int) -> None:
    fhir = asked(RECORD, Behaviour(most_per_page=3))
    page = found(fhir, f"MedicationRequest?patient=p1{count}")
    assert len(matches(page)) == expected
    assert "next" in links(page)


def test_a_count_of_zero_asks_for_the_total_only(fhir: FlaskClient) -> None:
    page = found(fhir, "MedicationRequest?patient=p1&_count=0")
    assert (page["total"], page.get("entry"), set(links(page))) == (5, None, {"self"})


def test_a_result_that_fits_in_one_page_has_no_further_page(fhir: FlaskClient) -> None:
    assert set(links(found(fhir, "MedicationRequest?patient=p1"))) == {"self"}


@pytest.mark.parametrize(
    ("query", "status"),
    [("_page=unknown-1", 410), ("_page=", 410), ("_page=x&patient=p1", 400), ("_count=1&_count=2", 400),
     ("_count=99999999999999999999", 400)],
)  # fmt: skip
def test_an_invalid_page_is_refused(fhir: FlaskClient, query: str, status: int) -> None:
    outcome(fhir.get(f"/fhir/MedicationRequest?{query}"), status)


@pytest.mark.parametrize("number", ["0", "4", "-1", "x", "", "9" * 5000])
def test_an_invalid_page_number_is_refused(fhir: FlaskClient, number: str) -> None:
    address = links(found(fhir, "MedicationRequest?patient=p1&_count=2"))["next"]
    outcome(fhir.get(address.rpartition("-")[0] + f"-{number}"), 410 if number == "-1" else 404)


def test_a_page_token_is_valid_for_its_resource_type_only(fhir: FlaskClient) -> None:
    address = links(found(fhir, "MedicationRequest?patient=p1&_count=2"))["next"]
    outcome(fhir.get(address.replace("MedicationRequest", "Condition")), 410)


def test_the_oldest_search_result_is_dropped_first() -> None:
    paging = Paging(max_results=2)
    pages = [paging.first_page(SearchResult("Condition", "", ({}, {}), 1)) for _ in range(3)]
    assert paging.page("Condition", f"{pages[1].key}-2").number == 2
    with pytest.raises(RefusedError) as refused:
        paging.page("Condition", f"{pages[0].key}-2")
    assert refused.value.status == 410


def test_our_service_reads_every_page_of_the_sandbox() -> None:
    record = [patient(), *(order(f"o{number}", "metformin hydrochloride 500 MG Oral Tablet") for number in range(7))]
    record.append(order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4))
    with served_sandbox(record, Behaviour(most_per_page=3)) as base:
        service = create_app(Settings(fhir_servers=[base], fhir_deadline_seconds=10), clock=lambda: DAY).test_client()
        (card,) = service.post(SIGN, json=hook_request(base)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert not [word for word in ("pages", "entries", "FHIR server") if word in missing(card)]


# Includes


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("MedicationRequest?_include=MedicationRequest:medication", ["lor1"]),
        ("MedicationRequest?_include=MedicationRequest:medication:Medication", ["lor1"]),
        ("MedicationRequest?_include=MedicationRequest:requester", ["role", "one"]),
        ("MedicationRequest?_include=MedicationRequest:requester:PractitionerRole", ["role"]),
        ("MedicationRequest?_include=MedicationRequest:requester&_include=MedicationRequest:medication",
         ["role", "lor1", "one"]),
        ("MedicationRequest?_id=m1&_include=MedicationRequest:requester", ["role"]),
        ("MedicationRequest?_id=m1&_include=MedicationRequest:requester"
         "&_include:iterate=PractitionerRole:practitioner", ["role", "one"]),
        ("MedicationRequest?_id=m1&_include=MedicationRequest:patient", ["p1"]),
        ("MedicationRequest?_id=m3&_include=MedicationRequest:medication", []),
        ("MedicationRequest?_id=m1&_include=MedicationDispense:prescription", []),
        ("MedicationDispense?_include=MedicationDispense:medication", ["lor1"]),
        ("MedicationDispense?_include=MedicationDispense:prescription", ["m1", "m4"]),
        ("MedicationDispense?_include=MedicationDispense:prescription"
         "&_include:iterate=MedicationRequest:medication", ["m1", "m4", "lor1"]),
        ("MedicationStatement?_include=MedicationStatement:medication", []),
    ],
)  # fmt: skip
def test_included_resources_come_once_and_are_not_counted(fhir: FlaskClient, query: str, expected: list[str]) -> None:
    page = found(fhir, query)
    assert matches(page, "include") == expected
    assert page["total"] == len(matches(page))
    assert all(entry["fullUrl"].endswith(f"/{entry['resource']['id']}") for entry in page.get("entry", []))


def test_a_match_is_not_also_included(fhir: FlaskClient) -> None:
    body = order("m6", "metformin hydrochloride 500 MG Oral Tablet", requester={"reference": "Patient/p1"})
    fhir.put("/fhir/MedicationRequest/m6", json=body)
    page = found(
        fhir, "MedicationRequest?_id=m6&_include=MedicationRequest:requester&_include=MedicationRequest:patient"
    )
    assert matches(page, "include") == ["p1"]


def test_a_page_includes_what_its_own_matches_refer_to(fhir: FlaskClient) -> None:
    first = found(fhir, "MedicationRequest?_count=1&_include=MedicationRequest:requester")
    second = found(fhir, links(first)["next"])
    assert (matches(first, "include"), matches(second, "include")) == (["role"], ["one"])


UNKNOWN = ["MedicationRequest:colour", "MedicationRequest:status", "Starship:captain", "*", "", "MedicationRequest:*",
           "MedicationRequest:medication:Patient", "MedicationRequest"]  # fmt: skip


@pytest.mark.parametrize("asked_for", UNKNOWN)
def test_an_unsupported_include_is_refused_by_name(fhir: FlaskClient, asked_for: str) -> None:
    answer = fhir.get("/fhir/MedicationRequest", query_string={"_include": asked_for})
    assert f"_include={asked_for}" in outcome(answer, 400)["diagnostics"]


def test_lenient_handling_warns_of_what_was_ignored(fhir: FlaskClient) -> None:
    query = "MedicationRequest?patient=p1&colour=red&_include=MedicationRequest:colour"
    page = found(fhir, query, Prefer="handling=lenient")
    assert (page["total"], len(matches(page))) == (5, 5)
    said = [entry["resource"]["issue"][0] for entry in page["entry"] if entry["search"]["mode"] == "outcome"]
    assert {issue["severity"] for issue in said} == {"warning"}
    assert [name for name in ("colour", "_include=MedicationRequest:colour") if name not in str(said)] == []
    assert "colour" not in links(page)["self"]


def test_the_statement_lists_what_can_be_included(fhir: FlaskClient) -> None:
    (body,) = [each for each in fhir.get("/fhir/metadata").get_json()["rest"][0]["resource"]
               if each["type"] == "MedicationRequest"]  # fmt: skip
    assert {"MedicationRequest:medication", "MedicationRequest:requester"} <= set(body["searchInclude"])
    for include in body["searchInclude"]:
        found(fhir, f"MedicationRequest?_include={include}")


def test_our_service_reads_included_resources() -> None:
    record = [patient(), MEDICATION, referring("m1", authoredOn="2026-11-01")]
    with served_sandbox(record) as base:
        query = f"{base}/MedicationRequest?patient=p1&_include=MedicationRequest:medication"
        sent = requests.get(query, timeout=10).json()
    # Without a FHIR server that may be read: the drug is known by what was included, or not at all.
    service = create_app(Settings(), clock=lambda: DAY).test_client()
    body = hook_request(base, prefetch={"medicationRequests": sent})
    cards = service.post(SIGN, json=body).get_json()["cards"]
    parts = cards[0]["extension"]["org.benzo-cds.assessment"]["contributions"]
    assert {part["source"]: part["agent"] for part in parts}["MedicationRequest/m1"] == "lorazepam"


# Search by POST


def test_a_posted_search_is_the_same_search(fhir: FlaskClient) -> None:
    form = {"patient": "p1", "_include": ["MedicationRequest:medication", "MedicationRequest:requester"], "_count": "2"}
    posted = fhir.post("/fhir/MedicationRequest/_search", data=form).get_json()
    assert matches(posted) == ["m1", "m2"]
    assert matches(posted, "include") == ["lor1", "role", "one"]
    assert matches(found(fhir, links(posted)["next"])) == ["m3", "m4"]


def test_a_posted_search_joins_its_body_and_its_address(fhir: FlaskClient) -> None:
    posted = fhir.post("/fhir/MedicationRequest/_search?patient=p1", data={"_id": "m1,m4"}).get_json()
    assert matches(posted) == ["m1", "m4"]
    assert matches(fhir.post("/fhir/MedicationRequest/_search?_id=m1", data={"_id": "m4"}).get_json()) == []
    assert fhir.post("/fhir/MedicationRequest/_search?patient=p1").get_json()["total"] == 5


@pytest.mark.parametrize("media_type", ["application/json", FHIR_JSON, "multipart/form-data", "text/plain", ""])
def test_a_posted_search_that_is_no_form_is_refused(fhir: FlaskClient, media_type: str) -> None:
    answer = fhir.post("/fhir/MedicationRequest/_search", data=b"patient=nobody", content_type=media_type)
    assert "application/x-www-form-urlencoded" in outcome(answer, 415)["diagnostics"]


# What a search means


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("medication=Medication/lor1", ["m1", "m2"]),
        ("medication=lor1&requester=one", ["m2"]),
        ("patient=p1&patient=p2", []),
        ("patient=p2,p1&_id=m1", ["m1"]),
        ("code=http://www.nlm.nih.gov/research/umls/rxnorm|197901", ["c1"]),
        ("code=197901", ["c1"]),
        ("code=http://snomed.info/sct|197901", []),
        ("code=|197901", []),
        ("code=http://www.nlm.nih.gov/research/umls/rxnorm|", ["c1"]),
        ("identifier=http://example.org/orders|7", ["c1"]),
        ("identifier=http://example.org/orders|8", []),
        ("identifier=a%5C,b", ["c1"]),
        ("intent=order&status=stopped", []),
        ("_format=json&_id=m1", ["m1"]),
    ],
)
def test_parameters_have_their_r4_meaning(fhir: FlaskClient, query: str, expected: list[str]) -> None:
    coded = lorazepam("c1", identifier=[{"system": "http://example.org/orders", "value": "7"}, {"value": "a,b"}])
    assert fhir.put("/fhir/MedicationRequest/c1", json=coded).status_code == 201
    assert matches(found(fhir, f"MedicationRequest?{query}")) == expected


@pytest.mark.parametrize(
    ("address", "status"),
    [("MedicationRequest?_format=xml", 406), ("Medication?patient=p1", 400),
     ("MedicationRequest?status:not=active", 400), ("MedicationRequest?_sort=date", 400),
     ("MedicationRequest?_revinclude=MedicationDispense:prescription", 400),
     ("Patient?status=active", 400)],
)  # fmt: skip
def test_unknown_parameters_that_would_change_the_result_are_refused(
    fhir: FlaskClient, address: str, status: int
) -> None:
    outcome(fhir.get(f"/fhir/{address}"), status)
