"""The steps of a written dosage: which of them follow within one day, take turns, or repeat what was stated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.draft import ONCE_A_DAY, Connector, SigLine, SigStep, same_doses
from rules.reading.sig.scan.lexemes import Lexeme, UnreadError
from rules.reading.sig.trace import Range, SigRate


def without_echoes(steps: list[SigStep], fallback: Lexeme) -> list[SigStep]:
    """Steps without a dose at the end that only repeats the one before: ``... for 10 days. 3 mL = 150 mg``.

    Raises:
        UnreadError: it is another dose, and no word says that it follows.
    """
    result: list[SigStep] = []
    for step in steps:
        alone = not (step.after_then or step.days or step.label or any(line.timed for line in step.lines))
        if not result or not alone:
            result.append(step)
        elif not all(_echoes(line, other) for line in step.lines for other in result[-1].lines):
            raise UnreadError(step.lines[0].first or fallback)
    return result


def within_one_day(steps: list[SigStep], fallback: Lexeme) -> list[SigStep]:
    """Steps with those joined that follow within one day: ``1 tablet in the morning, then 2 at night``.

    Raises:
        UnreadError: moments are named, and "then" may mean on the same day or afterwards.
    """
    result: list[SigStep] = []
    day = _OneDay()
    for step in steps:
        before = result[-1] if result else None
        own = _OneDay()
        own.add(step.lines)
        joined = before is not None and step.after_then and not (step.changes_dose or before.days or before.label)
        if before is None or not joined or step.label or day.counted or not (day.slots or own.slots):
            result.append(step)
            day = own
            continue
        day.add(step.lines)
        if not day.one_day:
            raise UnreadError(step.lines[0].first or fallback)
        for line in step.lines:
            line.connector = Connector.AND
        before.lines.extend(step.lines)
        before.days = step.days
    return result


@dataclass(slots=True)
class _OneDay:
    """The times of the lines of a step so far: whether they can be parts of one day, each at times of its own.

    ``counted``: a line has a number of doses in all.
    """

    slots: set[str] = field(default_factory=set)
    one_day: bool = True
    counted: bool = False

    def add(self, lines: Iterable[SigLine]) -> None:
        """Further lines."""
        for line in lines:
            slots = slots_of(line)
            apart = bool(slots) and self.slots.isdisjoint(slots)
            self.one_day = self.one_day and apart and line.rate in (None, ONCE_A_DAY)
            self.counted = self.counted or line.count is not None
            self.slots |= slots


def without_second_telling(steps: list[SigStep]) -> list[SigStep]:
    """Steps that are all stated a second time are taken once."""
    half, odd = divmod(len(steps), 2)
    if half and not odd and all(_same_step(one, other) for one, other in zip(steps, steps[half:], strict=False)):
        return steps[:half]
    return steps


def _same_step(one: SigStep, other: SigStep) -> bool:
    return (
        one.days == other.days
        and len(one.lines) == len(other.lines)
        and all(_same_line(line, twin) for line, twin in zip(one.lines, other.lines, strict=True))
    )


def _same_line(one: SigLine, other: SigLine) -> bool:
    """Whether two lines state the same dose at the same times."""
    if not same_doses(one.doses, other.doses):
        return False
    slots, twins = slots_of(one), slots_of(other)
    if one.days != other.days or one.as_needed != other.as_needed or (slots and twins and slots != twins):
        return False
    return how_often(one) == how_often(other)


def fill_label(step: SigStep) -> None:
    """What is taken "on day 1", and nothing else is said of it, is that day's."""
    if step.label is not None and step.label[0] == step.label[1] and step.label[-1] == ONCE_A_DAY.unit:
        for line in step.lines:
            if not line.timed:
                line.rate = ONCE_A_DAY


def fill_step(step: SigStep, before: SigStep | None) -> None:
    """Give a step the dose, or the once-a-day rate, of the step before where it names none of its own."""
    if before is None or before.lines[1:]:
        return
    first = before.lines[0]
    for line in step.lines:
        if step.changes_dose and not line.rated and line.count is None:
            # "Increase to 10 mg if needed": the change is as needed, the times stay.
            _copy_times(line, first)
            line.days, line.as_needed = list(first.days), first.as_needed
        if not line.doses:
            if line.timed:
                line.doses = list(first.doses)
        elif not line.timed:
            if first.rate is None:
                if len(first.moments) == 1:
                    line.moments = list(first.moments)
            elif first.rate.per_day == (ONE, ONE):
                _copy_times(line, first)
            elif step.after_then or step.days:
                line.rate = _same_or_once(first.rate)


def _copy_times(line: SigLine, other: SigLine) -> None:
    line.rate, line.moments, line.clock = other.rate, list(other.moments), list(other.clock)


def _same_or_once(rate: SigRate) -> SigRate | None:
    """The rate of the step before, which may still hold or be once a day: ``2 bid x 3 days then 1 x 3 days``."""
    if rate.when or rate.days or rate.per_day[0] < ONE or rate.times[0] is None:
        return None
    if rate.unit == ONCE_A_DAY.unit:
        return SigRate((ONE, rate.times[1]), rate.every, rate.unit) if rate.every == ONCE_A_DAY.every else None
    return SigRate(rate.times, (rate.every[0], ONE / DAYS_PER[rate.unit]), rate.unit)


def take_turns(step: SigStep, fallback: Lexeme) -> None:
    """Give each of the alternating doses its share of the days: ``1 tablet alternating with 2 tablets``.

    Raises:
        UnreadError: they are not taken day by day, or one of them is missing.
    """
    turns = Fraction(len(step.lines))
    last = step.lines[-1]
    for line in step.lines:
        if not line.timed:
            _copy_times(line, last)
            line.as_needed = last.as_needed
        rate = line.rate or ONCE_A_DAY
        daily, spread = rate.every == ONCE_A_DAY.every, rate.every == (turns, turns)
        if turns == ONE or not line.doses or line.days or rate.unit != ONCE_A_DAY.unit or not (daily or spread):
            raise UnreadError(line.first or fallback)
        slots = Fraction(max(len(slots_of(line)), 1))
        times = (slots, slots) if line.rate is None else rate.times
        line.rate = SigRate(times, (turns, turns), ONCE_A_DAY.unit, rate.when)
        line.connector = Connector.AND


def _echoes(line: SigLine, other: SigLine) -> bool:
    """Whether a dose alone repeats that of another line, with its unit: ``15 mL twice a day, swish 15 mL``."""
    if any(dose.unit is None for dose in line.doses):
        return False
    return line.connector is not Connector.AND and same_doses(line.doses, other.doses)


def slots_of(line: SigLine) -> set[str]:
    """The moments and times that a line names."""
    return {code for code, _ in line.moments} | set(line.clock)


def how_often(line: SigLine) -> Range | None:
    """The least and the most doses a day, by the rate or else by the moments; None if neither is stated."""
    if line.rate is not None:
        return line.rate.per_day
    slots = Fraction(len(slots_of(line)))
    return (slots, slots) if slots else None
