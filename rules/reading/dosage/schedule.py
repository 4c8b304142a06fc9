"""How often a dose is taken: from a timing to doses a day, as a range.

A timing may state its rate as numbers (``repeat``), as moments and days, as one code, or by several of these at once.
Where they differ, the larger rate is the high end and the smaller the low end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, Moment, normalised
from rules.model import Timing
from rules.numbers.memo import memoised
from rules.numbers.quantity import DAYS_PER, DAYS_PER_WEEK, HOURS_PER_DAY, ONE, ZERO, Range
from rules.reading.dosage.line import IMPLAUSIBLE_PERIOD, PART_NOT_READ, RANGE_AT_MAXIMUM, NoSchedule, Schedule
from rules.reading.wording.numbers import DAY, every, named_days
from rules.reading.wording.prose import listed
from rules.reading.wording.refusals import Reason, Refusal

FREQUENCY_READ_AS_DAILY = "frequency-read-as-per-day"
PERIOD_READ_AS_DAYS = "period-read-as-days"
TIMING_PARTS_DIFFER = "timing-parts-differ"

NO_SECONDS = ":00"
ONCE: Range = (ONE, ONE)


@dataclass(frozen=True, slots=True)
class _Repeat:
    """The parts of a timing: ``frequency`` times per ``period`` of ``unit`` (UCUM), with moments, times and days."""

    frequency: Range | None
    period: Range | None
    unit: str
    moments: tuple[Moment, ...]
    clock: tuple[str, ...]
    days: tuple[str, ...]

    @property
    def length(self) -> Range:
        """The period; one of its unit where none is given."""
        return self.period or ONCE

    @property
    def slots(self) -> Fraction:
        """Doses a day by the named moments or times, 0 where none is named."""
        return max(sum((moment.times for moment in self.moments), ZERO), Fraction(len(self.clock)))

    @property
    def says_rate(self) -> bool:
        """Whether its words state the rate: "once a day" is omitted beside a moment, a time or a day of the week."""
        named = self.moments or self.clock or self.days
        return not named or self.unit != DAY or (self.frequency or ONCE) != ONCE or self.length != ONCE

    def words(self, vocabulary: DosingVocabulary) -> str:
        """How often: ``twice a day``, ``every 2 days at bedtime``."""
        parts: list[str] = []
        if self.says_rate:
            parts.append(every(self.frequency or ONCE, self.length, self.unit, vocabulary))
        if self.moments:
            parts.append(listed(moment.name for moment in self.moments))
        if self.clock:
            parts.append(f"at {listed(map(_clock_time, self.clock))}")
        if self.days:
            parts.append(named_days(self.days, vocabulary))
        return " ".join(parts)


@memoised
def read_schedule(timing: Timing | None, vocabulary: DosingVocabulary) -> Schedule | NoSchedule:
    """Doses a day by a timing, or why it gives none. Never raises."""
    if timing is None:
        return _none(Reason.NO_FREQUENCY)
    coded = _read_code(timing, vocabulary)
    stated = _read_repeat(timing, vocabulary)
    as_needed = coded.as_needed
    if isinstance(stated, Schedule) and isinstance(coded, Schedule):
        return replace(_both(stated, coded), as_needed=as_needed)
    if isinstance(stated, Schedule):
        if isinstance(coded, NoSchedule) and coded.refusal.is_single:
            words = f"{stated.words} (or {coded.refusal.words})"
            return replace(stated, low=ZERO, words=words, assumptions=(*stated.assumptions, TIMING_PARTS_DIFFER))
        return replace(stated, as_needed=as_needed)
    if isinstance(coded, Schedule):
        return coded
    if stated.refusal.is_unknown and coded.refusal.is_unknown and timing.events:
        return _none(Reason.NAMED_DATES, as_needed=as_needed)
    return replace(coded if stated.refusal.reason is Reason.NO_FREQUENCY else stated, as_needed=as_needed)


def _none(reason: Reason, detail: str = "", *, as_needed: bool = False) -> NoSchedule:
    return NoSchedule(Refusal(reason, detail), as_needed)


def _both(stated: Schedule, coded: Schedule) -> Schedule:
    """One schedule of numbers and code; where they differ, from the smaller rate to the larger."""
    if (stated.low, stated.high) == (coded.low, coded.high):
        return replace(stated, occasions=stated.occasions | coded.occasions)
    larger, other = (stated, coded) if stated.high >= coded.high else (coded, stated)
    return replace(
        larger,
        low=min(stated.low, coded.low),
        words=f"{larger.words} (or {other.words})",
        occasions=stated.occasions | coded.occasions,
        periods=stated.periods | coded.periods,
        assumptions=(*stated.assumptions, TIMING_PARTS_DIFFER),
    )


def _read_code(timing: Timing, vocabulary: DosingVocabulary) -> Schedule | NoSchedule:
    """The schedule of a timing's code and of its text, both looked up in the vocabulary; of two the larger counts.

    A single dose by one of them is one only where the other states no rate. ::

    code = as-needed | [ single | infusion | rate ] , [ as-needed-ending ]
    """
    as_needed = False
    unread = ""
    none: NoSchedule | None = None
    read: Schedule | None = None
    for text in (timing.code, timing.code_text):
        if not text:
            continue
        name = normalised(text)
        if name in vocabulary.as_needed_codes:
            as_needed = True
            continue
        for ending in vocabulary.as_needed_endings:
            if name.endswith(ending):
                name, as_needed = name.removesuffix(ending).strip(), True
        if name in vocabulary.single_codes:
            none = none or _none(Reason.SINGLE_DOSE)
            continue
        if name in vocabulary.infusion_codes:
            return _none(Reason.INFUSION_CODE, as_needed=as_needed)
        code = vocabulary.timing_codes.get(name)
        if code:
            as_timing = Timing(
                frequency=code.times,
                period=code.every[0],
                period_max=code.every[-1],
                period_unit=code.unit,
                when=code.when,
                day_of_week=code.days,
            )
            found = _read_repeat(as_timing, vocabulary)
            if isinstance(found, Schedule):
                read = found if read is None else _both(read, found)
            else:
                none = none or found
            continue
        unread = text
    if read is not None:
        if none is not None and none.refusal.is_single:
            words = f"{read.words} (or {none.refusal.words})"
            read = replace(read, low=ZERO, words=words, assumptions=(*read.assumptions, TIMING_PARTS_DIFFER))
        return replace(read, as_needed=as_needed)
    if none is not None:
        return replace(none, as_needed=as_needed)
    if unread:
        return _none(Reason.TIMING_NOT_READ, unread, as_needed=as_needed)
    return _none(Reason.NO_FREQUENCY, as_needed=as_needed)


def _read_repeat(timing: Timing, vocabulary: DosingVocabulary) -> Schedule | NoSchedule:
    codes = map(normalised, dict.fromkeys(timing.when))
    moments = tuple(vocabulary.moments[code] for code in codes if code in vocabulary.moments)
    clock = tuple(sorted(set(timing.time_of_day)))
    named = {normalised(day) for day in timing.day_of_week}
    days = tuple(day for day in vocabulary.days_of_week if day in named)
    frequency = _range(timing.frequency, timing.frequency_max, ZERO)
    period = _range(timing.period, timing.period_max, None)
    if timing.count == ONE and timing.count_max in (None, ONE) and (frequency is None or frequency[1] <= ONE):
        return _none(Reason.SINGLE_DOSE)
    if frequency is None and period is None and not moments and not clock and not days:
        return _none(Reason.NO_FREQUENCY)
    if any(moment.single for moment in moments) and frequency is None:
        return _none(Reason.SINGLE_DOSE)
    if (frequency and frequency[1] <= 0) or (period and period[0] <= 0):
        return _none(Reason.FREQUENCY_NOT_ABOVE_ZERO)
    unit = vocabulary.periods.get(normalised(timing.period_unit)) if timing.period_unit else DAY
    if unit is None:
        return _none(Reason.PERIOD_UNIT_NOT_KNOWN, timing.period_unit or "")
    repeat = _Repeat(frequency, period, unit, moments, clock, days)
    assumptions: list[str] = []
    named_moments = {normalised(code) for code in timing.when}
    if (days and named - {*days}) or (moments and len(named_moments) > len({moment.code for moment in moments})):
        # A day or a moment that is not known, beside those that are.
        assumptions.append(PART_NOT_READ)
    if timing.period_unit is None and period is not None:
        assumptions.append(PERIOD_READ_AS_DAYS)
    if timing.period_unit is None and period is None and not repeat.slots and not days:
        assumptions.append(FREQUENCY_READ_AS_DAILY)
    return _schedule(repeat, assumptions, vocabulary)


def _schedule(repeat: _Repeat, assumptions: list[str], vocabulary: DosingVocabulary) -> Schedule:
    """The schedule of a repeat that states at least something of the rate."""
    low, high, days_a_week = _on_named_days(repeat, assumptions) if repeat.days else _every_period(repeat, assumptions)
    words = repeat.words(vocabulary)
    days_per_week: Fraction | None = days_a_week
    if _is_clock_interval(repeat, vocabulary):
        # "Once per 12 days" of a daily medicine most likely means hours; both readings are kept.
        high, days_per_week = high * HOURS_PER_DAY, None
        assumptions.append(IMPLAUSIBLE_PERIOD)
        words += " (which may mean hours)"
    if low != high and not {TIMING_PARTS_DIFFER, IMPLAUSIBLE_PERIOD} & set(assumptions):
        assumptions.append(RANGE_AT_MAXIMUM)
    fewest, most = repeat.frequency or ONCE
    at_moments = bool(repeat.moments or repeat.clock)
    return Schedule(
        low=low,
        high=high,
        words=words,
        days_per_week=days_per_week,
        occasions=frozenset(moment.code for moment in repeat.moments) | frozenset(repeat.clock),
        counts_times=not at_moments and fewest == most and (most != ONE or repeat.length == ONCE),
        begins_up_to=repeat.says_rate and fewest == ZERO != most,
        periods=frozenset({repeat.unit} if repeat.says_rate and repeat.length == ONCE else ()),
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _every_period(repeat: _Repeat, assumptions: list[str]) -> tuple[Fraction, Fraction, Fraction]:
    """Lowest and highest doses a day, and days of use in a week, where no days of the week are named."""
    shortest, longest = (length * DAYS_PER[repeat.unit] for length in repeat.length)
    # Moments of the day add nothing to a period of hours.
    doses = _doses(repeat.frequency, repeat.slots if shortest >= ONE else ZERO, assumptions)
    days_a_week = min(DAYS_PER_WEEK, doses[1] * DAYS_PER_WEEK / shortest) if shortest > ONE else DAYS_PER_WEEK
    return doses[0] / longest, doses[1] / shortest, days_a_week


def _on_named_days(repeat: _Repeat, assumptions: list[str]) -> tuple[Fraction, Fraction, Fraction]:
    """As :func:`_every_period`, where days of the week are named."""
    named = Fraction(len(repeat.days))
    shortest, longest = (length * DAYS_PER[repeat.unit] for length in repeat.length)
    if shortest >= DAYS_PER_WEEK:
        # "Three times a week, on Monday, Wednesday and Friday" names the same three doses twice.
        doses = _doses(repeat.frequency, named * max(repeat.slots, ONE), assumptions)
        return doses[0] / longest, doses[1] / shortest, named * DAYS_PER_WEEK / shortest
    doses = _doses(repeat.frequency, repeat.slots if shortest >= ONE else ZERO, assumptions)
    share = named / DAYS_PER_WEEK
    return doses[0] / min(longest, ONE) * share, doses[1] / min(shortest, ONE) * share, named


def _doses(frequency: Range | None, slots: Fraction, assumptions: list[str]) -> Range:
    """Doses in one period by the frequency and by the named moments, which may say the same thing twice."""
    if not slots:
        return frequency or ONCE
    if frequency is None or frequency == ONCE:
        return slots, slots
    if frequency[1] == slots:
        return frequency
    assumptions.append(TIMING_PARTS_DIFFER)
    return min(frequency[0], slots), max(frequency[1], slots)


def _is_clock_interval(repeat: _Repeat, vocabulary: DosingVocabulary) -> bool:
    """Whether a period in days is too long for a daily medicine and would be a usual one in hours."""
    bounds = vocabulary.plausible
    if repeat.unit != DAY or repeat.days or repeat.length[0] <= bounds.interval_at_most.value:
        return False
    return any(end in {interval.value for interval in bounds.clock_intervals} for end in repeat.length)


def _range(low: Fraction | None, high: Fraction | None, floor: Fraction | None) -> Range | None:
    """A range of two optional ends; without a lower end it starts at ``floor``, without a floor at the upper end."""
    if high is None:
        return None if low is None else (low, low)
    if low is None:
        return (high if floor is None else floor), high
    return min(low, high), max(low, high)


def _clock_time(time: str) -> str:
    """``08:00``, without the seconds that a record may add."""
    return time.removesuffix(NO_SECONDS) if time.count(":") > 1 else time
