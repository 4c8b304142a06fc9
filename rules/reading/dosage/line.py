"""One line of a dosage: its dose, its rate and its limits, put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from rules.assessment_lines import Doubt
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.model import Dosage, MaximumDose
from rules.numbers.quantity import DAYS_PER_WEEK, HOURS_PER_DAY, ONE
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.maximum import WrittenMaximum, read_maximum
from rules.reading.dosage.portion import Obstacle, Portion, Unmeasured
from rules.reading.dosage.schedule import IMPLAUSIBLE_PERIOD, Lacking, NoSchedule, Schedule, read_schedule
from rules.reading.dosage.single_maximum import dose_at_a_time
from rules.reading.dosage.stated_dose import StatedDose
from rules.reading.product.product import Product
from rules.reading.wording.numbers import UP_TO

LIMITED = "limited-by-written-maximum"
LIMIT_NOT_READ = "written-maximum-not-read"


@dataclass(frozen=True, slots=True)
class AlternativeReading:
    """What a line comes to if its dose means something else; ``phrase`` tells both."""

    dose: Portion
    intake: Intake
    phrase: str


@dataclass(frozen=True, slots=True)
class DosageLine:
    """What one line comes to in a day. ``averaged``: not taken daily.

    ``phrase`` tells what is taken and how often, without its written ``maximum``; ``limit`` is what that allows, None
    where none is written that can be read. ``dose`` is the largest reading of one dose, None where none is stated;
    ``other`` what the line comes to by another reading. ``doubts`` are filled in by
    :mod:`rules.reading.dosage.plausibility`.
    """

    intake: Intake
    phrase: str
    as_needed: bool
    days_per_week: Fraction | None
    occasions: frozenset[str]
    averaged: bool
    assumptions: tuple[str, ...]
    limit: WrittenMaximum | None = None
    maximum: tuple[MaximumDose, ...] = ()
    dose: Portion | None = None
    other: AlternativeReading | None = None
    doubts: tuple[Doubt, ...] = ()

    @property
    def by_interval(self) -> bool:
        """Whether the day's amount is only what the interval of an order as needed permits."""
        return self.as_needed and self.limit is None and self.dose is not None


@dataclass(frozen=True, slots=True)
class UnratedLine:
    """Why a line gives no daily dose. ``not_daily``: it is no daily regimen, so that nothing else is asked for one.

    ``dose`` is what is taken at a time, in words, empty where that is not known. ``interval_days`` is the time between
    doses where at least that is known, ``length_days`` for how long they are taken.
    """

    why: str
    not_daily: bool
    single: bool
    as_needed: bool
    interval_days: Fraction | None = None
    length_days: Fraction | None = None
    dose: str = ""


def read_line(line: Dosage, product: Product, vocabulary: DosingVocabulary) -> DosageLine | UnratedLine:
    """What one dosage line comes to in a day, or why it does not. Never raises."""
    schedule = read_schedule(line.timing, vocabulary)
    as_needed = line.as_needed or line.as_needed_for is not None or schedule.as_needed
    dose = dose_at_a_time(line, product, vocabulary)
    if isinstance(schedule, NoSchedule) and schedule.lacking is not Lacking.UNKNOWN:
        return UnratedLine(schedule.why, True, schedule.lacking is Lacking.SINGLE, as_needed)
    if isinstance(dose, Unmeasured):
        interval = ONE / schedule.high if isinstance(schedule, Schedule) else None
        if dose.obstacle is not Obstacle.UNKNOWN:
            return UnratedLine(dose.why, True, False, as_needed)
        limit = read_maximum(line, None, product, vocabulary)
        if limit is None:
            length = line.timing.bounds_days if line.timing and line.timing.bounds_days_max is None else None
            return UnratedLine(dose.why, False, False, as_needed, interval, length)
        return _only_limited(limit, dose.why, as_needed)
    if dose.high.hourly:
        return _worn(dose, schedule, as_needed)
    limit = read_maximum(line, dose, product, vocabulary)
    if isinstance(schedule, NoSchedule):
        if limit is None and any(entry.is_rate for entry in line.doses):
            return UnratedLine("a dose given at a rate, without times, is an infusion", True, False, as_needed)
        if limit is None:
            return UnratedLine(schedule.why, False, False, as_needed, dose=dose.phrase)
        phrase = dose.phrase if as_needed else f"{dose.phrase}, {schedule.why}"
        return _only_limited(limit, phrase, as_needed)
    if schedule.high > HOURS_PER_DAY / vocabulary.plausible.interval_at_least.value and limit is None:
        return UnratedLine(
            f"{dose.phrase} {schedule.phrase} is a procedure, not a daily regimen", True, False, as_needed
        )
    return _taken(line, dose, schedule, limit, as_needed)


