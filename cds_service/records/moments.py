"""Moments as the store writes them: UTC, to the microsecond, of one width."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def written(moment: datetime) -> str:
    """A moment with its zone as text: ``2026-11-27T06:25:33.123456Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read(text: str) -> datetime:
    """The moment that a text of the store tells.

    Raises:
        ValueError: it tells none.
    """
    return datetime.fromisoformat(text)


_MONTH = timedelta(days=30)
_DAY = timedelta(days=1)


def month_before(last: date) -> date:
    """The first day of the month that ends with a day."""
    return max(last, date.min + _MONTH) - _MONTH


def span(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last, as a zone has them; within what a calendar holds."""
    return _beginning(first, zone), _beginning(last + _DAY, zone) if last < date.max else _LATEST


_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _beginning(day: date, zone: tzinfo) -> datetime:
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:
        return _EARLIEST if day.year == date.min.year else _LATEST
