"""Which lines of a dosage are in force on a day, and what the lines of one step come to together.

Lines of equal (or absent) sequence run together, unless their dates keep them apart; increasing sequences run one after
another, by their own dates or by lengths counted from the start of the regimen. Some records number the parts of one
day: steps of no known length that name different times may be such parts, and are read both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import reduce
from math import ceil

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.model import NO_PERIOD, Dosage, Period, Timing
from rules.numbers.memo import memoised
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.line import DosageLine, UnratedLine, WrittenMaximum, not_over
from rules.reading.wording.numbers import number
from rules.reading.wording.prose import together

STEP_IN_FORCE = "step-in-force"
LARGEST_STEP = "steps-without-length-largest-counted"
PARTS_OF_A_DAY = "steps-at-different-times-counted-together"


@dataclass(frozen=True, slots=True)
class StepsInForce:
    """The step in force on a day.

    Attributes:
        candidates: its lines; where the day does not decide, those of every step that may be in force.
        assumption: the code of what was assumed to choose them, None where there was nothing to choose.
        position: which of the steps the first candidate is, from 1.
        count: how many steps there are.
    """

    candidates: tuple[tuple[Dosage, ...], ...]
    assumption: str | None = None
    position: int = 1
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
        return f"step {self.position} of {self.count}" if self.count > 1 else "the part that its dates put in force"


@dataclass(frozen=True, slots=True)
class ReadStep:
    """The lines of one step of a dosage, which run together: those that were read, and those that give no dose."""

    lines: tuple[DosageLine, ...]
    unrated: tuple[UnratedLine, ...] = ()

    @property
    def intake(self) -> Intake:
        """The daily intake of its lines together; there must be at least one."""
        return self.uncut.at_most(self.shared_maximum.intake) if self.shared_maximum else self.uncut

    @property
    def uncut(self) -> Intake:
        """The same before it is cut to the shared maximum."""
        first, *others = (line.intake for line in self.lines)
        return reduce(Intake.plus, others, first)

    @property
    def is_cut(self) -> bool:
        """Whether the shared maximum lowers the intake."""
        return self.shared_maximum is not None and self.intake != self.uncut

    @property
    def shared_maximum(self) -> WrittenMaximum | None:
        """One maximum that is written for several lines: it holds for all of them together."""
        first, *others = self.lines
        shared = others and first.sent_maxima and all(line.sent_maxima == first.sent_maxima for line in others)
        return first.maximum if shared else None

    @property
    def part_not_known(self) -> bool:
        """Whether the dose of a line beside those that were read is not known."""
        return any(line.refusal.is_unknown for line in self.unrated)

    @property
    def part_not_daily(self) -> bool:
        """Whether a line beside those that were read is no daily regimen."""
        return any(not line.refusal.is_unknown for line in self.unrated)

    @property
    def words(self) -> str:
        """What is taken by its lines, with the maximum of each, or the one that they share."""
        if self.shared_maximum is None:
            return together([line.words_with_maximum for line in self.lines])
        written = not_over(each.words for each in self.shared_maximum.written)
        return f"{together([line.words for line in self.lines])}, in all {written}"


@dataclass(frozen=True, slots=True)
class _TimedStep:
    """The lines of one sequence number, the days that they name, and how many days they last (None: not known)."""

    lines: tuple[Dosage, ...]
    bounds: Period
    days: int | None


def steps_in_force(dosages: tuple[Dosage, ...], start: date | None, on: date) -> StepsInForce:
    """The dosage lines in force on a day: before the first step the first, after the last the last. Never raises.

    Args:
        dosages: the lines of one record.
        start: the day from which the lengths of steps are counted, where no step has dates; None where not known.
        on: the day.
    """
    if dosages and not dosages[1:]:
        return StepsInForce((dosages,))
    steps = _timed_steps(dosages)
    if not steps:
        return StepsInForce(((),))
    possible = _in_force(steps, start, on)
    chosen = tuple(_overlapping(step.lines, on) for step in possible)
    assumption: str | None = None
    if chosen[1:]:
        assumption = LARGEST_STEP
        if _at_different_times(chosen):
            whole_day = tuple(line for lines in chosen for line in lines)
            return StepsInForce((whole_day, *chosen), PARTS_OF_A_DAY, count=len(chosen))
    elif len(chosen[0]) < len(dosages):
        assumption = STEP_IN_FORCE
    return StepsInForce(chosen, assumption, _position(steps, possible[0]), len(steps))


@memoised
def _timed_steps(dosages: tuple[Dosage, ...]) -> tuple[_TimedStep, ...]:
    return tuple(_step(lines) for lines in _by_sequence(dosages))


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


def _position(steps: Sequence[_TimedStep], wanted: _TimedStep) -> int:
    """Which of the steps it is, from 1; two steps may be equal."""
    return next(position for position, step in enumerate(steps, 1) if step is wanted)


def _by_sequence(dosages: tuple[Dosage, ...]) -> list[tuple[Dosage, ...]]:
    """The lines of each sequence number, in order; lines without one run with the first."""
    numbers = sorted({line.sequence for line in dosages if line.sequence is not None})
    if not numbers:
        return [dosages] if dosages else []
    by_number: dict[int, list[Dosage]] = {number: [] for number in numbers}
    for line in dosages:
        by_number[numbers[0] if line.sequence is None else line.sequence].append(line)
    return [tuple(lines) for lines in by_number.values()]


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


def _in_force(steps: Sequence[_TimedStep], start: date | None, on: date) -> Sequence[_TimedStep]:
    """The step in force, or all that may be where a length or the start is not known."""
    reached = 0
    for position, first in enumerate(_starts(steps, start)):
        if first is None:
            return steps[reached:]
        if first <= on:
            reached = position
    return steps[reached : reached + 1]


def _starts(steps: Sequence[_TimedStep], start: date | None) -> list[date | None]:
    """The first day of each step, None where it cannot be known."""
    # One period that all steps share is the span of the whole order, and does not separate the steps.
    shared = len({step.bounds for step in steps}) == 1
    following = steps[0].bounds.start or start
    starts: list[date | None] = []
    for step in steps:
        own = NO_PERIOD if shared else step.bounds
        first = own.start or following
        starts.append(first)
        following = _next_start(own.end, first, step.days)
    return starts


def _next_start(end: date | None, start: date | None, days: int | None) -> date | None:
    """The first day after a step by its last day, else by its length; None where neither is known."""
    try:
        if end is not None:
            return end + timedelta(days=1)
        return start + timedelta(days=days) if start is not None and days is not None else None
    except OverflowError:
        return None


def _overlapping(lines: tuple[Dosage, ...], on: date) -> tuple[Dosage, ...]:
    """The lines of one step that are in force by their own dates; lines without dates always are."""
    bounds = [line.timing.bounds if line.timing else NO_PERIOD for line in lines]
    dated = [period for period in bounds if period != NO_PERIOD]
    if len(set(dated)) <= 1:
        return lines
    day = on
    if not any(_covers(period, on) for period in dated):
        past = [period.end for period in dated if period.end and period.end < on]
        future = [period.start for period in dated if period.start and period.start > on]
        day = max(past) if past else min(future, default=on)
    return tuple(line for line, period in zip(lines, bounds, strict=True) if _covers(period, day))


def _covers(period: Period, day: date) -> bool:
    return (period.start is None or period.start <= day) and (period.end is None or day <= period.end)
