"""Times: FHIR's dates and instants as days, Period, and Timing in all its shapes (R4, R5, STU3, DSTU2).

An instant is a day in the time zone of the site. What had to be assumed is noted: ``naive-datetime`` (no zone was sent,
the day is taken as written), ``partial-date`` (a year or a month alone), ``time-not-readable`` (only the day could be
read), ``date-not-readable`` (no date), ``date-not-believed`` (a day that stands for none, such as 9999-12-31).
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, tzinfo
from fractions import Fraction

from cds_service.config.limits import FIRST_YEAR_BELIEVED, LAST_YEAR_BELIEVED
from cds_service.fhir.datatypes import codings_of, concept_text, days_of, in_days, range_of, time_unit
from cds_service.fhir.elements import Element, Notes, list_of, object_of, positive_of, text_of
from rules.model import NO_PERIOD, Period, Timing

NAIVE_DATETIME = "naive-datetime"
PARTIAL_DATE = "partial-date"
DATE_NOT_READABLE = "date-not-readable"
TIME_NOT_READABLE = "time-not-readable"
DATE_NOT_BELIEVED = "date-not-believed"

_DATE_LENGTH = len("2000-01-01")
_MONTHS_IN_A_YEAR = 12
_YEAR_OR_MONTH = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)
_PERIOD_UNITS = ("periodUnit", "periodUnits", "units", "unit")


def day_of(value: object, zone: tzinfo, notes: Notes, *, last: bool = False) -> date | None:
    """The day of a date or an instant in ``zone``; the first day of a partial date, or the ``last`` one::

    value = date | year, ["-", month] | instant    (* ISO 8601; an instant may lack its zone *)

    A day that systems write where they know none is no day.
    """
    day = _day_as_sent(value, zone, notes, last=last)
    if day is not None and not FIRST_YEAR_BELIEVED <= day.year <= LAST_YEAR_BELIEVED:
        notes.add(DATE_NOT_BELIEVED)
        return None
    return day


def _day_as_sent(value: object, zone: tzinfo, notes: Notes, *, last: bool) -> date | None:
    if value is None:
        return None
    if not isinstance(value, str):
        notes.add(DATE_NOT_READABLE)
        return None
    text = value.strip()
    try:
        if len(text) == _DATE_LENGTH:
            return date.fromisoformat(text)
        partial = _YEAR_OR_MONTH.fullmatch(text)
        if partial:
            days = _days_of_partial_date(partial)
            notes.add(PARTIAL_DATE)
            return days[-1] if last else days[0]
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            notes.add(NAIVE_DATETIME)
            return instant.date()
        return instant.astimezone(zone).date()
    except (ValueError, OverflowError):
        return _day_without_time(text, notes)


def start_of(value: object, zone: tzinfo, notes: Notes, on: date | None) -> date | None:
    """As :func:`day_of`, for the day on which something was written or begun: a date known in part is taken as the
    latest day that it can mean, but none after the day judged (``on``), so that what it dates is in force for longest.
    """
    first = day_of(value, zone, notes)
    if on is None or PARTIAL_DATE not in notes or first is None or first > on:
        return first
    return min(on, day_of(value, zone, notes, last=True) or first)


def span_of(value: object, zone: tzinfo, notes: Notes) -> tuple[date, date] | None:
    """The first and the last day that a date can mean: of a year its first and last day, of a whole date that day."""
    first = day_of(value, zone, notes)
    last = day_of(value, zone, notes, last=True)
    return None if first is None or last is None else (first, last)


def period_of(value: object, zone: tzinfo, notes: Notes, on: date | None = None) -> Period:
    """A Period. An end that is absent or unreadable is None; a partial date means its first day at the start (or as
    :func:`start_of` says, where the day judged is given), its last at the end. An end before the start is passed on
    as it was sent."""
    if not value:
        return NO_PERIOD
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        notes.add(DATE_NOT_READABLE)
        return NO_PERIOD
    start, end = start_of(value.get("start"), zone, notes, on), day_of(value.get("end"), zone, notes, last=True)
    return Period(start, end)


def instant_of(value: object) -> datetime | None:
    """An instant, for ordering versions; None for anything else."""
    if isinstance(value, str):
        try:
            instant = datetime.fromisoformat(value.strip())
            return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return None


def timing_of(value: object, zone: tzinfo, notes: Notes, on: date | None = None) -> Timing | None:
    """A Timing; None if absent. A bare string is the text of its code. ``on``: the day judged, as in :func:`start_of`.

    Raises:
        NotReadableError: the element, or a number in it, cannot be read. Reading the rest of it could give a rate that
            is too small, so that the dosage has no rate.
    """
    if isinstance(value, str):
        return Timing(code_text=text_of(value)) if value.strip() else None
    timing = object_of(value)
    if not timing:
        return None
    repeat = object_of(timing.get("repeat")) or {}
    code, code_text = _code(timing.get("code"))
    bounds, bounds_days, bounds_days_max = _bounds(repeat, zone, notes, on)
    # DSTU2 has periodUnits; DSTU1 has units, and its duration is the period.
    is_dstu1 = "period" not in repeat and "units" in repeat
    return Timing(
        frequency=positive_of(repeat.get("frequency")),
        frequency_max=positive_of(repeat.get("frequencyMax")),
        period=positive_of(repeat.get("duration" if is_dstu1 else "period")),
        period_max=positive_of(repeat.get("periodMax")),
        period_unit=time_unit(next(filter(None, map(repeat.get, _PERIOD_UNITS)), None)),
        when=_texts(repeat.get("when")),
        time_of_day=_texts(repeat.get("timeOfDay")),
        day_of_week=tuple(text.lower() for text in _texts(repeat.get("dayOfWeek"))),
        count=positive_of(repeat.get("count")),
        count_max=positive_of(repeat.get("countMax")),
        duration=None if is_dstu1 else positive_of(repeat.get("duration")),
        duration_unit=time_unit(repeat.get("durationUnit") or repeat.get("durationUnits")),
        bounds=bounds,
        bounds_days=bounds_days,
        bounds_days_max=bounds_days_max,
        events=_events(timing.get("event"), zone, notes),
        code=code,
        code_text=code_text,
    )


def _days_of_partial_date(partial: re.Match[str]) -> tuple[date, date]:
    year = int(partial[1])
    if partial[2] is None:
        return date(year, 1, 1), date(year, _MONTHS_IN_A_YEAR, monthrange(year, _MONTHS_IN_A_YEAR)[1])
    month = int(partial[2])
    first = date(year, month, 1)
    return first, date(year, month, monthrange(year, month)[1])


def _day_without_time(text: str, notes: Notes) -> date | None:
    """The day of an instant whose time cannot be read."""
    if len(text) > _DATE_LENGTH:
        try:
            day = date.fromisoformat(text[:_DATE_LENGTH])
        except ValueError:
            pass
        else:
            notes.add(TIME_NOT_READABLE)
            return day
    notes.add(DATE_NOT_READABLE)
    return None


def _bounds(
    repeat: Element, zone: tzinfo, notes: Notes, on: date | None
) -> tuple[Period, Fraction | None, Fraction | None]:
    """The bounds as a Period, and as a number of days with its maximum."""
    bounds = period_of(repeat.get("boundsPeriod"), zone, notes, on)
    duration = repeat.get("boundsDuration")
    if duration is None:
        duration = repeat.get("boundsQuantity")
    if duration is not None:
        at_least = isinstance(duration, dict) and text_of(duration.get("comparator")) in (">", ">=")
        days = days_of(duration, notes)
        return bounds, None if at_least else days, None
    low, high = range_of(repeat.get("boundsRange"))
    shortest = None if low is None else in_days(low, notes)
    longest = None if high is None else in_days(high, notes)
    # A low end alone says when it does not end.
    return bounds, None if longest is None else shortest, longest


def _code(value: object) -> tuple[str | None, str | None]:
    codings = codings_of(value)
    code = next((coding.code for coding in codings if coding.code), None)
    display = next((coding.display for coding in codings if coding.display), None)
    return code, concept_text(value) or display


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(text for text in map(text_of, list_of(value)) if text)


def _events(value: object, zone: tzinfo, notes: Notes) -> tuple[date, ...]:
    if value is None:
        return ()
    days = (day_of(item, zone, notes) for item in list_of(value))
    return tuple(day for day in days if day is not None)
