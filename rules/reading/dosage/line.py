"""The values of a dosage line as it was read: its dose, its schedule, its maximum, and the intake that they come to.

Each value has its part of the sentence as ``words``; the sentence itself is put together last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from rules.assessment_lines import Doubt
from rules.model import MaximumDose
from rules.numbers.quantity import DAYS_PER_WEEK, ZERO
from rules.reading.dosage.intake import Intake
from rules.reading.wording.prose import UP_TO, listed
from rules.reading.wording.refusals import Refusal

# Assumptions that several modules refer to.
PRN_AT_MAXIMUM = "prn-counted-at-permitted-maximum"
RANGE_AT_MAXIMUM = "range-counted-at-maximum"
# Why less may be taken than is counted: the most that an order permits is.
AT_MOST = frozenset({PRN_AT_MAXIMUM, RANGE_AT_MAXIMUM})
IMPLAUSIBLE_PERIOD = "implausible-period"
LIMITED = "limited-by-written-maximum"
PART_NOT_READ = "part-of-dosage-not-read"
# Why more may be taken than a dose that was read.
WITHOUT_UPPER_END = "dose-without-upper-end"
SMALL_DOSE = "implausibly-small-dose"
RARE_DOSE = "implausibly-rare-dose"
AT_LEAST = frozenset({WITHOUT_UPPER_END, SMALL_DOSE, RARE_DOSE})


@dataclass(frozen=True, slots=True)
class Portion:
    """One dose by one reading of its quantity.

    Attributes:
        by_agent: milligrams of each agent; micrograms an hour where ``hourly`` (a patch that is worn).
        units: how many units it is (millilitres of a liquid), None where not known.
        words: the dose in words.
        hourly: whether it is what a patch delivers.
        unit: the id of the unit in which it was counted, None where it was stated as a mass.
        in_digits: whether ``words`` begin with a number in digits.
        assumptions: codes of what was assumed.
    """

    by_agent: Mapping[str, Fraction]
    units: Fraction | None
    words: str
    hourly: bool = False
    unit: str | None = None
    in_digits: bool = True
    assumptions: tuple[str, ...] = ()

    @property
    def size(self) -> Fraction:
        """The sum over its agents, to order the readings of one product by."""
        return sum(self.by_agent.values(), ZERO)

    def times(self, count: Fraction) -> Portion:
        """So many of it."""
        by_agent = {agent: amount * count for agent, amount in self.by_agent.items()}
        return replace(self, by_agent=by_agent, units=None if self.units is None else self.units * count)


@dataclass(frozen=True, slots=True)
class StatedDose:
    """One dose from its smallest reading, taken ``low_factor`` (0 or 1) times, to its largest.

    ``other`` is what else the largest may mean, should it turn out to be implausible.
    """

    low: Portion
    high: Portion
    low_factor: Fraction
    words: str
    assumptions: tuple[str, ...]
    other: Portion | None = None

    @property
    def largest(self) -> Fraction:
        """The size of the largest reading."""
        return self.high.size

    @property
    def smallest(self) -> Fraction:
        """The size of the smallest reading."""
        return self.low.size * self.low_factor


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a dose is taken.

    Attributes:
        low, high: doses a day (high above 0), averaged over the period.
        words: how often, in words.
        days_per_week: days of use in a week (7: daily), None where not known.
        occasions: the moments and times of day that are named.
        as_needed: whether the timing itself says so.
        counts_times: whether ``words`` count times ("twice a day"), so that "up to" may stand before them.
        begins_up_to: whether ``words`` begin with "up to".
        periods: the units of time that ``words`` name as "a day", "a week".
        assumptions: codes of what was assumed.
    """

    low: Fraction
    high: Fraction
    words: str
    days_per_week: Fraction | None
    occasions: frozenset[str] = frozenset()
    as_needed: bool = False
    counts_times: bool = False
    begins_up_to: bool = False
    periods: frozenset[str] = frozenset()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoSchedule:
    """A timing without a daily rate, and why."""

    refusal: Refusal
    as_needed: bool = False


@dataclass(frozen=True, slots=True)
class MaximumWords:
    """A written maximum in words: ``2 tablets`` and ``a day``. ``unit`` is that unit of time, None where it is none."""

    amount: str
    time: str
    unit: str | None

    @property
    def words(self) -> str:
        """``2 tablets a day``."""
        return f"{self.amount} {self.time}"


@dataclass(frozen=True, slots=True)
class WrittenMaximum:
    """The tightest daily intake of the maxima that are ``believed`` (so many), and the words of each."""

    intake: Intake
    written: tuple[MaximumWords, ...]
    believed: int


