"""The day that is judged: today, in the time zone of the tenant or the site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

Clock = Callable[[tzinfo], date]
"""Gives the day that is judged, in a time zone."""


def today(zone: tzinfo, at: datetime | None = None) -> date:
    """The day in a time zone, now or at an instant (which has a zone itself)."""
    return (at or datetime.now(UTC)).astimezone(zone).date()
