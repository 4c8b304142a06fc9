"""When a dose is taken: FHIR's Timing in all its shapes (R4, R5, STU3, DSTU2) as :class:`rules.model.Timing`."""

from __future__ import annotations

from datetime import date, tzinfo
from fractions import Fraction

from cds_service.fhir.coding import codings_of, concept_text
from cds_service.fhir.dates import day_of, period_of
from cds_service.fhir.elements import Element, Notes, members, one_object, positive_of, text_of
from cds_service.fhir.quantities import days_of, in_days, range_of, time_unit
from rules.model import Period, Timing

_PERIOD_UNITS = ("periodUnit", "periodUnits", "units", "unit")


def timing_of(value: object, zone: tzinfo, notes: Notes) -> Timing | None:
    """A Timing; None if absent. A bare string is the text of a timing code.

    Raises:
        NotReadableError: a number, or the element itself, is there and cannot be read. The line of dosing instructions
            then has no usable rate: a guess at the rest of it could be too small.
    """
    if isinstance(value, str):
        return Timing(code_text=text_of(value)) if value.strip() else None
    timing = one_object(value)
    if not timing:
        return None
    repeat = one_object(timing.get("repeat")) or {}
    code, code_text = _code(timing.get("code"))
    bounds, shortest, longest = _bounds(repeat, zone, notes)
    # DSTU2 wrote periodUnits; DSTU1 units, and its duration is the period.
    first = "period" not in repeat and "units" in repeat
    return Timing(
        frequency=positive_of(repeat.get("frequency")),
        frequency_max=positive_of(repeat.get("frequencyMax")),
        period=positive_of(repeat.get("duration" if first else "period")),
        period_max=positive_of(repeat.get("periodMax")),
        period_unit=time_unit(next(filter(None, map(repeat.get, _PERIOD_UNITS)), None)),
        when=_words(repeat.get("when")),
        time_of_day=_words(repeat.get("timeOfDay")),
        day_of_week=tuple(word.lower() for word in _words(repeat.get("dayOfWeek"))),
        count=positive_of(repeat.get("count")),
        count_max=positive_of(repeat.get("countMax")),
        duration=None if first else positive_of(repeat.get("duration")),
        duration_unit=time_unit(repeat.get("durationUnit") or repeat.get("durationUnits")),
        bounds=bounds,
        bounds_days=shortest,
        bounds_days_max=longest,
        events=_events(timing.get("event"), zone, notes),
        code=code,
        code_text=code_text,
    )


def _bounds(repeat: Element, zone: tzinfo, notes: Notes) -> tuple[Period, Fraction | None, Fraction | None]:
    bounds = period_of(repeat.get("boundsPeriod"), zone, notes)
    exactly = repeat.get("boundsDuration")
    if exactly is None:
        exactly = repeat.get("boundsQuantity")
    if exactly is not None:
        days = days_of(exactly, notes)
        return bounds, days, None
    low, high = range_of(repeat.get("boundsRange"))
    shortest = None if low is None else in_days(low, notes)
    longest = None if high is None else in_days(high, notes)
    return bounds, shortest, longest


def _code(value: object) -> tuple[str | None, str | None]:
    codings = codings_of(value)
    code = next((coding.code for coding in codings if coding.code), None)
    display = next((coding.display for coding in codings if coding.display), None)
    return code, concept_text(value) or display


def _words(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(word for word in map(text_of, members(value)) if word)


def _events(value: object, zone: tzinfo, notes: Notes) -> tuple[date, ...]:
    if value is None:
        return ()
    days = (day_of(item, zone, notes) for item in members(value))
    return tuple(day for day in days if day is not None)
