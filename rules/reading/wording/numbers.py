"""The plain words in which a reading of a dose is given back: small numbers, halves, frequencies, amounts.

Every function takes exact numbers and the vocabulary, and returns a piece of one sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.numbers.quantity import (
    DAYS_PER,
    FINEST_IN_WORDS,
    HALF,
    HOURS_PER_DAY,
    JSON_DECIMALS,
    MAX_REMEMBERED_FIGURES,
    ONE,
    PERCENT,
    ZERO,
)

Range = tuple[Fraction, Fraction]

HOUR, DAY = "h", "d"
UP_TO = "up to "
# As they are spoken: eight, eleven, eighteen; the h of hour is silent.
VOWEL_SOUNDS = ("a", "e", "i", "o", "hour", "8", "11 ", "18 ")


@lru_cache(maxsize=MAX_REMEMBERED_FIGURES)
def figure(value: Fraction) -> str:
    """A number in digits: exact where it ends within four decimals, else with two (more where none would be left)."""
    if value.denominator == 1:
        return str(value.numerator)
    shown = value if (value / FINEST_IN_WORDS).denominator == 1 else Fraction(round(value / PERCENT)) * PERCENT
    if shown == 0:
        exactly = Decimal(value.numerator) / Decimal(value.denominator)
        return f"{round(exactly, JSON_DECIMALS):f}".rstrip("0").rstrip(".")
    text = f"{Decimal(shown.numerator) / Decimal(shown.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=MAX_REMEMBERED_FIGURES)
def rounded(value: Fraction) -> str:
    """A number in digits; ``about`` where rounding hides something."""
    text = figure(value)
    return text if Fraction(text) == value else f"about {text}"


def figures(low: Fraction, high: Fraction) -> str:
    """A number or a range in digits: ``2``, ``0 to 2``, ``0 to about 0.43``."""
    if low == high:
        return rounded(high)
    first, last = rounded(low), rounded(high)
    return f"{first} to {last.removeprefix('about ')}" if first.startswith("about ") else f"{first} to {last}"


def number(value: Fraction, vocabulary: DosingVocabulary) -> str:
    """A number in words where it is small, ``one and a half`` included, else in digits."""
    if value in vocabulary.number_words:
        return vocabulary.number_words[value]
    whole = Fraction(value.numerator // value.denominator)
    if value - whole == HALF and whole in vocabulary.number_words:
        return f"{vocabulary.number_words[whole]} and a {vocabulary.number_words[HALF]}"
    return figure(value)


def numbers(low: Fraction, high: Fraction, vocabulary: DosingVocabulary) -> str:
    """A number or a range in words where both ends have them: ``one to three``, ``10 to 20``."""
    first, last = number(low, vocabulary), number(high, vocabulary)
    if low == high:
        return last
    return f"{figure(low)} to {figure(high)}" if in_digits(first) or in_digits(last) else f"{first} to {last}"


def in_digits(words: str) -> bool:
    """Whether a number that was put into words came out in digits."""
    return words[:1].isdigit()


def times(frequency: Range, vocabulary: DosingVocabulary) -> str:
    """How many times: ``once``, ``three times``, ``two to three times``, ``up to three times``."""
    low, high = frequency
    if low != high and low == ZERO:
        return UP_TO + times((high, high), vocabulary)
    if low != high:
        return f"{numbers(low, high, vocabulary)} times"
    if high < ONE:
        return f"{figure(high)} times"
    return vocabulary.time_words.get(high) or f"{number(high, vocabulary)} times"


def every(frequency: Range, period: Range, unit: str, vocabulary: DosingVocabulary) -> str:
    """A frequency over a period: ``twice a day``, ``every 4 to 6 hours``, ``once a week``, ``twice every 3 days``."""
    singular, plural = vocabulary.period_names[unit]
    if period == (ONE, ONE):
        return f"{times(frequency, vocabulary)} {_article(singular)} {singular}"
    span = f"every {figures(*period)} {plural}"
    return span if frequency == (ONE, ONE) else f"{times(frequency, vocabulary)} {span}"


def in_days(days: Fraction, vocabulary: DosingVocabulary) -> str:
    """A length that something holds for: ``a day``, ``a week``, ``in 3 days``, ``in 12 hours``."""
    for unit, (singular, _) in vocabulary.period_names.items():
        if days == DAYS_PER[unit]:
            return f"{_article(singular)} {singular}"
    if days < ONE:
        return f"in {figures(days * HOURS_PER_DAY, days * HOURS_PER_DAY)} {vocabulary.period_names[HOUR][1]}"
    return f"in {figures(days, days)} {vocabulary.period_names[DAY][1]}"


def counted(value: Fraction, names: tuple[str, str]) -> str:
    """A number of things: ``1 day``, ``2.5 days``."""
    return f"{figure(value)} {names[0] if value <= ONE else names[1]}"


def part_of(count: str, name: str) -> str:
    """A part of one thing: ``half of a 1 mg tablet``, ``a quarter of an 8 mg tablet``."""
    return f"{count} of {_article(name)} {name}"


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    items = list(words)
    return " and ".join([", ".join(items[:-1]), items[-1]]) if items[1:] else "".join(items)


def together(phrases: Sequence[str]) -> str:
    """What is taken side by side: ``a, and b``; ``a, b, and c``."""
    parts = [phrase for phrase in phrases if phrase]
    return ", and ".join([", ".join(parts[:-1]), parts[-1]]) if parts[1:] else "".join(parts)


def _article(name: str) -> str:
    """``an hour``, ``an 8 mg tablet``, else ``a``."""
    return "an" if name.startswith(VOWEL_SOUNDS) else "a"