@dataclass(frozen=True, slots=True)
class DosageLine:
    """The daily intake of one line, and how it was read.

    Attributes:
        intake: what is taken in a day.
        dose: what is taken at a time, None where not known.
        schedule: how often, None where not known or not relevant (a patch).
        as_needed: whether it is taken as needed, so that the low end is nothing.
        days_per_week: days of use in a week, None where not known.
        maximum: what its written maxima allow, None where there is none that can be read.
        sent_maxima: the maxima as they were sent.
        missing: why dose or schedule is not known, of a line that only its maximum limits.
        other_intake: the intake by the other reading of its dose, None where there is none.
        both_readings: whether the intake covers the other reading, because the dose as written is implausible.
        doubts: in what respect it is implausible; set by :mod:`rules.reading.dosage.plausibility`.
        assumptions: codes of what was assumed.
    """

    intake: Intake
    dose: StatedDose | None
    schedule: Schedule | None
    as_needed: bool
    days_per_week: Fraction | None
    maximum: WrittenMaximum | None = None
    sent_maxima: tuple[MaximumDose, ...] = ()
    missing: Refusal | None = None
    other_intake: Intake | None = None
    both_readings: bool = False
    doubts: tuple[Doubt, ...] = ()
    assumptions: tuple[str, ...] = ()

    @property
    def portion(self) -> Portion | None:
        """The largest reading of one dose; None of a line that only its maximum limits."""
        if self.dose is None or (self.schedule is None and not self.dose.high.hourly):
            return None
        return self.dose.high

    @property
    def only_permitted(self) -> bool:
        """Whether the intake is only what the interval of an as-needed order permits."""
        return self.as_needed and self.maximum is None and self.portion is not None

    @property
    def averaged(self) -> bool:
        """Whether it is not taken every day."""
        return self.days_per_week is not None and self.days_per_week < DAYS_PER_WEEK

    @property
    def occasions(self) -> frozenset[str]:
        """The moments and times of day that it names."""
        return self.schedule.occasions if self.schedule else frozenset()

    @property
    def words(self) -> str:
        """What is taken and how often, without the maximum."""
        dose = self._dose_words
        if self.schedule is None:
            worn = self.portion is not None
            return f"{dose} as needed" if self.as_needed and not worn else dose
        if self.intake.hourly:
            return f"{dose}, changed {self.schedule.words}"
        if not self.as_needed:
            return f"{dose} {self.schedule.words}"
        if self.schedule.counts_times:
            return f"{dose}, {UP_TO}{self.schedule.words} as needed"
        return f"{dose}{',' if self.schedule.begins_up_to else ''} {self.schedule.words} as needed"

    @property
    def words_with_maximum(self) -> str:
        """The same with the maximum; its time ("a day") is omitted where the words before it name it already."""
        if self.maximum is None:
            return self.words
        written = (each.amount if self._says_time_of(each) else each.words for each in self.maximum.written)
        return f"{self.words}, {not_over(written)}"

    @property
    def _dose_words(self) -> str:
        dose = self.dose.words if self.dose else ""
        if self.both_readings and self.dose is not None and self.dose.other is not None:
            dose += f" (which may mean {self.dose.other.words})"
        return ", ".join(filter(None, (dose, self.missing.words if self.missing else "")))

    def _says_time_of(self, maximum: MaximumWords) -> bool:
        if self.schedule is not None:
            return maximum.unit in self.schedule.periods
        # An unread timing is quoted in the words, and may name the time itself.
        return self.missing is not None and maximum.time in self.missing.detail


@dataclass(frozen=True, slots=True)
class UnratedLine:
    """A line that gives no daily dose.

    Attributes:
        refusal: the reason.
        as_needed: whether it is taken as needed.
        interval_days: the days between two doses, where only the dose is missing.
        length_days: for how many days it is taken, where known.
        dose: what is taken at a time, where only the rate is missing.
    """

    refusal: Refusal
    as_needed: bool
    interval_days: Fraction | None = None
    length_days: Fraction | None = None
    dose: StatedDose | None = None

    @property
    def dose_words(self) -> str:
        """What is taken at a time, in words; empty where that is not known."""
        if self.dose is None:
            return ""
        return f"{self.dose.words} as needed" if self.as_needed else self.dose.words


def not_over(amounts: Iterable[str]) -> str:
    """``not over 2 tablets a day and 4 mg a day``."""
    return f"not over {listed(amounts)}"
