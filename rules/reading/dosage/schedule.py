"""How often a dose is taken: from a timing to doses a day, as a range.

A timing may state its rate as numbers (``repeat``), as moments and days, as one code, or in several of these ways at
once. Where they disagree both are kept: the larger rate at the high end, the smaller at the low end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary, normalised
from rules.model import Timing
from rules.numbers.memo import memoised
from rules.numbers.quantity import DAYS_PER, DAYS_PER_WEEK, HOURS_PER_DAY, ONE, ZERO
from rules.reading.dosage.stated_rate import StatedRate
from rules.reading.wording.numbers import DAY, Range

FREQUENCY_READ_AS_DAILY = "frequency-read-as-per-day"
PERIOD_READ_AS_DAYS = "period-read-as-days"
IMPLAUSIBLE_PERIOD = "implausible-period"
TIMING_PARTS_DIFFER = "timing-parts-differ"
RANGE_AT_MAXIMUM = "range-counted-at-maximum"

NOT_GIVEN = "how often it is taken is not given"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Doses a day from ``low`` to ``high`` (above 0), averaged over the period.

    ``days_per_week`` are the days of use in a week (7: daily; None: not known). ``occasions`` are the moments and times
    of day that are named. ``counted``: the phrase counts times ("twice a day"), so that "up to" may stand before it.
    """

    low: Fraction
    high: Fraction
    phrase: str
    days_per_week: Fraction | None
    occasions: frozenset[str] = frozenset()
    as_needed: bool = False
    counted: bool = False
    assumptions: tuple[str, ...] = ()


class Lacking(StrEnum):
    """Why there is no rate."""

    UNKNOWN = "unknown"
    SINGLE = "single"
    INFUSION = "infusion"


@dataclass(frozen=True, slots=True)
class NoSchedule:
    """A timing without a daily rate; ``why`` says what was seen or missing, in plain words."""

    lacking: Lacking
    why: str
    as_needed: bool = False


@memoised
def read_schedule(timing: Timing | None, vocabulary: DosingVocabulary) -> Schedule | NoSchedule:
    """Doses a day by a timing, or why it gives none. Never raises."""
    if timing is None:
        return NoSchedule(Lacking.UNKNOWN, NOT_GIVEN)
    coded = _read_code(timing, vocabulary)
    stated = _read_repeat(timing, vocabulary)
    as_needed = coded.as_needed
    if isinstance(stated, Schedule) and isinstance(coded, Schedule):
        return replace(_both(stated, coded), as_needed=as_needed)
    if isinstance(stated, Schedule):
        if isinstance(coded, NoSchedule) and coded.lacking is Lacking.SINGLE:
            phrase = f"{stated.phrase} (or {coded.why})"
            return replace(stated, low=ZERO, phrase=phrase, assumptions=(*stated.assumptions, TIMING_PARTS_DIFFER))
        return replace(stated, as_needed=as_needed)
    if isinstance(coded, Schedule):
        return coded
    if stated.lacking is Lacking.UNKNOWN and coded.lacking is Lacking.UNKNOWN and timing.events:
        return NoSchedule(Lacking.SINGLE, "taken on named dates only", as_needed)
    telling = coded if stated.lacking is Lacking.UNKNOWN and stated.why == NOT_GIVEN else stated
    return replace(telling, as_needed=as_needed)


def _both(stated: Schedule, coded: Schedule) -> Schedule:
    """Two statements of one rate: the numbers, widened by the code where it says something else."""
    if (stated.low, stated.high) == (coded.low, coded.high):
        return replace(stated, occasions=stated.occasions | coded.occasions)
    larger = stated if stated.high >= coded.high else coded
    return replace(
        larger,
        low=min(stated.low, coded.low),
        phrase=f"{larger.phrase} (or {(coded if larger is stated else stated).phrase})",
        occasions=stated.occasions | coded.occasions,
        assumptions=(*stated.assumptions, TIMING_PARTS_DIFFER),
    )


def _read_code(timing: Timing, vocabulary: DosingVocabulary) -> Schedule | NoSchedule:
    as_needed = False
    unread = ""
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
            return NoSchedule(Lacking.SINGLE, "a single dose", as_needed)
        if name in vocabulary.infusion_codes:
            return NoSchedule(Lacking.INFUSION, "an infusion or a titration", as_needed)
        known = vocabulary.timing_codes.get(name)
        if known:
            as_timing = Timing(
                frequency=known.times,
                period=known.every[0],
                period_max=known.every[-1],
                period_unit=known.unit,
                when=known.when,
                day_of_week=known.days,
            )
            read = _read_repeat(as_timing, vocabulary)
            return replace(read, as_needed=as_needed)
        unread = text
    why = f"the timing “{unread}” is not read" if unread else NOT_GIVEN
    return NoSchedule(Lacking.UNKNOWN, why, as_needed)


