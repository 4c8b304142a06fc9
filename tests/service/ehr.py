"""The EHR of the tests: builds requests by hand and calls the service on a fixed day."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.resources import files
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.logs import LOGGER

DAY = date(2026, 11, 22)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ABSENT = object()
ANSWERED = "2100-01-01T00:00:00Z"
"""When a card was answered, by a clock that is ahead: after every card of a test."""


@contextmanager
def logged() -> Iterator[list[str]]:
    """The lines that the service logs meanwhile."""
    lines: list[str] = []

    class Listing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, handler = logging.getLogger(LOGGER), Listing()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def logged_gaps(lines: list[str]) -> str:
    """Why something was missing from the calls, as the service logged it."""
    events = [json.loads(line) for line in lines]
    return json.dumps([each["missing"] for each in events if each["event"] == "incomplete"], ensure_ascii=False)


def client(**settings: Any) -> FlaskClient:
    return create_app(Settings(**settings), clock=lambda: DAY).test_client()


def order(identity: str, text: str, *, code: str | None = None, a_day: int = 1, units: float = 1, **more: Any) -> dict:
    """An order of so many units, so many times a day."""
    medication: dict[str, Any] = {"text": text}
    if code:
        medication["coding"] = [{"system": RXNORM, "code": code, "display": text}]
    return {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": medication,
        "authoredOn": "2026-11-22",
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": a_day, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": units, "unit": "tablet"}}],
            }
        ],
    } | more


def lorazepam(identity: str = "lorazepam-1", **more: Any) -> dict:
    """1 mg twice a day: 2 mg/d, by the Ashton column (1 mg equals 10 mg of diazepam) 20 mg/d."""
    return order(identity, "lorazepam 1 MG Oral Tablet", code="197901", a_day=2, **more)


def metformin(identity: str = "metformin-1") -> dict:
    return order(identity, "metformin hydrochloride 500 MG Oral Tablet", code="861007", a_day=2)


def bundle(*resources: dict, **more: Any) -> dict:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": item} for item in resources]} | more


def patient(**more: Any) -> dict:
    return {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05-02", "gender": "female"} | more


def prefetch(*requests: dict, **more: Any) -> dict:
    """A full prefetch; a key given as ABSENT is left out."""
    keys = {
        "patient": patient(),
        "medicationRequests": bundle(*requests, type="searchset"),
        "medicationStatements": None,
        "medicationDispenses": None,
        "conditions": None,
    } | more
    return {key: value for key, value in keys.items() if value is not ABSENT}


def request(hook: str, *, context: dict | None = None, **more: Any) -> dict:
    whole = {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/dr-1", "patientId": "p1", "encounterId": "e1"} | (context or {}),
        "prefetch": prefetch(),
    } | more
    return {key: value for key, value in whole.items() if value is not ABSENT}


def sign(*drafts: dict, context: dict | None = None, **more: Any) -> dict:
    return request("order-sign", context={"draftOrders": bundle(*drafts)} | (context or {}), **more)


def select(*drafts: dict, selections: list[str], **more: Any) -> dict:
    return request("order-select", context={"draftOrders": bundle(*drafts), "selections": selections}, **more)


def post(http: FlaskClient, body: dict, service: str | None = None) -> Any:
    return http.post(f"/cds-services/{service or 'benzo-' + body['hook']}", json=body)


def cards(http: FlaskClient, body: dict) -> list[dict]:
    response = post(http, body)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert_valid("response", response.json)
    return response.json["cards"]


def assessment(card: dict) -> dict:
    return card["extension"]["org.benzo-cds.assessment"]


def carried_form(schema: Any) -> Any:
    """The schema of the whole assessment, as a card carries it: members may be left out, none may be new."""
    if isinstance(schema, dict):
        return {key: carried_form(value) for key, value in schema.items() if key not in ("required", "minProperties")}
    return [carried_form(item) for item in schema] if isinstance(schema, list) else schema


def assert_valid(name: str, document: Any) -> None:
    text = files("cds_service.web").joinpath(f"schemas/cds-hooks-{name}.schema.json").read_text(encoding="utf-8")
    validator = Draft202012Validator(json.loads(text), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []


def assert_outcome(response: Any, status: int, issue: str) -> dict:
    """The response is an OperationOutcome with one error of this type; returns that issue."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/fhir+json"
    assert response.json["resourceType"] == "OperationOutcome"
    (told,) = response.json["issue"]
    assert (told["severity"], told["code"]) == ("error", issue)
    return told


def empty_members(value: Any, path: str = "") -> list[str]:
    """The paths of members that CDS Hooks forbids: null, "", [] and {}."""
    if value is None or value in ("", [], {}):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in empty_members(item, f"{path}/{key}")]


def conditions(*codes_and_texts: tuple[str, str]) -> dict[str, Any]:
    """A problem list of active conditions by SNOMED CT."""
    return bundle(
        *(
            {
                "resourceType": "Condition",
                "id": code,
                "subject": {"reference": "Patient/p1"},
                "clinicalStatus": {"coding": [{"code": "active"}]},
                "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}], "text": text},
            }
            for code, text in codes_and_texts
        )
    )
