"""References between the entries of a Bundle, resolved to the ids that the entries get in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import Resource

_REFERRING = ("reference", "valueUri", "valueUrl", "valueUuid", "valueOid")
_PLACEHOLDER = "urn:"


@dataclass(frozen=True, slots=True)
class BundleReferences:
    """Resolves the references of one Bundle.

    ``names`` maps the ``fullUrl`` of an entry to ``Type/id``; ``match`` finds the resource of a conditional reference.
    """

    names: Mapping[str, str]
    match: Callable[[str, str], Resource | None]

    def resolved(self, value: Any) -> Any:
        """The value with every reference to an entry, or by a condition, replaced by ``Type/id``.

        Raises:
            RefusedError: a reference has no target.
        """
        if isinstance(value, dict):
            return {name: self._member(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.resolved(inner) for inner in value]
        return value

    def _member(self, name: str, value: Any) -> Any:
        if name not in _REFERRING or not isinstance(value, str):
            return self.resolved(value)
        if value in self.names:
            return self.names[value]
        if name != "reference":
            return value
        if value.startswith(_PLACEHOLDER):
            raise RefusedError(400, "not-found", "A reference leads to none of the entries that it could lead to.")
        resource_type, condition, query = value.partition("?")
        return self._conditional(resource_type, query) if condition else value

    def _conditional(self, resource_type: str, query: str) -> str:
        found = self.match(resource_type, query)
        if found is None:
            raise RefusedError(412, "not-found", "No resource meets the condition of a reference.")
        return f"{resource_type}/{found['id']}"
