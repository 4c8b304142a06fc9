"""The rate of a timing as its parts state it, and how it is told: ``twice a day``, ``every 2 days at bedtime``."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Moment
from rules.numbers.quantity import ONE, ZERO
from rules.reading.wording.numbers import DAY, Range, every, named_days
from rules.reading.wording.prose import listed

NO_SECONDS = ":00"


@dataclass(frozen=True, slots=True)
class StatedRate:
    """What a repeat says of the rate; ``unit`` is the period's, in UCUM."""

    frequency: Range | None
    period: Range | None
    unit: str
    moments: tuple[Moment, ...]
    clock: tuple[str, ...]
    days: tuple[str, ...]

    @property
    def length(self) -> Range:
        """The period; one of its unit where none is given."""
        return self.period or (ONE, ONE)

    @property
    def slots(self) -> Fraction:
        """Doses a day by the named moments or times, 0 where none is named."""
        return max(sum((moment.times for moment in self.moments), ZERO), Fraction(len(self.clock)))

    def words(self, vocabulary: DosingVocabulary) -> str:
        """How often, in words."""
        frequency = self.frequency or (ONE, ONE)
        named = bool(self.moments or self.clock or self.days)
        parts: list[str] = []
        if not (named and frequency == self.length == (ONE, ONE) and self.unit == DAY):
            parts.append(every(frequency, self.length, self.unit, vocabulary))
        if self.moments:
            parts.append(listed(moment.name for moment in self.moments))
        if self.clock:
            parts.append(f"at {listed(map(_clock_time, self.clock))}")
        if self.days:
            parts.append(named_days(self.days, vocabulary))
        return " ".join(parts)


def _clock_time(time: str) -> str:
    """``08:00``, without the seconds that a record may add."""
    return time.removesuffix(NO_SECONDS) if time.count(":") > 1 else time