def _read_repeat(timing: Timing, vocabulary: DosingVocabulary) -> Schedule | NoSchedule:
    moments = tuple(
        vocabulary.moments[normalised(code)]
        for code in dict.fromkeys(timing.when)
        if normalised(code) in vocabulary.moments
    )
    clock = tuple(sorted(set(timing.time_of_day)))
    days = tuple(day for day in vocabulary.days_of_week if day in {normalised(each) for each in timing.day_of_week})
    frequency = _range(timing.frequency, timing.frequency_max, ZERO)
    period = _range(timing.period, timing.period_max, None)
    if timing.count == ONE and timing.count_max in (None, ONE) and (frequency is None or frequency[1] <= ONE):
        return NoSchedule(Lacking.SINGLE, "a single dose")
    if frequency is None and period is None and not moments and not clock and not days:
        return NoSchedule(Lacking.UNKNOWN, NOT_GIVEN)
    if any(moment.single for moment in moments) and frequency is None:
        return NoSchedule(Lacking.SINGLE, "a single dose")
    if (frequency and frequency[1] <= 0) or (period and period[0] <= 0):
        return NoSchedule(Lacking.UNKNOWN, "the stated frequency or period is not above zero")
    unit = vocabulary.periods.get(normalised(timing.period_unit)) if timing.period_unit else DAY
    if unit is None:
        return NoSchedule(Lacking.UNKNOWN, f"the period unit “{timing.period_unit}” is not known")
    stated = StatedRate(frequency, period, unit, moments, clock, days)
    assumptions: list[str] = []
    if timing.period_unit is None and period is not None:
        assumptions.append(PERIOD_READ_AS_DAYS)
    if timing.period_unit is None and period is None and not stated.slots and not days:
        assumptions.append(FREQUENCY_READ_AS_DAILY)
    return _rate(stated, assumptions, vocabulary)


def _rate(stated: StatedRate, assumptions: list[str], vocabulary: DosingVocabulary) -> Schedule:
    """The rate of a repeat that states at least something of it."""
    low, high, use = _on_named_days(stated, assumptions) if stated.days else _every_period(stated, assumptions)
    phrase = stated.words(vocabulary)
    known_use: Fraction | None = use
    if _is_clock_interval(stated, vocabulary):
        # "Once per 12 days" of a daily medicine plainly meant hours; both are kept.
        high, known_use = high * HOURS_PER_DAY, None
        assumptions.append(IMPLAUSIBLE_PERIOD)
        phrase += " (which may mean hours)"
    if low != high and not {TIMING_PARTS_DIFFER, IMPLAUSIBLE_PERIOD} & set(assumptions):
        assumptions.append(RANGE_AT_MAXIMUM)
    named = bool(stated.moments or stated.clock)
    frequency = stated.frequency or (ONE, ONE)
    return Schedule(
        low=low,
        high=high,
        phrase=phrase,
        days_per_week=known_use,
        occasions=frozenset(moment.code for moment in stated.moments) | frozenset(stated.clock),
        counted=not named and frequency[0] == frequency[1] and (frequency[1] != ONE or stated.length == (ONE, ONE)),
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _every_period(stated: StatedRate, assumptions: list[str]) -> tuple[Fraction, Fraction, Fraction]:
    """Lowest and highest doses a day, and days of use in a week, where no days of the week are named."""
    shortest, longest = (each * DAYS_PER[stated.unit] for each in stated.length)
    # Moments of the day add nothing to a period of hours.
    doses = _doses(stated.frequency, stated.slots if shortest >= ONE else ZERO, assumptions)
    use = min(DAYS_PER_WEEK, doses[1] * DAYS_PER_WEEK / shortest) if shortest > ONE else DAYS_PER_WEEK
    return doses[0] / longest, doses[1] / shortest, use


def _on_named_days(stated: StatedRate, assumptions: list[str]) -> tuple[Fraction, Fraction, Fraction]:
    """The same where days of the week are named."""
    named = Fraction(len(stated.days))
    shortest, longest = (each * DAYS_PER[stated.unit] for each in stated.length)
    if shortest >= DAYS_PER_WEEK:
        # "Three times a week, on Monday, Wednesday and Friday" names the same three doses twice.
        doses = _doses(stated.frequency, named * max(stated.slots, ONE), assumptions)
        return doses[0] / longest, doses[1] / shortest, named * DAYS_PER_WEEK / shortest
    doses = _doses(stated.frequency, stated.slots if shortest >= ONE else ZERO, assumptions)
    share = named / DAYS_PER_WEEK
    return doses[0] / min(longest, ONE) * share, doses[1] / min(shortest, ONE) * share, named


def _doses(frequency: Range | None, slots: Fraction, assumptions: list[str]) -> Range:
    """Doses in one period by the frequency and by the named moments, which may say the same thing twice."""
    if not slots:
        return frequency or (ONE, ONE)
    if frequency is None or frequency == (ONE, ONE):
        return slots, slots
    if frequency[1] == slots:
        return frequency
    assumptions.append(TIMING_PARTS_DIFFER)
    return min(frequency[0], slots), max(frequency[1], slots)


def _is_clock_interval(stated: StatedRate, vocabulary: DosingVocabulary) -> bool:
    """Whether a period in days is too long for a daily medicine and would be a usual one in hours."""
    bounds = vocabulary.plausible
    if stated.unit != DAY or stated.days or stated.length[0] <= bounds.interval_at_most.value:
        return False
    return all(end in {interval.value for interval in bounds.clock_intervals} for end in stated.length)


def _range(low: Fraction | None, high: Fraction | None, floor: Fraction | None) -> Range | None:
    """A range of two optional ends. Where only the upper end is given the lower is ``floor``, or the same."""
    if high is None:
        return None if low is None else (low, low)
    if low is None:
        return (high if floor is None else floor), high
    return min(low, high), max(low, high)
