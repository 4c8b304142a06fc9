"""The store as an app sees it that was launched for one patient: nothing of another patient is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cds_service.fhir.references import type_and_id
from cds_service.sandbox.fhir_server.parameters import PARAMETERS
from cds_service.sandbox.fhir_server.search import references_at
from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import Resource, Store
from cds_service.sandbox.smart.scopes import Grant


class PatientView(Store):
    """A store seen through a grant with ``patient/`` scopes.

    Records of another patient do not exist in it. Types without a patient, such as Practitioner, can be read and not
    written. What ``user/`` scopes allow is not limited.
    """

    def __init__(self, store: Store, grant: Grant) -> None:
        self._store = store
        self._grant = grant

    def versions(self, resource_type: str, id_: str) -> tuple[Resource | None, ...]:
        """Every version, oldest first; empty where one of them is of another patient."""
        found = self._store.versions(resource_type, id_)
        return found if all(each is None or self._may(each, "r") for each in found) else ()

    def current(self, resource_type: str) -> list[Resource]:
        """The newest version of each resource of a type."""
        return [each for each in self._store.current(resource_type) if self._may(each, "s")]

    def create(self, resource: Resource, id_: str | None = None) -> Resource:
        """Store a new resource of the patient."""
        self._check(resource, "c")
        return self._store.create(resource, id_)

    def update(self, resource: Resource) -> Resource:
        """Store the next version of a resource of the patient, or its first."""
        for each in (resource, self._store.read(resource["resourceType"], resource["id"])):
            if each is not None:
                self._check(each, "u")
        return self._store.update(resource)

    def delete(self, resource_type: str, id_: str) -> None:
        """Delete a resource of the patient, if it exists."""
        stored = self._store.read(resource_type, id_)
        if stored is not None:
            self._check(stored, "d")
        self._store.delete(resource_type, id_)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the store's lock, and undo every write of the block if it raises."""
        with self._store.transaction():
            yield

    def _check(self, resource: Resource, permission: str) -> None:
        if not self._may(resource, permission):
            raise RefusedError(403, "forbidden", "The token is for another patient, or for reading only.")

    def _may(self, resource: Resource, permission: str) -> bool:
        resource_type = resource["resourceType"]
        if not self._grant.is_limited(resource_type, permission):
            return True
        if resource_type == "Patient":
            return bool(resource.get("id") == self._grant.patient) and permission != "c"
        parameter = PARAMETERS[resource_type].get("patient")
        if parameter is None:
            return permission in "rs"
        of = {type_and_id(reference) for reference in references_at(resource, parameter)}
        return of == {("Patient", self._grant.patient)}
