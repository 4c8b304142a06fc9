"""Published figures, the sources that they are cited to, and the tables that choose among the sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from rules.numbers.memo import LazyValues, lazy


class Verification(StrEnum):
    """How far a figure was checked. An ``unverified`` one decides no card on its own."""

    READ = "read"
    SECONDARY = "secondary-copy"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Source:
    """A publication that figures are cited to. ``url`` is absolute; ``read_at`` says which copy was read.

    ``short`` is how a card names it.
    """

    id: str
    title: str
    publisher: str
    year: str
    short: str
    url: str
    read_at: str
    verification: Verification


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement was read, how far that was checked, and the table, recommendation or page."""

    source: str
    verification: Verification
    where: str


@dataclass(frozen=True, slots=True)
class Figure(LazyValues):
    """A published number or range, its unit, where it was printed, how far it was verified and when last reviewed.

    ``low`` and ``high`` are equal for a single number. ``where`` is the table, recommendation or page in the source.
    ``bounds`` are the smallest and largest value that a site may set instead (None: not for a site to set).
    """

    low: Fraction
    high: Fraction
    unit: str
    source: str
    verification: Verification
    reviewed: date
    where: str = ""
    bounds: tuple[Fraction, Fraction] | None = None

    def __post_init__(self) -> None:
        if self.low == self.high:
            # A request asks for many of them: the value is worked out now.
            _ = self.value

    @lazy
    def value(self) -> Fraction:
        """The single value; a range has none.

        Raises:
            ValueError: the figure is a range.
        """
        if self.low != self.high:
            raise ValueError(f"a range has no single value: {self.low} to {self.high}")
        return self.low


@dataclass(frozen=True, slots=True)
class Table:
    """A named choice of equivalence sources, in order: the first that has a figure for an agent gives it."""

    id: str
    name: str
    own: tuple[str, ...]
    fallback: tuple[str, ...]
