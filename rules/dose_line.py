"""One line of a dosage: its dose, its rate and its limits, put together.

A dose that is stated several times (ordered, calculated, as administered) is one dose in different units: one statement
is used, never their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.intake import Intake
from rules.knowledge.entries import Per
from rules.knowledge.vocabulary import Forms, UnitKind
from rules.model import Dosage, DoseEntry, Quantity
from rules.quantity import DAYS_PER_WEEK, HOURS_PER_DAY, ONE, ZERO
from rules.reading_words import figure, figures, listed, number
from rules.schedule import IMPLAUSIBLE_PERIOD, RANGE_AT_MAXIMUM, Lacking, NoSchedule, Schedule, read_schedule
from rules.strength import Obstacle, Portion, Unmeasured, counted_unit, measure

if TYPE_CHECKING:
    from rules.product import Product

LIMITED = "limited-by-written-maximum"
IMPLAUSIBLE_QUANTITY = "implausible-quantity"
DOSES_DIFFER = "doses-differ"
LIMIT_NOT_READ = "written-maximum-not-read"

PATCH = "patch"
MILLILITRE = "millilitre"

# How far a kind of statement is believed when the kinds agree: what the prescriber ordered comes first.
PREFERRED_KINDS = ("ordered", "calculated", "admin-amount")


@dataclass(frozen=True, slots=True)
class TakenLine:
    """What one line comes to in a day. ``averaged``: not taken daily."""

    intake: Intake
    phrase: str
    as_needed: bool
    days_per_week: Fraction | None
    occasions: frozenset[str]
    averaged: bool
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoRate:
    """Why a line gives no daily dose. ``not_daily``: it is no daily regimen, so that nothing else is asked for one.

    ``interval_days`` is the time between doses where at least that is known.
    """

    why: str
    not_daily: bool
    single: bool
    as_needed: bool
    interval_days: Fraction | None = None


@dataclass(frozen=True, slots=True)
class _Dose:
    """One dose from its smallest to its largest reading."""

    low: Portion
    high: Portion
    low_factor: Fraction
    phrase: str
    assumptions: tuple[str, ...]


def read_line(line: Dosage, product: Product, forms: Forms) -> TakenLine | NoRate:
    """What one dosage line comes to in a day, or why it does not. Never raises."""
    schedule = read_schedule(line.timing, forms)
    as_needed = line.as_needed or line.as_needed_for is not None or schedule.as_needed
    dose = _read_dose(line, product, forms)
    if isinstance(schedule, NoSchedule) and schedule.lacking is not Lacking.UNKNOWN:
        return NoRate(schedule.why, True, schedule.lacking is Lacking.SINGLE, as_needed)
    if isinstance(dose, Unmeasured):
        interval = ONE / schedule.high if isinstance(schedule, Schedule) else None
        if dose.obstacle is not Obstacle.UNKNOWN:
            return NoRate(dose.why, True, False, as_needed)
        limit = _limit(line, None, product, forms)
        if limit is None:
            return NoRate(dose.why, False, False, as_needed, interval)
        return _only_limited(limit, "", as_needed)
    if dose.high.hourly:
        return _worn(dose, schedule, as_needed, product, forms)
    limit = _limit(line, dose, product, forms)
    if isinstance(schedule, NoSchedule):
        if limit is None and any(entry.is_rate for entry in line.doses):
            return NoRate("a dose given at a rate, without times, is an infusion", True, False, as_needed)
        if limit is None:
            return NoRate(f"{dose.phrase}: {schedule.why}", False, False, as_needed)
        return _only_limited(limit, dose.phrase, as_needed)
    if schedule.high > HOURS_PER_DAY / forms.plausible.interval_at_least.value and limit is None:
        return NoRate(f"{dose.phrase} {schedule.phrase} is a procedure, not a daily regimen", True, False, as_needed)
    return _taken(line, dose, schedule, limit, as_needed, product, forms)


def _taken(
    line: Dosage,
    dose: _Dose,
    schedule: Schedule,
    limit: Intake | None,
    as_needed: bool,
    product: Product,
    forms: Forms,
) -> TakenLine:
    assumptions = [*dose.assumptions, *schedule.assumptions]
    intake = _a_day(dose, schedule.low, schedule.high)
    phrase = _phrase(dose.phrase, schedule, as_needed)
    if limit is not None:
        cut = intake.at_most(limit)
        if cut != intake:
            assumptions.append(LIMITED)
            phrase += f", at most {_total(cut)}"
        intake = cut
    elif line.maximum:
        assumptions.append(LIMIT_NOT_READ)
    if intake.units and intake.units[1] > _units_limit(dose.high, product, forms):
        assumptions.append(IMPLAUSIBLE_QUANTITY)
    use = schedule.days_per_week
    return TakenLine(
        intake=intake.from_nothing() if as_needed else intake,
        phrase=phrase,
        as_needed=as_needed,
        # As needed, the days of use are known only where even the permitted days are fewer than all.
        days_per_week=None if as_needed and use == DAYS_PER_WEEK else use,
        occasions=schedule.occasions,
        averaged=use is not None and use < DAYS_PER_WEEK,
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _only_limited(limit: Intake, phrase: str, as_needed: bool) -> TakenLine:
    """A line whose only rate is its written maximum: up to that is permitted."""
    words = f"{phrase}, at most {_total(limit)}" if phrase else f"at most {_total(limit)}"
    return TakenLine(
        intake=limit.from_nothing(),
        phrase=f"{words}, as needed" if as_needed else words,
        as_needed=as_needed,
        days_per_week=None,
        occasions=frozenset(),
        averaged=False,
        assumptions=(LIMITED,),
    )


def _worn(dose: _Dose, schedule: Schedule | NoSchedule, as_needed: bool, product: Product, forms: Forms) -> TakenLine:
    """Patches: what those worn at a time deliver in an hour. The change interval only says how many are used up."""
    by_agent = {
        agent: (dose.low.by_agent.get(agent, amount) * dose.low_factor, amount)
        for agent, amount in dose.high.by_agent.items()
    }
    assumptions = list(dose.assumptions)
    units = None
    phrase = dose.phrase
    if isinstance(schedule, Schedule):
        if dose.high.units is not None and IMPLAUSIBLE_PERIOD not in schedule.assumptions:
            units = (dose.high.units * schedule.low, dose.high.units * schedule.high)
        if IMPLAUSIBLE_PERIOD in schedule.assumptions:
            assumptions.append(IMPLAUSIBLE_PERIOD)
        phrase = f"{dose.phrase}, changed {schedule.phrase}"
    if dose.high.units is not None and dose.high.units > _units_limit(dose.high, product, forms):
        assumptions.append(IMPLAUSIBLE_QUANTITY)
    return TakenLine(
        intake=Intake(by_agent, units, hourly=True),
        phrase=phrase,
        as_needed=as_needed,
        days_per_week=DAYS_PER_WEEK,
        occasions=schedule.occasions if isinstance(schedule, Schedule) else frozenset(),
        averaged=False,
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _a_day(dose: _Dose, low_rate: Fraction, high_rate: Fraction) -> Intake:
    low, high = dose.low, dose.high
    by_agent = {
        agent: (low.by_agent.get(agent, amount) * dose.low_factor * low_rate, amount * high_rate)
        for agent, amount in high.by_agent.items()
    }
    units = None
    if low.units is not None and high.units is not None:
        units = (min(low.units, high.units) * dose.low_factor * low_rate, high.units * high_rate)
    return Intake(by_agent, units)


def _read_dose(line: Dosage, product: Product, forms: Forms) -> _Dose | Unmeasured:
    """The one dose of a line, however often it is stated."""
    read: list[tuple[int, _Dose]] = []
    obstacles: list[Unmeasured] = []
    for entry in line.doses:
        dose = _read_entry(entry, product, forms)
        if isinstance(dose, Unmeasured):
            obstacles.append(dose)
        else:
            read.append((_rank(entry, forms), dose))
    if not read:
        telling = [each for each in obstacles if each.obstacle is not Obstacle.UNKNOWN]
        return next(iter(telling + obstacles), Unmeasured(Obstacle.UNKNOWN, "no dose is given"))
    read.sort(key=_preference)
    first = read[0][1]
    others = [dose for _, dose in read if dose.high.hourly == first.high.hourly]
    high = max(others, key=_largest)
    low = min(others, key=_smallest)
    if _largest(high) == _largest(first) and _smallest(low) == _smallest(first):
        units = first if first.high.units is not None else next((each for each in others if each.high.units), first)
        return _Dose(units.low, units.high, first.low_factor, first.phrase, first.assumptions)
    assumptions = (*first.assumptions, *high.assumptions, DOSES_DIFFER)
    phrase = f"{high.phrase} (also given as {listed(_others(high, others))})"
    return _Dose(low.low, high.high, low.low_factor, phrase, tuple(dict.fromkeys(assumptions)))


def _others(chosen: _Dose, doses: list[_Dose]) -> list[str]:
    return list(dict.fromkeys(dose.phrase for dose in doses if dose.phrase != chosen.phrase))


def _read_entry(entry: DoseEntry, product: Product, forms: Forms) -> _Dose | Unmeasured:
    largest, smallest = entry.high or entry.low, entry.low
    if largest is None:
        return Unmeasured(Obstacle.UNKNOWN, "no dose is given")
    if smallest is not None and entry.high is not None and smallest.value > largest.value:
        smallest, largest = largest, smallest
    highs = measure(largest, product, forms)
    if isinstance(highs, Unmeasured):
        return highs
    high = max(highs, key=_mass)
    if entry.is_rate and not high.hourly:
        return Unmeasured(Obstacle.INFUSION, "a dose per hour is an infusion")
    lows = measure(smallest, product, forms) if smallest is not None else highs
    if isinstance(lows, Unmeasured):
        # A range whose lower end is zero, or is not readable, starts from nothing.
        smallest, lows = None, highs
    low = min(lows, key=_mass)
    phrase = _range_phrase(smallest, largest, low, high, forms)
    assumptions = [*high.assumptions]
    if smallest is None or smallest.value != largest.value:
        assumptions.append(RANGE_AT_MAXIMUM)
    other = _as_mass(largest, high, product, forms)
    if other is not None:
        assumptions.append(IMPLAUSIBLE_QUANTITY)
        phrase += f", which may mean {other.phrase}"
        low, high = min(low, other, key=_mass), max(high, other, key=_mass)
    return _Dose(low, high, ONE if smallest is not None else ZERO, phrase, tuple(dict.fromkeys(assumptions)))


def _as_mass(quantity: Quantity, portion: Portion, product: Product, forms: Forms) -> Portion | None:
    """An implausible number of units read as milligrams (of a patch: micrograms an hour), None if it is plausible."""
    if portion.units is None or portion.units <= _units_limit(portion, product, forms):
        return None
    unit = forms.unit(quantity.code) or forms.unit(quantity.unit)
    first, *others = product.ingredients
    if others or first.strength is None or (unit is not None and unit.kind in (UnitKind.MASS, UnitKind.RATE)):
        return None
    words = "micrograms an hour" if portion.hourly else "mg"
    scale = portion.by_agent[first.agent] / portion.units
    return Portion(
        {first.agent: quantity.value}, quantity.value / scale, f"{figure(quantity.value)} {words}", portion.hourly
    )


def _range_phrase(smallest: Quantity | None, largest: Quantity, low: Portion, high: Portion, forms: Forms) -> str:
    if smallest is None:
        return f"up to {high.phrase}"
    if smallest.value == largest.value:
        return high.phrase
    if low.unit is None or low.unit != high.unit:
        same = (smallest.unit, smallest.code) == (largest.unit, largest.code)
        return f"{figure(smallest.value)} to {high.phrase}" if same else f"{low.phrase} to {high.phrase}"
    return f"{number(smallest.value, forms)} to {high.phrase}"


def _limit(line: Dosage, dose: _Dose | None, product: Product, forms: Forms) -> Intake | None:
    """The tightest written maximum as an intake a day, None if none is written that can be read."""
    tightest: Intake | None = None
    for maximum in line.maximum:
        if maximum.period_days <= 0:
            continue
        portion = _limit_portion(maximum.amount, dose, product, forms)
        if portion is None or portion.hourly:
            continue
        share = ONE / maximum.period_days
        units = None if portion.units is None else (portion.units * share, portion.units * share)
        intake = Intake({agent: (each * share, each * share) for agent, each in portion.by_agent.items()}, units)
        tightest = intake if tightest is None else tightest.at_most(intake)
    return tightest


def _limit_portion(amount: Quantity, dose: _Dose | None, product: Product, forms: Forms) -> Portion | None:
    unit = forms.unit(amount.code) or forms.unit(amount.unit)
    if unit is not None and unit.kind is UnitKind.DOSE:
        if dose is None or amount.value <= 0:
            return None
        units = None if dose.high.units is None else dose.high.units * amount.value
        return Portion({agent: each * amount.value for agent, each in dose.high.by_agent.items()}, units, "")
    read = measure(amount, product, forms)
    return None if isinstance(read, Unmeasured) else max(read, key=_mass)


def _rank(entry: DoseEntry, forms: Forms) -> int:
    """The place of a statement of the dose: mass first, then by who stated it."""
    quantity = entry.high or entry.low
    unit = forms.unit(quantity.code) or forms.unit(quantity.unit) if quantity else None
    kind = (entry.kind or "").lower()
    place = PREFERRED_KINDS.index(kind) if kind in PREFERRED_KINDS else len(PREFERRED_KINDS)
    return place if unit is not None and unit.kind is UnitKind.MASS else place + len(PREFERRED_KINDS) + 1


def _preference(pair: tuple[int, _Dose]) -> tuple[int, Fraction]:
    return pair[0], -_largest(pair[1])


def _units_limit(portion: Portion, product: Product, forms: Forms) -> Fraction:
    counted = counted_unit(product, forms)
    if portion.hourly:
        return forms.plausible.units_limit(PATCH)
    liquid = product.ingredients[0].strength is not None and product.ingredients[0].strength.per is Per.MILLILITRE
    return forms.plausible.units_limit(MILLILITRE if liquid else portion.unit or (counted.id if counted else ""))


def _phrase(dose: str, schedule: Schedule, as_needed: bool) -> str:
    if not as_needed:
        return f"{dose} {schedule.phrase}"
    return f"{dose}, {'up to ' if schedule.counted else ''}{schedule.phrase} as needed"


def _total(intake: Intake) -> str:
    several = len(intake.by_agent) > 1
    return listed(
        f"{figures(high, high)} mg a day{f' of {agent}' if several else ''}"
        for agent, (_, high) in intake.by_agent.items()
    )


def _mass(portion: Portion) -> Fraction:
    return sum(portion.by_agent.values(), ZERO)


def _largest(dose: _Dose) -> Fraction:
    return _mass(dose.high)


def _smallest(dose: _Dose) -> Fraction:
    return _mass(dose.low) * dose.low_factor
