"""The invented long-term patients of ``long_term_patients.yaml``, whose record grows with what is ordered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from day_requests import RXNORM, bundle

FIRST_DAY, DAYS = date(2025, 12, 1), 364
_USUAL_PRESCRIBER = "dr-a"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
_ICD = "http://hl7.org/fhir/sid/icd-10-cm"

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something of one day: ``kind`` order, refill, chart, discharge or problem; ``what`` its members."""

    on: date
    kind: str
    what: Mapping[str, Any]

    @property
    def by(self) -> str:
        """Who orders."""
        return str(self.what.get("by", _USUAL_PRESCRIBER))


@dataclass(slots=True)
class LongTermPatient:
    """A patient of the table, with the record as it has become."""

    number: int
    row: Mapping[str, Any]
    orders: dict[str, Resource] = field(default_factory=dict)
    dispenses: list[Resource] = field(default_factory=list)
    problems: list[Resource] = field(default_factory=list)

    def __post_init__(self) -> None:
        for problem in self.row["problems"]:
            self.add_problem(problem, None)
        for supply in self.row["before"]:
            days = self.row["medicines"][supply["medicine"]]["days"]
            for back in reversed(range(supply["supplies"])):
                on = FIRST_DAY - timedelta(days=supply["last"] + back * days)
                self.put_on_record(self.drafted(supply["medicine"], on, _USUAL_PRESCRIBER), supply["medicine"], on)

    @property
    def identity(self) -> str:
        """The patient's id."""
        return f"long-{self.number}"

    def events(self) -> list[Event]:
        """The year, in order; on one day as in the table, charts first."""
        found = [event for row in self.row["year"] for event in _events_of(row)]
        return sorted(found, key=lambda event: (event.on, event.kind != "chart"))

    def drafted(self, medicine: str, on: date, by: str, category: str = "community") -> Resource:
        """A draft order of one of the patient's medicines."""
        known = self.row["medicines"][medicine]
        code, name = known["drug"].split("|")
        concept = {"text": name} | ({"coding": [{"system": RXNORM, "code": code, "display": name}]} if code else {})
        supply: Resource = {"numberOfRepeatsAllowed": 0}
        supply["expectedSupplyDuration"] = {"value": known["days"], "unit": "days", "code": "d"}
        if "quantity" in known:
            supply["quantity"] = {"value": known["quantity"], "unit": _unit_of(name)}
        return {
            "resourceType": "MedicationRequest",
            "id": f"{self.identity}-{medicine}-{on.isoformat()}",
            "status": "draft",
            "intent": "order",
            "category": [{"coding": [{"system": _CATEGORY, "code": category}]}],
            "subject": {"reference": f"Patient/{self.identity}"},
            "medicationCodeableConcept": concept,
            "authoredOn": on.isoformat(),
            "requester": {"reference": f"Practitioner/{by}"},
            "dosageInstruction": [{"text": known["sig"]}],
            "dispenseRequest": supply,
        }

    def put_on_record(self, draft: Resource, medicine: str, on: date) -> None:
        """A signed order stands on record, is dispensed on its day, and completes the earlier one of the medicine."""
        self.end(medicine, "completed")
        self.orders[draft["id"]] = draft | {"status": "active"}
        quantity = draft["dispenseRequest"].get("quantity")
        if quantity is None:
            return
        self.dispenses.append(
            {
                "resourceType": "MedicationDispense",
                "id": f"{draft['id']}-dispensed",
                "status": "completed",
                "subject": draft["subject"],
                "medicationCodeableConcept": draft["medicationCodeableConcept"],
                "whenHandedOver": on.isoformat(),
                "quantity": quantity,
                "daysSupply": draft["dispenseRequest"]["expectedSupplyDuration"],
                "authorizingPrescription": [{"reference": f"MedicationRequest/{draft['id']}"}],
            }
        )

    def end(self, medicine: str, status: str) -> None:
        """The active orders of a medicine take this status."""
        for order in self.orders.values():
            if order["id"].startswith(f"{self.identity}-{medicine}-") and order["status"] == "active":
                order["status"] = status

    def active(self, medicine: str) -> Resource | None:
        """The latest active order of a medicine."""
        of_it = [order for key, order in self.orders.items() if key.startswith(f"{self.identity}-{medicine}-")]
        return next((order for order in reversed(of_it) if order["status"] == "active"), None)

    def add_problem(self, problem: Mapping[str, str], on: date | None) -> None:
        """A diagnosis is put on the problem list; on no day: long ago."""
        self.problems.append(
            {
                "resourceType": "Condition",
                "id": f"{self.identity}-{problem['icd']}",
                "subject": {"reference": f"Patient/{self.identity}"},
                "clinicalStatus": {"coding": [{"code": "active"}]},
                "code": {"coding": [{"system": _ICD, "code": problem["icd"]}], "text": problem["name"]},
                "onsetDateTime": (on or FIRST_DAY - timedelta(days=2_000)).isoformat(),
            }
        )

    def prefetch(self) -> Resource:
        """What an EHR sends of the record now."""
        return {
            "patient": {"resourceType": "Patient", "id": self.identity, "birthDate": self.row["born"].isoformat()},
            "medicationRequests": bundle(list(self.orders.values())),
            "medicationStatements": bundle([]),
            "medicationDispenses": bundle(self.dispenses),
            "conditions": bundle(self.problems),
        }


def long_term_patients() -> list[LongTermPatient]:
    """The patients at the beginning of the year."""
    rows = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return [LongTermPatient(number, row) for number, row in enumerate(rows, 1)]


def _events_of(row: Mapping[str, Any]) -> Iterator[Event]:
    (kind,) = {"order", "refill", "chart", "discharge", "problem"} & set(row)
    first, step, last = row.get("day", row.get("from")), row.get("every", DAYS), row.get("until", DAYS)
    for day in range(first, last + 1, step) if "every" in row else (first,):
        yield Event(FIRST_DAY + timedelta(days=day), kind, row)


def _unit_of(name: str) -> str:
    return next((unit for unit in ("tablet", "capsule", "spray") if unit in name.lower()), "each")
