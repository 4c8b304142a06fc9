"""Where a site is: its time zone, and the country that this suggests."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_COUNTRY = "US"
"""The country of a site that names none, if its time zone may be of it: the knowledge is that of the US."""
DEFAULT_COUNTRY_ZONES = frozenset({"UTC", "US", "America", "EST", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "HST"})
"""First parts of the names of its time zones. UTC, the zone of a site that sets none, tells nothing of the country."""
DEFAULT_COUNTRY_ISLANDS = frozenset({"Pacific/Honolulu", "Pacific/Guam", "Pacific/Pago_Pago", "Pacific/Saipan"})
NO_COUNTRY = ""
"""A country that is not known: no contact is that of it."""


def time_zone(name: str) -> tzinfo:
    """The time zone of an IANA name.

    Raises:
        ValueError: there is no such time zone.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone of the IANA database, such as America/New_York") from None


def country_of(timezone: str) -> str:
    """The country of a site that names none, by its time zone."""
    may_be_default = timezone in DEFAULT_COUNTRY_ISLANDS or timezone.partition("/")[0] in DEFAULT_COUNTRY_ZONES
    return DEFAULT_COUNTRY if may_be_default else NO_COUNTRY
