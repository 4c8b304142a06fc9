"""Use over time: the latest episode of use of a class of agents, how long it lasts, and how steady it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from rules.assessment import Exposure, Pattern
from rules.knowledge.policy import Policy
from rules.model import Dosage, Patient, RecordKind
from rules.numbers.quantity import DAYS_PER_WEEK, HALF, ONE, PERCENT, ZERO
from rules.reading.dosage.daily_dose import FROM_SUPPLY, DailyDose
from rules.timeline.early_end import early_ends
from rules.timeline.record import RecordEntry


@dataclass(frozen=True, slots=True)
class CoveredPeriod:
    """The days that one record covers, first and last."""

    start: date
    end: date
    entry: RecordEntry

    def supplied_days(self, *, filled: bool) -> Fraction:
        """How many of the days the supplied units last; ``filled``: fills of the order are on record as well."""
        length = Fraction((self.end - self.start).days) + ONE
        return min(length, _days_of_supply(self.entry, length, filled=filled))


def exposure(
    entries: Iterable[RecordEntry], agent_class: str, earliest_record: date | None, policy: Policy, on: date
) -> Exposure | None:
    """The use of a class that reaches a day or ended recently enough to be mentioned; None: none on record.

    Drafts are left out: exposure is past use. It is a lower bound (``at_least``) where the record begins with it.

    Args:
        entries: the record.
        agent_class: the id of the class.
        earliest_record: the first day of the record, from :func:`earliest_record`.
        policy: gaps bridged, coverage that makes use continuous, and how long ended use is mentioned.
        on: the day judged.
    """
    of_class = [entry for entry in entries if entry.agent.agent_class.id == agent_class]
    ends = early_ends(of_class, of_class, on)
    covered = (_covered_period(entry, ends.get(entry), policy, on) for entry in of_class)
    periods = sorted(
        (period for period in covered if period is not None),
        key=lambda period: (period.start, period.end, period.entry.order),
    )
    episode = _latest_use(periods, policy, on)
    if not episode:
        return None
    since, until = episode[0].start, _end(episode)
    out_of_supply = (on - until).days
    if out_of_supply > policy.concurrency.lapsed_mention_days.value:
        return None
    end = until if out_of_supply > policy.concurrency.grace_days.value else on
    bridge = policy.exposure.bridge_days.value
    fills = {name for e in of_class if e.regimen.kind is RecordKind.DISPENSE for name in e.regimen.references}
    supplied = sum([period.supplied_days(filled=period.entry.source in fills) for period in episode], ZERO)
    return Exposure(
        since=since,
        days=(end - since).days,
        at_least=earliest_record is None or (since - earliest_record).days <= bridge,
        pattern=_pattern(episode, supplied, since, until, policy),
        until=until,
        out_of_supply_days=max(out_of_supply, 0),
    )


def earliest_record(patient: Patient) -> date | None:
    """The first day that any record of a medication has, None without one: earlier history was not supplied."""
    days = [
        day
        for regimen in patient.regimens
        if not regimen.draft and not regimen.another_patient
        for day in (regimen.authored_on, regimen.validity.start, regimen.effective.start, *_first_days(regimen.dosages))
        if day is not None
    ]
    return min(days, default=None)


def _first_days(dosages: Iterable[Dosage]) -> Iterator[date]:
    for dosage in dosages:
        if dosage.timing is not None and dosage.timing.bounds.start is not None:
            yield dosage.timing.bounds.start


def _covered_period(entry: RecordEntry, ended: date | None, policy: Policy, on: date) -> CoveredPeriod | None:
    """The days that a record covers, of daily use or not; ``ended``: the first day on which it no longer counted."""
    if entry.regimen.draft or entry.start is None or entry.historic_exclusion is not None:
        return None
    if entry.start > on:
        return None
    over = entry.exclusion is not None
    start = entry.start
    if entry.window.end is None and over and entry.regimen.kind is not RecordKind.DISPENSE:
        end = start
    else:
        end = max(start, entry.window.last_covered(on, policy.concurrency))
    if ended is not None:
        end = max(start, min(end, ended - timedelta(days=1)))
    return CoveredPeriod(start, end, entry)


def _days_of_supply(entry: RecordEntry, length: Fraction, *, filled: bool) -> Fraction:
    """How many days of use the supplied units allow.

    A scheduled order uses its daily units on each of them, one as needed at least one unit; where only the average of
    the supply is known, at least half a unit. Without a known supply every day counts, or those of the week that the
    order names; none of an as-needed order with fills on record (``filled``), which are counted themselves.
    """
    dose = entry.dose
    supplied = entry.days_of_supply
    if supplied is None or not isinstance(dose, DailyDose) or dose.units is None:
        if filled and dose.as_needed:
            return ZERO
        weekly = dose.days_per_week if isinstance(dose, DailyDose) else None
        return length if weekly is None else length * weekly / DAYS_PER_WEEK
    if FROM_SUPPLY in dose.assumptions:
        return supplied * dose.units.used / max(dose.units.used, HALF)
    return supplied * max(dose.units.used, ONE) if dose.as_needed else supplied


def _latest_use(periods: list[CoveredPeriod], policy: Policy, on: date) -> list[CoveredPeriod]:
    """The latest episode of daily use; nothing where it ended too long ago to be mentioned.

    Whether a record is of daily use lies in its dose, which is read only where its days may be of that episode.
    """
    bridge = int(policy.exposure.bridge_days.value)
    left = periods
    while left:
        episode = _latest_episode(left, bridge)
        if (on - _end(episode)).days > policy.concurrency.lapsed_mention_days.value:
            return []
        daily = [period for period in episode if period.entry.daily_use]
        if daily:
            return _latest_episode(daily, bridge)
        left = left[: -len(episode)]
    return []


def _end(episode: list[CoveredPeriod]) -> date:
    """The last day of an episode."""
    return max(period.end for period in episode)


def _latest_episode(periods: list[CoveredPeriod], bridge: int) -> list[CoveredPeriod]:
    """The last of the periods, by their start, that no gap of more than ``bridge`` days divides."""
    episode: list[CoveredPeriod] = []
    end: date | None = None
    for period in periods:
        if end is not None and period.start - end > timedelta(days=bridge + 1):
            episode = []
        episode.append(period)
        end = period.end if end is None or period is episode[0] else max(end, period.end)
    return episode


def _pattern(episode: list[CoveredPeriod], supplied: Fraction, since: date, until: date, policy: Policy) -> Pattern:
    """How steady an episode is.

    Continuous where enough of its days were supplied, unless everything that reaches its end is known to be for few
    days a week.
    """
    span = Fraction((until - since).days) + ONE
    if min(span, supplied) < span * policy.exposure.coverage_percent.value * PERCENT:
        return Pattern.INTERMITTENT
    recent = timedelta(days=int(policy.concurrency.grace_days.value))
    last = [period.entry.dose for period in episode if until - period.end <= recent]
    days_per_week = [dose.days_per_week if isinstance(dose, DailyDose) else None for dose in last]
    sparse = policy.exposure.sparse_days_per_week.value
    if all(days is not None and days <= sparse for days in days_per_week):
        return Pattern.INTERMITTENT
    return Pattern.CONTINUOUS
