"""Paged search results: later pages show what the search found, whatever was written in the meantime."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from secrets import token_urlsafe
from threading import Lock

from cds_service.sandbox.fhir_server.inclusion import Inclusion
from cds_service.sandbox.fhir_store.refusal import RefusedError
from cds_service.sandbox.fhir_store.store import Resource

MAX_RESULTS = 200
"""So many search results are kept for their later pages; the oldest is dropped first."""

_RANDOM_BYTES = 16
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class SearchResult:
    """All matches of a search. ``size`` is the number of matches a page; 0 asks for the total only.

    ``query`` is the query string as understood, ``outcomes`` the warnings about what was ignored.
    """

    resource_type: str
    query: str
    matches: tuple[Resource, ...]
    size: int
    inclusions: tuple[Inclusion, ...] = ()
    outcomes: tuple[Resource, ...] = ()

    @property
    def pages(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-len(self.matches) // self.size)) if self.size else 1


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of a search result; ``number`` counts from 1. ``key`` identifies the result; None if it has one page."""

    result: SearchResult
    number: int = 1
    key: str | None = None

    @property
    def matches(self) -> tuple[Resource, ...]:
        """The matches on this page."""
        start = (self.number - 1) * self.result.size
        return self.result.matches[start : start + self.result.size]

    @property
    def links(self) -> dict[str, str]:
        """The query strings of this page and its neighbours, by link relation."""
        if self.key is None:
            return {"self": self.result.query}
        neighbours = {"first": 1, "previous": self.number - 1, "next": self.number + 1}
        return {"self": self.result.query if self.number == 1 else self._page_query(self.number)} | {
            relation: self._page_query(number)
            for relation, number in neighbours.items()
            if 1 <= number <= self.result.pages
        }

    def _page_query(self, number: int) -> str:
        return f"_page={self.key}-{number}"


class Paging:
    """The search results whose later pages can still be asked for. Safe to use from several threads."""

    def __init__(self, max_results: int = MAX_RESULTS) -> None:
        self._max_results = max_results
        self._results: OrderedDict[str, SearchResult] = OrderedDict()
        self._lock = Lock()

    def first_page(self, result: SearchResult) -> ResultPage:
        """The first page of a result; the result is kept if it has further pages."""
        if result.pages == 1:
            return ResultPage(result)
        key = token_urlsafe(_RANDOM_BYTES)
        with self._lock:
            self._results[key] = result
            while len(self._results) > self._max_results:
                self._results.popitem(last=False)
        return ResultPage(result, key=key)

    def page(self, resource_type: str, token: str) -> ResultPage:
        """The page that a token of :attr:`ResultPage.links` names.

        Raises:
            RefusedError: the result has no such page, or is no longer kept.
        """
        key, _, number = token.rpartition("-")
        with self._lock:
            result = self._results.get(key)
        if result is None or result.resource_type != resource_type:
            raise RefusedError(410, "not-found", "These pages are no longer kept here. Search again.")
        if whole_number(number) not in range(1, result.pages + 1):
            raise RefusedError(404, "not-found", "The search has no such page.")
        return ResultPage(result, int(number), key)


def whole_number(text: str) -> int | None:
    """The number that up to 9 ASCII digits stand for; None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None
