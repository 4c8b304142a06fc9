"""Which words of the instructions gave which value, in plain words: ``1/2-1 tab`` gave ``half to 1 tablet``.

A text that was not understood has one piece of evidence: the words at which its reading stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.assessment_lines import NOT_UNDERSTOOD, Evidence
from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind, normalised
from rules.numbers.quantity import ONE
from rules.numbers.text import figure
from rules.reading.sig.trace import (
    OF_PERCENT,
    Clause,
    ClockTime,
    DayPattern,
    DoseAmount,
    DoseCount,
    DoseValue,
    Length,
    Maximum,
    Moments,
    NoDailyRate,
    ReadSig,
    Reduction,
    RouteCode,
    SigRate,
    TracedValue,
    UnreadableSig,
    WeekDays,
)
from rules.reading.wording.numbers import DAY, counted, every, in_days, named_days, numbers
from rules.reading.wording.prose import BETWEEN_TEXTS, UP_TO, part_of

FIRST_NUMBER = re.compile(r"\d[\d/]*")
AT_A_TIME = "at a time"
CLAUSES = {
    Clause.AS_NEEDED: "as needed",
    Clause.REASON: "what it is for",
    Clause.REPEAT: "may be taken again",
    Clause.SUPPLY: "how often it is supplied",
    Clause.DURATION: "how long one dose takes",
    Clause.DATE: "a date",
    Clause.HOUR_AFTER_RATE: "a time of day",
    Clause.MAXIMUM_OF_DAYS: "maximum of days",
    Clause.MAXIMUM_OF_ANOTHER: "maximum of another substance",
}
NO_DAILY_RATE = {
    NoDailyRate.AS_DIRECTED: "as directed",
    NoDailyRate.TITRATION: "a dose that changes",
    NoDailyRate.PROTOCOL: "given by a protocol",
    NoDailyRate.INFUSION: "an infusion",
    NoDailyRate.BY_WEIGHT: "by body weight",
}


@dataclass(frozen=True, slots=True)
class SigReading:
    """One text of the instructions, the character at which it begins in all of them, and what was read in it."""

    text: str
    start: int
    read: ReadSig | UnreadableSig

    def evidence(self, vocabulary: DosingVocabulary) -> Iterator[Evidence]:
        """What each piece of the text gave, in the order of the text."""
        if isinstance(self.read, UnreadableSig):
            if self.read.words:
                yield self._piece(self.read.start, self.read.end, NOT_UNDERSTOOD)
            return
        for span in sorted(self.read.trace, key=lambda span: span.start):
            yield self._piece(span.start, span.end, in_words(span.value, vocabulary))

    def _piece(self, start: int, end: int, meaning: str) -> Evidence:
        words = self.text[start:end]
        # The instructions hold the text without the white space around it.
        return Evidence(words.strip(), self.start + start + _leading_space(words) - _leading_space(self.text), meaning)


def _leading_space(text: str) -> int:
    return len(text) - len(text.lstrip())


def readings_of(texts: Sequence[str | None], reads: Sequence[ReadSig | UnreadableSig | None]) -> tuple[SigReading, ...]:
    """Each text once, with what was read in it and where it begins when they are joined by :data:`BETWEEN_TEXTS`."""
    readings: dict[str, SigReading] = {}
    start = 0
    for text, read in zip(texts, reads, strict=True):
        if text is not None and read is not None:
            readings.setdefault(text, SigReading(text, start, read))
            start += len(text.strip()) + len(BETWEEN_TEXTS)
    return tuple(readings.values())


def evidence(readings: Iterable[SigReading], vocabulary: DosingVocabulary) -> tuple[Evidence, ...]:
    """Which words of the instructions gave what."""
    return tuple(piece for reading in readings for piece in reading.evidence(vocabulary))


def in_words(value: TracedValue, vocabulary: DosingVocabulary) -> str:
    """What words of a text gave, in plain words."""
    match value:
        case DoseValue():
            return ", ".join(_amount(amount, vocabulary) for amount in value.amounts)
        case DayPattern():
            return _day_pattern(value)
        case SigRate():
            low, high = value.times
            up_to = UP_TO if low is None else ""
            return up_to + every((high if low is None else low, high), value.every, value.unit, vocabulary)
        case Moments():
            moments = [vocabulary.moments.get(normalised(code)) for code in value.codes]
            return ", ".join(moment.name for moment in moments if moment is not None)
        case WeekDays():
            return named_days(tuple(day for day in vocabulary.days_of_week if day in value.codes), vocabulary)
        case ClockTime():
            return f"at {value.time}"
        case Maximum():
            when = AT_A_TIME if value.days is None else in_days(value.days, vocabulary)
            return f"not over {_amount(value.amount, vocabulary)} {when}"
        case Length():
            return f"for {counted(value.days, vocabulary.period_names[DAY])}"
        case DoseCount():
            count = numbers(value.doses, value.doses, vocabulary)
            return "one dose only" if value.doses == ONE else f"{count} doses in all"
        case RouteCode():
            return f"route: {value.code}"
        case Clause():
            return CLAUSES[value]
        case NoDailyRate():
            return NO_DAILY_RATE[value]
        case Reduction():
            return f"then {reduction_words(value, vocabulary)}"


def reduction_words(value: Reduction, vocabulary: DosingVocabulary) -> str:
    """``2 mg less every 14 days``, ``10 % less every week``."""
    every = counted(value.every_days, vocabulary.period_names[DAY])
    if value.unit == OF_PERCENT:
        return f"{figure(value.amount)} % less every {every}"
    return f"{_amount(DoseAmount(value.amount, value.amount, value.unit), vocabulary)} less every {every}"


def _amount(amount: DoseAmount, vocabulary: DosingVocabulary) -> str:
    """``half to 1 tablet``, ``0.5 mg``, ``a dose of 2``."""
    low, high = amount.low, amount.high
    unit = vocabulary.unit(amount.unit)
    parts = unit is not None and unit.kind in (UnitKind.COUNTABLE, UnitKind.ACTUATION)
    words = vocabulary.number_words if parts else {}
    first = "" if low == high else f"{words[low] if low < ONE and low in words else figure(low)} to "
    if not amount.unit:
        return f"a dose of {first}{figure(high)}"
    if unit is None:
        return f"{first}{figure(high)} {amount.unit}"
    if high < ONE and high in words:
        return first + part_of(words[high], unit.short)
    return f"{first}{figure(high)} {unit.plural if parts and high > ONE else unit.short}"


def _day_pattern(pattern: DayPattern) -> str:
    """The doses of a day as they are written, with a space after the first number: ``1 -0-1``."""
    digits = FIRST_NUMBER.match(pattern.text)
    if digits is None:
        return pattern.text
    return f"{figure(Fraction(digits.group()))} {pattern.text[digits.end() :]}"
