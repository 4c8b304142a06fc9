"""The references between the entries of a Bundle, as they are once the entries have ids of the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.sandbox.fhir_server.refusal import RefusedError
from cds_service.sandbox.fhir_server.store import Resource

_REFERRING = ("reference", "valueUri", "valueUrl", "valueUuid", "valueOid")
_PLACEHOLDER = "urn:"


@dataclass(frozen=True, slots=True)
class Links:
    """``names`` gives ``Type/id`` by the ``fullUrl`` of an entry; ``match`` finds what meets a condition."""

    names: Mapping[str, str]
    match: Callable[[str, str], Resource | None]

    def followed(self, value: Any) -> Any:
        """The same with every reference to another entry, or by a condition, leading to a resource of the sandbox.

        Raises:
            RefusedError: a reference leads nowhere.
        """
        if isinstance(value, dict):
            return {name: self._member(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.followed(inner) for inner in value]
        return value

    def _member(self, name: str, value: Any) -> Any:
        if name not in _REFERRING or not isinstance(value, str):
            return self.followed(value)
        if value in self.names:
            return self.names[value]
        if name != "reference":
            return value
        if value.startswith(_PLACEHOLDER):
            raise RefusedError(400, "not-found", "A reference leads to none of the entries that it could lead to.")
        kind, condition, query = value.partition("?")
        return self._conditional(kind, query) if condition else value

    def _conditional(self, kind: str, query: str) -> str:
        found = self.match(kind, query)
        if found is None:
            raise RefusedError(412, "not-found", "No resource meets the condition of a reference.")
        return f"{kind}/{found['id']}"
