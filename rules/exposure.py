"""Use over time: the stretch of use of a class of agents that reaches the day judged, how long, how steady."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from rules.assessment import Exposure, Pattern
from rules.daily_dose import DailyDose
from rules.knowledge.policy import Policy
from rules.model import Kind, Patient
from rules.quantity import ONE, PERCENT
from rules.record import Entry, exclusion
from rules.window import Coverage


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days covered by one record, and how many of them the supplied units last."""

    start: date
    end: date
    supplied: Fraction
    entry: Entry


def exposure(
    entries: Iterable[Entry], agent_class: str, earliest_record: date | None, policy: Policy, on: date
) -> Exposure | None:
    """The use of a class that reaches ``on`` or ended recently enough to be spoken of; None: none on record.

    Drafts are left out: exposure is what was, not what is being ordered. It is a lower bound, and says so
    (``at_least``) where the record begins with it.
    """
    stretches = sorted(
        (stretch for entry in entries if (stretch := _stretch(entry, agent_class, policy, on)) is not None),
        key=lambda stretch: (stretch.start, stretch.end, stretch.entry.order),
    )
    episode = _latest_episode(stretches, int(policy.exposure.bridge_days.value))
    if not episode:
        return None
    since, until = episode[0].start, max(stretch.end for stretch in episode)
    out_of_supply = (on - until).days
    if out_of_supply > policy.concurrency.lapsed_mention_days.value:
        return None
    reaches = until if out_of_supply > policy.concurrency.grace_days.value else on
    days = (reaches - since).days
    bridge = policy.exposure.bridge_days.value
    return Exposure(
        since=since,
        days=days,
        at_least=earliest_record is None or (since - earliest_record).days <= bridge,
        pattern=_pattern(episode, since, until, policy),
        until=until,
        out_of_supply_days=max(out_of_supply, 0),
    )


def earliest_record(patient: Patient) -> date | None:
    """The first day that any supplied record of a medication speaks of: history before it was not supplied."""
    days = [
        day
        for regimen in patient.regimens
        if not regimen.draft and not regimen.another_patient
        for day in (regimen.authored_on, regimen.validity.start, regimen.effective.start, *_bounds(regimen.dosages))
        if day is not None
    ]
    return min(days, default=None)


def _bounds(dosages: Iterable[object]) -> Iterable[date]:
    for dosage in dosages:
        timing = getattr(dosage, "timing", None)
        if timing is not None and timing.bounds.start is not None:
            yield timing.bounds.start


def _stretch(entry: Entry, agent_class: str, policy: Policy, on: date) -> Stretch | None:
    if entry.agent.agent_class.id != agent_class or entry.regimen.draft or entry.window.start is None:
        return None
    if exclusion(entry.regimen, historic=True) is not None or entry.way.rescue or entry.single:
        return None
    if entry.window.coverage(on, policy.concurrency) is Coverage.NOT_YET_STARTED:
        return None
    over = exclusion(entry.regimen) is not None
    start = entry.window.start
    if entry.window.end is None and over and entry.regimen.kind is not Kind.DISPENSE:
        end = start
    else:
        end = max(start, entry.window.last_covered(on, policy.concurrency))
    length = Fraction((end - start).days) + ONE
    return Stretch(start, end, min(length, _days_of_supply(entry, length)), entry)


def _days_of_supply(entry: Entry, length: Fraction) -> Fraction:
    """Days with at least one unit of the supply: a scheduled order uses its daily units, one as needed at least one."""
    dose = entry.dose
    supplied = entry.window.supplied_days
    if supplied is None or not isinstance(dose, DailyDose) or dose.units is None:
        return length
    if not dose.as_needed:
        return supplied
    return supplied * max(dose.units.used, ONE)


def _latest_episode(stretches: list[Stretch], bridge: int) -> list[Stretch]:
    episode: list[Stretch] = []
    end: date | None = None
    for stretch in stretches:
        if end is not None and stretch.start - end > timedelta(days=bridge + 1):
            episode = []
        episode.append(stretch)
        end = stretch.end if end is None or not episode[:-1] else max(end, stretch.end)
    return episode


def _pattern(episode: list[Stretch], since: date, until: date, policy: Policy) -> Pattern:
    span = Fraction((until - since).days) + ONE
    supplied = min(span, sum((stretch.supplied for stretch in episode), Fraction(0)))
    if supplied < span * policy.exposure.coverage_percent.value * PERCENT:
        return Pattern.INTERMITTENT
    last = max(episode, key=lambda stretch: (stretch.end, stretch.entry.order))
    days = last.entry.dose.days_per_week if isinstance(last.entry.dose, DailyDose) else None
    if days is not None and days <= policy.exposure.sparse_days_per_week.value:
        return Pattern.INTERMITTENT
    return Pattern.CONTINUOUS