def _taken(
    line: Dosage, dose: StatedDose, schedule: Schedule, limit: WrittenMaximum | None, as_needed: bool
) -> DosageLine:
    assumptions = [*dose.assumptions, *schedule.assumptions]
    intake = _a_day(dose, schedule.low, schedule.high)
    phrase = _phrase(dose.phrase, schedule, as_needed)
    if limit is not None:
        cut = intake.at_most(limit.intake)
        if cut != intake:
            assumptions.append(LIMITED)
        intake = cut
    elif line.maximum:
        assumptions.append(LIMIT_NOT_READ)
    use = schedule.days_per_week
    return DosageLine(
        intake=intake.from_nothing() if as_needed else intake,
        phrase=phrase,
        as_needed=as_needed,
        # As needed, the days of use are known only where even the permitted days are fewer than all.
        days_per_week=None if as_needed and use == DAYS_PER_WEEK else use,
        occasions=schedule.occasions,
        averaged=use is not None and use < DAYS_PER_WEEK,
        assumptions=tuple(dict.fromkeys(assumptions)),
        limit=limit,
        maximum=line.maximum,
        dose=dose.high,
        other=_otherwise(dose, schedule, limit, as_needed),
    )


def _otherwise(
    dose: StatedDose, schedule: Schedule, limit: WrittenMaximum | None, as_needed: bool
) -> AlternativeReading | None:
    """The same line by the other reading of its dose."""
    if dose.other is None:
        return None
    intake = _a_day(replace(dose, low=dose.other, high=dose.other), schedule.low, schedule.high)
    intake = intake.at_most(limit.intake) if limit is not None else intake
    phrase = _phrase(f"{dose.phrase} {_or(dose.other)}", schedule, as_needed)
    return AlternativeReading(dose.other, intake.from_nothing() if as_needed else intake, phrase)


def _or(other: Portion) -> str:
    return f"(which may mean {other.phrase})"


def _only_limited(limit: WrittenMaximum, phrase: str, as_needed: bool) -> DosageLine:
    """A line whose only rate is its written maximum: up to that is permitted."""
    return DosageLine(
        intake=limit.intake.from_nothing(),
        phrase=f"{phrase} as needed" if as_needed else phrase,
        as_needed=as_needed,
        days_per_week=None,
        occasions=frozenset(),
        averaged=False,
        assumptions=(LIMITED,),
        limit=limit,
    )


def _worn(dose: StatedDose, schedule: Schedule | NoSchedule, as_needed: bool) -> DosageLine:
    """Patches: what those worn at a time deliver in an hour. The change interval only says how many are used up."""
    by_agent = {
        agent: (dose.low.by_agent.get(agent, amount) * dose.low_factor, amount)
        for agent, amount in dose.high.by_agent.items()
    }
    assumptions = list(dose.assumptions)
    units = None
    changed = ""
    if isinstance(schedule, Schedule):
        if dose.high.units is not None and IMPLAUSIBLE_PERIOD not in schedule.assumptions:
            units = (dose.high.units * schedule.low, dose.high.units * schedule.high)
        if IMPLAUSIBLE_PERIOD in schedule.assumptions:
            assumptions.append(IMPLAUSIBLE_PERIOD)
        changed = f", changed {schedule.phrase}"
    other = None
    if dose.other is not None:
        amounts = {agent: (amount * dose.low_factor, amount) for agent, amount in dose.other.by_agent.items()}
        phrase = f"{dose.phrase} {_or(dose.other)}{changed}"
        other = AlternativeReading(dose.other, Intake(amounts, None, hourly=True), phrase)
    return DosageLine(
        intake=Intake(by_agent, units, hourly=True),
        phrase=f"{dose.phrase}{changed}",
        as_needed=as_needed,
        days_per_week=DAYS_PER_WEEK,
        occasions=schedule.occasions if isinstance(schedule, Schedule) else frozenset(),
        averaged=False,
        assumptions=tuple(dict.fromkeys(assumptions)),
        dose=dose.high,
        other=other,
    )


def _a_day(dose: StatedDose, low_rate: Fraction, high_rate: Fraction) -> Intake:
    low, high = dose.low, dose.high
    by_agent = {
        agent: (low.by_agent.get(agent, amount) * dose.low_factor * low_rate, amount * high_rate)
        for agent, amount in high.by_agent.items()
    }
    units = None
    if low.units is not None and high.units is not None:
        units = (min(low.units, high.units) * dose.low_factor * low_rate, high.units * high_rate)
    return Intake(by_agent, units)


def _phrase(dose: str, schedule: Schedule, as_needed: bool) -> str:
    if not as_needed:
        return f"{dose} {schedule.phrase}"
    if schedule.counted:
        return f"{dose}, {UP_TO}{schedule.phrase} as needed"
    return f"{dose}{',' if schedule.phrase.startswith(UP_TO) else ''} {schedule.phrase} as needed"
