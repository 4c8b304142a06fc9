"""The steps of a written dosage: which of them follow within one day, take turns, or repeat what was said."""

from __future__ import annotations

from fractions import Fraction

from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.draft import ONCE_A_DAY, Joint, SigLine, SigRate, SigStep, same_doses
from rules.reading.sig.scan.cursor import UnreadError
from rules.reading.sig.scan.marks import Lexeme


def without_echoes(steps: list[SigStep], end: Lexeme) -> list[SigStep]:
    """Steps without a dose at the end that only repeats the one before: ``... for 10 days. 3 mL = 150 mg``.

    Raises:
        UnreadError: it is another dose, and no word says that it follows.
    """
    kept: list[SigStep] = []
    for step in steps:
        alone = not (step.opened or step.days or step.label or any(line.timed for line in step.lines))
        if not kept or not alone:
            kept.append(step)
        elif not all(_echo(line, other) for line in step.lines for other in kept[-1].lines):
            raise UnreadError(step.lines[0].first or end)
    return kept


def within_one_day(steps: list[SigStep], end: Lexeme) -> list[SigStep]:
    """Steps with those joined that follow within one day: ``1 tablet in the morning, then 2 at night``.

    Raises:
        UnreadError: moments are named, and "then" may mean on the same day or afterwards.
    """
    kept: list[SigStep] = []
    for step in steps:
        before = kept[-1] if kept else None
        if before is None or not step.opened or step.changed or before.days or before.label or step.label:
            kept.append(step)
            continue
        lines = [*before.lines, *step.lines]
        slots = [slots_of(line) for line in lines]
        if not any(slots) or any(line.count is not None for line in before.lines):
            kept.append(step)
            continue
        apart = sum(map(len, slots)) == len(set().union(*slots))
        if not apart or not all(slots) or any(line.rate not in (None, ONCE_A_DAY) for line in lines):
            raise UnreadError(step.lines[0].first or end)
        for line in step.lines:
            line.joint = Joint.AND
        before.lines, before.days = lines, step.days
    return kept


def said_once(steps: list[SigStep]) -> list[SigStep]:
    """Steps that are all said a second time are taken once."""
    half, odd = divmod(len(steps), len((ONE, ONE)))
    if half and not odd and all(_same_step(one, other) for one, other in zip(steps, steps[half:], strict=False)):
        return steps[:half]
    return steps


def _same_step(one: SigStep, other: SigStep) -> bool:
    return (
        one.days == other.days
        and len(one.lines) == len(other.lines)
        and all(_same(line, twin) for line, twin in zip(one.lines, other.lines, strict=True))
    )


def _same(one: SigLine, other: SigLine) -> bool:
    """Whether two lines say the same dose at the same times."""
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
    if before is None:
        return
    first = before.lines[0]
    single = not before.lines[1:]
    for line in step.lines:
        if step.changed and single and not line.rated and line.count is None:
            # "Increase to 10 mg if needed": the change is as needed, the times stay.
            line.rate, line.moments, line.clock = first.rate, list(first.moments), list(first.clock)
            line.days, line.as_needed = list(first.days), first.as_needed
        if not line.doses and line.timed and single:
            line.doses = list(first.doses)
        if line.doses and not line.timed and single and first.rate is not None and first.rate.same_as == (ONE, ONE):
            line.rate, line.moments, line.clock = first.rate, list(first.moments), list(first.clock)
        elif line.doses and not line.timed and single and first.rate is not None and (step.opened or step.days):
            line.rate = _perhaps(first.rate)
        elif line.doses and not line.timed and single and first.rate is None and len(first.moments) == 1:
            line.moments = list(first.moments)


def _perhaps(rate: SigRate) -> SigRate | None:
    """The rate of the step before, which may still hold or be once a day: ``2 bid x 3 days then 1 x 3 days``."""
    if rate.when or rate.days or rate.same_as[1] < ONE or rate.times[0] is None:
        return None
    if rate.unit == ONCE_A_DAY.unit:
        return SigRate((ONE, rate.times[1]), rate.every, rate.unit) if rate.every == ONCE_A_DAY.every else None
    return SigRate(rate.times, (rate.every[0], ONE / DAYS_PER[rate.unit]), rate.unit)


def take_turns(step: SigStep, end: Lexeme) -> None:
    """Give each of the alternating doses its share of the days: ``1 tablet alternating with 2 tablets``.

    Raises:
        UnreadError: they are not taken day by day, or one of them is missing.
    """
    turns = Fraction(len(step.lines))
    last = step.lines[-1]
    for line in step.lines:
        if not line.timed:
            line.rate, line.moments, line.clock, line.as_needed = (
                last.rate,
                list(last.moments),
                list(last.clock),
                last.as_needed,
            )
        rate = line.rate or ONCE_A_DAY
        daily, spread = rate.every == ONCE_A_DAY.every, rate.every == (turns, turns)
        if turns == ONE or not line.doses or line.days or rate.unit != ONCE_A_DAY.unit or not (daily or spread):
            raise UnreadError(line.first or end)
        slots = Fraction(max(len(slots_of(line)), 1))
        times = (slots, slots) if line.rate is None else rate.times
        line.rate = SigRate(times, (turns, turns), ONCE_A_DAY.unit, rate.when)
        line.joint = Joint.AND


def _echo(line: SigLine, other: SigLine) -> bool:
    """Whether a dose alone repeats that of another line, with its unit: ``15 mL twice a day, swish 15 mL``."""
    if any(dose.unit is None for dose in line.doses):
        return False
    return line.joint is not Joint.AND and same_doses(line.doses, other.doses)


def slots_of(line: SigLine) -> set[str]:
    """The moments and times that a line names."""
    return {code for code, _ in line.moments} | set(line.clock)


def how_often(line: SigLine) -> tuple[Fraction, Fraction] | None:
    """How often a day, by the rate or else by the moments."""
    if line.rate is not None:
        return line.rate.same_as
    slots = Fraction(len(slots_of(line)))
    return (slots, slots) if slots else None
