"""Exact numbers in digits: for sentences, for the knowledge's own pages, and rounded to a number of decimals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from rules.numbers.quantity import JSON_DECIMALS

SENTENCE_DECIMALS = 2
# Strengths such as 0.0625 mg are printed whole.
FINEST_SENTENCE_DECIMALS = 4
ABOUT = "about "


def digits(value: Fraction | int, decimals: int = JSON_DECIMALS) -> str:
    """A number rounded to at most ``decimals`` decimals (half to even), without trailing zeros: ``20``, ``0.125``."""
    numerator, denominator = value.numerator, value.denominator
    if denominator == 1:
        return str(numerator)
    scaled = rounded_ratio(numerator * 10**decimals, denominator)
    sign = "-" if scaled < 0 else ""
    whole, part = divmod(abs(scaled), 10**decimals)
    return f"{sign}{whole}.{part:0{decimals}}".rstrip("0") if part else f"{sign}{whole}"


def rounded_ratio(numerator: int, denominator: int) -> int:
    """The whole number nearest to a ratio, of two equally near the even one. ``denominator`` is above 0."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def is_exact(value: Fraction | int, decimals: int) -> bool:
    """Whether so many decimals write a number without rounding."""
    return bool(10**decimals % value.denominator == 0)


def about(value: Fraction | int, decimals: int) -> str:
    """As :func:`digits`, with ``about`` before it where it is rounded."""
    text = digits(value, decimals)
    return text if is_exact(value, decimals) else f"{ABOUT}{text}"


def decimal_text(value: Fraction) -> str:
    """A number as people write it, never rounded: ``2``, ``0.25``, or ``1/3`` where no decimal is exact."""
    text = f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"
    return text if Fraction(text) == value else str(value)


def figure(value: Fraction) -> str:
    """A number for a sentence: exact where four decimals are enough, else rounded to two.

    Where two decimals would leave zero, it has six.
    """
    return digits(value, _sentence_decimals(value))


def rounded(value: Fraction) -> str:
    """As :func:`figure`, with ``about`` where it is rounded."""
    return about(value, _sentence_decimals(value))


def figure_range(low: Fraction, high: Fraction) -> str:
    """A number or a range for a sentence, ``about`` at most once: ``2``, ``0 to 2``, ``0 to about 0.43``."""
    if low == high:
        return rounded(high)
    first, last = rounded(low), rounded(high)
    return f"{first} to {figure(high) if first != figure(low) else last}"


def _sentence_decimals(value: Fraction) -> int:
    if is_exact(value, FINEST_SENTENCE_DECIMALS):
        return FINEST_SENTENCE_DECIMALS
    leaves_zero = rounded_ratio(value.numerator * 10**SENTENCE_DECIMALS, value.denominator) == 0
    return JSON_DECIMALS if leaves_zero else SENTENCE_DECIMALS
