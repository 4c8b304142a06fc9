"""One entry of a transaction or a batch: the interaction it asks for and its resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cds_service.sandbox.fhir_store.refusal import RefusedError

METHODS = ("DELETE", "POST", "PUT", "GET")
"""In FHIR's processing order for transactions, which makes the order of the entries irrelevant."""


@dataclass(frozen=True, slots=True)
class TransactionEntry:
    """One entry. ``expression`` is its FHIRPath; ``id_`` is None for a search, and for a create until it has an id."""

    expression: str
    method: str
    resource_type: str
    id_: str | None
    version: str | None
    query: str
    resource: object
    full_url: str | None
    request: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The resource that the entry is about, as ``Type/id``."""
        return f"{self.resource_type}/{self.id_}"

    def condition(self, name: str) -> str | None:
        """A condition of the request, such as ``ifMatch``, or None."""
        value = self.request.get(name)
        return value if isinstance(value, str) else None

    @contextmanager
    def locating_refusals(self) -> Iterator[None]:
        """Add the entry's FHIRPath to any refusal raised inside."""
        try:
            yield
        except RefusedError as refused:
            raise refused.at(self.expression) from None


def read_entry(index: int, value: object) -> TransactionEntry:
    """The entry with this index (from 0) of a Bundle.

    Raises:
        RefusedError: its request is missing or not supported.
    """
    expression = f"Bundle.entry[{index}]"
    entry = value if isinstance(value, dict) else {}
    request = entry.get("request")
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise RefusedError(400, "required", "The entry has no request with a url.", expression=expression)
    method, full_url = request.get("method"), entry.get("fullUrl")
    if method not in METHODS:
        raise RefusedError(405, "not-supported", f"An entry may {', '.join(METHODS)}.", expression=expression)
    path, _, query = request["url"].partition("?")
    resource_type, *rest = path.strip("/").split("/")
    if not _is_supported(method, rest, query):
        raise RefusedError(
            405, "not-supported", f"The sandbox does not {method} at such an address.", expression=expression
        )
    return TransactionEntry(
        expression=expression,
        method=method,
        resource_type=resource_type,
        id_=rest[0] if rest else None,
        version=rest[2] if len(rest) > 1 else None,
        query=query,
        resource=entry.get("resource"),
        full_url=full_url if isinstance(full_url, str) else None,
        request=request,
    )


def refuse_overlaps(entries: Iterable[TransactionEntry]) -> None:
    """Check that the result of a transaction cannot depend on the order of its entries.

    Raises:
        RefusedError: two entries share a fullUrl, write one resource, or create under one condition.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        identities = [("fullUrl", entry.full_url)] if entry.full_url and entry.method in ("POST", "PUT") else []
        identities += [("resource", entry.target)] if entry.method in ("PUT", "DELETE") else []
        condition = entry.condition("ifNoneExist")
        identities += [("ifNoneExist", f"{entry.resource_type}?{condition}")] if condition is not None else []
        seen.update(identities)
        for kind, name in identities:
            if seen[kind, name] > 1:
                raise RefusedError(400, "invalid", f"Two entries have one {kind}.", expression=entry.expression)


def _is_supported(method: str, rest: list[str], query: str) -> bool:
    """Whether the URL has the form that the method needs; conditional update and delete are not supported."""
    if method == "GET":
        version = len(rest) == 3 and rest[1] == "_history"
        return not rest or (not query and (len(rest) == 1 or version))
    return not query and len(rest) == (0 if method == "POST" else 1)
