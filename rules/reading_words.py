"""The plain words in which a reading of a dose is given back: small numbers, halves, frequencies, amounts.

Every function takes exact numbers and the vocabulary, and returns a piece of one sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from rules.knowledge.vocabulary import Forms
from rules.quantity import HALF, JSON_DECIMALS, ONE, PERCENT

Range = tuple[Fraction, Fraction]


def figure(value: Fraction) -> str:
    """A number in digits, with at most two decimals (more only where nothing else would be left of it)."""
    exactly = Decimal(value.numerator) / Decimal(value.denominator)
    shown = Fraction(round(value / PERCENT)) * PERCENT
    if shown != value and shown == 0:
        return f"{round(exactly, JSON_DECIMALS):f}".rstrip("0").rstrip(".")
    text = f"{Decimal(shown.numerator) / Decimal(shown.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def figures(low: Fraction, high: Fraction) -> str:
    """A number or a range in digits: ``2``, ``0 to 2``; ``about`` where rounding hides something."""
    about = "about " if any(Fraction(figure(value)) != value for value in (low, high)) else ""
    return about + (figure(low) if low == high else f"{figure(low)} to {figure(high)}")


def number(value: Fraction, forms: Forms) -> str:
    """A number in words where it is small, ``one and a half`` included, else in digits."""
    if value in forms.number_words:
        return forms.number_words[value]
    whole = Fraction(value.numerator // value.denominator)
    if value - whole == HALF and whole in forms.number_words:
        return f"{forms.number_words[whole]} and a {forms.number_words[HALF]}"
    return figure(value)


def times(frequency: Range, forms: Forms) -> str:
    """How many times: ``once``, ``three times``, ``2 to 3 times``."""
    low, high = frequency
    if low != high:
        return f"{figure(low)} to {figure(high)} times"
    return forms.time_words.get(high) or f"{number(high, forms)} times"


def every(frequency: Range, period: Range, unit: str, forms: Forms) -> str:
    """A frequency over a period: ``twice a day``, ``every 4 to 6 hours``, ``once a week``, ``twice every 3 days``."""
    singular, plural = forms.period_names[unit]
    if period == (ONE, ONE):
        article = "an" if singular.startswith("hour") else "a"
        return f"{times(frequency, forms)} {article} {singular}"
    span = f"every {figures(*period)} {plural}"
    return span if frequency == (ONE, ONE) else f"{times(frequency, forms)} {span}"


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    items = list(words)
    return " and ".join([", ".join(items[:-1]), items[-1]]) if items[1:] else "".join(items)


def sentence(parts: Sequence[str], amount: str) -> str:
    """The whole reading: what is taken and how often, then what that comes to."""
    return f"{', and '.join(part for part in parts if part)}: {amount}"
