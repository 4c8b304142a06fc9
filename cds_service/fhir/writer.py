"""FHIR R4 resources that a card offers to create, built and validated by ``fhir.resources`` (R4B)."""

from __future__ import annotations

from typing import Any

import orjson
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest

from rules.knowledge.guidance import Referral, SuggestedCode, SuggestedMedication


def draft_medication(offer: SuggestedMedication, patient: str, requester: str | None) -> dict[str, Any]:
    """A draft order of an offered medication for a patient (``Patient/...``).

    Raises:
        pydantic.ValidationError: the resource would not be valid FHIR (an identifier that FHIR does not allow).
    """
    resource = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [_coding(offer.coding)], "text": offer.label},
        "subject": {"reference": patient},
        "dosageInstruction": [{"text": offer.dosage_text, "asNeededBoolean": True}],
    }
    if requester:
        resource["requester"] = {"reference": requester}
    return _json(MedicationRequest.model_validate(resource))


def draft_referral(offer: Referral, patient: str, requester: str | None) -> dict[str, Any]:
    """A draft referral for a patient.

    Raises:
        pydantic.ValidationError: as above.
    """
    code: dict[str, Any] = {"text": offer.text}
    if offer.codings:
        code["coding"] = [_coding(coding) for coding in offer.codings]
    resource = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": code,
        "subject": {"reference": patient},
    }
    if requester:
        resource["requester"] = {"reference": requester}
    return _json(ServiceRequest.model_validate(resource))


def _coding(coding: SuggestedCode) -> dict[str, str]:
    return {"system": coding.system, "code": coding.code, "display": coding.display}


def _json(resource: MedicationRequest | ServiceRequest) -> dict[str, Any]:
    written: dict[str, Any] = orjson.loads(resource.model_dump_json())
    return written
