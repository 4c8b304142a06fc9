"""The requests that are attacked: every story and quirk whose answer warns, and some more of other drugs and shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from strategies import KNOWLEDGE, ON

from fhir_fixtures import quirks, stories
from harmless.sent import RXNORM

_NO_JSON = "12"
_PATIENT = "p1"
_ADDS_TO_ITSELF = frozenset({"oxycodone-extended-with-immediate"})


@dataclass(frozen=True)
class Request:
    name: str
    hook: str
    on: date
    body: dict[str, Any]
    adds_to_itself: bool = False  # more of an agent that is taken already: that it warns rests on its amount


def told_requests() -> Iterator[Request]:
    """The requests of the stories and of the quirks that are JSON."""
    for story in stories():
        if story.request is not None:
            yield Request(story.slug, story.hook, story.on, dict(story.request), story.slug in _ADDS_TO_ITSELF)
    for quirk in quirks():
        if quirk.is_request and quirk.number != _NO_JSON:
            yield Request(quirk.slug, quirk.hook, quirk.on, json.loads(quirk.sent))


def _order(
    identity: str,
    code: str,
    dose: tuple[float, str, int],
    *,
    ago: int = 14,
    days: int | None = 30,
    repeats: int | None = None,
    draft: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """An order of so many units, so many times a day."""
    count, unit, times = dose
    name = KNOWLEDGE.products[code].name if code in KNOWLEDGE.products else NAMES[code]
    resource: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "draft" if draft else "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{_PATIENT}"},
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": code, "display": name}], "text": name},
        "authoredOn": (ON if draft else ON - timedelta(days=ago)).isoformat(),
        "requester": {"reference": "Practitioner/a" if draft else "Practitioner/b"},
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": count, "unit": unit}}],
                "route": {"text": "Transdermal" if unit == "patch" else "Oral"},
            }
        ],
    }
    if days is not None:
        resource["dispenseRequest"] = {
            "quantity": {"value": count * times * days, "unit": unit},
            "expectedSupplyDuration": {"value": days, "unit": "days", "code": "d"},
        }
        if repeats is not None:
            resource["dispenseRequest"]["numberOfRepeatsAllowed"] = repeats
    return resource | more


def _patch(identity: str, code: str, **more: Any) -> dict[str, Any]:
    """A patch changed every three days."""
    order = _order(identity, code, (1, "patch", 1), **more)
    order["dosageInstruction"][0]["timing"]["repeat"] |= {"period": 3}
    if "dispenseRequest" in order:
        order["dispenseRequest"]["quantity"]["value"] = 10
    return order


def _bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]}


def _condition(code: str, name: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": f"c-{code}",
        "subject": {"reference": f"Patient/{_PATIENT}"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}], "text": name},
        "onsetDateTime": "2019-04-02",
    }


def _request(
    name: str, record: list[Any], drafts: list[Any], conditions: list[Any], born: str = "1984-05-06"
) -> Request:
    body = {
        "hook": "order-sign",
        "hookInstance": "6f2d5c1e-0b7a-4c53-9d5e-2f8f3f1a7c11",
        "context": {"userId": "Practitioner/a", "patientId": _PATIENT, "draftOrders": _bundle(*drafts)},
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": _PATIENT, "gender": "female", "birthDate": born},
            "medicationRequests": _bundle(*record),
            "medicationStatements": None,
            "medicationDispenses": None,
            "conditions": _bundle(*conditions),
        },
    }
    return Request(name, "order-sign", ON, body)


ALPRAZOLAM, DIAZEPAM, LORAZEPAM, TEMAZEPAM, ZOLPIDEM = "308048", "197591", "197901", "198241", "854873"
METFORMIN = "861007"
NAMES = {METFORMIN: "metformin hydrochloride 500 MG Oral Tablet"}
OXYCODONE, HYDROCODONE, FENTANYL, MORPHINE = "1049621", "857002", "245134", "892582"


def further_requests() -> Iterator[Request]:
    """Requests of our own: other drugs, records of long standing, several sedatives, liquids."""
    tablet = (1, "tablet", 3)
    yield _request(
        "alprazolam-home-oxycodone-new",
        [_order("home", ALPRAZOLAM, tablet, ago=200, repeats=8)],
        [_order("new", OXYCODONE, (1, "tablet", 4), days=5, draft=True)],
        [],
    )
    yield _request(
        "patch-on-record-lorazepam-new",
        [_patch("patch", FENTANYL)],
        [_order("new", LORAZEPAM, (1, "tablet", 2), days=10, draft=True)],
        [],
    )
    yield _request(
        "hydrocodone-on-record-zolpidem-new",
        [_order("pain", HYDROCODONE, (1, "tablet", 4), ago=3, days=14)],
        [_order("new", ZOLPIDEM, (1, "tablet", 1), draft=True)],
        [],
        born="1950-03-04",
    )
    yield _request(
        "morphine-and-diazepam-alprazolam-new",
        [
            _order("pain", MORPHINE, (1, "tablet", 2), ago=40, days=30, repeats=2),
            _order("calm", DIAZEPAM, (1, "tablet", 2), ago=100, days=30, repeats=5),
        ],
        [_order("new", ALPRAZOLAM, tablet, draft=True)],
        [_condition("G47.33", "Obstructive sleep apnea")],
    )
    yield _request(
        "temazepam-without-length-oxycodone-new",
        [_order("night", TEMAZEPAM, (1, "capsule", 1), ago=90, days=None)],
        [_order("new", OXYCODONE, (1, "tablet", 4), days=None, draft=True)],
        [],
    )
    yield _request(
        "two-drafts-together",
        [_order("pressure", ALPRAZOLAM, (1, "tablet", 1), ago=400, days=7)],
        [
            _order("new-1", LORAZEPAM, (1, "tablet", 2), days=10, draft=True),
            _order("new-2", HYDROCODONE, (1, "tablet", 4), days=10, draft=True),
        ],
        [],
    )
    yield _request(
        "apnea-zolpidem-new",
        [_order("sugar", METFORMIN, (1, "tablet", 2), ago=60, repeats=5)],
        [_order("new", ZOLPIDEM, (1, "tablet", 1), draft=True)],
        [_condition("G47.33", "Obstructive sleep apnea")],
        born="1948-01-01",
    )
