"""Figures as people read them: rounded to what the evidence bears, and never across a threshold."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from rules.limits import MAX_REMEMBERED_FIGURES
from rules.numbers.quantity import JSON_DECIMALS, ONE
from rules.numbers.text import about, digits

# From this size on, a converted figure is shown as a whole number.
_WHOLE_FROM = Fraction(10)


def shown(value: Fraction, thresholds: Iterable[Fraction] = ()) -> str:
    """A figure in digits, with ``about`` where rounding hides something.

    Decimals are added until the shown figure stands on the same side of every threshold as the exact one.
    """
    return _shown(value, tuple(thresholds))


@lru_cache(maxsize=MAX_REMEMBERED_FIGURES)
def _shown(value: Fraction, limits: tuple[Fraction, ...]) -> str:
    return about(_plain(value, limits), value)


def plain(value: Fraction, thresholds: Iterable[Fraction] = ()) -> str:
    """As :func:`shown`, without the word."""
    return _plain(value, tuple(thresholds))


@lru_cache(maxsize=MAX_REMEMBERED_FIGURES)
def _plain(value: Fraction, limits: tuple[Fraction, ...]) -> str:
    if round(value, 1) == value:
        return digits(value, 1)
    first = 0 if value >= _WHOLE_FROM else 1 if value >= ONE else 2
    for decimals in range(first, JSON_DECIMALS):
        rounded = round(value, decimals)
        if all(_side(rounded, limit) == _side(value, limit) for limit in limits) and (rounded or not value):
            return digits(rounded, decimals)
    return digits(value, JSON_DECIMALS)


def exactly(value: Fraction) -> str:
    """A figure as it was written or printed: a dose, a strength, a factor. Up to 6 decimals."""
    return digits(value, JSON_DECIMALS)


def span(low: Fraction, high: Fraction, thresholds: Iterable[Fraction] = ()) -> str:
    """A range in digits: ``20``, ``0 to 20``."""
    limits = tuple(thresholds)
    return shown(low, limits) if low == high else f"{plain(low, limits)} to {plain(high, limits)}"


def _side(value: Fraction, limit: Fraction) -> int:
    return (value > limit) - (value < limit)
