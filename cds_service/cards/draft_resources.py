"""FHIR R4 resources that a card offers to create, built and validated by ``fhir.resources`` (R4B)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.reference import Reference
from fhir.resources.R4B.servicerequest import ServiceRequest

from rules.knowledge import Referral, SuggestedCode, SuggestedMedication

_RELATIVE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9.-]{1,64}")
# Stands in a template until the patient is filled in.
_NOBODY = "Patient/nobody"


def draft_medication(offer: SuggestedMedication, patient: str, requester: str | None) -> dict[str, Any]:
    """A draft order of an offered medication for a patient (``Patient/...``).

    Raises:
        pydantic.ValidationError: the resource would not be valid FHIR (an identifier that FHIR does not allow).
    """
    return _filled(_medication(offer), patient, requester)


def draft_referral(offer: Referral, patient: str, requester: str | None) -> dict[str, Any]:
    """A draft referral for a patient.

    Raises:
        pydantic.ValidationError: as above.
    """
    return _filled(_referral(offer), patient, requester)


@cache
def _medication(offer: SuggestedMedication) -> str:
    """The order, as JSON, without whom it is for, validated once: it is the same for every patient."""
    written: str = MedicationRequest.model_validate(
        {
            "resourceType": "MedicationRequest",
            "status": "draft",
            "intent": "order",
            "medicationCodeableConcept": {"coding": [coding_of(offer.coding)], "text": offer.label},
            "subject": {"reference": _NOBODY},
            "dosageInstruction": [{"text": offer.dosage_text, "asNeededBoolean": True}],
        }
    ).model_dump_json()
    return written


@cache
def _referral(offer: Referral) -> str:
    code: dict[str, Any] = {"text": offer.text}
    if offer.codings:
        code["coding"] = [coding_of(coding) for coding in offer.codings]
    written: str = ServiceRequest.model_validate(
        {
            "resourceType": "ServiceRequest",
            "status": "draft",
            "intent": "order",
            "code": code,
            "subject": {"reference": _NOBODY},
        }
    ).model_dump_json()
    return written


def _filled(template: str, patient: str, requester: str | None) -> dict[str, Any]:
    written: dict[str, Any] = orjson.loads(template)
    written["subject"] = _reference(patient)
    if requester:
        written["requester"] = _reference(requester)
    return written


def _reference(text: str) -> dict[str, Any]:
    if _RELATIVE.fullmatch(text):  # which FHIR allows
        return {"reference": text}
    read: dict[str, Any] = orjson.loads(Reference.model_validate({"reference": text}).model_dump_json())
    return read


def coding_of(coding: SuggestedCode) -> dict[str, str]:
    """A code as FHIR and CDS Hooks write it."""
    return {"system": coding.system, "code": coding.code, "display": coding.display}
