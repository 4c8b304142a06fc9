"""The sandbox's memory: FHIR resources by type and id, with the few searches that our prefetch and page use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from uuid import uuid4

Resource = dict[str, Any]

SERVED_TYPES = (
    "AllergyIntolerance",
    "CarePlan",
    "Condition",
    "Encounter",
    "Medication",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "ServiceRequest",
)
SEARCH_PARAMETERS = {
    "_id": "token",
    "patient": "reference",
    "subject": "reference",
    "status": "token",
    "name": "string",
}
# HL7's label for data that describes no real person.
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


class UnsupportedSearchError(ValueError):
    """A search parameter that the sandbox does not know; leaving it out silently would widen the answer."""


class Store:
    """Resources in memory; what is created is gone when the process ends."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._lock = Lock()
        self._resources: dict[str, dict[str, Resource]] = {kind: {} for kind in SERVED_TYPES}
        for resource in resources:
            if resource["resourceType"] in self._resources:
                self._resources[resource["resourceType"]][resource["id"]] = _labelled(resource)

    def read(self, kind: str, id_: str) -> Resource | None:
        """The resource, or None if there is none of this type and id."""
        return self._resources.get(kind, {}).get(id_)

    def create(self, resource: Resource) -> Resource:
        """Keep the resource under a new id and return it as kept. Its type must be one of ``SERVED_TYPES``."""
        kept = _labelled(resource | {"id": str(uuid4())})
        kept["meta"] |= {"versionId": "1", "lastUpdated": datetime.now(UTC).isoformat(timespec="milliseconds")}
        with self._lock:
            self._resources[resource["resourceType"]][kept["id"]] = kept
        return kept

    def search(self, kind: str, parameters: Mapping[str, str]) -> list[Resource]:
        """The resources of one type that match every parameter, the values of one separated by commas being choices.

        Raises:
            UnsupportedSearchError: a parameter that is none of ``SEARCH_PARAMETERS``.
        """
        unsupported = sorted(set(parameters) - set(SEARCH_PARAMETERS))
        if unsupported:
            raise UnsupportedSearchError(", ".join(unsupported))
        with self._lock:
            candidates = list(self._resources.get(kind, {}).values())
        return [
            resource
            for resource in candidates
            if all(_matches(resource, name, value.split(",")) for name, value in parameters.items())
        ]

    def of_patient(self, id_: str) -> list[Resource]:
        """The Patient and everything whose subject it is."""
        patient = self.read("Patient", id_)
        record = [found for kind in SERVED_TYPES for found in self.search(kind, {"patient": id_})]
        return [patient, *record] if patient else []


def _labelled(resource: Resource) -> Resource:
    meta = dict(resource.get("meta") or {})
    security = [label for label in meta.get("security", []) if label.get("code") != TEST_DATA["code"]]
    return resource | {"meta": meta | {"security": [*security, TEST_DATA]}}


def _matches(resource: Resource, name: str, values: list[str]) -> bool:
    if name == "_id":
        return resource["id"] in values
    if name == "status":
        return resource.get("status") in [value.rsplit("|", 1)[-1] for value in values]
    if name == "name":
        return any(value.casefold() in _names(resource) for value in values)
    reference = resource.get("subject") or resource.get("patient") or {}
    patient = _bare(reference.get("reference", ""))
    return bool(patient) and patient in [_bare(value) for value in values]


def _bare(reference: str) -> str:
    """The id in ``Patient/x``, in an absolute address, or alone; another type's id is no patient's."""
    kind, separator, id_ = reference.rpartition("/")
    return id_ if not separator or kind.rpartition("/")[2] == "Patient" else ""


def _names(resource: Resource) -> str:
    words = [
        word
        for name in resource.get("name") or []
        if isinstance(name, dict)
        for word in [name.get("text", ""), *name.get("given", []), name.get("family", "")]
    ]
    return " ".join(words).casefold()
