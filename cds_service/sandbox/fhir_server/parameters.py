"""The search parameters of each resource type, by their R4 names, with the elements that they search.

Parameters of type ``reference`` can also be named in ``_include``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cds_service.sandbox.fhir_store.store import SERVED_TYPES


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter: its type, the dotted path of its elements, and the types that a reference may point to."""

    type: Literal["reference", "string", "token"]
    path: str
    targets: tuple[str, ...] = ()


def _reference(path: str, *targets: str) -> Parameter:
    return Parameter("reference", path, targets)


def _token(path: str) -> Parameter:
    return Parameter("token", path)


_EVERYWHERE = {"_id": _token("id"), "identifier": _token("identifier")}
_NAME = {"name": Parameter("string", "name")}
_STATUS = {"status": _token("status")}
_CODE = {"code": _token("code")}
_CATEGORY = {"category": _token("category")}
_INTENT = {"intent": _token("intent")}
_SUBJECT = {"patient": _reference("subject", "Patient"), "subject": _reference("subject", "Patient", "Group")}
_ENCOUNTER = {"encounter": _reference("encounter", "Encounter")}
_MEDICATION = {
    "code": _token("medicationCodeableConcept"),
    "medication": _reference("medicationReference", "Medication"),
}
_CONTEXT = {"context": _reference("context", "Encounter")}
_CLINICIANS = ("Practitioner", "PractitionerRole")
_PARTIES = (*_CLINICIANS, "Organization", "Patient")
_REQUESTER = {"requester": _reference("requester", *_PARTIES)}
_PERFORMER = {"performer": _reference("performer", *_PARTIES)}
_ACTOR = {"performer": _reference("performer.actor", *_PARTIES)}

_OF_TYPE: dict[str, dict[str, Parameter]] = {
    "AllergyIntolerance": {
        "patient": _reference("patient", "Patient"),
        "clinical-status": _token("clinicalStatus"),
    }
    | _CODE,
    "CarePlan": _SUBJECT
    | _STATUS
    | _INTENT
    | _CATEGORY
    | _ENCOUNTER
    | {"condition": _reference("addresses", "Condition")},
    "Condition": _SUBJECT | {"clinical-status": _token("clinicalStatus")} | _CODE | _CATEGORY | _ENCOUNTER,
    "Encounter": _SUBJECT
    | _STATUS
    | {
        "class": _token("class"),
        "participant": _reference("participant.individual", *_CLINICIANS),
        "service-provider": _reference("serviceProvider", "Organization"),
    },
    "Medication": _STATUS | _CODE,
    "MedicationDispense": _SUBJECT
    | _STATUS
    | _MEDICATION
    | _CONTEXT
    | _ACTOR
    | {"prescription": _reference("authorizingPrescription", "MedicationRequest")},
    "MedicationRequest": _SUBJECT | _STATUS | _INTENT | _CATEGORY | _MEDICATION | _ENCOUNTER | _REQUESTER,
    "MedicationStatement": _SUBJECT
    | _STATUS
    | _CATEGORY
    | _MEDICATION
    | _CONTEXT
    | {"source": _reference("informationSource", *_PARTIES)},
    "Observation": _SUBJECT | _STATUS | _CODE | _CATEGORY | _ENCOUNTER | _PERFORMER,
    "Organization": _NAME,
    "Patient": _NAME
    | {
        "gender": _token("gender"),
        "general-practitioner": _reference("generalPractitioner", *_CLINICIANS, "Organization"),
        "organization": _reference("managingOrganization", "Organization"),
    },
    "Practitioner": _NAME,
    "PractitionerRole": {
        "practitioner": _reference("practitioner", "Practitioner"),
        "organization": _reference("organization", "Organization"),
    },
    "Procedure": _SUBJECT | _STATUS | _CODE | _ENCOUNTER | _ACTOR,
    "ServiceRequest": _SUBJECT | _STATUS | _INTENT | _CATEGORY | _CODE | _ENCOUNTER | _REQUESTER | _PERFORMER,
}

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    resource_type: _EVERYWHERE | _OF_TYPE[resource_type] for resource_type in SERVED_TYPES
}


def includes_of(resource_type: str) -> list[str]:
    """The values of ``_include`` for this type, such as ``MedicationRequest:requester``."""
    return [
        f"{resource_type}:{name}"
        for name, parameter in PARAMETERS[resource_type].items()
        if parameter.type == "reference"
    ]
