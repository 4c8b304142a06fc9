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


MONTH = timedelta(days=30)
_DAY = timedelta(days=1)


def span(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last, as a zone has them."""
    begin, end = (datetime.combine(day, time.min, zone) for day in (first, last + _DAY))
    return begin.astimezone(UTC), end.astimezone(UTC)
