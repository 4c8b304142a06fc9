"""One entry of a transaction or a batch: which interaction it asks for, with what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cds_service.sandbox.fhir_server.refusal import RefusedError

METHODS = ("DELETE", "POST", "PUT", "GET")
"""In the order in which a transaction carries them out, so that nothing depends on where an entry stands."""


@dataclass(frozen=True, slots=True)
class TransactionEntry:
    """``place`` is where it stands, as FHIRPath; ``id_`` is None for a search, and for a creation until it is named."""

    place: str
    method: str
    kind: str
    id_: str | None
    version: str | None
    query: str
    resource: object
    full_url: str | None
    request: Mapping[str, Any]

    @property
    def target(self) -> str:
        """What the entry is about, as ``Type/id``."""
        return f"{self.kind}/{self.id_}"

    def condition(self, name: str) -> str | None:
        """A condition that the request makes, such as ``ifMatch``."""
        value = self.request.get(name)
        return value if isinstance(value, str) else None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Whatever is refused inside is said of this entry."""
        try:
            yield
        except RefusedError as refused:
            raise refused.at(self.place) from None


def read_entry(number: int, value: object) -> TransactionEntry:
    """The entry at this place of a Bundle, counted from 0.

    Raises:
        RefusedError: it asks for nothing that the sandbox does.
    """
    place = f"Bundle.entry[{number}]"
    told = value if isinstance(value, dict) else {}
    request = told.get("request")
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise RefusedError(400, "required", "The entry has no request with a url.", place=place)
    method, full_url = request.get("method"), told.get("fullUrl")
    if method not in METHODS:
        raise RefusedError(405, "not-supported", f"An entry may {', '.join(METHODS)}.", place=place)
    path, _, query = request["url"].partition("?")
    kind, *rest = path.strip("/").split("/")
    if not _fits(method, rest, query):
        raise RefusedError(405, "not-supported", f"The sandbox does not {method} at such an address.", place=place)
    return TransactionEntry(
        place=place,
        method=method,
        kind=kind,
        id_=rest[0] if rest else None,
        version=rest[2] if len(rest) > 1 else None,
        query=query,
        resource=told.get("resource"),
        full_url=full_url if isinstance(full_url, str) else None,
        request=request,
    )


def refuse_overlaps(entries: Iterable[TransactionEntry]) -> None:
    """Refuse a transaction whose result would hang on the order of its entries.

    Raises:
        RefusedError: two entries have one identity, write one resource, or create under one condition.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        same = [("fullUrl", entry.full_url)] if entry.full_url and entry.method in ("POST", "PUT") else []
        same += [("resource", entry.target)] if entry.method in ("PUT", "DELETE") else []
        condition = entry.condition("ifNoneExist")
        same += [("ifNoneExist", f"{entry.kind}?{condition}")] if condition is not None else []
        seen.update(same)
        for what, name in same:
            if seen[what, name] > 1:
                raise RefusedError(400, "invalid", f"Two entries have one {what}.", place=entry.place)


def _fits(method: str, rest: list[str], query: str) -> bool:
    """Whether the method can be asked of such an address; conditional updates and deletions cannot."""
    if method == "GET":
        version = len(rest) == 3 and rest[1] == "_history"
        return not rest or (not query and (len(rest) == 1 or version))
    return not query and len(rest) == (0 if method == "POST" else 1)
