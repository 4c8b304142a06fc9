"""Numbers, frequencies and lengths of time in words: ``one and a half``, ``twice a day``, ``in 3 days``.

Every function takes exact numbers and the vocabulary, and returns a piece of one sentence.
"""

from __future__ import annotations

from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.numbers.quantity import DAYS_PER, HALF, HOURS_PER_DAY, ONE, ZERO, Range
from rules.numbers.text import figure, figure_range
from rules.reading.wording.prose import UP_TO, article, listed

HOUR, DAY = "h", "d"


def number(value: Fraction, vocabulary: DosingVocabulary) -> str:
    """A number in words where it has them, else in digits."""
    return number_word(value, vocabulary) or figure(value)


def number_word(value: Fraction, vocabulary: DosingVocabulary) -> str | None:
    """The words for a small number, ``one and a half`` included; None where it is written in digits."""
    if value in vocabulary.number_words:
        return vocabulary.number_words[value]
    if value.denominator != HALF.denominator:
        return None
    whole = Fraction(value.numerator // value.denominator)
    if whole in vocabulary.number_words:
        return f"{vocabulary.number_words[whole]} and a {vocabulary.number_words[HALF]}"
    return None


def numbers(low: Fraction, high: Fraction, vocabulary: DosingVocabulary) -> str:
    """A number or a range in words where both ends have them: ``one to three``, ``10 to 20``."""
    if low == high:
        return number(high, vocabulary)
    first, last = number_word(low, vocabulary), number_word(high, vocabulary)
    return f"{first} to {last}" if first and last else f"{figure(low)} to {figure(high)}"


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
        return f"{times(frequency, vocabulary)} {article(singular)} {singular}"
    span = f"every {figure_range(*period)} {plural}"
    return span if frequency == (ONE, ONE) else f"{times(frequency, vocabulary)} {span}"


def in_days(days: Fraction, vocabulary: DosingVocabulary) -> str:
    """A length that something holds for: ``a day``, ``a week``, ``in 3 days``, ``in 12 hours``."""
    unit = unit_of(days, vocabulary)
    if unit is not None:
        singular = vocabulary.period_names[unit][0]
        return f"{article(singular)} {singular}"
    if days < ONE:
        return f"in {figure_range(days * HOURS_PER_DAY, days * HOURS_PER_DAY)} {vocabulary.period_names[HOUR][1]}"
    return f"in {figure_range(days, days)} {vocabulary.period_names[DAY][1]}"


def unit_of(days: Fraction, vocabulary: DosingVocabulary) -> str | None:
    """The unit of time (in UCUM) that is so many days long, None where there is none."""
    return next((unit for unit in vocabulary.period_names if days == DAYS_PER[unit]), None)


def named_days(days: tuple[str, ...], vocabulary: DosingVocabulary) -> str:
    """``on Monday and Friday``; three or more that follow one another: ``from Monday to Friday``."""
    week = list(vocabulary.days_of_week)
    first, last = week.index(days[0]), week.index(days[-1])
    names = [vocabulary.days_of_week[day] for day in days]
    unbroken = names[1:-1] and week[first : last + 1] == list(days)
    return f"from {names[0]} to {names[-1]}" if unbroken else f"on {listed(names)}"


def counted(value: Fraction, names: tuple[str, str]) -> str:
    """A number of things: ``1 day``, ``2.5 days``."""
    return f"{figure(value)} {names[0] if value <= ONE else names[1]}"
