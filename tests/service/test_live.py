"""Is what was not sent fetched, from the right place, in time, and is what could not be had said?"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from caller import ISSUER, policy_read_at_every_call, tenants_file, token
from ehr import DAY, bundle, logged, logged_gaps, lorazepam, metformin, order
from ehr import prefetch as full_prefetch
from fhir_server import EMPTY, FhirServer, Reply, fhir_server
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.fhir.bundle import BundleEntry
from cds_service.fhir_client import public_addresses
from cds_service.hooks.prefetch_fetch import unresolved_medications

SIGN = "/cds-services/benzo-order-sign"
SECRET = "the-secret-token"
AUTHORIZATION = {"access_token": SECRET, "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}
NO_FHIR = "the FHIR server answered with something other than FHIR"
OXYCODONE = "oxycodone hydrochloride 5 MG Oral Tablet"


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with fhir_server() as running:
        yield running


def service(server: FhirServer, **settings: Any) -> FlaskClient:
    chosen = {"fhir_servers": [server.base]} | settings
    return create_app(Settings(**chosen), clock=lambda: DAY).test_client()


def body(server: FhirServer | str, *drafts: dict[str, Any], prefetch: Any = None, **more: Any) -> dict[str, Any]:
    request_body = {
        "hook": "order-sign",
        "hookInstance": "1",
        "fhirServer": server if isinstance(server, str) else server.base,
        "fhirAuthorization": AUTHORIZATION,
        "context": {"patientId": "p1", "draftOrders": bundle(*(drafts or (lorazepam("draft-1"),)))},
    } | more
    return request_body if prefetch is None else request_body | {"prefetch": prefetch}


def missing(card: dict[str, Any]) -> str:
    return card["detail"].partition("**Not known or not counted**")[2].partition("**Options")[0]


def test_a_record_that_was_not_sent_is_fetched(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(server.page(order("oxy", OXYCODONE, a_day=4)))
    (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert sorted(path.partition("?")[0] for path in server.asked) == [
        "/fhir/Condition", "/fhir/MedicationDispense", "/fhir/MedicationRequest", "/fhir/MedicationStatement",
        "/fhir/Patient/p1",
    ]  # fmt: skip
    assert set(server.tokens) == {f"Bearer {SECRET}"}


def test_an_empty_record_that_was_fetched_is_contradicted_like_one_that_was_sent(server: FhirServer) -> None:
    dispensed = {
        "resourceType": "MedicationDispense",
        "id": "d1",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"text": "metformin hydrochloride 500 MG Oral Tablet"},
        "whenHandedOver": "2026-11-01",
        "authorizingPrescription": [{"reference": "MedicationRequest/9"}],
    }
    server.answers["MedicationDispense"] = Reply(server.page(dispensed))
    (card,) = service(server).post(SIGN, json=body(server, order("oxy", OXYCODONE, a_day=4))).get_json()["cards"]
    assert "medication" in missing(card)


def test_only_what_was_not_sent_is_fetched(server: FhirServer) -> None:
    sent = {"medicationRequests": None, "conditions": EMPTY, "medicationStatements": None, "medicationDispenses": None}
    service(server).post(SIGN, json=body(server, prefetch=sent))
    assert server.asked == ["/fhir/Patient/p1"]


def test_nothing_is_fetched_for_an_order_without_a_depressant(server: FhirServer) -> None:
    assert service(server).post(SIGN, json=body(server, metformin())).get_json() == {"cards": []}
    assert server.asked == []


def test_a_draft_for_another_patient_is_said_beside_a_record_that_was_fetched(server: FhirServer) -> None:
    stray = lorazepam("stray", subject={"reference": "Patient/p2"})
    (card,) = service(server).post(SIGN, json=body(server, stray)).get_json()["cards"]
    assert card["summary"] == "Lorazepam is drafted for another patient; not counted"
    assert "/fhir/MedicationRequest" in {path.partition("?")[0] for path in server.asked}


def test_a_draft_for_another_patient_is_no_reason_to_refuse(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply({"resourceType": "OperationOutcome"}, 500)
    stray = lorazepam("stray", subject={"reference": "Patient/p2"})
    answer = service(server).post(SIGN, json=body(server, stray))
    assert answer.status_code == 200
    (card,) = answer.get_json()["cards"]
    assert card["summary"] == "Lorazepam is drafted for another patient; not counted"


def test_a_prefetch_error_is_fetched_again(server: FhirServer) -> None:
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    server.answers["MedicationRequest"] = Reply(server.page(order("oxy", OXYCODONE, a_day=4)))
    (card,) = service(server).post(SIGN, json=body(server, prefetch={"medicationRequests": failed})).get_json()["cards"]
    assert "oxycodone" in card["detail"]


def test_every_page_is_read(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(server.page(metformin("m1"), after=f"{server.base}?page=2", total=3))
    server.answers["?page=2"] = Reply(server.page(metformin("m2"), after=f"{server.base}?page=3", total=3))
    server.answers["?page=3"] = Reply(server.page(order("oxy", OXYCODONE, a_day=4), total=3))
    (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "pages" not in missing(card)
    assert "entries" not in missing(card)


def test_what_is_included_beside_the_pages_does_not_make_up_for_what_is_missing(server: FhirServer) -> None:
    def with_an_included_one(page: dict[str, Any], number: int) -> dict[str, Any]:
        beside = {"resourceType": "Medication", "id": f"x{number}", "code": {"text": "metformin"}}
        page["entry"].append({"resource": beside, "search": {"mode": "include"}})
        return page

    first = server.page(metformin("m1"), after=f"{server.base}?page=2", total=4)
    server.answers["MedicationRequest"] = Reply(with_an_included_one(first, 1))
    server.answers["?page=2"] = Reply(with_an_included_one(server.page(metformin("m2"), total=4), 2))
    with logged() as lines:
        (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
    assert "medication orders supplied only in part" in missing(card)
    assert "fewer entries were sent than the total says" not in card["detail"]
    assert "fewer entries were sent than the total says" in logged_gaps(lines)


def test_a_page_that_was_sent_is_followed(server: FhirServer) -> None:
    sent = server.page(metformin("m1"), after=f"{server.base}?page=2")
    server.answers["?page=2"] = Reply(server.page(order("oxy", OXYCODONE, a_day=4)))
    (card,) = service(server).post(SIGN, json=body(server, prefetch={"medicationRequests": sent})).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert not [path for path in server.asked if path.startswith("/fhir/MedicationRequest")]


def test_endless_paging_ends(server: FhirServer) -> None:
    pages = iter(range(1, 10_000))

    def another(_times: int) -> Reply:
        number = next(pages)
        server.answers[f"?page={number}"] = another
        return Reply(server.page(metformin(f"m{number}"), after=f"{server.base}?page={number}"))

    server.answers["MedicationRequest"] = another
    with logged() as lines:
        (card,) = service(server, fhir_max_pages=5).post(SIGN, json=body(server)).get_json()["cards"]
    assert "medication orders supplied only in part" in missing(card)
    assert "more pages than are read" not in card["detail"]
    assert "more pages than are read" in logged_gaps(lines)
    assert len([path for path in server.asked if "page=" in path]) == 4


def test_pages_in_a_circle_end(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(server.page(metformin("m1"), after=f"{server.base}?page=2"))
    server.answers["?page=2"] = Reply(server.page(metformin("m2"), after=f"{server.base}?page=2"))
    with logged() as lines:
        (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
    assert "medication orders supplied only in part" in missing(card)
    assert "pages go in a circle" not in card["detail"]
    assert "pages go in a circle" in logged_gaps(lines)


def test_a_broken_page_leaves_the_ones_before_and_is_said(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(
        server.page(order("oxy", OXYCODONE, a_day=4), after=f"{server.base}?page=2")
    )
    server.answers["?page=2"] = Reply(b"<html>sorry</html>")
    with logged() as lines:
        (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "medication orders supplied only in part" in missing(card)
    assert "something other than FHIR" not in card["detail"]
    assert "something other than FHIR" in logged_gaps(lines)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply({"resourceType": "OperationOutcome"}, 401), "the FHIR server did not accept the token"),
        (Reply({"resourceType": "OperationOutcome"}, 403), "the FHIR server does not allow it to be read"),
        (Reply({"resourceType": "OperationOutcome"}, 404), "the FHIR server has no such resource"),
        (Reply({"resourceType": "OperationOutcome"}, 400), "the FHIR server refused the request"),
        (Reply({"resourceType": "OperationOutcome"}, 500), "the FHIR server failed"),
        (
            Reply(b"<html>", 200, {"Content-Type": "text/html"}),
            NO_FHIR,
        ),
        (Reply([1]), NO_FHIR),
        (Reply({}), NO_FHIR),
        (Reply(b"", 302, {"Location": "https://evil.example/"}), "the FHIR server pointed elsewhere"),
        (Reply(b" " * 50_000), "the FHIR server’s answer is too large"),
        (Reply({}, 429, {"Retry-After": "60"}), "the FHIR server is busy"),
        (Reply({}, 503), "the FHIR server is busy"),
        (Reply(EMPTY, delay=30.0), "the FHIR server did not answer in time"),
        (Reply(EMPTY, drip=0.2), "the FHIR server did not answer in time"),
        (
            Reply({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}),
            "the FHIR server answered with an error",
        ),
    ],
    ids=[
        "401",
        "403",
        "404",
        "400",
        "500",
        "html",
        "a-list",
        "no-resource",
        "redirect",
        "too-large",
        "429",
        "503",
        "slow",
        "drip",
        "outcome",
    ],
)
def test_required_data_that_cannot_be_had_is_a_412_that_says_why(server: FhirServer, reply: Reply, why: str) -> None:
    server.answers["MedicationRequest"] = reply
    # Where the server is to be out of time the limit is short; else so long that a busy machine does not reach it, and
    # no longer than the pause before a busy server is asked again.
    client = service(server, fhir_max_bytes=10_000, fhir_deadline_seconds=0.7 if "in time" in why else 4)
    with logged() as lines:
        answer = client.post(SIGN, json=body(server))
    assert answer.status_code == 412
    logged_events = [json.loads(line) for line in lines]
    (failed,) = [each for each in logged_events if "medicationRequests" in each.get("keys", ())]
    assert (failed["event"], failed["reason"], failed["tenant"]) == ("not fetched", why, "open")
    assert logged_events[-1]["at_fault"] == ["prefetch.medicationRequests"]
    (issue,) = answer.get_json()["issue"]
    assert issue["expression"] == ["prefetch.medicationRequests"]
    assert why in issue["diagnostics"]


def test_optional_data_that_cannot_be_had_is_said_on_the_card(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(EMPTY)
    server.answers["Condition"] = Reply({"resourceType": "OperationOutcome"}, 403)
    with logged() as lines:
        (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
    assert "the problem list not supplied" in missing(card)
    assert "does not allow it to be read" not in card["detail"]
    assert "does not allow it to be read" in logged_gaps(lines)


@pytest.mark.parametrize(
    ("asked", "status", "is_said"),
    [
        ("MedicationStatement", 500, True),
        ("MedicationDispense", 503, True),
        # What a server never has, or never gives, raises no card at every order; nor does a problem list.
        ("MedicationStatement", 403, False),
        ("MedicationDispense", 404, False),
        ("Condition", 500, False),
        ("MedicationStatement", 200, False),
    ],
)
def test_a_list_of_medications_that_fails_this_time_is_said_beside_an_opioid(
    server: FhirServer, asked: str, status: int, is_said: bool
) -> None:
    for each in ("MedicationRequest", "MedicationStatement", "MedicationDispense", "Condition"):
        server.answers[each] = Reply(EMPTY)
    server.answers[asked] = Reply(EMPTY, status, {"Retry-After": "60"} if status == 503 else {})
    drafted = body(server, order("draft-1", OXYCODONE, a_day=4) | {"status": "draft"})
    cards = service(server).post(SIGN, json=drafted).get_json()["cards"]
    said = [(card["indicator"], card["summary"]) for card in cards]
    summary = "Oxycodone ordered, and not all medications on record could be read"
    assert said == ([("info", summary)] if is_said else [])
    assert all("not supplied (could not be read this time)" in missing(card) for card in cards)


def test_one_slow_read_does_not_cost_the_others(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(server.page(order("oxy", OXYCODONE, a_day=4)))
    server.answers["Condition"] = Reply(EMPTY, delay=30.0)
    with logged() as lines:
        (card,) = service(server, fhir_deadline_seconds=3).post(SIGN, json=body(server)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "the problem list not supplied" in missing(card)
    assert "did not answer in time" not in card["detail"]
    assert "did not answer in time" in logged_gaps(lines)


def test_a_busy_server_is_asked_again_in_time(server: FhirServer) -> None:
    found = server.page(order("oxy", OXYCODONE, a_day=4))
    server.answers["MedicationRequest"] = lambda times: Reply({}, 503) if times < 3 else Reply(found)
    (card,) = service(server, fhir_connect_seconds=0.5).post(SIGN, json=body(server)).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert len([path for path in server.asked if path.startswith("/fhir/MedicationRequest")]) == 3


def reference(identity: str, medication: str) -> dict[str, Any]:
    draft = lorazepam(identity)
    del draft["medicationCodeableConcept"]
    return draft | {"medicationReference": {"reference": medication}}


MEDICATION = {
    "resourceType": "Medication",
    "id": "lor1",
    "code": lorazepam()["medicationCodeableConcept"],
}


@pytest.mark.parametrize("absolute", [False, True])
def test_the_medication_of_a_draft_is_fetched_before_it_is_judged(server: FhirServer, absolute: bool) -> None:
    """An EHR that sends no code with its drafts: without the medication nobody could tell that it is a sedative."""
    server.answers["Medication/lor1"] = Reply(MEDICATION)
    server.answers["MedicationRequest"] = Reply(EMPTY)
    named = f"{server.base}/Medication/lor1" if absolute else "Medication/lor1"
    (card,) = service(server).post(SIGN, json=body(server, reference("draft-1", named))).get_json()["cards"]
    assert "lorazepam" in card["summary"]
    assert "~20" in card["detail"] or "20 mg" in card["detail"]


@pytest.mark.parametrize("status", [500, 401, 404])
@pytest.mark.parametrize("change", [{}, {"status": "stopped"}], ids=["order", "stop"])
def test_a_draft_whose_medication_cannot_be_fetched_is_said_and_logged(
    server: FhirServer, status: int, change: dict[str, Any]
) -> None:
    server.answers["Medication/lor1"] = Reply({}, status)
    server.answers["MedicationRequest"] = Reply(EMPTY)
    draft = reference("draft-1", "Medication/lor1") | change
    with logged() as lines:
        (card,) = service(server).post(SIGN, json=body(server, draft)).get_json()["cards"]
    summary = "An order could not be identified: its medication could not be read"
    assert (card["indicator"], card["summary"]) == ("info", summary)
    assert "the orders being written supplied only in part (the rest could not be read this time)" in missing(card)
    assert ["Medication"] in [json.loads(line)["keys"] for line in lines if "not fetched" in line]


def test_a_draft_is_said_where_its_server_is_left_alone_and_where_it_is_not_listed(server: FhirServer) -> None:
    http = service(server, fhir_failures=1, fhir_pause_seconds=60)
    server.answers["Medication/lor1"] = Reply({}, 500)
    server.answers["MedicationRequest"] = Reply(EMPTY)
    for _ in range(2):
        drafted = body(server, reference("draft-1", "Medication/lor1"), prefetch=full_prefetch())
        with logged() as lines:
            (card,) = http.post(SIGN, json=drafted).get_json()["cards"]
        assert card["summary"].startswith("An order could not be identified")
    assert "left alone" in "".join(line for line in lines if "not fetched" in line)
    drafted = body("https://other.example/fhir", reference("draft-1", "Medication/lor1"), prefetch=full_prefetch())
    assert len(http.post(SIGN, json=drafted).get_json()["cards"]) == 1


def test_a_draft_that_names_no_medication_and_one_that_its_reference_names_are_not_said(server: FhirServer) -> None:
    server.answers["Medication/lor1"] = Reply({}, 500)
    server.answers["MedicationRequest"] = Reply(EMPTY)
    nothing = lorazepam("draft-1")
    del nothing["medicationCodeableConcept"]
    named = reference("draft-2", "Medication/lor1")
    named["medicationReference"]["display"] = "metformin hydrochloride 500 MG Oral Tablet"
    drafted = reference("draft-3", "Medication/lor1") | {"intent": "proposal"}
    for draft in (nothing, named, drafted):
        assert service(server).post(SIGN, json=body(server, draft)).get_json()["cards"] == []


def test_the_medications_of_the_record_are_fetched_each_once(server: FhirServer) -> None:
    server.answers["Medication/lor1"] = Reply(MEDICATION)
    records = [reference(f"r{number}", "Medication/lor1") for number in range(5)]
    server.answers["MedicationRequest"] = Reply(server.page(*records))
    (card,) = service(server).post(SIGN, json=body(server, order("draft-1", OXYCODONE, a_day=4))).get_json()["cards"]
    assert "lorazepam" in card["detail"]
    assert len([path for path in server.asked if "Medication/lor1" in path]) == 1


def test_what_was_sent_or_is_contained_is_not_fetched() -> None:
    orders = [
        reference("a", "Medication/lor1"), reference("b", "#m"), reference("c", "urn:uuid:x"),
        reference("d", "https://ehr.example/Medication/far"), lorazepam(),
    ]  # fmt: skip
    found = unresolved_medications([BundleEntry(order) for order in orders], [BundleEntry(MEDICATION)])
    assert found == ("https://ehr.example/Medication/far",)


# Attacks: each by its name.


def test_a_server_that_is_not_listed_is_not_asked(server: FhirServer) -> None:
    with fhir_server() as foreign, logged() as lines:
        answer = service(server).post(SIGN, json=body(foreign))
        assert foreign.asked == []
    assert answer.status_code == 412
    assert "not one that this tenant has listed" in answer.get_json()["issue"][0]["diagnostics"]
    assert [line for line in lines if "not fetched" in line]
    assert not [line for line in lines if foreign.base in line or SECRET in line]


@pytest.mark.parametrize(
    "named",
    ["http://127.0.0.1:{port}/fhir2", "http://127.0.0.1:{port}/", "http://127.0.0.1:{port}@evil.example/fhir", "ftp://127.0.0.1:{port}/fhir",
     "http://127.0.0.1:{port}/fhir/../other", "//127.0.0.1:{port}/fhir", "", "x", "http://[", "http://127.0.0.1:x/fhir"],
)  # fmt: skip
def test_an_address_that_only_looks_like_the_listed_one_is_not_asked(server: FhirServer, named: str) -> None:
    port = server.base.rpartition(":")[2].partition("/")[0]
    answer = service(server).post(SIGN, json=body(named.format(port=port)))
    assert answer.status_code == 412
    assert server.asked == []


def test_a_next_link_elsewhere_is_not_followed_and_gets_no_token(server: FhirServer) -> None:
    with fhir_server() as foreign:
        server.answers["MedicationRequest"] = Reply(server.page(metformin("m1"), after=f"{foreign.base}?page=2"))
        with logged() as lines:
            (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
        assert foreign.asked == []
    assert "medication orders supplied only in part" in missing(card)
    assert "not one of the tenant’s FHIR server" not in card["detail"]
    assert "not one of the tenant’s FHIR server" in logged_gaps(lines)


@pytest.mark.parametrize("place", ["next link", "reference"])
def test_an_address_that_two_readers_take_for_two_hosts_gets_no_token(server: FhirServer, place: str) -> None:
    """One reader ends the host at the backslash, the other at the slash. ``test_addresses_below.py`` has the rest."""
    with fhir_server() as foreign:
        host, _, own = foreign.base.removesuffix("/fhir"), *server.base.rpartition("http://")[1:]
        named = rf"{host}\@{own}/Medication/lor1"
        if place == "next link":
            server.answers["MedicationRequest"] = Reply(server.page(metformin("m1"), after=named))
            service(server).post(SIGN, json=body(server))
        else:
            service(server).post(SIGN, json=body(server, reference("draft-1", named)))
        assert foreign.asked == []
        assert not [path for path in server.asked if "lor1" in path]


def test_a_next_link_beside_the_base_is_not_followed(server: FhirServer) -> None:
    outside = server.base.removesuffix("/fhir") + "/admin?page=2"
    server.answers["MedicationRequest"] = Reply(server.page(metformin("m1"), after=outside))
    service(server).post(SIGN, json=body(server))
    assert not [path for path in server.asked if "admin" in path]


def test_an_absolute_reference_elsewhere_gets_no_token(server: FhirServer) -> None:
    with fhir_server() as foreign:
        foreign.answers["Medication/lor1"] = Reply(MEDICATION)
        draft = reference("draft-1", f"{foreign.base}/Medication/lor1")
        service(server).post(SIGN, json=body(server, draft))
        assert foreign.asked == []


def test_a_redirect_is_not_followed(server: FhirServer) -> None:
    with fhir_server() as foreign:
        server.answers["MedicationRequest"] = Reply(b"", 307, {"Location": foreign.base + "/MedicationRequest"})
        assert service(server).post(SIGN, json=body(server)).status_code == 412
        assert foreign.asked == []


def test_a_cookie_does_not_come_back(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(EMPTY, headers={"Set-Cookie": "session=of-another-patient"})
    client = service(server)
    for _ in range(2):
        assert client.post(SIGN, json=body(server)).status_code == 200
    assert set(server.cookies) == {None}
    assert set(server.tokens) == {f"Bearer {SECRET}"}


def test_another_patients_resource_from_the_server_is_not_counted(server: FhirServer) -> None:
    foreign = order("oxy", OXYCODONE, a_day=4, subject={"reference": "Patient/p2"})
    server.answers["MedicationRequest"] = Reply(server.page(foreign))
    (card,) = service(server).post(SIGN, json=body(server)).get_json()["cards"]
    assert "opioid" not in card["summary"]


def test_a_patient_id_cannot_change_the_query(server: FhirServer) -> None:
    context = {"patientId": "p1&_include=*/../../x", "userId": "Practitioner/1"}
    request_body = body(server, hook="patient-view", context=context)
    service(server).post("/cds-services/benzo-patient-view", json=request_body)
    assert server.asked
    assert not [path for path in server.asked if "_include=" in path or "/../" in path]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
     "fe80::1", "fd00::1",
     "::ffff:10.0.0.1", "2002:a00:1::", "224.0.0.1", "nonsense"],
)  # fmt: skip
def test_a_private_address_is_none_of_the_public_internet(address: str) -> None:
    assert not public_addresses.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_a_public_address_is_one(address: str) -> None:
    assert public_addresses.is_public(address)


def test_a_name_that_stands_for_a_private_address_is_refused(
    server: FhirServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is public in the file of tenants; what it resolves to is this machine."""
    port = int(server.base.rpartition(":")[2].partition("/")[0])
    resolved: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[Any]:
        resolved.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(public_addresses.socket, "getaddrinfo", resolve)
    base = f"https://ehr.example:{port}/fhir"
    path = tenants_file(tmp_path, general={"fhir_servers": [{"base": base}]})
    client = create_app(Settings(tenants=path), clock=lambda: DAY).test_client()
    answer = client.post(SIGN, json=body(base), headers={"Authorization": token()})
    assert resolved.count("ehr.example") >= 1
    assert answer.status_code == 412
    assert "inside a private network" in answer.get_json()["issue"][0]["diagnostics"]
    assert server.asked == []


