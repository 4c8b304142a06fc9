"""The sandbox's memory: FHIR resources by type and id, each with its versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import RLock
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
# HL7's label for data that describes no real person.
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


class Store:
    """Resources in memory; what is written is gone when the process ends.

    A kept resource is never changed: a change is a further version, and None stands for a deletion. So whoever holds a
    resource holds it as it was.
    """

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._lock = RLock()
        self._versions: dict[str, dict[str, tuple[Resource | None, ...]]] = {kind: {} for kind in SERVED_TYPES}
        for resource in resources:
            if resource["resourceType"] in self._versions:
                # Two charts may bring the same practitioner; that is no second version.
                self._versions[resource["resourceType"]].pop(resource["id"], None)
                self._keep(resource)

    def read(self, kind: str, id_: str) -> Resource | None:
        """The resource, or None if there is none of this type and id, or none any more."""
        return (self.versions(kind, id_) or (None,))[-1]

    def versions(self, kind: str, id_: str) -> tuple[Resource | None, ...]:
        """Every version from the first on, None for a deletion; empty where there never was one."""
        with self._lock:
            return self._versions.get(kind, {}).get(id_, ())

    def every(self, kind: str) -> list[Resource]:
        """The resources of a type as they stand now, in the order in which they first came."""
        with self._lock:
            latest = [versions[-1] for versions in self._versions.get(kind, {}).values()]
        return [resource for resource in latest if resource is not None]

    def create(self, resource: Resource, id_: str | None = None) -> Resource:
        """Keep the resource under a new id and return it as kept. Its type must be one of ``SERVED_TYPES``."""
        with self._lock:
            return self._keep(resource | {"id": id_ or new_id()})

    def update(self, resource: Resource) -> Resource:
        """Keep the resource as the next version of its id, the first if need be, and return it as kept."""
        with self._lock:
            return self._keep(resource)

    def delete(self, kind: str, id_: str) -> None:
        """Delete the resource; its versions can still be read. One that is not there is left alone."""
        with self._lock:
            versions = self.versions(kind, id_)
            if versions and versions[-1] is not None:
                self._versions[kind][id_] = (*versions, None)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Whatever is written inside is undone if an exception leaves; nobody else reads or writes meanwhile."""
        with self._lock:
            before = {kind: dict(kept) for kind, kept in self._versions.items()}
            try:
                yield
            except BaseException:
                self._versions = before
                raise

    def _keep(self, resource: Resource) -> Resource:
        kind, id_ = resource["resourceType"], resource["id"]
        versions = self.versions(kind, id_)
        meta = {
            "versionId": str(len(versions) + 1),
            "lastUpdated": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        kept = _labelled(resource, meta)
        self._versions[kind][id_] = (*versions, kept)
        return kept


def new_id() -> str:
    """An id that no resource has."""
    return str(uuid4())


def _labelled(resource: Resource, own: dict[str, str]) -> Resource:
    meta = dict(resource.get("meta") or {})
    security = [label for label in meta.get("security", []) if label.get("code") != TEST_DATA["code"]]
    return resource | {"meta": meta | own | {"security": [*security, TEST_DATA]}}
