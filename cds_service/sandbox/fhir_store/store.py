"""FHIR resources in memory, by type and id, with every version of each."""

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
    """Resources in memory, lost when the process ends. Safe to use from several threads.

    A stored resource is never changed in place: every change adds a version, and a deletion adds None.
    """

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._lock = RLock()
        self._versions: dict[str, dict[str, tuple[Resource | None, ...]]] = {
            resource_type: {} for resource_type in SERVED_TYPES
        }
        for resource in resources:
            if resource["resourceType"] in self._versions:
                # Two charts may bring the same practitioner, which is then not a second version.
                self._versions[resource["resourceType"]].pop(resource["id"], None)
                self._add_version(resource)

    def read(self, resource_type: str, id_: str) -> Resource | None:
        """The newest version of a resource; None where it never existed or was deleted."""
        return (self.versions(resource_type, id_) or (None,))[-1]

    def versions(self, resource_type: str, id_: str) -> tuple[Resource | None, ...]:
        """Every version, oldest first, None for a deletion; empty where the resource never existed."""
        with self._lock:
            return self._versions.get(resource_type, {}).get(id_, ())

    def current(self, resource_type: str) -> list[Resource]:
        """The newest version of each resource of a type, in the order of creation, without deleted ones."""
        with self._lock:
            latest = [versions[-1] for versions in self._versions.get(resource_type, {}).values()]
        return [resource for resource in latest if resource is not None]

    def create(self, resource: Resource, id_: str | None = None) -> Resource:
        """Store a resource under ``id_`` (default: a new id) and return it as stored.

        Raises:
            KeyError: its type is not one of ``SERVED_TYPES``.
        """
        with self._lock:
            return self._add_version(resource | {"id": id_ or new_id()})

    def update(self, resource: Resource) -> Resource:
        """Store a resource as the next version of its id, or as the first, and return it as stored."""
        with self._lock:
            return self._add_version(resource)

    def delete(self, resource_type: str, id_: str) -> None:
        """Delete a resource, if it exists; its versions can still be read."""
        with self._lock:
            versions = self.versions(resource_type, id_)
            if versions and versions[-1] is not None:
                self._versions[resource_type][id_] = (*versions, None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the store's lock, and undo every write of the block if it raises."""
        with self._lock:
            before = {resource_type: dict(stored) for resource_type, stored in self._versions.items()}
            try:
                yield
            except BaseException:
                self._versions = before
                raise

    def _add_version(self, resource: Resource) -> Resource:
        resource_type, id_ = resource["resourceType"], resource["id"]
        versions = self.versions(resource_type, id_)
        version = {
            "versionId": str(len(versions) + 1),
            "lastUpdated": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        labelled = labelled_as_test_data(resource)
        stored = labelled | {"meta": labelled["meta"] | version}
        self._versions[resource_type][id_] = (*versions, stored)
        return stored


def new_id() -> str:
    """A random UUID, for a resource to be created."""
    return str(uuid4())


def labelled_as_test_data(resource: Resource) -> Resource:
    """The resource with HL7's label for test data, once, beside its other security labels."""
    meta = dict(resource.get("meta") or {})
    security = [label for label in meta.get("security", []) if label.get("code") != TEST_DATA["code"]]
    return resource | {"meta": meta | {"security": [*security, TEST_DATA]}}
