"""Whether a dose that was read is one that anybody takes: held against what the label of its agent allows.

What lies beyond is said, with the figure it was held against, and read both ways where there is another way to read it.
It is never dropped and never counted lower for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import reduce

from rules.assessment_lines import Basis, Doubt
from rules.numbers.quantity import ZERO
from rules.numbers.text import figure_range
from rules.reading.dosage.dose_bounds import Bound, DoseBounds, units_limit
from rules.reading.dosage.intake import Intake
from rules.reading.dosage.line import DosageLine
from rules.reading.dosage.portion import Portion
from rules.reading.wording.numbers import counted

IMPLAUSIBLE_QUANTITY = "implausible-quantity"

A_DAY = "mg a day"
AN_HOUR = "micrograms an hour"


def judged(line: DosageLine, dose_bounds: DoseBounds) -> DosageLine:
    """The line as it was read; beyond plausibility with its doubts, and from its other reading to its own.

    The other reading counts only if it is plausible itself. Without one the dose stands as it was read.
    """
    doubts = tuple(_doubts(line.intake, line.dose, line.by_interval, dose_bounds))
    if not doubts:
        return line
    intake, phrase, other = line.intake, line.phrase, line.other
    if other is not None and not any(_doubts(other.intake, other.dose, line.by_interval, dose_bounds)):
        intake, phrase = intake.either(other.intake), other.phrase
    assumptions = tuple(dict.fromkeys((*line.assumptions, IMPLAUSIBLE_QUANTITY)))
    return replace(line, intake=intake, phrase=phrase, assumptions=assumptions, doubts=doubts)


def doubts_of_day(lines: tuple[DosageLine, ...], limit: Intake | None, dose_bounds: DoseBounds) -> tuple[Doubt, ...]:
    """The doubts of lines taken together: their own, else of what they add up to in a day."""
    own = tuple(doubt for line in lines for doubt in line.doubts)
    firm = [line.intake for line in lines if not line.by_interval]
    if own or not firm or not lines[1:]:
        return own
    together = reduce(Intake.plus, firm)
    return tuple(_beyond(together.at_most(limit) if limit else together, None, dose_bounds))


def doubts_of_supply(intake: Intake, dose_bounds: DoseBounds) -> tuple[Doubt, ...]:
    """The doubts of a dose that rests on what was dispensed alone."""
    return tuple(_beyond(intake, None, dose_bounds))


def above_label(intake: Intake, doubts: tuple[Doubt, ...], dose_bounds: DoseBounds) -> tuple[str, ...]:
    """For context, in words: where a plausible dose is above the labelled maximum of its agent."""
    doubted = {doubt.agent for doubt in doubts}
    return tuple(
        f"above the labelled maximum of {_measured(bound.amount, intake.hourly)}{_of(agent, dose_bounds)}"
        for agent, bound in dose_bounds.bounds(intake.hourly).items()
        if bound.basis is Basis.LABELLED
        and agent not in doubted
        and intake.by_agent.get(agent, (ZERO, ZERO))[1] > bound.amount
    )


def _doubts(intake: Intake, dose: Portion | None, by_interval: bool, dose_bounds: DoseBounds) -> Iterator[Doubt]:
    """What is beyond plausibility: the day, else one dose, else the number of units.

    What is permitted by an interval alone is no dose that anybody wrote: of that only one dose is judged.
    """
    beyond: list[Doubt] = []
    if not by_interval:
        beyond.extend(_beyond(intake, dose, dose_bounds))
    if not beyond and dose is not None and not dose.hourly:
        once = Intake({agent: (amount, amount) for agent, amount in dose.by_agent.items()}, None)
        beyond.extend(_beyond(once, dose, dose_bounds, once=True))
    yield from beyond or _too_many(None if by_interval else intake, dose, dose_bounds)


def _beyond(intake: Intake, dose: Portion | None, dose_bounds: DoseBounds, *, once: bool = False) -> Iterator[Doubt]:
    for agent, (_, high) in intake.by_agent.items():
        bound = dose_bounds.bounds(intake.hourly).get(agent)
        if bound is None or high <= bound.at_most:
            continue
        told = _counted(_units(intake, dose, once), dose, dose_bounds) if dose is not None else ""
        mass = _measured(high, intake.hourly).removesuffix(" a day")
        amount = f"{told} ({mass})" if told else mass
        when = " at a time" if once else "" if intake.hourly else " a day"
        text = f"{amount}{_of(agent, dose_bounds)}{when} is more than {_of_what(bound, intake.hourly)}"
        unit = AN_HOUR if intake.hourly else A_DAY
        yield Doubt(agent, text, high, unit, bound.at_most, bound.basis, bound.figure.source)


def _units(intake: Intake, dose: Portion, once: bool) -> Fraction | None:
    """How many units the doubted amount is."""
    if once or intake.hourly:
        return dose.units
    return intake.units[1] if intake.units else None


def _too_many(intake: Intake | None, dose: Portion | None, dose_bounds: DoseBounds) -> Iterator[Doubt]:
    """More units than anybody takes, where units are what was stated, or all that there is to judge by."""
    if dose is None:
        return
    agent = dose_bounds.product.ingredients[0].agent
    if dose.unit is None and agent in dose_bounds.bounds(dose.hourly):
        return
    most = dose.units or ZERO
    if intake is not None and intake.units and not dose.hourly:
        most = max(most, intake.units[1])
    limit = units_limit(dose, dose_bounds.product, dose_bounds.vocabulary)
    if most > limit:
        told = _counted(most, dose, dose_bounds) or f"{figure_range(most, most)} units"
        when = "at a time" if dose.hourly else "a day"
        text = f"{told} {when} is more than {figure_range(limit, limit)}, whatever the strength"
        source = dose_bounds.vocabulary.plausible.units_source
        yield Doubt("", text, most, f"units {when}", limit, Basis.UNITS, source)


def _of_what(bound: Bound, hourly: bool) -> str:
    times, amount = figure_range(bound.times, bound.times), _measured(bound.amount, hourly)
    if bound.basis is Basis.LABELLED:
        return f"{times} times the labelled maximum of {amount}"
    why = "its label gives no maximum" if bound.without_maximum else "no labelled maximum is known"
    return f"{times} times the WHO defined daily dose of {amount.removesuffix(' a day')}; {why}"


def _measured(amount: Fraction, hourly: bool) -> str:
    return f"{figure_range(amount, amount)} {AN_HOUR if hourly else A_DAY}"


def _of(agent: str, dose_bounds: DoseBounds) -> str:
    """The agent's name where a product has several."""
    return f" of {agent}" if dose_bounds.product.ingredients[1:] else ""


def _counted(units: Fraction | None, dose: Portion, dose_bounds: DoseBounds) -> str:
    """``40 tablets``; empty where no unit was stated."""
    unit = dose_bounds.vocabulary.unit(dose.unit)
    if unit is None or units is None:
        return ""
    return counted(units, (unit.short, unit.plural))
