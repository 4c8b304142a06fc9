"""The orders on record that a card may offer to end, whole and as they were sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds_service.fhir.elements import text_of
from cds_service.fhir.record import SentRecord
from cds_service.fhir.references import references_match, type_and_id

_ORDER = "MedicationRequest"
_ACTIVE = "active"
# What may be carried out; a plan or a proposal orders nothing.
_INTENTS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})


def endable_orders(record: SentRecord, patient_reference: str) -> Mapping[str, Mapping[str, Any]]:
    """The resources by their sources: active orders of the patient, by whose id the EHR knows one order alone.

    Not those without a subject, with one that is not named by its id, or of another server than that of the call; where
    that is not known, of none if they are of several.
    """
    orders = [item for item in record.of_type(_ORDER) if not item.draft]
    others = {item.base for item in orders if item.base}
    is_of_call = not others or (not record.server and len(others) == 1 and all(item.base for item in orders))
    return {
        item.source: item.resource
        for item in orders
        if (is_of_call or not item.base)
        and item.source == f"{_ORDER}/{text_of(item.resource.get('id'))}"
        and item.resource.get("status") == _ACTIVE
        and item.resource.get("intent") in _INTENTS
        and not item.resource.get("doNotPerform")
        and _is_of(item.resource.get("subject"), patient_reference)
    }


def _is_of(subject: object, patient_reference: str) -> bool:
    """Whether a subject names the patient by type and id."""
    reference = text_of(subject.get("reference")) if isinstance(subject, dict) else None
    return (
        reference is not None
        and type_and_id(reference)[0] == type_and_id(patient_reference)[0]
        and references_match(reference, patient_reference)
    )
