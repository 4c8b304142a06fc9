"""Figures as people read them: rounded to what the evidence bears, and never across a threshold."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from rules.numbers.quantity import JSON_DECIMALS
from rules.numbers.text import about, digits, is_exact, rounded_ratio

# From this size on, a converted figure is shown as a whole number.
_WHOLE_FROM = 10


def shown(value: Fraction, thresholds: Iterable[Fraction] = ()) -> str:
    """A figure in digits, with ``about`` where it is rounded: ``20``, ``about 6.7``.

    Decimals are added until the rounded figure is on the same side of every threshold as the exact one.
    """
    return about(value, _decimals(value, thresholds))


def plain(value: Fraction, thresholds: Iterable[Fraction] = ()) -> str:
    """As :func:`shown`, without ``about``."""
    return digits(value, _decimals(value, thresholds))


def exactly(value: Fraction) -> str:
    """A figure as it was written or printed (a dose, a strength, a factor), with up to 6 decimals."""
    return digits(value, JSON_DECIMALS)


def span(low: Fraction, high: Fraction, thresholds: Iterable[Fraction] = ()) -> str:
    """A range in digits: ``20``, ``0 to 20``."""
    limits = tuple(thresholds)
    return shown(low, limits) if low == high else f"{plain(low, limits)} to {plain(high, limits)}"


def _decimals(value: Fraction, thresholds: Iterable[Fraction]) -> int:
    """How many decimals a figure is shown with: 0 from 10 on, 1 from 1 on, else 2; more where a threshold needs them.

    A figure with one decimal is never rounded, and no figure is rounded to 0.
    """
    # Whole numbers are compared: this is done for every figure of every card.
    numerator, denominator = value.numerator, value.denominator
    if is_exact(value, 1):
        return 1
    limits = [(limit.numerator, limit.denominator) for limit in thresholds]
    first = 0 if numerator >= _WHOLE_FROM * denominator else 1 if numerator >= denominator else 2
    for decimals in range(first, JSON_DECIMALS):
        scaled, scale = rounded_ratio(numerator * 10**decimals, denominator), 10**decimals
        if scaled and all(_order(scaled, scale, *limit) == _order(numerator, denominator, *limit) for limit in limits):
            return decimals
    return JSON_DECIMALS


def _order(numerator: int, denominator: int, limit_numerator: int, limit_denominator: int) -> int:
    """Whether a ratio is below (-1), at (0) or above (1) a limit."""
    one, other = numerator * limit_denominator, limit_numerator * denominator
    return (one > other) - (one < other)
