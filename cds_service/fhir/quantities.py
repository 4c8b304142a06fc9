"""FHIR quantities, ranges, ratios and durations, with exact numbers and the units as sent."""

from __future__ import annotations

from fractions import Fraction

from cds_service.fhir.elements import Notes, NotReadableError, number_of, one_object, text_of
from rules.model import Quantity
from rules.numbers.quantity import DAYS_PER, ONE

DAYS_ASSUMED = "days-assumed"

_TIME_UNITS: dict[str, str] = {
    word: unit
    for unit, words in {
        "s": "s sec secs second seconds",
        "min": "min mins minute minutes",
        "h": "h hr hrs hour hours",
        "d": "d day days",
        "wk": "wk wks week weeks",
        "mo": "mo mos month months",
        "a": "a y yr yrs year years",
    }.items()
    for word in words.split()
}


def time_unit(value: object) -> str | None:
    """A unit of time as its UCUM code (s, min, h, d, wk, mo, a); a word that is none of them as it stands."""
    text = text_of(value)
    if text is None:
        return None
    return _TIME_UNITS.get(text.lower().strip("{}[]()."), text)


def quantity_of(value: object) -> Quantity | None:
    """A Quantity with its number, or a bare number; None if absent or without a number.

    Raises:
        NotReadableError: the number cannot be used, or the element is no Quantity.
    """
    if value is None:
        return None
    if isinstance(value, int | float | str):
        number = number_of(value)
        return None if number is None else Quantity(number)
    element = one_object(value)
    number = None if element is None else number_of(element.get("value"))
    if element is None or number is None:
        return None
    return Quantity(number, text_of(element.get("unit")), text_of(element.get("code")))


def range_of(value: object) -> tuple[Quantity | None, Quantity | None]:
    """The ends of a Range; an end that was not sent is None. Ends in the wrong order are put right.

    Raises:
        NotReadableError: an end cannot be read.
    """
    element = one_object(value)
    if element is None:
        return None, None
    low, high = quantity_of(element.get("low")), quantity_of(element.get("high"))
    if low and high and low.value > high.value and (low.unit, low.code) == (high.unit, high.code):
        return high, low
    return low, high


def ratio_of(value: object) -> tuple[Quantity | None, Quantity | None]:
    """Numerator and denominator of a Ratio, each None where it was not sent; a bare Quantity is a numerator.

    Raises:
        NotReadableError: either cannot be read.
    """
    element = one_object(value)
    if element is None:
        return None, None
    if "numerator" not in element and "value" in element:
        return quantity_of(element), None
    return quantity_of(element.get("numerator")), quantity_of(element.get("denominator"))


def days_of(value: object, notes: Notes) -> Fraction | None:
    """The days of a Duration; without a unit the number is taken as days, with the note ``days-assumed``.

    Raises:
        NotReadableError: no number, or a unit that is no unit of time.
    """
    quantity = quantity_of(value)
    return None if quantity is None else in_days(quantity, notes)


def in_days(quantity: Quantity, notes: Notes) -> Fraction:
    """A length of time in days, as :func:`days_of`.

    Raises:
        NotReadableError: the unit is no unit of time.
    """
    if quantity.code is None and quantity.unit is None:
        notes.add(DAYS_ASSUMED)
        return quantity.value * ONE
    for word in (quantity.code, quantity.unit):
        days = DAYS_PER.get(time_unit(word) or "")
        if days is not None:
            return quantity.value * days
    raise NotReadableError("not a unit of time")
