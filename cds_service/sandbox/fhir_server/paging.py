"""Searches whose pages are turned: what was found stays as it was found, whatever is written meanwhile."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from secrets import token_urlsafe
from threading import Lock

from cds_service.sandbox.fhir_server.inclusion import Inclusion
from cds_service.sandbox.fhir_server.refusal import RefusedError
from cds_service.sandbox.fhir_server.store import Resource

MAX_REMEMBERED = 200
"""How many searches keep their pages; of the oldest one they are given up for a new one."""

_RANDOM_BYTES = 16
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything that a search found, at most ``size`` of it in one page; 0 asks for the total alone.

    ``asked`` is the query as it was understood, and ``outcomes`` is what was not understood of it.
    """

    kind: str
    asked: str
    found: tuple[Resource, ...]
    size: int
    inclusions: tuple[Inclusion, ...] = ()
    outcomes: tuple[Resource, ...] = ()

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-len(self.found) // self.size)) if self.size else 1


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of a finding, counted from 1. ``key`` opens the others; None where there are none."""

    finding: Finding
    number: int = 1
    key: str | None = None

    @property
    def matches(self) -> tuple[Resource, ...]:
        """What was found, as far as it stands on this page."""
        start = (self.number - 1) * self.finding.size
        return self.finding.found[start : start + self.finding.size]

    @property
    def links(self) -> dict[str, str]:
        """Which query leads to which page, by relation."""
        own = self.finding.asked if self.key is None else f"_page={self.key}-{self.number}"
        if self.key is None:
            return {"self": own}
        near = {"first": 1, "previous": self.number - 1, "next": self.number + 1}
        own = self.finding.asked if self.number == 1 else own
        return {"self": own} | {
            relation: f"_page={self.key}-{number}"
            for relation, number in near.items()
            if 1 <= number <= self.finding.pages
        }


class Paging:
    """The searches whose pages can still be turned."""

    def __init__(self, most_kept: int = MAX_REMEMBERED) -> None:
        self._most = most_kept
        self._kept: OrderedDict[str, Finding] = OrderedDict()
        self._lock = Lock()

    def begin(self, finding: Finding) -> ResultPage:
        """The first page; the others are kept for whoever has its links."""
        if finding.pages == 1:
            return ResultPage(finding)
        key = token_urlsafe(_RANDOM_BYTES)
        with self._lock:
            self._kept[key] = finding
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return ResultPage(finding, key=key)

    def turn(self, kind: str, token: str) -> ResultPage:
        """The page of this token.

        Raises:
            RefusedError: there is none, or it was given up; the search must be asked anew.
        """
        key, _, number = token.rpartition("-")
        with self._lock:
            finding = self._kept.get(key)
        if finding is None or finding.kind != kind:
            raise RefusedError(410, "not-found", "These pages are no longer kept here. Search again.")
        if whole_number(number) not in range(1, finding.pages + 1):
            raise RefusedError(404, "not-found", "The search has no such page.")
        return ResultPage(finding, int(number), key)


def whole_number(text: str) -> int | None:
    """The number that a text of digits, and not too many of them, stands for."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None
