"""Which words of the instructions gave which value, in plain words: ``1/2-1 tab`` gave ``half to 1 tablet``.

A text that was not understood has one piece of evidence: the words at which its reading stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from re import compile as pattern

from rules.assessment_lines import NOT_UNDERSTOOD, Evidence
from rules.knowledge.lexicon.vocabulary import DosingVocabulary, UnitKind, normalised
from rules.numbers.memo import memoised
from rules.numbers.quantity import ONE
from rules.numbers.text import figure
from rules.reading.sig.read import NoDailyRate, ReadSig, UnreadableSig
from rules.reading.wording.numbers import counted, every, in_days, named_days, numbers
from rules.reading.wording.prose import BETWEEN_TEXTS, UP_TO, part_of

# The values of a trace, as the parser notes them: "1 to 2 tablet", "2 to 3 in 1 d", "4 milligram in 1 days".
AMOUNT = pattern(r"(?:(?P<low>\d[\d/]*) to )?(?P<high>\d[\d/]*) ?(?P<unit>.*)")
RATE = pattern(r"(?P<up_to>up to )?(?:(?P<low>\d[\d/]*) to )?(?P<high>\d[\d/]*) in (?P<every>.+) (?P<unit>\S+)")
MAXIMUM = pattern(r"(?P<amount>.+?) +in (?P<days>\d[\d/]*) days")
NUMBER = pattern(r"(?P<number>\d[\d/]*)\b.*")


@dataclass(frozen=True, slots=True)
class SigReading:
    """One text of the instructions, where it begins in all of them, and what was read in it."""

    text: str
    start: int
    read: ReadSig | UnreadableSig

    def evidence(self, vocabulary: DosingVocabulary) -> Iterator[Evidence]:
        """What each piece of the text gave, in the order of the text."""
        if isinstance(self.read, UnreadableSig):
            if self.read.words:
                yield self._piece(self.read.start, self.read.end, NOT_UNDERSTOOD)
            return
        for span in sorted(self.read.trace, key=lambda each: each.start):
            yield self._piece(span.start, span.end, gave(span.what, vocabulary))

    def _piece(self, start: int, end: int, what: str) -> Evidence:
        words = self.text[start:end]
        # The text stands in the instructions without the blanks around it.
        blank = len(words) - len(words.lstrip())
        return Evidence(words.strip(), self.start + start + blank - self._leading, what)

    @property
    def _leading(self) -> int:
        return len(self.text) - len(self.text.lstrip())


def readings_of(texts: Sequence[str | None], reads: Sequence[ReadSig | UnreadableSig | None]) -> tuple[SigReading, ...]:
    """Each text once, with what was read in it, and where it stands among all of them as the instructions give them."""
    found: dict[str, SigReading] = {}
    start = 0
    for text, read in zip(texts, reads, strict=True):
        if text is not None and read is not None:
            found.setdefault(text, SigReading(text, start, read))
            start += len(text.strip()) + len(BETWEEN_TEXTS)
    return tuple(found.values())


def evidence(readings: Iterable[SigReading], vocabulary: DosingVocabulary) -> tuple[Evidence, ...]:
    """Which words of the instructions gave what."""
    return tuple(piece for reading in readings for piece in reading.evidence(vocabulary))


@memoised
def gave(what: str, vocabulary: DosingVocabulary) -> str:
    """What a piece of a text gave, in plain words; what has no words of its own as it was noted."""
    kind, _, value = what.partition(": ")
    return KINDS[kind](value, vocabulary) if kind in KINDS else what.replace("-", " ")


def _dose(value: str, vocabulary: DosingVocabulary) -> str:
    """``half to 1 tablet``; one dose that is stated in two ways: ``1 tablet, 0.5 mg``."""
    return ", ".join(_amount(each, vocabulary) for each in value.split(" = "))


def _amount(value: str, vocabulary: DosingVocabulary) -> str:
    found = AMOUNT.fullmatch(value)
    if found is None:
        return value
    high = Fraction(found["high"])
    low = Fraction(found["low"]) if found["low"] else high
    unit = vocabulary.unit(found["unit"]) if found["unit"] else None
    parts = unit is not None and unit.kind in (UnitKind.COUNTABLE, UnitKind.ACTUATION)
    words = vocabulary.number_words if parts else {}
    first = "" if low == high else f"{words[low] if low < ONE and low in words else figure(low)} to "
    if not found["unit"]:
        return f"a dose of {first}{figure(high)}"
    if unit is None:
        return f"{first}{figure(high)} {found['unit']}"
    if high < ONE and high in words:
        return first + part_of(words[high], unit.short)
    return f"{first}{figure(high)} {unit.plural if parts and high > ONE else unit.short}"


def _rate(value: str, vocabulary: DosingVocabulary) -> str:
    """``twice a day``, ``every 4 to 6 hours``."""
    found = RATE.fullmatch(value)
    if found is None or found["unit"] not in vocabulary.period_names:
        return value
    high = Fraction(found["high"])
    low = Fraction(found["low"]) if found["low"] else high
    shortest, _, longest = found["every"].partition(" to ")
    period = (Fraction(shortest), Fraction(longest or shortest))
    return f"{UP_TO if found['up_to'] else ''}{every((low, high), period, found['unit'], vocabulary)}"


def _moments(value: str, vocabulary: DosingVocabulary) -> str:
    """``at bedtime``."""
    known = [vocabulary.moments.get(normalised(code)) for code in value.split(", ")]
    return ", ".join(moment.name for moment in known if moment is not None) or value


def _days(value: str, vocabulary: DosingVocabulary) -> str:
    """``on Monday and Friday``."""
    days = tuple(day for day in vocabulary.days_of_week if day in value.split(", "))
    return named_days(days, vocabulary) if days else value


def _maximum(value: str, vocabulary: DosingVocabulary) -> str:
    """``not over 2 tablets a day``."""
    found = MAXIMUM.fullmatch(value)
    if found is None:
        return value
    return f"not over {_amount(found['amount'].strip(), vocabulary)} {in_days(Fraction(found['days']), vocabulary)}"


def _length(value: str, vocabulary: DosingVocabulary) -> str:
    """``for 7 days``."""
    found = NUMBER.fullmatch(value)
    return f"for {counted(Fraction(found['number']), vocabulary.period_names['d'])}" if found else value


def _count(value: str, vocabulary: DosingVocabulary) -> str:
    """``3 doses in all``."""
    found = NUMBER.fullmatch(value)
    if found is None:
        return value
    count = Fraction(found["number"])
    return "one dose only" if count == ONE else f"{numbers(count, count, vocabulary)} doses in all"


KINDS: Mapping[str, Callable[[str, DosingVocabulary], str]] = {
    "dose": _dose,
    "rate": _rate,
    "moment": _moments,
    "days": _days,
    "maximum": _maximum,
    "length": _length,
    "count": _count,
    "time": lambda value, _: f"at {value}" if value else "a time of day",
    "route": lambda value, _: f"route: {value}",
    "reason": lambda _value, _vocabulary: "what it is for",
    "repeat": lambda _value, _vocabulary: "may be taken again",
    "date": lambda _value, _vocabulary: "a date",
    NoDailyRate.TITRATION.value: lambda _value, _vocabulary: "a dose that changes",
    NoDailyRate.PROTOCOL.value: lambda _value, _vocabulary: "given by a protocol",
    NoDailyRate.INFUSION.value: lambda _value, _vocabulary: "an infusion",
}
