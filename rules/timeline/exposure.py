"""Use over time: the stretch of use of a class of agents that reaches the day judged, how long, how steady."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from rules.assessment import Exposure, Pattern
from rules.knowledge.policy import Policy
from rules.model import Patient, RecordKind
from rules.numbers.quantity import DAYS_PER_WEEK, HALF, ONE, PERCENT, ZERO
from rules.reading.dosage.daily_dose import DailyDose
from rules.reading.dosage.dispensed import FROM_SUPPLY
from rules.timeline.early_end import given_way
from rules.timeline.record import RecordEntry, exclusion
from rules.timeline.window import Coverage


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days covered by one record."""

    start: date
    end: date
    entry: RecordEntry

    def supplied(self, *, filled: bool) -> Fraction:
        """How many of the days the supplied units last; ``filled``: fills of the order are on record as well."""
        length = Fraction((self.end - self.start).days) + ONE
        return min(length, _days_of_supply(self.entry, length, filled=filled))


def exposure(
    entries: Iterable[RecordEntry], agent_class: str, earliest_record: date | None, policy: Policy, on: date
) -> Exposure | None:
    """The use of a class that reaches ``on`` or ended recently enough to be spoken of; None: none on record.

    Drafts are left out: exposure is what was, not what is being ordered. It is a lower bound, and says so
    (``at_least``) where the record begins with it.
    """
    own = [entry for entry in entries if entry.agent.agent_class.id == agent_class]
    gone = given_way(own, own, on)
    covered = (_covered(entry, gone.get(entry), policy, on) for entry in own)
    stretches = sorted(
        (stretch for stretch in covered if stretch is not None),
        key=lambda stretch: (stretch.start, stretch.end, stretch.entry.order),
    )
    episode = _latest_use(stretches, policy, on)
    if not episode:
        return None
    since, until = episode[0].start, _end(episode)
    out_of_supply = (on - until).days
    if out_of_supply > policy.concurrency.lapsed_mention_days.value:
        return None
    reaches = until if out_of_supply > policy.concurrency.grace_days.value else on
    days = (reaches - since).days
    bridge = policy.exposure.bridge_days.value
    fills = {name for e in own if e.regimen.kind is RecordKind.DISPENSE for name in e.regimen.references}
    supplied = sum((each.supplied(filled=each.entry.source in fills) for each in episode), ZERO)
    return Exposure(
        since=since,
        days=days,
        at_least=earliest_record is None or (since - earliest_record).days <= bridge,
        pattern=_pattern(episode, supplied, since, until, policy),
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


def _covered(entry: RecordEntry, gone: date | None, policy: Policy, on: date) -> Stretch | None:
    """The stretch that a record covers, be it of daily use or not; ``gone``: when it gave way to another."""
    if entry.regimen.draft or entry.start is None:
        return None
    if exclusion(entry.regimen, historic=True) is not None:
        return None
    if entry.window.coverage(on, policy.concurrency) is Coverage.NOT_YET_STARTED:
        return None
    over = exclusion(entry.regimen) is not None
    start = entry.start
    if entry.window.end is None and over and entry.regimen.kind is not RecordKind.DISPENSE:
        end = start
    else:
        end = max(start, entry.window.last_covered(on, policy.concurrency))
    if gone is not None:
        end = max(start, min(end, gone - timedelta(days=1)))
    return Stretch(start, end, entry)


def _days_of_supply(entry: RecordEntry, length: Fraction, *, filled: bool) -> Fraction:
    """Days with at least one unit of the supply: a scheduled order uses its daily units, one as needed at least one.

    Where only an average is known, no less than half a unit is taken on a day of use. Without a known supply every day
    counts, fewer where the order itself names the days of the week; one as needed leaves it to its fills on record.
    """
    dose = entry.dose
    supplied = entry.instructions.supplied_days
    if supplied is None or not isinstance(dose, DailyDose) or dose.units is None:
        if filled and dose.as_needed:
            return ZERO
        weekly = dose.days_per_week if isinstance(dose, DailyDose) else None
        return length if weekly is None else length * weekly / DAYS_PER_WEEK
    if FROM_SUPPLY in dose.assumptions:
        return supplied * dose.units.used / max(dose.units.used, HALF)
    return supplied * max(dose.units.used, ONE) if dose.as_needed else supplied


def _latest_use(stretches: list[Stretch], policy: Policy, on: date) -> list[Stretch]:
    """The latest episode of daily use; nothing where it ended too long ago to be spoken of.

    Whether a record is of daily use lies in its dose, which is read only where its days may be of that episode.
    """
    bridge = int(policy.exposure.bridge_days.value)
    left = stretches
    while left:
        episode = _latest_episode(left, bridge)
        if (on - _end(episode)).days > policy.concurrency.lapsed_mention_days.value:
            return []
        daily = [stretch for stretch in episode if stretch.entry.daily_use]
        if daily:
            return _latest_episode(daily, bridge)
        left = left[: -len(episode)]
    return []


def _end(episode: list[Stretch]) -> date:
    return max(stretch.end for stretch in episode)


def _latest_episode(stretches: list[Stretch], bridge: int) -> list[Stretch]:
    episode: list[Stretch] = []
    end: date | None = None
    for stretch in stretches:
        if end is not None and stretch.start - end > timedelta(days=bridge + 1):
            episode = []
        episode.append(stretch)
        end = stretch.end if end is None or stretch is episode[0] else max(end, stretch.end)
    return episode


def _pattern(episode: list[Stretch], supplied: Fraction, since: date, until: date, policy: Policy) -> Pattern:
    span = Fraction((until - since).days) + ONE
    if min(span, supplied) < span * policy.exposure.coverage_percent.value * PERCENT:
        return Pattern.INTERMITTENT
    # Use is known to be sparse only if everything that reached the end of it was.
    recent = timedelta(days=int(policy.concurrency.grace_days.value))
    last = [stretch.entry.dose for stretch in episode if until - stretch.end <= recent]
    days = [dose.days_per_week if isinstance(dose, DailyDose) else None for dose in last]
    sparse = policy.exposure.sparse_days_per_week.value
    if all(each is not None and each <= sparse for each in days):
        return Pattern.INTERMITTENT
    return Pattern.CONTINUOUS
