"""What each type of the sandbox can be searched by, as R4 names it, and where in the resource it stands.

A parameter of type ``reference`` is also what ``_include`` may name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cds_service.sandbox.fhir_server.store import SERVED_TYPES


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter: its kind, the elements it looks at (dots lead inwards), and what a reference may be to."""

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

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {kind: _EVERYWHERE | _OF_TYPE[kind] for kind in SERVED_TYPES}


def includes_of(kind: str) -> list[str]:
    """What may stand behind ``_include=`` for resources of this type, such as ``MedicationRequest:requester``."""
    return [f"{kind}:{name}" for name, parameter in PARAMETERS[kind].items() if parameter.type == "reference"]
