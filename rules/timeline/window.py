"""The supply window of a record: the days that what it orders, states or dispenses can last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil

from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import Dosage, RecordKind, Regimen
from rules.numbers.quantity import ONE
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose


class Coverage(StrEnum):
    """How a window relates to a day."""

    NOT_YET_STARTED = "not-yet-started"
    CURRENT = "current"
    IN_GRACE = "in-grace"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Window:
    """First and last covered day; ``start`` is None without any date, ``end`` None without a known length."""

    start: date | None
    end: date | None

    def coverage(self, on: date, policy: ConcurrencyPolicy) -> Coverage:
        """How the window relates to the day; without a known length it is current for the recency period."""
        if self.start is not None and self.start > on:
            return Coverage.NOT_YET_STARTED
        if self.end is not None:
            past = (on - self.end).days
            if past <= 0:
                return Coverage.CURRENT
            return Coverage.IN_GRACE if past <= policy.grace_days.value else Coverage.LAPSED
        if self.start is None or (on - self.start).days <= policy.recency_days.value:
            return Coverage.CURRENT
        return Coverage.LAPSED

    def last_covered(self, on: date, policy: ConcurrencyPolicy) -> date:
        """The last covered day up to ``on``."""
        if self.end is not None:
            return min(self.end, on)
        if self.start is None:
            return on
        return min(on, self.start + timedelta(days=int(policy.recency_days.value)))


def window_of(regimen: Regimen, start: date | None, days_of_supply: Callable[[], Fraction | None]) -> Window:
    """The window of a record from its first day; ``days_of_supply`` is asked only where nothing else gives a length."""
    end = _bounds_end(regimen.dosages)
    if end is None:
        end = regimen.effective.end
    if end is None and start is not None:
        days = _bounds_days(regimen.dosages)
        if days is None and regimen.supply is not None and regimen.supply.days is not None:
            days = regimen.supply.days * _fills(regimen)
        if days is None:
            days = days_of_supply()
        if days is not None and days > 0:
            end = _later(start, ceil(days) - 1)
    return Window(start, _stopped(start, end, regimen.ended))


def _stopped(start: date | None, end: date | None, ended: date | None) -> date | None:
    """The last covered day of what was stopped, where the record has that date; not before its first."""
    if ended is None:
        return end
    last = ended if end is None else min(ended, end)
    return last if start is None else max(start, last)


def _later(start: date, days: int) -> date:
    """So many days later, at most the last date there is."""
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return date.max


def first_day(regimen: Regimen) -> date | None:
    """The first day of use by a record, None where it has no date."""
    starts = [dosage.timing.bounds.start for dosage in regimen.dosages if dosage.timing and dosage.timing.bounds.start]
    if starts and regimen.kind is RecordKind.REQUEST:
        return min(starts)
    return regimen.validity.start or regimen.effective.start or regimen.authored_on or (min(starts) if starts else None)


def _bounds_end(dosages: Iterable[Dosage]) -> date | None:
    """The last day by the dates of the lines, None unless every line has one."""
    ends = [dosage.timing.bounds.end if dosage.timing else None for dosage in dosages]
    stated = [end for end in ends if end is not None]
    return max(stated) if stated and len(stated) == len(ends) else None


def _bounds_days(dosages: Iterable[Dosage]) -> Fraction | None:
    """The length by ``boundsDuration``: lines of one sequence run together, those of increasing sequences in turn."""
    longest: dict[int, Fraction] = {}
    for dosage in dosages:
        if dosage.timing is None:
            return None
        days = dosage.timing.bounds_days_max or dosage.timing.bounds_days
        if days is None:
            return None
        step = dosage.sequence if dosage.sequence is not None else 0
        longest[step] = max(days, longest.get(step, days))
    return sum(longest.values(), start=Fraction(0)) if longest else None


def _fills(regimen: Regimen) -> Fraction:
    """How many times the supply is dispensed: an order's first fill and its repeats."""
    return ONE + regimen.supply.repeats if regimen.supply and regimen.kind is RecordKind.REQUEST else ONE


def supplied_days(regimen: Regimen, dose: DailyDose | NoDailyDose) -> Fraction | None:
    """Days that the dispensed units last at the daily units of the order, all fills together; None where not known."""
    supply = regimen.supply
    if supply is None or supply.quantity is None or not isinstance(dose, DailyDose) or dose.units is None:
        return None
    return supply.quantity.value / dose.units.used * _fills(regimen) if dose.units.used > 0 else None
