"""Does the sandbox write as R4 has it: versions, conditions, and transactions that are carried out wholly or not?"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from ehr import lorazepam, order, patient
from flask.testing import FlaskClient
from sandbox_server import FHIR_JSON, asked, assert_valid, matches, outcome

from cds_service.services import PREFETCH

METFORMIN = "metformin hydrochloride 500 MG Oral Tablet"
NUMBERED = {"system": "http://example.org/orders", "value": "7"}
RECORD = [
    patient(),
    {"resourceType": "Practitioner", "id": "one", "identifier": [{"system": "http://example.org/staff", "value": "1"}]},
    lorazepam("m1"),
    lorazepam("m2"),
]
URN = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
OTHER_URN = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"


@pytest.fixture
def fhir() -> FlaskClient:
    return asked(RECORD)


def entry(
    method: str, url: str, resource: Any = None, full_url: str | None = None, **conditions: str
) -> dict[str, Any]:
    reply: dict[str, Any] = {"request": {"method": method, "url": url} | conditions}
    reply |= {"fullUrl": full_url} if full_url else {}
    return reply | ({"resource": resource} if resource else {})


def send(fhir: FlaskClient, *entries: Any, kind: str = "transaction", **headers: str) -> Any:
    body = {"resourceType": "Bundle", "type": kind} | ({"entry": list(entries)} if entries else {})
    return fhir.post("/fhir", json=body, headers=headers)


def done(fhir: FlaskClient, *entries: Any, kind: str = "transaction", **headers: str) -> list[dict[str, Any]]:
    answer = send(fhir, *entries, kind=kind, **headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    reply = answer.get_json()
    assert_valid(reply)
    assert reply["type"] == f"{kind}-response"
    return list(reply.get("entry", []))


def statuses(reply: list[dict[str, Any]]) -> list[str]:
    return [each["response"]["status"] for each in reply]


def everything(fhir: FlaskClient) -> list[Any]:
    kinds = ("Patient", "Practitioner", "Medication", "MedicationRequest")
    return [fhir.get(f"/fhir/{kind}").get_json().get("entry") for kind in kinds]


# One at a time: versions and their conditions


def test_an_update_adds_a_version_and_earlier_ones_can_be_read(fhir: FlaskClient) -> None:
    answer = fhir.put("/fhir/MedicationRequest/m1", json=lorazepam("m1", status="stopped"))
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert answer.headers["Location"] == "http://localhost/fhir/MedicationRequest/m1/_history/2"
    assert answer.headers["Last-Modified"].endswith("GMT")
    read = fhir.get("/fhir/MedicationRequest/m1")
    assert (read.headers["ETag"], read.get_json()["status"]) == ('W/"2"', "stopped")
    assert [label["code"] for label in read.get_json()["meta"]["security"]] == ["HTEST"]
    assert fhir.get("/fhir/MedicationRequest/m1/_history/1").get_json()["status"] == "active"
    assert matches(fhir.get("/fhir/MedicationRequest").get_json()) == ["m1", "m2"]
    for version in ("0", "3", "x"):
        outcome(fhir.get(f"/fhir/MedicationRequest/m1/_history/{version}"), 404)


def test_an_update_of_a_missing_resource_creates_it(fhir: FlaskClient) -> None:
    answer = fhir.put("/fhir/MedicationRequest/chosen", json=order("chosen", METFORMIN))
    assert (answer.status_code, answer.headers["ETag"]) == (201, 'W/"1"')
    assert fhir.get("/fhir/MedicationRequest/chosen").get_json() == answer.get_json()


@pytest.mark.parametrize(
    ("id_", "resource", "status"),
    [
        ("m1", lorazepam("m2"), 400),
        ("m1", {"resourceType": "Patient", "id": "m1"}, 400),
        ("m1", {"resourceType": "MedicationRequest", "id": "m1"}, 422),
        ("a_b", lorazepam("a_b"), 400),
        ("x" * 65, lorazepam("x" * 65), 400),
    ],
)
def test_an_update_that_is_not_valid_changes_nothing(fhir: FlaskClient, id_: str, resource: Any, status: int) -> None:
    before = everything(fhir)
    outcome(fhir.put(f"/fhir/MedicationRequest/{id_}", json=resource), status)
    assert everything(fhir) == before


def test_a_deleted_resource_is_gone_but_its_versions_can_be_read(fhir: FlaskClient) -> None:
    for _ in range(2):
        answer = fhir.delete("/fhir/MedicationRequest/m1")
        assert (answer.status_code, answer.get_data()) == (204, b"")
    assert outcome(fhir.get("/fhir/MedicationRequest/m1"), 410)["code"] == "deleted"
    assert matches(fhir.get("/fhir/MedicationRequest").get_json()) == ["m2"]
    assert fhir.get("/fhir/MedicationRequest/m1/_history/1").status_code == 200
    outcome(fhir.get("/fhir/MedicationRequest/m1/_history/2"), 410)
    again = fhir.put("/fhir/MedicationRequest/m1", json=lorazepam("m1"))
    assert (again.status_code, again.headers["ETag"]) == (201, 'W/"3"')
    assert fhir.delete("/fhir/MedicationRequest/never").status_code == 204
    outcome(fhir.delete("/fhir/Starship/1"), 404)


def test_a_write_may_depend_on_the_version_that_the_client_knows(fhir: FlaskClient) -> None:
    change = lorazepam("m1", status="stopped")
    first = {"If-Match": 'W/"1"'}
    assert fhir.put("/fhir/MedicationRequest/m1", json=change, headers=first).status_code == 200
    outcome(fhir.put("/fhir/MedicationRequest/m1", json=change, headers=first), 412)
    outcome(fhir.delete("/fhir/MedicationRequest/m1", headers=first), 412)
    outcome(fhir.put("/fhir/MedicationRequest/m9", json=lorazepam("m9"), headers=first), 412)
    assert fhir.delete("/fhir/MedicationRequest/m1", headers={"If-Match": 'W/"2"'}).status_code == 204


def test_a_read_of_an_unchanged_version_is_a_304(fhir: FlaskClient) -> None:
    answer = fhir.get("/fhir/MedicationRequest/m1", headers={"If-None-Match": 'W/"9", W/"1"'})
    assert (answer.status_code, answer.get_data(), answer.headers["ETag"]) == (304, b"", 'W/"1"')
    assert fhir.get("/fhir/MedicationRequest/m1", headers={"If-None-Match": 'W/"2"'}).status_code == 200


def test_a_create_can_be_conditional_on_no_match(fhir: FlaskClient) -> None:
    condition = {"If-None-Exist": "identifier=http://example.org/orders|7"}
    created = fhir.post("/fhir/MedicationRequest", json=lorazepam(identifier=[NUMBERED]), headers=condition)
    again = fhir.post("/fhir/MedicationRequest", json=lorazepam(identifier=[NUMBERED]), headers=condition)
    assert (created.status_code, again.status_code) == (201, 200)
    assert (again.get_json(), again.headers["Location"]) == (created.get_json(), created.headers["Location"])
    several = fhir.post("/fhir/MedicationRequest", json=lorazepam(), headers={"If-None-Exist": "patient=p1"})
    assert outcome(several, 412)["code"] == "multiple-matches"
    for condition_ in ("", "colour=red"):
        outcome(fhir.post("/fhir/MedicationRequest", json=lorazepam(), headers={"If-None-Exist": condition_}), 400)


def test_a_client_may_ask_for_no_body_back(fhir: FlaskClient) -> None:
    minimal = {"Prefer": "return=minimal"}
    for answer in (
        fhir.post("/fhir/MedicationRequest", json=lorazepam(), headers=minimal),
        fhir.put("/fhir/MedicationRequest/m1", json=lorazepam("m1"), headers=minimal),
    ):
        assert answer.get_data() == b""
        assert answer.headers["Location"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/fhir+xml", ""])
def test_a_body_that_is_not_declared_as_json_is_refused(fhir: FlaskClient, media_type: str) -> None:
    before = everything(fhir)
    for call in (
        lambda: fhir.post("/fhir/MedicationRequest", data=b"{}", content_type=media_type),
        lambda: fhir.put("/fhir/MedicationRequest/m1", data=b"{}", content_type=media_type),
        lambda: fhir.post("/fhir", data=b"{}", content_type=media_type),
    ):
        assert FHIR_JSON in outcome(call(), 415)["diagnostics"]
    assert everything(fhir) == before


# Transactions


def test_a_transaction_links_what_it_creates(fhir: FlaskClient) -> None:
    medication = {"resourceType": "Medication", "code": {"text": METFORMIN}}
    ordered = lorazepam(requester={"reference": "Practitioner?identifier=http://example.org/staff|1"})
    del ordered["medicationCodeableConcept"]
    ordered |= {
        "medicationReference": {"reference": OTHER_URN},
        "priorPrescription": {"reference": URN},
        # A name that is no reference stays what it is.
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": OTHER_URN}],
    }
    reply = done(
        fhir,
        entry("POST", "MedicationRequest", ordered),
        entry("POST", "MedicationRequest", lorazepam(), URN),
        entry("POST", "Medication", medication, OTHER_URN),
    )
    assert statuses(reply) == ["201 Created"] * 3
    linked, prior, drug = (each["resource"] for each in reply)
    assert linked["medicationReference"] == {"reference": f"Medication/{drug['id']}"}
    assert linked["priorPrescription"] == {"reference": f"MedicationRequest/{prior['id']}"}
    assert linked["requester"] == {"reference": "Practitioner/one"}
    assert linked["identifier"][0]["value"] == OTHER_URN
    assert reply[0]["response"]["location"] == f"MedicationRequest/{linked['id']}/_history/1"
    assert reply[0]["response"]["etag"] == 'W/"1"'
    assert reply[0]["fullUrl"] == f"http://localhost/fhir/MedicationRequest/{linked['id']}"
    assert fhir.get(f"/fhir/MedicationRequest/{linked['id']}").get_json() == linked


def test_a_transaction_deletes_then_creates_then_updates_then_reads(fhir: FlaskClient) -> None:
    reply = done(
        fhir,
        entry("GET", "MedicationRequest?patient=p1"),
        entry("GET", "/MedicationRequest/m2"),
        entry("PUT", "MedicationRequest/m2", lorazepam("m2", priorPrescription={"reference": URN})),
        # It finds nothing, since what it would find is deleted first.
        entry("POST", "MedicationRequest", order("x", METFORMIN), URN, ifNoneExist="_id=m1"),
        entry("DELETE", "MedicationRequest/m1"),
    )
    assert statuses(reply) == ["200 OK", "200 OK", "200 OK", "201 Created", "204 No Content"]
    created = reply[3]["resource"]["id"]
    assert sorted(matches(reply[0]["resource"])) == sorted(["m2", created])
    assert reply[1]["resource"]["priorPrescription"] == {"reference": f"MedicationRequest/{created}"}
    assert reply[1]["resource"]["meta"]["versionId"] == "2"
    assert reply[4] == {"response": {"status": "204 No Content"}}


def test_a_conditional_create_that_matches_links_to_the_match(fhir: FlaskClient) -> None:
    condition = "identifier=http://example.org/staff|1"
    reply = done(
        fhir,
        entry("POST", "Practitioner", {"resourceType": "Practitioner"}, URN, ifNoneExist=condition),
        entry("POST", "MedicationRequest", lorazepam(requester={"reference": URN})),
    )
    assert statuses(reply) == ["200 OK", "201 Created"]
    assert reply[0]["resource"]["id"] == "one"
    assert reply[1]["resource"]["requester"] == {"reference": "Practitioner/one"}
    assert matches(fhir.get("/fhir/Practitioner").get_json()) == ["one"]


def test_a_transaction_may_name_the_version_that_it_changes_or_knows(fhir: FlaskClient) -> None:
    reply = done(
        fhir,
        entry("PUT", "MedicationRequest/m1", lorazepam("m1", status="stopped"), ifMatch='W/"1"'),
        entry("GET", "MedicationRequest/m2", ifNoneMatch='W/"1"'),
        entry("GET", "MedicationRequest/m1/_history/1"),
    )
    assert statuses(reply) == ["200 OK", "304 Not Modified", "200 OK"]
    assert "resource" not in reply[1]
    assert reply[2]["resource"]["status"] == "active"


GOOD = [entry("DELETE", "MedicationRequest/m2"), entry("POST", "MedicationRequest", lorazepam(), OTHER_URN),
        entry("PUT", "Practitioner/two", {"resourceType": "Practitioner", "id": "two"})]  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (entry("GET", "MedicationRequest/nothing"), 404),
        (entry("GET", "MedicationRequest/m2"), 410),
        (entry("GET", "MedicationRequest?colour=red"), 400),
        (entry("PUT", "MedicationRequest/m1", lorazepam("m1"), ifMatch='W/"5"'), 412),
        (entry("DELETE", "MedicationRequest/m1", ifMatch='W/"5"'), 412),
        (entry("POST", "MedicationRequest", {"resourceType": "MedicationRequest"}), 422),
        (entry("POST", "MedicationRequest"), 400),
        (entry("POST", "Starship", {"resourceType": "Starship"}), 404),
        (entry("POST", "MedicationRequest", lorazepam(), ifNoneExist="colour=red"), 400),
        (entry("POST", "MedicationRequest", lorazepam(priorPrescription={"reference": URN})), 400),
        (entry("POST", "MedicationRequest", lorazepam(requester={"reference": "Practitioner?_id=nobody"})), 412),
        (entry("POST", "MedicationRequest", lorazepam(), OTHER_URN), 400),
        (entry("PUT", "MedicationRequest/m2", lorazepam("m2")), 400),
        (entry("PUT", "MedicationRequest?_id=m1", lorazepam("m1")), 405),
        (entry("DELETE", "MedicationRequest?_id=m1"), 405),
        (entry("DELETE", "MedicationRequest"), 405),
        (entry("POST", "MedicationRequest/m1", lorazepam()), 405),
        (entry("GET", "MedicationRequest/m1/_history"), 405),
        (entry("PATCH", "MedicationRequest/m1", lorazepam("m1")), 405),
        ({"resource": lorazepam()}, 400),
        (None, 400),
    ],
)
def test_a_transaction_with_a_failing_entry_does_nothing_and_says_which(
    fhir: FlaskClient, bad: Any, status: int
) -> None:
    before = everything(fhir)
    answer = send(fhir, *GOOD, bad)
    assert outcome(answer, status)["expression"] == ["Bundle.entry[3]"]
    assert everything(fhir) == before
    assert fhir.get("/fhir/MedicationRequest/m2").headers["ETag"] == 'W/"1"'


def test_two_creations_under_one_condition_are_refused(fhir: FlaskClient) -> None:
    one = entry("POST", "MedicationRequest", lorazepam(), ifNoneExist="_id=x")
    outcome(send(fhir, one, one), 400)
    assert matches(fhir.get("/fhir/MedicationRequest").get_json()) == ["m1", "m2"]


def test_a_transaction_is_never_seen_half_done(fhir: FlaskClient) -> None:
    """Two orders are always exchanged for each other; whoever looks finds exactly one of them active."""
    seen: list[int] = []

    def swap(active: str, stopped: str) -> Callable[[], None]:
        def run() -> None:
            for _ in range(15):
                done(
                    fhir.application.test_client(),
                    entry("PUT", f"MedicationRequest/{stopped}", lorazepam(stopped, status="stopped")),
                    entry("PUT", f"MedicationRequest/{active}", lorazepam(active)),
                )

        return run

    def look() -> None:
        for _ in range(150):
            answer = fhir.application.test_client().get("/fhir/MedicationRequest?status=active")
            seen.append(answer.get_json()["total"])

    fhir.put("/fhir/MedicationRequest/m2", json=lorazepam("m2", status="stopped"))
    threads = [Thread(target=swap("m1", "m2")), Thread(target=swap("m2", "m1")), Thread(target=look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {1}


@pytest.mark.parametrize(
    "body",
    [{"resourceType": "Bundle", "type": "collection"}, {"resourceType": "Patient"}, {"type": "transaction"},
     {"resourceType": "Bundle", "type": "batch", "entry": {}}],
)  # fmt: skip
def test_a_body_that_is_no_transaction_is_refused(fhir: FlaskClient, body: dict[str, Any]) -> None:
    outcome(fhir.post("/fhir", json=body), 400)


@pytest.mark.parametrize("address", ["/fhir", "/fhir/"])
def test_an_empty_transaction_is_answered(fhir: FlaskClient, address: str) -> None:
    answer = fhir.post(address, json={"resourceType": "Bundle", "type": "transaction"})
    assert (answer.status_code, answer.get_json()) == (200, {"resourceType": "Bundle", "type": "transaction-response"})


def test_written_resources_are_not_returned_under_return_minimal(fhir: FlaskClient) -> None:
    reply = done(
        fhir,
        entry("POST", "MedicationRequest", lorazepam()),
        entry("GET", "MedicationRequest/m1"),
        Prefer="return=minimal",
    )
    assert ["resource" in each for each in reply] == [False, True]
    assert reply[0]["response"]["location"]


# Batches


def test_each_entry_of_a_batch_is_carried_out_for_itself(fhir: FlaskClient) -> None:
    reply = done(
        fhir,
        entry("DELETE", "MedicationRequest/m2"),
        entry("GET", "MedicationRequest/nothing"),
        entry("POST", "MedicationRequest", lorazepam(priorPrescription={"reference": URN})),
        entry("POST", "MedicationRequest", order("x", METFORMIN), URN, ifNoneExist="identifier=7"),
        {"resource": lorazepam()},
        entry("PATCH", "MedicationRequest/m1"),
        entry("GET", "MedicationRequest?_id=m1,m2&_count=1"),
        kind="batch",
    )
    assert [status[:3] for status in statuses(reply)] == ["204", "404", "400", "201", "400", "405", "200"]
    failed = [each["response"]["outcome"]["issue"][0] for each in reply if "outcome" in each["response"]]
    assert [issue["expression"] for issue in failed] == [[f"Bundle.entry[{place}]"] for place in (1, 2, 4, 5)]
    assert matches(reply[6]["resource"]) == ["m1"]


def test_our_prefetch_can_be_asked_for_as_one_batch(fhir: FlaskClient) -> None:
    queries = [template.replace("{{context.patientId}}", "p1") for template in PREFETCH.values()]
    reply = done(fhir, *(entry("GET", query) for query in queries), kind="batch")
    assert set(statuses(reply)) == {"200 OK"}
    assert [each["resource"]["resourceType"] for each in reply] == ["Patient", *["Bundle"] * 4]
