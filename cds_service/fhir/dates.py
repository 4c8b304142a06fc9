"""FHIR dates, partial dates and instants as days in the zone of the site.

Two assumptions are noted: ``naive-datetime`` (no zone was sent: the day as written is taken) and ``partial-date`` (a
year or a month alone). What is no date at all is None, with the note ``date-not-readable``.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, tzinfo

from cds_service.fhir.elements import Notes
from rules.model import Period

NAIVE = "naive-datetime"
PARTIAL = "partial-date"
DATE_NOT_READABLE = "date-not-readable"
TIME_NOT_READABLE = "time-not-readable"
NO_PERIOD = Period()

_LENGTH_OF_A_DATE = len("2000-01-01")
_MONTHS_IN_A_YEAR = 12
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)


def day_of(value: object, zone: tzinfo, notes: Notes, *, last: bool = False) -> date | None:
    """The day that a date or instant falls on in ``zone``; of a partial date the first day, or the ``last`` one."""
    if value is None:
        return None
    if not isinstance(value, str):
        notes.add(DATE_NOT_READABLE)
        return None
    text = value.strip()
    try:
        if len(text) == _LENGTH_OF_A_DATE:
            return date.fromisoformat(text)
        partial = _PARTIAL.fullmatch(text)
        if partial:
            first, end = _span(partial)
            notes.add(PARTIAL)
            return end if last else first
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            notes.add(NAIVE)
            return moment.date()
        return moment.astimezone(zone).date()
    except (ValueError, OverflowError):
        return _day_alone(text, notes)


def span_of(value: object, zone: tzinfo, notes: Notes) -> tuple[date, date] | None:
    """The first and the last day that a date allows: of a year its twelve months, of a whole date that day twice."""
    first = day_of(value, zone, notes)
    last = day_of(value, zone, notes, last=True)
    return None if first is None or last is None else (first, last)


def period_of(value: object, zone: tzinfo, notes: Notes) -> Period:
    """A FHIR Period; an unreadable or absent end is None. A partial date means its first day at the start, its last at
    the end."""
    if not value:
        return NO_PERIOD
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        notes.add(DATE_NOT_READABLE)
        return NO_PERIOD
    start = day_of(value.get("start"), zone, notes)
    return Period(start, day_of(value.get("end"), zone, notes, last=True))


def instant_of(value: object) -> datetime:
    """An instant for telling which version is newer; what is none is before all others."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return datetime.min.replace(tzinfo=UTC)


def _span(partial: re.Match[str]) -> tuple[date, date]:
    year = int(partial[1])
    if partial[2] is None:
        return date(year, 1, 1), date(year, _MONTHS_IN_A_YEAR, monthrange(year, _MONTHS_IN_A_YEAR)[1])
    month = int(partial[2])
    first = date(year, month, 1)
    return first, date(year, month, monthrange(year, month)[1])


def _day_alone(text: str, notes: Notes) -> date | None:
    """The day of an instant whose time cannot be read."""
    if len(text) > _LENGTH_OF_A_DATE:
        try:
            day = date.fromisoformat(text[:_LENGTH_OF_A_DATE])
        except ValueError:
            pass
        else:
            notes.add(TIME_NOT_READABLE)
            return day
    notes.add(DATE_NOT_READABLE)
    return None
