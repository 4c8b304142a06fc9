"""Requests of files: hook requests, and records that are none, each as a chart and three drafted orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from day_requests import ON, RXNORM, bundle
from simulated_service import Call

_NOON = datetime(ON.year, ON.month, ON.day, 12)
_DRAFTS = {
    "opioid": ("1049621", "oxycodone hydrochloride 5 MG Oral Tablet", "1 tablet every 6 hours as needed for pain"),
    "benzodiazepine": ("308048", "alprazolam 0.5 MG Oral Tablet", "1 tablet twice daily"),
    "antihypertensive": ("314076", "lisinopril 10 MG Oral Tablet", "1 tablet daily"),
}
_KEYS = {
    "medicationRequests": ("MedicationRequest", "MedicationOrder", "Medication"),
    "medicationStatements": ("MedicationStatement",),
    "medicationDispenses": ("MedicationDispense",),
    "conditions": ("Condition",),
}


def calls_of_files(folder: Path) -> Iterator[Call]:
    """Calls of files: each that is one, and for each record that is none a chart and three drafted orders."""
    for path in sorted(folder.rglob("*.json")):
        try:
            body = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        name = str(path.relative_to(folder))
        if isinstance(body, dict) and "hook" in body:
            if body["hook"] in ("order-sign", "order-select", "patient-view"):
                yield Call(name, _NOON, body)
        elif isinstance(body, dict) and body.get("resourceType") == "Bundle":
            found = [entry.get("resource") or {} for entry in body.get("entry", [])]
            patient = next((each for each in found if each.get("resourceType") == "Patient"), {"id": "p1"})
            prefetch = {
                key: bundle([each for each in found if each.get("resourceType") in kinds])
                for key, kinds in _KEYS.items()
            }
            prefetch["patient"] = patient
            context = {"userId": "Practitioner/0", "patientId": patient.get("id", "p1")}
            base = {"hookInstance": "file", "prefetch": prefetch}
            yield Call(f"{name} chart", _NOON, base | {"hook": "patient-view", "context": context})
            for kind, (code, drug, sig) in _DRAFTS.items():
                coding = [{"system": RXNORM, "code": code, "display": drug}]
                draft = {
                    "resourceType": "MedicationRequest",
                    "id": "draft-1",
                    "status": "draft",
                    "intent": "order",
                    "subject": {"reference": f"Patient/{context['patientId']}"},
                    "authoredOn": ON.isoformat(),
                    "medicationCodeableConcept": {"coding": coding, "text": drug},
                    "dosageInstruction": [{"text": sig}],
                }
                drafted = context | {"draftOrders": bundle([draft])}
                yield Call(f"{name} + {kind}", _NOON, base | {"hook": "order-sign", "context": drafted})
