"""The records of the demonstration as one transaction, for any FHIR R4 server that lets a client choose ids."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.sandbox.fhir_store.store import Resource, labelled_as_test_data


def record_bundle(resources: Iterable[Resource]) -> Resource:
    """A Bundle of type transaction that puts each resource under its own id; loading it again changes nothing.

    Every resource is labelled as test data (HTEST), as in the sandbox.
    """
    return {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(resource) for resource in resources]}


def _entry(resource: Resource) -> Resource:
    address = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": labelled_as_test_data(resource), "request": {"method": "PUT", "url": address}}
