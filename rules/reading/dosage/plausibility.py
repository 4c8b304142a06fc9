"""Whether a dose as read is plausible: compared with what the label of its agent allows.

An implausible dose is reported with the figure that it exceeds. Where its quantity has another reading, both count. It
is never dropped, and never counted lower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import reduce

from rules.assessment_lines import Basis, Doubt
from rules.knowledge.listed_product import Per
from rules.numbers.quantity import DAYS_PER_WEEK, ONE, ZERO
from rules.numbers.text import figure_range
from rules.reading.dosage.dose_bounds import Bound, DoseBounds, units_limit
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.line import PART_NOT_READ, RARE_DOSE, SMALL_DOSE, DosageLine, Portion
from rules.reading.dosage.steps import ReadStep
from rules.reading.wording.numbers import counted

IMPLAUSIBLE_QUANTITY = "implausible-quantity"

# What is given by these routes may last for weeks.
DEPOTS = frozenset({"parenteral", "implant"})
MILLIGRAMS = "mg"
AN_HOUR = "micrograms an hour"
A_DAY = " a day"
AT_A_TIME = " at a time"


def with_doubts(line: DosageLine, bounds: DoseBounds) -> DosageLine:
    """The line; an implausible one with its doubts, and with an intake that covers the other reading of its dose.

    The other reading counts only if it is plausible itself. A dose that is too small or too rare has no other reading:
    more may be taken.
    """
    too_little = _too_little(line, bounds)
    if too_little:
        return replace(line, assumptions=tuple(dict.fromkeys((*line.assumptions, *too_little, PART_NOT_READ))))
    doubts = tuple(_doubts(line.intake, line.portion, line.only_permitted, bounds))
    if not doubts:
        return line
    intake, both = line.intake, False
    if line.other_intake is not None and line.dose is not None:
        other = _doubts(line.other_intake, line.dose.other, line.only_permitted, bounds)
        both = next(other, None) is None
        intake = intake.either(line.other_intake) if both else intake
    assumptions = tuple(dict.fromkeys((*line.assumptions, IMPLAUSIBLE_QUANTITY)))
    return replace(line, intake=intake, both_readings=both, assumptions=assumptions, doubts=doubts)


def _too_little(line: DosageLine, bounds: DoseBounds) -> tuple[str, ...]:
    """Codes of what is implausibly little of a tablet or a patch: a small part of one, or one in many days."""
    plausible, portion = bounds.vocabulary.plausible, line.portion
    strength = bounds.product.ingredients[0].strength
    if portion is None or bounds.product.route in DEPOTS:
        return ()
    found: list[str] = []
    in_units = strength is not None and strength.per in (Per.UNIT, Per.HOUR)
    if in_units and portion.units is not None and portion.units < plausible.part_doubted.value:
        found.append(SMALL_DOSE)
    if line.schedule is not None and not line.intake.hourly:
        days = ONE / line.schedule.high
        # "Twice a week" is a rate of its own; "every 6 days" may mean hours.
        between = plausible.interval_doubted.value < days < DAYS_PER_WEEK and days.denominator == 1
        if between or days > DAYS_PER_WEEK:
            found.append(RARE_DOSE)
    return tuple(found)


def doubts_of_day(step: ReadStep, bounds: DoseBounds) -> tuple[Doubt, ...]:
    """The doubts of lines that are taken together: their own, else those of their sum."""
    own = tuple(doubt for line in step.lines for doubt in line.doubts)
    written = [line.intake for line in step.lines if not line.only_permitted]
    if own or not written or not step.lines[1:]:
        return own
    together = reduce(Intake.plus, written)
    limit = step.shared_maximum.intake if step.shared_maximum else None
    return tuple(_beyond(together.at_most(limit) if limit else together, None, bounds))


def doubts_of_supply(intake: Intake, bounds: DoseBounds) -> tuple[Doubt, ...]:
    """The doubts of a dose that rests on the quantity dispensed alone."""
    return tuple(_beyond(intake, None, bounds))


def above_label(intake: Intake, doubts: tuple[Doubt, ...], bounds: DoseBounds) -> tuple[str, ...]:
    """In words, for context: the agents whose dose is plausible but above the labelled maximum."""
    doubted = {doubt.agent for doubt in doubts}
    return tuple(
        f"above the labelled maximum of {_rate(bound.amount, intake.hourly)}{_of(agent, bounds)}"
        for agent, bound in bounds.bounds(intake.hourly).items()
        if bound.basis is Basis.LABELLED
        and agent not in doubted
        and intake.by_agent.get(agent, (ZERO, ZERO))[1] > bound.amount
    )


def _doubts(intake: Intake, dose: Portion | None, only_permitted: bool, bounds: DoseBounds) -> Iterator[Doubt]:
    """What is implausible: the day, else one dose, else the number of units.

    Nobody wrote the daily total that an interval merely permits: of such a line only one dose is judged.
    """
    beyond: list[Doubt] = []
    if not only_permitted:
        beyond.extend(_beyond(intake, dose, bounds))
    if not beyond and dose is not None and not dose.hourly:
        once = Intake({agent: (amount, amount) for agent, amount in dose.by_agent.items()}, None)
        beyond.extend(_beyond(once, dose, bounds, once=True))
    yield from beyond or _too_many(None if only_permitted else intake, dose, bounds)


def _beyond(intake: Intake, dose: Portion | None, bounds: DoseBounds, *, once: bool = False) -> Iterator[Doubt]:
    """The agents of which an intake, or one dose, is more than their bound."""
    hourly = intake.hourly
    for agent, (_, high) in intake.by_agent.items():
        bound = bounds.bounds(hourly).get(agent)
        if bound is None or high <= bound.at_most:
            continue
        units = _units_words(_units(intake, dose, once), dose, bounds) if dose is not None else ""
        amount = f"{units} ({_amount(high, hourly)})" if units else _amount(high, hourly)
        when = AT_A_TIME if once else "" if hourly else A_DAY
        text = f"{amount}{_of(agent, bounds)}{when} is more than {_bound_words(bound, hourly)}"
        unit = AN_HOUR if hourly else f"{MILLIGRAMS}{A_DAY}"
        yield Doubt(agent, text, high, unit, bound.at_most, bound.basis, bound.figure.source)


def _units(intake: Intake, dose: Portion, once: bool) -> Fraction | None:
    """How many units the doubted amount is."""
    if once or intake.hourly:
        return dose.units
    return intake.units[1] if intake.units else None


def _too_many(intake: Intake | None, dose: Portion | None, bounds: DoseBounds) -> Iterator[Doubt]:
    """More units than anybody takes; judged where units were stated, or where the agent has no bound."""
    if dose is None:
        return
    agent = bounds.product.ingredients[0].agent
    if dose.unit is None and agent in bounds.bounds(dose.hourly):
        return
    most = dose.units or ZERO
    if intake is not None and intake.units and not dose.hourly:
        most = max(most, intake.units[1])
    limit = units_limit(dose, bounds.product, bounds.vocabulary)
    if most > limit:
        units = _units_words(most, dose, bounds) or f"{figure_range(most, most)} units"
        when = AT_A_TIME if dose.hourly else A_DAY
        text = f"{units}{when} is more than {figure_range(limit, limit)}, whatever the strength"
        source = bounds.vocabulary.plausible.units_source
        yield Doubt("", text, most, f"units{when}", limit, Basis.UNITS, source)


def _bound_words(bound: Bound, hourly: bool) -> str:
    times = figure_range(bound.times, bound.times)
    if bound.basis is Basis.LABELLED:
        return f"{times} times the labelled maximum of {_rate(bound.amount, hourly)}"
    why = "its label gives no maximum" if bound.without_maximum else "no labelled maximum is known"
    return f"{times} times the WHO defined daily dose of {_amount(bound.amount, hourly)}; {why}"


def _amount(amount: Fraction, hourly: bool) -> str:
    """``4 mg``, ``25 micrograms an hour``."""
    return f"{figure_range(amount, amount)} {AN_HOUR if hourly else MILLIGRAMS}"


def _rate(amount: Fraction, hourly: bool) -> str:
    """``4 mg a day``, ``25 micrograms an hour``."""
    return f"{_amount(amount, hourly)}{'' if hourly else A_DAY}"


def _of(agent: str, bounds: DoseBounds) -> str:
    """The agent's name where a product has several."""
    return f" of {agent}" if bounds.product.ingredients[1:] else ""


def _units_words(units: Fraction | None, dose: Portion, bounds: DoseBounds) -> str:
    """``40 tablets``; empty where no unit was stated."""
    unit = bounds.vocabulary.unit(dose.unit)
    if unit is None or units is None:
        return ""
    return counted(units, (unit.short, unit.plural))
