"""FHIR R4 resources that a card offers to create, built and validated by ``fhir.resources`` (R4B)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.reference import Reference
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.trust.orderables import Offer, Orderables
from rules.knowledge import Referral, SuggestedCode, SuggestedMedication

_RELATIVE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9.-]{1,64}")
# Stands in a template until the patient is filled in.
_NOBODY = "Patient/nobody"
_MAX_TEMPLATES = 500


def draft_order(offer: Offer, orders: Orderables, patient: str, requester: str | None) -> dict[str, Any] | None:
    """The draft order of what is offered, for a patient (``Patient/...``), as the EHR files it; None if it does not.

    Raises:
        pydantic.ValidationError: the resource would not be valid FHIR (an identifier that FHIR does not allow).
    """
    codes = orders.codes_of(offer)
    if codes is None:
        return None
    template = _medication if isinstance(offer, SuggestedMedication) else _referral
    return _filled(template(offer, codes, orders.system.intent), patient, requester)


@lru_cache(maxsize=_MAX_TEMPLATES)
def _medication(offer: SuggestedMedication, codes: tuple[SuggestedCode, ...], intent: str) -> str:
    """The order, as JSON, without whom it is for, validated once: it is the same for every patient."""
    written: str = MedicationRequest.model_validate(
        {
            "resourceType": "MedicationRequest",
            "status": "draft",
            "intent": intent,
            "medicationCodeableConcept": _concept(offer.label, codes),
            "subject": {"reference": _NOBODY},
            "dosageInstruction": [
                {
                    "text": offer.dosage_text,
                    "patientInstruction": offer.patient_instruction,
                    "asNeededBoolean": True,
                }
            ],
        }
    ).model_dump_json()
    return written


@lru_cache(maxsize=_MAX_TEMPLATES)
def _referral(offer: Referral, codes: tuple[SuggestedCode, ...], intent: str) -> str:
    written: str = ServiceRequest.model_validate(
        {
            "resourceType": "ServiceRequest",
            "status": "draft",
            "intent": intent,
            "code": _concept(offer.text, codes),
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


def _concept(text: str, codes: tuple[SuggestedCode, ...]) -> dict[str, Any]:
    return {"text": text} | ({"coding": list(map(coding_of, codes))} if codes else {})


def coding_of(code: SuggestedCode) -> dict[str, str]:
    """A code as FHIR and CDS Hooks write it."""
    return {"system": code.system, "code": code.code} | ({"display": code.display} if code.display else {})