def test_a_tenant_that_lists_no_open_server_is_not_read_without_a_token(server: FhirServer, tmp_path: Path) -> None:
    listed = {"fhir_servers": [{"base": server.base, "private": True}]}
    path = tenants_file(tmp_path, general=listed)
    client = create_app(Settings(tenants=path, development=True), clock=lambda: DAY).test_client()
    request_body = body(server, fhirAuthorization=None)
    answer = client.post(SIGN, json=request_body, headers={"Authorization": token()})
    assert (answer.status_code, server.asked) == (412, [])
    assert "gives no access" in answer.get_json()["issue"][0]["diagnostics"]


def test_a_server_that_a_tenant_no_longer_lists_keeps_no_threads(
    server: FhirServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy_read_at_every_call(monkeypatch)
    listed = {"fhir_servers": [{"base": server.base, "private": True}]}
    other = {"issuer": f"{ISSUER}/other"} | listed
    file = tenants_file(tmp_path, general=listed, other=other)
    client = create_app(Settings(tenants=file, development=True), clock=lambda: DAY).test_client()

    def call(**claims: str) -> set[threading.Thread]:
        """The threads that read from a server after a call."""
        answer = client.post(SIGN, json=body(server), headers={"Authorization": token("/benzo-order-sign", **claims)})
        assert answer.status_code == 200
        return {each for each in threading.enumerate() if each.name.startswith("fhir")}

    before = {each for each in threading.enumerate() if each.name.startswith("fhir")}
    server.answers["MedicationRequest"] = Reply(EMPTY)
    of_general = call() - before
    assert of_general
    assert of_general <= call(iss=f"{ISSUER}/other")
    tenants_file(tmp_path, other=other)
    of_other = call(iss=f"{ISSUER}/other") - of_general - before
    for thread in of_general:
        thread.join(60)
        assert not thread.is_alive()
    assert any(thread.is_alive() for thread in of_other)


def test_no_token_reaches_the_log(server: FhirServer) -> None:
    server.answers["MedicationRequest"] = Reply(b"<", 500)
    with logged() as lines:
        service(server).post(SIGN, json=body(server))
        service(server).post(SIGN, json=body("https://[marker"))
    assert not [line for line in lines if SECRET in line or "marker" in line]
