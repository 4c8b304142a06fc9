"""Comparing a row's written figures with what was found: exact, with ``none`` for what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction


def same(wanted: str, found: object) -> bool:
    """Whether a value found is the one a row says."""
    if wanted == "none":
        return found is None
    if isinstance(found, bool):
        return wanted == str(found).lower()
    return Fraction(wanted) == found if isinstance(found, Fraction) else wanted == str(found)


def differences(what: str, wanted: Mapping[str, str], found: object) -> Iterator[str]:
    """What of the fields of a row is not found as it says."""
    for field, value in wanted.items():
        if not same(value, getattr(found, field, "no load")):
            yield f"{what}.{field}: expected {value}, found {getattr(found, field, 'no load')}"
