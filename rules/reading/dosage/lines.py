"""From dosage lines to a daily dose: the intake of each line, and of all lines that are in force together.

The reading errs on the high side: ``used`` and ``high`` are the most that the record permits, ``low`` the least. Every
assumption is named by a code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from rules.assessment_lines import NotCountedReason
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.model import Dosage, Supply
from rules.numbers.memo import memoised
from rules.numbers.quantity import DAYS_PER_WEEK, HOURS_PER_DAY, ONE, ZERO, Range
from rules.reading.dosage.daily_dose import AVERAGED, FROM_SUPPLY, DailyDose, NoDailyDose
from rules.reading.dosage.dispensed import DispensedAverage, dispensed_average, lasting
from rules.reading.dosage.dose_bounds import DoseBounds, dose_bounds_of
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.line import (
    IMPLAUSIBLE_PERIOD,
    LIMITED,
    PART_NOT_READ,
    PRN_AT_MAXIMUM,
    SMALL_DOSE,
    DosageLine,
    NoSchedule,
    Portion,
    Schedule,
    StatedDose,
    UnratedLine,
    WrittenMaximum,
)
from rules.reading.dosage.maximum import read_maximum
from rules.reading.dosage.plausibility import (
    IMPLAUSIBLE_QUANTITY,
    above_label,
    doubts_of_day,
    doubts_of_supply,
    with_doubts,
)
from rules.reading.dosage.schedule import read_schedule
from rules.reading.dosage.stated_dose import read_stated_dose
from rules.reading.dosage.steps import ReadStep, StepsInForce, steps_in_force
from rules.reading.product.product import Product
from rules.reading.wording.refusals import Reason, Refusal

LIMIT_NOT_READ = "written-maximum-not-read"
NOT_DAILY_LEFT_OUT = "not-daily-part-left-out"


def read_line(line: Dosage, product: Product, vocabulary: DosingVocabulary) -> DosageLine | UnratedLine:
    """The daily intake of one dosage line, or why it has none. Never raises."""
    schedule = read_schedule(line.timing, vocabulary)
    as_needed = line.as_needed or line.as_needed_for is not None or schedule.as_needed
    dose = read_stated_dose(line, product, vocabulary)
    if isinstance(schedule, NoSchedule) and not schedule.refusal.is_unknown:
        return UnratedLine(schedule.refusal, as_needed)
    if isinstance(dose, Refusal):
        if not dose.is_unknown:
            return UnratedLine(dose, as_needed)
        maximum = read_maximum(line, None, product, vocabulary)
        if maximum is not None:
            return _only_limited(maximum, None, dose, as_needed)
        interval = ONE / schedule.high if isinstance(schedule, Schedule) else None
        length = line.timing.bounds_days if line.timing and line.timing.bounds_days_max is None else None
        return UnratedLine(dose, as_needed, interval, length)
    if dose.high.hourly:
        return _worn(dose, schedule, as_needed)
    scheduled = isinstance(schedule, Schedule) and schedule.low >= ONE and not as_needed
    maximum = read_maximum(line, dose, product, vocabulary, scheduled=scheduled)
    if isinstance(schedule, NoSchedule):
        if maximum is None and any(entry.is_rate for entry in line.doses):
            return UnratedLine(Refusal(Reason.RATE_WITHOUT_TIMES), as_needed)
        if maximum is None:
            return UnratedLine(schedule.refusal, as_needed, dose=dose)
        return _only_limited(maximum, dose, None if as_needed else schedule.refusal, as_needed)
    if schedule.high > HOURS_PER_DAY / vocabulary.plausible.interval_at_least.value and maximum is None:
        return UnratedLine(Refusal(Reason.PROCEDURE, f"{dose.words} {schedule.words}"), as_needed)
    return _taken(line, dose, schedule, maximum, as_needed)


def _taken(
    line: Dosage, dose: StatedDose, schedule: Schedule, maximum: WrittenMaximum | None, as_needed: bool
) -> DosageLine:
    """A line with a dose and a schedule."""
    assumptions = [*dose.assumptions, *schedule.assumptions]
    uncut = _a_day(dose.low, dose.high, dose.low_factor, schedule)
    intake = uncut.at_most(maximum.intake) if maximum is not None else uncut
    if intake != uncut:
        assumptions.append(LIMITED)
    if len(line.maximum) > (maximum.believed if maximum is not None else 0):
        assumptions.append(LIMIT_NOT_READ)
    other = None
    if dose.other is not None:
        other = _a_day(dose.other, dose.other, dose.low_factor, schedule)
        other = other.at_most(maximum.intake) if maximum is not None else other
    # The days of use of an as-needed order are known only where it permits fewer than all days.
    daily_as_needed = as_needed and schedule.days_per_week == DAYS_PER_WEEK
    return DosageLine(
        intake=intake.from_nothing() if as_needed else intake,
        dose=dose,
        schedule=schedule,
        as_needed=as_needed,
        days_per_week=None if daily_as_needed else schedule.days_per_week,
        maximum=maximum,
        sent_maxima=line.maximum,
        other_intake=other.from_nothing() if other is not None and as_needed else other,
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _only_limited(
    maximum: WrittenMaximum, dose: StatedDose | None, missing: Refusal | None, as_needed: bool
) -> DosageLine:
    """A line whose only rate is its written maximum: up to that is permitted."""
    return DosageLine(
        intake=maximum.intake.from_nothing(),
        dose=dose,
        schedule=None,
        as_needed=as_needed,
        days_per_week=None,
        maximum=maximum,
        missing=missing,
        assumptions=(LIMITED,),
    )


def _worn(dose: StatedDose, schedule: Schedule | NoSchedule, as_needed: bool) -> DosageLine:
    """Patches: the delivery of those worn at a time. The change interval only tells how many are used up."""
    changed = schedule if isinstance(schedule, Schedule) else None
    assumptions = list(dose.assumptions)
    units: Range | None = None
    if changed is not None and IMPLAUSIBLE_PERIOD in changed.assumptions:
        assumptions.append(IMPLAUSIBLE_PERIOD)
    elif changed is not None and dose.high.units is not None:
        units = (dose.high.units * changed.low, dose.high.units * changed.high)
    by_agent = _between(dose.low, dose.high, dose.low_factor)
    other = None if dose.other is None else Intake(_between(dose.other, dose.other, dose.low_factor), None, hourly=True)
    return DosageLine(
        intake=Intake(by_agent, units, hourly=True),
        dose=dose,
        schedule=changed,
        as_needed=as_needed,
        days_per_week=DAYS_PER_WEEK,
        other_intake=other,
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _a_day(low: Portion, high: Portion, low_factor: Fraction, schedule: Schedule) -> Intake:
    """The daily intake of doses from ``low``, taken ``low_factor`` (0 or 1) times, to ``high``."""
    by_agent = {
        agent: (least * schedule.low, most * schedule.high)
        for agent, (least, most) in _between(low, high, low_factor).items()
    }
    units: Range | None = None
    if low.units is not None and high.units is not None:
        units = (min(low.units, high.units) * low_factor * schedule.low, high.units * schedule.high)
    return Intake(by_agent, units)


def _between(low: Portion, high: Portion, low_factor: Fraction) -> dict[str, Range]:
    """The range of each agent in one dose."""
    return {agent: (low.by_agent.get(agent, amount) * low_factor, amount) for agent, amount in high.by_agent.items()}


def read_lines(
    lines: tuple[Dosage, ...],
    supply: Supply | None,
    product: Product,
    knowledge: Knowledge,
    *,
    start: date | None,
    on: date,
) -> DailyDose | NoDailyDose:
    """The daily dose by dosage lines alone, not by their texts. Never raises.

    Args:
        lines: the dosage lines of one record.
        supply: the quantity dispensed: it gives the dose where the lines do not, and the low end of an as-needed dose.
        product: what is taken.
        knowledge: the vocabulary of dosing and the bounds of doses.
        start: the day from which the lengths of steps are counted, None where not known.
        on: the day that selects the step of a stepped dosage: before all steps the first, after all the last.
    """
    steps = steps_in_force(lines, start, on)
    # Days on which the same steps of several lines are in force have the same dose.
    read = _remembered_steps if lines[1:] else _read_steps
    return read(lines, steps, supply, product, knowledge)


def _read_steps(
    lines: tuple[Dosage, ...], steps: StepsInForce, supply: Supply | None, product: Product, knowledge: Knowledge
) -> DailyDose | NoDailyDose:
    """The daily dose by the steps that are in force."""
    bounds = dose_bounds_of(lines, product, knowledge)
    read = [_read_step(step, bounds) for step in steps.candidates]
    supplied = dispensed_average(supply, product, knowledge.vocabulary)
    readable = [step for step in read if step.lines]
    if readable:
        average = supplied if isinstance(supplied, DispensedAverage) else None
        return _of_steps(readable, len(readable) < len(read), steps, average, bounds)
    unrated = tuple(line for step in read for line in step.unrated)
    unknown = tuple(line for line in unrated if line.refusal.is_unknown)
    as_needed = any(line.as_needed for line in unrated)
    if unrated and not unknown:
        single = all(line.refusal.is_single for line in unrated)
        return NoDailyDose(NotCountedReason.NOT_A_DAILY_REGIMEN, single, as_needed, unrated)
    if len(unknown) == len(unrated) == len(lines) == 1 and not as_needed:
        lone = unknown[0]
        supply = lasting(supply, lone.interval_days, lone.length_days)
        supplied = dispensed_average(supply, product, knowledge.vocabulary)
    if isinstance(supplied, DispensedAverage):
        intervals = (line.interval_days for line in unknown if line.interval_days)
        return _of_supply(supplied, as_needed, next(intervals, None), bounds)
    return NoDailyDose(NotCountedReason.DOSE_UNKNOWN, False, as_needed, unknown, supplied)


_remembered_steps = memoised(_read_steps)


def _read_step(lines: Sequence[Dosage], bounds: DoseBounds) -> ReadStep:
    read = [read_line(line, bounds.product, bounds.vocabulary) for line in lines]
    return ReadStep(
        lines=tuple(with_doubts(line, bounds) for line in read if isinstance(line, DosageLine)),
        unrated=tuple(line for line in read if isinstance(line, UnratedLine)),
    )


def _of_steps(
    readable: Sequence[ReadStep],
    partly: bool,
    steps: StepsInForce,
    supplied: DispensedAverage | None,
    bounds: DoseBounds,
) -> DailyDose:
    """The dose of the step in force; of several that may be, the largest, with the smallest as its low end."""
    step = max(readable, key=lambda step: _size(step.intake)) if readable[1:] else readable[0]
    assumptions = [code for line in step.lines for code in line.assumptions]
    if step.is_cut:
        assumptions.append(LIMITED)
    part_not_read = partly or step.part_not_known
    if part_not_read:
        assumptions.append(PART_NOT_READ)
    if step.part_not_daily:
        assumptions.append(NOT_DAILY_LEFT_OUT)
    intake = step.intake
    for other in readable:
        if other is not step:
            intake = intake.with_low_of(other.intake)
    as_needed = any(line.as_needed for line in step.lines)
    raised = intake.with_average(supplied.intake) if as_needed and supplied is not None else intake
    if as_needed:
        assumptions.append(PRN_AT_MAXIMUM)
    if steps.assumption:
        assumptions.append(steps.assumption)
    if any(line.averaged for line in step.lines):
        assumptions.append(AVERAGED)
    doubts = doubts_of_day(step, bounds)
    if doubts:
        assumptions.append(IMPLAUSIBLE_QUANTITY)
    return DailyDose(
        by_agent=raised.milligrams(),
        by_agent_hourly=raised.micrograms_an_hour(),
        units=raised.units_a_day(),
        as_needed=as_needed,
        days_per_week=_days_per_week(step.lines),
        occasions=frozenset[str]().union(*(line.occasions for line in step.lines)),
        assumptions=tuple(dict.fromkeys(assumptions)),
        step=step,
        step_label=steps.words(bounds.vocabulary),
        part_not_read=part_not_read,
        supplied=supplied.words if supplied is not None and raised != intake else "",
        doubts=doubts,
        above_label=above_label(raised, doubts, bounds),
    )


def _of_supply(
    supplied: DispensedAverage, as_needed: bool, interval_days: Fraction | None, bounds: DoseBounds
) -> DailyDose:
    """The dose that the quantity and days' supply give, where the dosage gives none."""
    intake = supplied.worn(interval_days, bounds.vocabulary)
    doubts = doubts_of_supply(intake, bounds)
    least = bounds.vocabulary.plausible.supply_a_day_at_least.value
    too_little = intake.units is not None and not intake.hourly and intake.units[1] < least
    return DailyDose(
        by_agent=intake.milligrams(),
        by_agent_hourly=intake.micrograms_an_hour(),
        units=intake.units_a_day(),
        as_needed=as_needed,
        days_per_week=None,
        occasions=frozenset(),
        assumptions=(
            FROM_SUPPLY,
            *supplied.assumptions,
            *(IMPLAUSIBLE_QUANTITY for _ in doubts[:1]),
            *((SMALL_DOSE, PART_NOT_READ) if too_little else ()),
        ),
        step=None,
        supplied=supplied.words,
        doubts=doubts,
        above_label=above_label(intake, doubts, bounds),
    )


def _days_per_week(lines: Sequence[DosageLine]) -> Fraction | None:
    """Days of use in a week of all lines together; separate lines are assumed to be taken on different days."""
    stated = [line.days_per_week for line in lines if line.days_per_week is not None]
    if DAYS_PER_WEEK in stated:
        return DAYS_PER_WEEK
    return min(DAYS_PER_WEEK, sum(stated, ZERO)) if len(stated) == len(lines) else None


def _size(intake: Intake) -> tuple[Fraction, str]:
    """A sort key for intakes of one product: the total amount, then an order that does not depend on the lines."""
    return sum((high for _, high in intake.by_agent.values()), ZERO), repr(sorted(intake.by_agent.items()))
