"""A mapping of a data file, read key by key: what is wrong is refused with the path of its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from rules.knowledge.figure import Citation, Figure, Verification
from rules.knowledge.problem import KnowledgeError, ProblemKind, Refusals, suggestion
from rules.numbers.quantity import exact, exact_ratio
from rules.numbers.text import decimal_text

Choice = TypeVar("Choice", bound=StrEnum)
Tree = Mapping[str, object]

FIGURE_KEYS = ("value", "unit", "source")
CITATION_KEYS = ("source", "verification", "where")
FIGURE_EXTRAS = ("verification", "reviewed", "where", "range", "note")


def parse_exact(text: str, where: str) -> Fraction:
    """The exact number that a text holds.

    Raises:
        KnowledgeError: not a number.
    """
    try:
        return exact(text)
    except ValueError as problem:
        raise KnowledgeError(where, f"{text!r} is {problem}") from None


def parse_ratio(text: str, where: str) -> Fraction:
    """The exact number that a text holds, which may be a fraction of two numbers: ``1/3``.

    Raises:
        KnowledgeError: not a number.
    """
    try:
        return exact_ratio(text)
    except ValueError as problem:
        raise KnowledgeError(where, f"{text!r} is {problem}") from None


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of a data file. ``path`` is the file's name and the keys that lead to it.

    Every method that reads a key raises :class:`KnowledgeError` where the value is missing or of another shape.
    """

    path: str
    data: Mapping[str, object]

    def at(self, key: str) -> str:
        """The path of one key of this section."""
        return f"{self.path}{'.' if ': ' in self.path else ': '}{key}"

    def only(self, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> None:
        """Refuse a key that is neither required nor optional here, and a required one that is missing."""
        refusals = Refusals()
        for key in self.data:
            with refusals.noted():
                if key not in required and key not in optional:
                    raise KnowledgeError(self.at(key), "unknown key" + suggestion(key, required + optional))
        for key in required:
            with refusals.noted():
                if key not in self.data:
                    raise KnowledgeError(self.at(key), "is missing")
        refusals.refuse()

    def has(self, key: str) -> bool:
        """Whether the key has a value; an empty one is none."""
        return key in self.data and self.data[key] != ""

    def text(self, key: str) -> str:
        """The text of a key, which must not be empty."""
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise KnowledgeError(self.at(key), "must be a text")
        return value.strip()

    def text_or(self, key: str, default: str) -> str:
        """The text of a key, or the default where it has no value."""
        return self.text(key) if self.has(key) else default

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts of a key; empty where the key has no value."""
        if not self.has(key):
            return ()
        value = self.data[key]
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise KnowledgeError(self.at(key), "must be a list of texts")
        return tuple(item.strip() for item in value)

    def truth(self, key: str) -> bool:
        """``true`` or ``false``."""
        value = self.data.get(key)
        if value not in ("true", "false"):
            raise KnowledgeError(self.at(key), f"must be true or false, not {value!r}")
        return value == "true"

    def number(self, key: str) -> Fraction:
        """The exact number of a key, which may be a fraction of two numbers."""
        return parse_ratio(self.text(key), self.at(key))

    def day(self, key: str) -> date:
        """The date of a key, as YYYY-MM-DD."""
        try:
            return date.fromisoformat(self.text(key))
        except ValueError:
            raise KnowledgeError(self.at(key), "must be a date, YYYY-MM-DD") from None

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """One of the values of an enumeration."""
        value = self.text(key)
        try:
            return choices(value)
        except ValueError:
            known = tuple(str(item) for item in choices)
            raise KnowledgeError(self.at(key), f"{value!r} is not a known value{suggestion(value, known)}") from None

    def section(self, key: str) -> Section:
        """The mapping of a key; an empty one where the key has no value."""
        value = self.data.get(key, {}) or {}
        if not isinstance(value, Mapping):
            raise KnowledgeError(self.at(key), "must be a mapping")
        return Section(self.at(key), value)

    def sections(self) -> Iterator[tuple[str, Section]]:
        """Every key with its mapping."""
        for key in self.data:
            yield key, self.section(key)

    def items(self, key: str) -> tuple[Section, ...]:
        """The list of mappings of a key; empty where the key has no value."""
        value = self.data.get(key) or []
        if not isinstance(value, list):
            raise KnowledgeError(self.at(key), "must be a list")
        found: list[Section] = []
        for position, item in enumerate(value):
            if not isinstance(item, Mapping):
                raise KnowledgeError(f"{self.at(key)}[{position}]", "must be a mapping")
            found.append(Section(f"{self.at(key)}[{position}]", item))
        return tuple(found)

    def range_of(self, key: str) -> tuple[Fraction, Fraction]:
        """The low and high end of a number, or of a list of two numbers in order."""
        value = self.data.get(key)
        if isinstance(value, list):
            ends = self.texts(key)
            if len(ends) - 1 != 1:
                raise KnowledgeError(self.at(key), "a range has two ends")
            low, high = (parse_exact(end, self.at(key)) for end in ends)
            if low > high:
                raise KnowledgeError(self.at(key), "the ends of the range fall")
            return low, high
        number = self.number(key)
        return number, number


def read_figure(section: Section, reviewed: date, unit: str | None = None, extra: tuple[str, ...] = ()) -> Figure:
    """The figure of a section.

    ::

        figure = "value:" range , "unit:" text , "source:" id , [ "verification:" text ] , [ "reviewed:" date ] ,
                 [ "where:" text ] , [ "range:" range ] , [ "note:" text ] ;
        range  = number | "[" , number , "," , number , "]" ;

    Args:
        section: the mapping of the figure.
        reviewed: when its file was last reviewed, where the figure states no date of its own.
        unit: its unit, where the section need not state one.
        extra: further keys that the caller reads.

    Raises:
        KnowledgeError: a key is unknown or missing, or the value is not a number or lies outside its own bounds.
    """
    required = FIGURE_KEYS if unit is None else tuple(key for key in FIGURE_KEYS if key != "unit")
    section.only(required, (*FIGURE_EXTRAS, "unit", *extra))
    low, high = section.range_of("value")
    bounds = section.range_of("range") if section.has("range") else None
    if bounds is not None:
        require_within(low, bounds, section.at("value"))
        require_within(high, bounds, section.at("value"))
    verification = section.choice("verification", Verification) if section.has("verification") else Verification.READ
    return Figure(
        low=low,
        high=high,
        unit=section.text_or("unit", unit or ""),
        source=section.text("source"),
        verification=verification,
        reviewed=section.day("reviewed") if section.has("reviewed") else reviewed,
        where=section.text_or("where", ""),
        bounds=bounds,
    )


def read_citation(section: Section) -> Citation:
    """The citation of a section, whose other keys (but :data:`CITATION_KEYS`) the caller reads."""
    return Citation(section.text("source"), section.choice("verification", Verification), section.text("where"))


def require_within(value: Fraction, bounds: tuple[Fraction, Fraction], where: str) -> None:
    """Refuse a value outside its bounds."""
    low, high = bounds
    if not low <= value <= high:
        outside = f"{decimal_text(value)} is outside {decimal_text(low)} to {decimal_text(high)}"
        raise KnowledgeError(where, outside, ProblemKind.OUT_OF_RANGE)
