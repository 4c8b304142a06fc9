"""Can the sandbox be made to fail as real servers do, and does our service then say what it could not see?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from ehr import DAY, logged, logged_gaps, metformin, order, patient
from flask.testing import FlaskClient
from sandbox_server import SIGN, asked, hook_request, links, matches, missing, outcome, served_sandbox

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.sandbox.fhir_server.faults import HEADER, Fault, FaultKind, Faults
from cds_service.sandbox.fhir_server.server import Behaviour

RECORD = [
    patient(),
    order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", a_day=4),
    metformin("m1"),
    metformin("m2"),
]
CONDITION = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/p1"},
    "code": {"text": "Back pain"},
}
CONDITIONS = [CONDITION | {"id": f"c{number}"} for number in range(3)]


def faulty(*faults: Fault, **more: Any) -> FlaskClient:
    return asked(RECORD, Behaviour(faults=Faults(faults, **more)))


def of(kind: str, **more: Any) -> Fault:
    return Fault.model_validate({"kind": kind} | more)


# The faults themselves


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("throttled", 429, "throttled"), ("failed", 500, "exception"), ("error-outcome", 200, "exception"),
     ("expired-token", 401, "login")],
)  # fmt: skip
def test_a_refusal_by_fault_says_that_it_was_on_purpose(kind: str, status: int, code: str) -> None:
    fhir = faulty(of(kind, seconds=7))
    for answer in (fhir.get("/fhir/Patient/p1"), fhir.post("/fhir/Patient", json=patient()), fhir.get("/fhir/Patient")):
        body = outcome(answer, status)
        assert (body["severity"], body["code"], answer.headers[HEADER]) == ("error", code, kind)
        assert answer.headers.get("Retry-After") == ("7" if kind == "throttled" else None)
    assert fhir.get("/fhir/metadata").status_code == 200


def test_an_expired_token_is_reported_as_rfc_6750_requires() -> None:
    body = faulty(of("expired-token")).get("/fhir/Patient/p1").headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in body
    assert "expired" in body


def test_a_slow_response_is_complete() -> None:
    waited: list[float] = []
    answer = faulty(of("slow", seconds=9), sleep=waited.append).get("/fhir/Patient/p1")
    assert (waited, answer.get_json()["id"], answer.headers[HEADER]) == ([9], "p1", "slow")


def pages(fhir: FlaskClient) -> tuple[Any, Any]:
    first = fhir.get("/fhir/MedicationRequest?patient=p1&_count=200")
    assert matches(first.get_json()) == ["oxy"]
    return first, fhir.get(links(first.get_json())["next"])


def test_a_cut_page_ends_in_the_middle() -> None:
    first, second = pages(faulty(of("cut-page")))
    assert (HEADER in first.headers, second.headers[HEADER], second.status_code) == (False, "cut-page", 200)
    with pytest.raises(json.JSONDecodeError):
        json.loads(second.get_data())


def test_a_failed_page_is_a_500() -> None:
    _, second = pages(faulty(of("failed-page")))
    assert outcome(second, 500)["code"] == "exception"


def test_a_looping_page_leads_to_itself() -> None:
    _, second = pages(faulty(of("looping-page")))
    assert links(second.get_json())["next"] == links(second.get_json())["self"]
    assert matches(second.get_json()) == ["m1"]


def test_a_foreign_page_is_on_a_server_that_cannot_exist() -> None:
    first = faulty(of("foreign-page")).get("/fhir/MedicationRequest?patient=p1")
    assert links(first.get_json())["next"].startswith("https://elsewhere.invalid/fhir")


@pytest.mark.parametrize("kind", sorted(FaultKind))
def test_a_fault_affects_only_its_types_and_its_number_of_requests(kind: str) -> None:
    fhir = faulty(of(kind, types=["Condition"]), sleep=lambda _: None)
    assert fhir.get("/fhir/MedicationRequest?patient=p1").get_json()["total"] == 3
    once = faulty(of(kind, times=1), sleep=lambda _: None)
    seen = []
    for _ in range(3):
        first = once.get("/fhir/MedicationRequest?patient=p1&_count=1")
        following = links(first.get_json()).get("next", "") if first.get_json()["resourceType"] == "Bundle" else ""
        second = once.get(following) if following.startswith("http://localhost/") else None
        seen += [answer.headers.get(HEADER) for answer in (first, second) if answer is not None]
    assert seen.count(kind) == 1
    assert seen[0] == kind or seen[1] == kind


def test_the_first_fault_that_concerns_a_request_is_applied() -> None:
    fhir = faulty(of("failed", types=["Patient"]), of("throttled", times=1))
    assert [fhir.get(f"/fhir/{kind}").status_code for kind in ("Condition", "Patient", "Condition")] == [429, 500, 200]


# Setting them while it runs


def test_faults_are_set_and_removed_while_it_runs() -> None:
    fhir = asked(RECORD)
    body = {"faults": [{"kind": "failed", "types": ["Patient"], "times": 2}, {"kind": "slow", "seconds": 0}]}
    assert fhir.put("/fhir/faults", json=body).get_json() == body
    assert fhir.get("/fhir/Patient/p1").status_code == 500
    left = {"faults": [{"kind": "failed", "types": ["Patient"], "times": 1}, {"kind": "slow", "seconds": 0}]}
    assert fhir.get("/fhir/faults").get_json() == left
    assert fhir.delete("/fhir/faults").get_json() == {"faults": []}
    assert fhir.get("/fhir/Patient/p1").status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"faults": {}}, {"faults": [1]}, {"faults": [{"kind": "tired"}]},
     {"faults": [{"kind": "slow", "seconds": -1}]}, {"faults": [{"kind": "slow", "times": 0}]},
     {"faults": [{"kind": "slow", "types": ["Starship"]}]},
     {"faults": [{"kind": "slow", "colour": "red"}]}],
)  # fmt: skip
def test_an_invalid_fault_is_refused_and_the_earlier_ones_stay(body: dict[str, Any]) -> None:
    fhir = faulty(of("failed", types=["Patient"]))
    outcome(fhir.put("/fhir/faults", json=body), 400)
    assert fhir.get("/fhir/faults").get_json() == {"faults": [{"kind": "failed", "types": ["Patient"]}]}


def test_faults_are_set_from_this_machine_alone() -> None:
    fhir = asked(RECORD)
    body = {"faults": [{"kind": "failed"}]}
    for environment in ({"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_HOST": "rebound.example"}):
        outcome(fhir.put("/fhir/faults", json=body, environ_overrides=environment), 403)
    # A form that another page in the browser sends is no JSON.
    outcome(fhir.put("/fhir/faults", data=json.dumps(body), content_type="text/plain"), 415)
    assert fhir.get("/fhir/faults").get_json() == {"faults": []}


# Our service meets them


@pytest.fixture
def base() -> Iterator[str]:
    with served_sandbox([*RECORD, *CONDITIONS]) as base:
        yield base


def fetched(base: str, *faults: dict[str, Any], deadline: float = 10) -> Any:
    """The answer of our service, which knows nothing of faults, while these are set."""
    answer = requests.put(f"{base}/faults", json={"faults": list(faults)}, timeout=10)
    assert answer.status_code == 200, answer.text
    settings = Settings(fhir_servers=[base], fhir_deadline_seconds=deadline, fhir_connect_seconds=2)
    return create_app(settings, clock=lambda: DAY).test_client().post(SIGN, json=hook_request(base))


WHOLE = [
    ("throttled", "the FHIR server is busy"),
    ("slow", "the FHIR server did not answer in time"),
    ("failed", "the FHIR server failed"),
    ("error-outcome", "the FHIR server answered with an error"),
    ("expired-token", "the FHIR server did not accept the token"),
]
PARTIAL = [
    ("cut-page", "the FHIR server answered with something other than FHIR"),
    ("failed-page", "the FHIR server failed"),
    ("foreign-page", "an address is not one of the tenant’s FHIR server"),
    ("looping-page", "the FHIR server’s pages go in a circle"),
]


def test_every_fault_is_tested_below() -> None:
    assert {kind for kind, _ in WHOLE + PARTIAL} == set(FaultKind)


def test_without_a_fault_nothing_is_missing(base: str) -> None:
    (card,) = fetched(base).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "FHIR server" not in card["detail"]


@pytest.mark.parametrize(("kind", "why"), WHOLE)
def test_unavailable_orders_are_a_412_that_says_why(base: str, kind: str, why: str) -> None:
    answer = fetched(base, {"kind": kind, "types": ["MedicationRequest"], "seconds": 30}, deadline=3)
    assert answer.status_code == 412
    (issue,) = answer.get_json()["issue"]
    assert issue["expression"] == ["prefetch.medicationRequests"]
    assert why in issue["diagnostics"]


@pytest.mark.parametrize(("kind", "why"), WHOLE)
def test_unavailable_conditions_are_reported_on_the_card(base: str, kind: str, why: str) -> None:
    with logged() as lines:
        answer = fetched(base, {"kind": kind, "types": ["Condition"], "seconds": 30}, deadline=3)
        (card,) = answer.get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "the problem list not supplied" in missing(card)
    assert why not in card["detail"]
    assert why in logged_gaps(lines)


@pytest.mark.parametrize(("kind", "why"), PARTIAL)
def test_the_pages_before_a_broken_one_count_and_the_rest_is_reported_missing(base: str, kind: str, why: str) -> None:
    with logged() as lines:
        (card,) = fetched(base, {"kind": kind, "types": ["MedicationRequest"]}).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "medication orders supplied only in part" in missing(card)
    assert why not in card["detail"]
    assert why in logged_gaps(lines)
    assert card["extension"]["org.benzo-cds.assessment"]["load"]["with_order"]["complete"] is False


@pytest.mark.parametrize(("kind", "why"), PARTIAL)
def test_conditions_with_a_broken_page_are_reported_on_the_card(base: str, kind: str, why: str) -> None:
    with logged() as lines:
        (card,) = fetched(base, {"kind": kind, "types": ["Condition"]}).get_json()["cards"]
    assert "the problem list supplied only in part" in missing(card)
    assert why not in card["detail"]
    assert why in logged_gaps(lines)


def test_a_request_throttled_once_is_repeated(base: str) -> None:
    fault = {"kind": "throttled", "types": ["MedicationRequest"], "times": 1, "seconds": 1}
    (card,) = fetched(base, fault).get_json()["cards"]
    assert "oxycodone" in card["detail"]
    assert "FHIR server" not in missing(card)


def test_a_server_that_fails_every_request_gives_no_card(base: str) -> None:
    answer = fetched(base, {"kind": "failed"})
    assert (answer.status_code, "cards" in answer.get_json()) == (412, False)
