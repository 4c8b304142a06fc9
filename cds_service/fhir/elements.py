"""FHIR elements as parsed JSON, in which any JSON value may stand where the specification asks for another.

The functions raise nothing but :class:`NotReadableError`: something was sent, and is not what can be read there. An
element that is missing or null is None or empty.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, wraps
from typing import Any, TypeVar

import orjson

from cds_service.config.limits import MAX_MEMOISED, MAX_MEMOISED_LENGTH, MAX_TEXT_LENGTH
from rules.numbers.quantity import ZERO, exact

Element = dict[str, Any]
Notes = set[str]
"""Codes of what the reader had to assume or leave out of one resource."""
T = TypeVar("T")

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})
_MEMOISED_NUMBERS = 1024


class NotReadableError(ValueError):
    """An element was sent and cannot be read. The message says what it is not, and never quotes the value."""


class TooLongError(NotReadableError):
    """A text is longer than what is read for its meaning. It is not cut: the part cut off might name the drug."""

    def __init__(self) -> None:
        super().__init__(f"it has a text of more than {MAX_TEXT_LENGTH} characters, the most that is read")


def memoised_by_json(read: Callable[[object], T]) -> Callable[[object], T]:
    """Memoise the reading of an element that depends on the element alone, with its JSON text as the key.

    Elements that are too long, or contain null, are read each time: orjson writes NaN as null too.
    """

    @lru_cache(maxsize=MAX_MEMOISED)
    def memoised(text: bytes) -> T:
        return read(orjson.loads(text))

    @wraps(read)
    def reading(value: object) -> T:
        if value is None:
            return read(value)
        try:
            text = orjson.dumps(value)
        except TypeError:
            return read(value)
        return read(value) if len(text) > MAX_MEMOISED_LENGTH or b"null" in text else memoised(text)

    return reading


def object_of(value: object) -> Element | None:
    """The object where the specification has one; None if absent. Some vendors send a list of that one object.

    Raises:
        NotReadableError: another JSON value, or a list of several.
    """
    if value is None or isinstance(value, dict):
        return value
    if isinstance(value, list):
        if not value:
            return None
        if len(value) == 1 and isinstance(value[0], dict):
            return value[0]
    raise NotReadableError("not an object")


def list_of(value: object) -> list[Any]:
    """The items where the specification has a list, without nulls. Some vendors send one item without the list."""
    if isinstance(value, list):
        return value if all(value) else [item for item in value if item is not None]
    return [] if value is None else [value]


def text_of(value: object) -> str | None:
    """The stripped text of a string, or the digits of an integer; None for any other value and for empty text."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return _digits(value)
    return None


def bounded_text_of(value: object) -> str | None:
    """As :func:`text_of`, for text that is read for its meaning.

    Raises:
        TooLongError: it has more than ``MAX_TEXT_LENGTH`` characters.
    """
    text = text_of(value)
    if text is not None and len(text) > MAX_TEXT_LENGTH:
        raise TooLongError
    return text


def code_of(value: object) -> str:
    """A code in lower case, or empty: a string, or a CodeableConcept's first code, else its text."""
    if isinstance(value, str):
        return value.strip().lower()
    for concept in list_of(value):
        if isinstance(concept, str):
            return concept.strip().lower()
        if not isinstance(concept, dict):
            continue
        for coding in list_of(concept.get("coding")):
            code = text_of(coding.get("code")) if isinstance(coding, dict) else None
            if code:
                return code.lower()
        text = text_of(concept.get("text")) or text_of(concept.get("code"))
        if text:
            return text.lower()
    return ""


def boolean_of(value: object) -> bool | None:
    """A boolean, also where it was sent as a word; None if absent.

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
    """The exact number, 0 or more, of a number or of a text; None if absent.

    Raises:
        NotReadableError: no number, below zero, or of a magnitude that no dose, count or period has.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return _not_negative(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _memoised_number(value)
    except ValueError:
        raise NotReadableError("not a usable number") from None
    raise NotReadableError("not a number")


def positive_of(value: object) -> Fraction | None:
    """As :func:`number_of`, for a count or a period, which cannot be 0.

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


def _not_negative(value: int | float | str) -> Fraction:
    number = exact(value)
    if number < ZERO:
        raise ValueError("a number below zero")
    return number


# The same few numbers stand in nearly every dosage, and computing an exact fraction takes longer than the rest of it.
_memoised_number = lru_cache(maxsize=_MEMOISED_NUMBERS, typed=True)(_not_negative)
