"""Does the reader read from every valid R4 resource what ``fhir.resources`` reads from it, element by element?"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import expected_reading
import fhir_values
import pytest
from expected_reading import ZONE
from fhir.resources.R4B.condition import Condition
from fhir.resources.R4B.medication import Medication
from fhir.resources.R4B.medicationadministration import MedicationAdministration
from fhir.resources.R4B.medicationdispense import MedicationDispense
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.medicationstatement import MedicationStatement
from fhir.resources.R4B.patient import Patient
from hypothesis import HealthCheck, given, settings

from cds_service.fhir.reader import read_patient
from rules.model import Patient as ReadPatient

SHARED = Path(os.environ.get("BENZO_CDS_SHARED", Path(__file__).parents[3] / "shared"))
RECORDS = {
    model.get_resource_type(): model
    for model in (MedicationRequest, MedicationStatement, MedicationDispense, MedicationAdministration)
}
GENERATED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What a valid resource may be noted for. Anything else would mean that a part of it could not be read.
NOTES = {"partial-date", "one-administration", "no-medication", "medication-not-sent", "modifier-extension"}
# Of a corpus also what R4B lets pass: a time without a zone, an extension in the place of a text, a length of time
# without a unit.
NOTES_OF_THE_WILD = NOTES | {"naive-datetime", "dosage-text-not-sent", "days-assumed"}


def read(resource: dict[str, Any], *beside: dict[str, Any]) -> ReadPatient:
    return read_patient([json.loads(json.dumps(resource)), *beside], patient_id="Patient/p", zone=ZONE)


def agrees(resource: dict[str, Any], *beside: dict[str, Any]) -> None:
    """Compare the whole record as both read it."""
    model = RECORDS[resource["resourceType"]].model_validate_json(json.dumps(resource))
    near = [Medication.model_validate_json(json.dumps(one)) for one in beside]
    (found,) = read(resource, *beside).regimens
    assert set(found.notes) <= NOTES
    assert replace(found, notes=()) == expected_reading.regimen(model, found.source, "Patient/p", near)


@GENERATED
@given(fhir_values.REQUESTS, fhir_values.MEDICATIONS)
def test_a_generated_request_is_read_alike(resource: dict[str, Any], medication: dict[str, Any]) -> None:
    agrees(resource, medication)


@GENERATED
@given(fhir_values.STATEMENTS, fhir_values.MEDICATIONS)
def test_a_generated_statement_is_read_alike(resource: dict[str, Any], medication: dict[str, Any]) -> None:
    agrees(resource, medication)


@GENERATED
@given(fhir_values.DISPENSES, fhir_values.MEDICATIONS)
def test_a_generated_dispense_is_read_alike(resource: dict[str, Any], medication: dict[str, Any]) -> None:
    agrees(resource, medication)


@GENERATED
@given(fhir_values.ADMINISTRATIONS, fhir_values.MEDICATIONS)
def test_a_generated_administration_is_read_alike(resource: dict[str, Any], medication: dict[str, Any]) -> None:
    agrees(resource, medication)


@GENERATED
@given(fhir_values.DOSAGES)
def test_a_generated_line_of_instructions_is_read_alike(line: dict[str, Any]) -> None:
    agrees(
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/p"},
            "medicationCodeableConcept": {"text": "x"},
            "dosageInstruction": [line],
        }
    )


@GENERATED
@given(fhir_values.CONDITIONS)
def test_a_generated_condition_is_read_alike(resource: dict[str, Any]) -> None:
    model = Condition.model_validate_json(json.dumps(resource))
    assert read(resource).conditions == (expected_reading.condition(model, "Condition/c", "Patient/p"),)


@GENERATED
@given(fhir_values.PERSONS)
def test_a_generated_patient_is_read_alike(resource: dict[str, Any]) -> None:
    model = Patient.model_validate_json(json.dumps(resource))
    patient = read(resource)
    first, last = expected_reading.day(model.birthDate), expected_reading.day(model.birthDate, last=True)
    assert patient.born == (None if first is None else (first, last))
    assert (patient.reference, patient.sex) == ("Patient/p", model.gender)


def within(value: Any) -> list[dict[str, Any]]:
    """Every resource of a kind that is compared, at whatever depth."""
    if isinstance(value, dict):
        found = [value] if value.get("resourceType") in {*RECORDS, "Condition"} else []
        return found + [inner for member in value.values() for inner in within(member)]
    return [inner for member in value for inner in within(member)] if isinstance(value, list) else []


def medications(value: Any) -> list[dict[str, Any]]:
    """The Medications that stand in entries of their own."""
    if isinstance(value, dict):
        inner = value.get("resource")
        own = [inner] if isinstance(inner, dict) and inner.get("resourceType") == "Medication" else []
        return own + [one for key, member in value.items() if key != "contained" for one in medications(member)]
    return [one for member in value for one in medications(member)] if isinstance(value, list) else []


def test_the_resources_of_the_corpus_are_read_alike() -> None:
    files = sorted(SHARED.glob("corpus/patients/*.json")) + sorted(SHARED.glob("corpus/requests/*.json"))
    if not files:
        pytest.skip("the corpus is not at hand")
    accepted: Counter[str] = Counter()
    for file in files:
        whole = json.loads(file.read_bytes())
        beside = {one["id"]: one for one in medications(whole) if "id" in one}
        near = []
        for one in beside.values():
            try:
                near.append(Medication.model_validate(one))
            except ValueError:
                continue
        for resource in within(whole):
            kind = resource["resourceType"]
            try:
                model = (RECORDS.get(kind) or Condition).model_validate(resource)
            except ValueError:  # not valid R4: what is read of it is the other tests' question
                continue
            accepted[kind] += 1
            subject = expected_reading.named(model.subject) or "Patient/p"
            patient = read_patient(
                [resource, *(one.model_dump(mode="json") for one in near)], patient_id=subject, zone=ZONE
            )
            if kind == "Condition":
                (problem,) = patient.conditions
                assert problem == expected_reading.condition(model, problem.source, subject), file.name
                continue
            (found,) = patient.regimens
            assert set(found.notes) <= NOTES_OF_THE_WILD, (file.name, found.notes)
            expected = expected_reading.regimen(model, found.source, subject, near)
            assert replace(found, notes=()) == replace(expected, another_patient=found.another_patient), file.name
    print(f"valid R4 and read alike: {dict(accepted)}")
    assert accepted["MedicationRequest"] > 100
