"""FHIR elements as they come out of a JSON reader: any JSON value may stand where the specification wants another.

The functions here never raise but :class:`NotReadableError`, which means: something was sent at this place, and it is
not what can be read there. What is absent (missing or null) is None or empty.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, wraps
from typing import Any, TypeVar

import orjson

from cds_service.config import MAX_MEMOISED, MAX_MEMOISED_LENGTH, MAX_TEXT_LENGTH
from rules.numbers.quantity import ZERO, exact

Element = dict[str, Any]
Notes = set[str]
Made = TypeVar("Made")

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})


class NotReadableError(ValueError):
    """An element is there and cannot be read. The message names the place, never the value."""


class TooLongError(NotReadableError):
    """A text is longer than what is read for its meaning. It is not cut: what a cut would lose may be the drug."""

    def __init__(self) -> None:
        super().__init__(f"it has a text of more than {MAX_TEXT_LENGTH} characters, the most that is read")


def content_of(value: object) -> bytes | None:
    """The content of an element that is read the same wherever it stands, to remember the reading by.

    None where it is too long, or is no plain JSON; what is null may have been no number, which is another thing.
    """
    try:
        content = orjson.dumps(value)
    except TypeError:
        return None
    return content if len(content) <= MAX_MEMOISED_LENGTH and b"null" not in content else None


def kept_by_content(read: Callable[[object], Made]) -> Callable[[object], Made]:
    """The reading of an element that is read the same wherever it stands, remembered by its content."""

    @lru_cache(maxsize=MAX_MEMOISED)
    def remembered(content: bytes) -> Made:
        return read(orjson.loads(content))

    @wraps(read)
    def either(value: object) -> Made:
        content = content_of(value)
        return read(value) if content is None else remembered(content)

    return either


def one_object(value: object) -> Element | None:
    """The object at a place for one; a list of one object counts as that object (a known vendor shape).

    Raises:
        NotReadableError: another JSON value stands there, or a list of several.
    """
    if value is None or isinstance(value, dict):
        return value
    if isinstance(value, list):
        if not value:
            return None
        if len(value) == 1 and isinstance(value[0], dict):
            return value[0]
    raise NotReadableError("not an object")


def members(value: object) -> list[Any]:
    """What stands at a place for many, without nulls; one value alone is a list of one (a known vendor shape)."""
    if isinstance(value, list):
        return value if all(value) else [item for item in value if item is not None]
    return [] if value is None else [value]


def text_of(value: object) -> str | None:
    """The text at a place, stripped; None if there is none. A number is its digits; other JSON values are no text."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return _digits(value)
    return None


def words_of(value: object) -> str | None:
    """As :func:`text_of`, of words that are read for their meaning.

    Raises:
        TooLongError: more of them than is read.
    """
    text = text_of(value)
    if text is not None and len(text) > MAX_TEXT_LENGTH:
        raise TooLongError
    return text


def word_of(value: object) -> str:
    """A code in lower case, or empty: of a string, of a CodeableConcept's first coding with a code, of its text."""
    if isinstance(value, str):
        return value.strip().lower()
    for concept in members(value):
        if isinstance(concept, str):
            return concept.strip().lower()
        if not isinstance(concept, dict):
            continue
        for coding in members(concept.get("coding")):
            code = text_of(coding.get("code")) if isinstance(coding, dict) else None
            if code:
                return code.lower()
        text = text_of(concept.get("text")) or text_of(concept.get("code"))
        if text:
            return text.lower()
    return ""


def boolean_of(value: object) -> bool | None:
    """The truth value at a place, also where it was sent as a word; None if absent.

    Raises:
        NotReadableError: neither true nor false.
    """
    if value is None or isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise NotReadableError("not a truth value")


def number_of(value: object) -> Fraction | None:
    """The exact number at a place (also where it was sent as text), 0 or more; None if absent.

    Raises:
        NotReadableError: no number, below zero, or of a magnitude that no dose, count or period has.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return _usable(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _remembered(value)
    except ValueError:
        raise NotReadableError("not a usable number") from None
    raise NotReadableError("not a number")


def positive_of(value: object) -> Fraction | None:
    """As :func:`number_of`, for a count or period that cannot be 0.

    Raises:
        NotReadableError: as there, or 0.
    """
    number = number_of(value)
    if number is not None and not number:
        raise NotReadableError("a number that cannot be zero")
    return number


def _digits(value: int) -> str | None:
    try:
        return str(value)
    except ValueError:  # more digits than the interpreter converts
        return None


def _usable(value: int | float | str) -> Fraction:
    number = exact(value)
    if number < ZERO:
        raise ValueError("a number below zero")
    return number


# The same few numbers stand in nearly every dosage, and an exact fraction costs more than the rest of the element.
_remembered = lru_cache(maxsize=1024, typed=True)(_usable)
