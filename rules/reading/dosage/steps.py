"""Which lines of a dosage are in force on a day.

Lines of equal (or absent) sequence run together, unless their dates keep them apart; increasing sequences run one after
another, by their own dates or by lengths counted from the start of the regimen. Some records number the parts of one
day: steps of no known length that name different times may be such parts, and are read both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.model import Dosage, Period, Timing
from rules.reading.wording.numbers import number

STEP_IN_FORCE = "step-in-force"
LARGEST_STEP = "steps-without-length-largest-counted"
PARTS_OF_A_DAY = "steps-at-different-times-counted-together"


@dataclass(frozen=True, slots=True)
class Steps:
    """The lines in force; where the day does not decide, every step that may be (``candidates`` of two or more).

    The first of them is step ``place`` of ``count``.
    """

    candidates: tuple[tuple[Dosage, ...], ...]
    assumption: str | None = None
    place: int = 1
    count: int = 1

    def words(self, vocabulary: DosingVocabulary) -> str:
        """Which of the steps it is: ``step 2 of 3``, ``the larger of two steps``; empty where there is only one."""
        if self.assumption is None:
            return ""
        if self.assumption == LARGEST_STEP:
            _, _, *more = self.candidates
            count = number(Fraction(len(self.candidates)), vocabulary)
            return f"the {'largest' if more else 'larger'} of {count} steps"
        if self.assumption == PARTS_OF_A_DAY:
            return f"{number(Fraction(self.count), vocabulary)} steps that may be parts of one day"
        return f"step {self.place} of {self.count}" if self.count > 1 else "the part that its dates put in force"


@dataclass(frozen=True, slots=True)
class _TimedStep:
    lines: tuple[Dosage, ...]
    bounds: Period
    days: int | None


def steps_in_force(dosages: tuple[Dosage, ...], start: date | None, on: date) -> Steps:
    """The dosage lines in force on a day: before the first step the first, after the last the last. Never raises.

    Args:
        dosages: the lines of one record.
        start: the day from which the lengths of steps are counted, where no step has dates; None where not known.
        on: the day.
    """
    if dosages and not dosages[1:]:
        return Steps((dosages,))
    steps = [_step(lines) for lines in _by_sequence(dosages)]
    if not steps:
        return Steps(((),))
    possible = _in_force(steps, start, on)
    chosen = tuple(_overlapping(step.lines, on) for step in possible)
    assumption: str | None = None
    if chosen[1:]:
        assumption = LARGEST_STEP
        if _at_different_times(chosen):
            together = tuple(line for lines in chosen for line in lines)
            return Steps((together, *chosen), PARTS_OF_A_DAY, count=len(chosen))
    elif len(chosen[0]) < len(dosages):
        assumption = STEP_IN_FORCE
    return Steps(chosen, assumption, _place(steps, possible[0]), len(steps))


def _at_different_times(steps: tuple[tuple[Dosage, ...], ...]) -> bool:
    """Whether every line names its times of the day, or else days of the week, and no two steps name the same."""
    seen: set[str] = set()
    for lines in steps:
        named: set[str] = set()
        for line in lines:
            timing = line.timing or Timing()
            times = timing.when + timing.time_of_day or timing.day_of_week
            if not times:
                return False
            named.update(times)
        if named & seen:
            return False
        seen |= named
    return True


def _place(steps: list[_TimedStep], wanted: _TimedStep) -> int:
    """Which of the steps it is, from 1; two steps may say the same."""
    return next(number for number, step in enumerate(steps, 1) if step is wanted)


def _by_sequence(dosages: tuple[Dosage, ...]) -> list[tuple[Dosage, ...]]:
    """The lines of each sequence number, in order; lines without one run with the first."""
    numbers = sorted({line.sequence for line in dosages if line.sequence is not None})
    if not numbers:
        return [dosages] if dosages else []
    first = numbers[0]
    return [
        tuple(line for line in dosages if (first if line.sequence is None else line.sequence) == wanted)
        for wanted in numbers
    ]


def _step(lines: tuple[Dosage, ...]) -> _TimedStep:
    timings = [line.timing or Timing() for line in lines]
    starts = [timing.bounds.start for timing in timings if timing.bounds.start]
    ends = [timing.bounds.end for timing in timings if timing.bounds.end]
    lengths = [length for timing in timings if (length := timing.bounds_days_max or timing.bounds_days)]
    return _TimedStep(
        lines=lines,
        bounds=Period(min(starts, default=None), max(ends, default=None)),
        days=ceil(max(lengths)) if lengths and min(lengths) > 0 else None,
    )


def _in_force(steps: list[_TimedStep], start: date | None, on: date) -> list[_TimedStep]:
    """The step in force, or all that may be where a length or the start is not known."""
    reached = 0
    for position, first in enumerate(_starts(steps, start)):
        if first is None:
            return steps[reached:]
        if first <= on:
            reached = position
    return [steps[reached]]


def _starts(steps: list[_TimedStep], start: date | None) -> list[date | None]:
    """The first day of each step, None where it cannot be known."""
    # One period that every step carries is the span of the whole order and tells no step from another.
    shared = len({step.bounds for step in steps}) == 1
    following = steps[0].bounds.start or start
    starts: list[date | None] = []
    for step in steps:
        own = Period() if shared else step.bounds
        first = own.start or following
        starts.append(first)
        following = _after(own.end, first, step.days)
    return starts


def _after(end: date | None, start: date | None, days: int | None) -> date | None:
    try:
        if end is not None:
            return end + timedelta(days=1)
        return start + timedelta(days=days) if start is not None and days is not None else None
    except OverflowError:
        return None


def _overlapping(lines: tuple[Dosage, ...], on: date) -> tuple[Dosage, ...]:
    """The lines of one step that are in force by their own dates; lines without dates always are."""
    bounds = [line.timing.bounds if line.timing else Period() for line in lines]
    dated = [period for period in bounds if period != Period()]
    if len(set(dated)) <= 1:
        return lines
    day = on
    if not any(_holds(period, on) for period in dated):
        past = [period.end for period in dated if period.end and period.end < on]
        future = [period.start for period in dated if period.start and period.start > on]
        day = max(past) if past else min(future, default=on)
    return tuple(line for line, period in zip(lines, bounds, strict=True) if period == Period() or _holds(period, day))


def _holds(period: Period, day: date) -> bool:
    return (period.start is None or period.start <= day) and (period.end is None or day <= period.end)
