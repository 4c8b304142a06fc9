"""Timestamps as the store writes them, UTC text of one width, and the instants at which days begin and end."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MONTH = timedelta(days=30)
_DAY = timedelta(days=1)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def format_timestamp(instant: datetime) -> str:
    """An instant, with its zone, as the store's text: ``2026-11-27T06:25:33.123456Z``."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def month_before(last: date) -> date:
    """The day 30 days before ``last``, or the first day of the calendar."""
    return max(last, date.min + _MONTH) - _MONTH


def day_bounds(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instant at which the first day begins and that at which the last one ends, in ``zone``.

    Instants outside the calendar of :class:`datetime.datetime` become its first or its last.
    """
    return _start_of(first, zone), _start_of(last + _DAY, zone) if last < date.max else _LATEST


def _start_of(day: date, zone: tzinfo) -> datetime:
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        return _EARLIEST if day.year == date.min.year else _LATEST
