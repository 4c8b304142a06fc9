"""Exact numbers in digits: for sentences, for the knowledge's own pages, and rounded to a number of decimals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from rules.limits import MAX_REMEMBERED_FIGURES
from rules.numbers.quantity import FINEST_IN_WORDS, JSON_DECIMALS

SENTENCE_DECIMALS = 2
FINEST_SENTENCE_DECIMALS = 4
ABOUT = "about "


@lru_cache(maxsize=MAX_REMEMBERED_FIGURES)
def digits(value: Fraction | int, decimals: int = JSON_DECIMALS) -> str:
    """A number rounded to at most ``decimals`` decimals (half to even), without trailing zeros: ``20``, ``0.125``."""
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{decimal:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimal_text(value: Fraction) -> str:
    """A number as people write it, never rounded: ``2``, ``0.25``, or ``1/3`` where no decimal is exact."""
    text = f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"
    return text if Fraction(text) == value else str(value)


@lru_cache(maxsize=MAX_REMEMBERED_FIGURES)
def figure(value: Fraction) -> str:
    """A number for a sentence: exact where four decimals are enough, else rounded to two.

    Where two decimals would leave zero, it has six.
    """
    if value.denominator == 1:
        return str(value.numerator)
    if (value / FINEST_IN_WORDS).denominator == 1:
        return digits(value, FINEST_SENTENCE_DECIMALS)
    return digits(value, SENTENCE_DECIMALS if round(value, SENTENCE_DECIMALS) else JSON_DECIMALS)


@lru_cache(maxsize=MAX_REMEMBERED_FIGURES)
def rounded(value: Fraction) -> str:
    """As :func:`figure`, with ``about`` where it is rounded."""
    return about(figure(value), value)


def figure_range(low: Fraction, high: Fraction) -> str:
    """A number or a range for a sentence, ``about`` at most once: ``2``, ``0 to 2``, ``0 to about 0.43``."""
    if low == high:
        return rounded(high)
    first, last = rounded(low), rounded(high)
    return f"{first} to {figure(high) if first != figure(low) else last}"


def about(text: str, value: Fraction) -> str:
    """The digits of a number, with ``about`` before them where they are not exact."""
    return text if Fraction(text) == value else f"{ABOUT}{text}"
