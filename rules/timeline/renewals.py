"""Orders of one agent that belong together: copies of one day, renewals, two prescribers side by side, dose changes.

Counting must never fall when an order is added, so renewals are not paired off one by one. Among orders of the same
daily dose the number that counts is the largest number of courses that the record shows side by side on any day, where
orders of one requester are one course and windows that overlap only briefly do not stand side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import RecordKind
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.record import RecordEntry

TWO_PRESCRIBERS = "two-prescribers"
MAY_BE_REPLACED = "may-be-replaced-by-newer-order"
MAY_REPLACE = "may-replace-earlier-order"


@dataclass(frozen=True, slots=True)
class Renewal:
    """How an entry stands to the others of its kind: renewed by another one, or counted.

    ``newest``: it counts in the replacement reading as well.
    """

    entry: RecordEntry
    renewed_by: RecordEntry | None = None
    newest: bool = True
    assumptions: tuple[str, ...] = ()


Day = tuple[Hashable, date]


def kind_of(entry: RecordEntry) -> tuple[Hashable, ...]:
    """Agent, route, release and whether as needed: orders that differ in one of these simply add, as do two patch
    strengths."""
    hourly = isinstance(entry.dose, DailyDose) and entry.dose.by_agent_hourly.get(entry.agent.id)
    strength = hourly.used if hourly else None
    return (entry.agent.id, entry.administration.route, entry.product.release, entry.dose.as_needed, strength)


def same_day_copies(entries: Iterable[RecordEntry]) -> Iterator[tuple[RecordEntry, tuple[str, ...]]]:
    """Exact copies of one day, the first of which stays, each with everybody who wrote one.

    Copies without a date are copies only of one known requester: of two, each may have written an order.
    """
    written: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for entry in entries:
        day = entry.start or entry.regimen.requester
        if day is not None:
            written[(entry.agent.id, day)].append(entry)
    groups: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for together, group in written.items():
        for entry in group if group[1:] else ():
            product = (entry.product.ingredients, entry.product.form)
            said = (entry.dose.sig, entry.dose.read_as, entry.regimen.supply)
            groups[(kind_of(entry), together, product, said)].append(entry)
    for group in groups.values():
        _, *copies = sorted(group, key=lambda entry: entry.order)
        requesters = tuple(sorted({entry.regimen.requester for entry in group if entry.regimen.requester}))
        for copy in copies:
            yield copy, requesters


def counted_together(entries: Iterable[RecordEntry], policy: ConcurrencyPolicy) -> Iterator[Renewal]:
    """Which of the entries count beside each other, kind by kind; entries without a daily dose always stand alone, as
    does the only one of its agent."""
    agents: dict[str, list[RecordEntry]] = defaultdict(list)
    for entry in entries:
        agents[entry.agent.id].append(entry)
    kinds: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for group in agents.values():
        for entry in group:
            if not group[1:] or _daily(entry) is None:
                yield Renewal(entry)
            else:
                kinds[kind_of(entry)].append(entry)
    for group in kinds.values():
        yield from _of_one_kind(sorted(group, key=lambda entry: entry.order), policy)


def _of_one_kind(group: list[RecordEntry], policy: ConcurrencyPolicy) -> Iterator[Renewal]:
    by_dose: dict[Fraction, list[RecordEntry]] = defaultdict(list)
    for entry in group:
        by_dose[_daily(entry) or Fraction(0)].append(entry)
    kept: list[RecordEntry] = []
    beside: set[RecordEntry] = set()
    for same in by_dose.values():
        side_by_side = _side_by_side(same, policy)
        kept.extend(side_by_side)
        if len({entry.regimen.requester for entry in side_by_side} - {None}) > 1:
            beside.update(side_by_side)
        for entry in same:
            if entry not in side_by_side:
                yield Renewal(entry, renewed_by=side_by_side[-1], newest=False)
    newest = _newest(kept)
    for entry in kept:
        codes = [TWO_PRESCRIBERS] if entry in beside else []
        if len(newest) < len(kept) and entry not in beside:
            codes.append(MAY_REPLACE if entry in newest else MAY_BE_REPLACED)
        yield Renewal(entry, newest=entry in newest, assumptions=tuple(codes))


def _daily(entry: RecordEntry) -> Fraction | None:
    """What makes two daily doses the same: the amount used, in milligrams or micrograms an hour."""
    if not isinstance(entry.dose, DailyDose):
        return None
    amount = entry.dose.by_agent.get(entry.agent.id) or entry.dose.by_agent_hourly.get(entry.agent.id)
    return amount.used if amount is not None else None


def _requester(entry: RecordEntry) -> Hashable:
    """Who wrote it; orders without a requester belong together only if written on the same day.

    What is stated without a name is the patient's own word of one use, however often it was asked for.
    """
    if entry.regimen.kind is RecordKind.STATEMENT:
        return entry.regimen.requester or RecordKind.STATEMENT
    return entry.regimen.requester or (None, entry.start)


def _side_by_side(same: list[RecordEntry], policy: ConcurrencyPolicy) -> list[RecordEntry]:
    """The orders of one daily dose that count: the most courses that stand side by side on any day."""
    days: dict[Day, list[RecordEntry]] = defaultdict(list)
    for entry in same:
        days[(_requester(entry), entry.start or date.min)].append(entry)
    best = max(days.values(), key=lambda written: (len(written), _recency(written)))
    rank = _rank(best)
    for point in sorted({start for _, start in days}):
        standing: dict[Hashable, list[RecordEntry]] = {}
        for (requester, _), written in days.items():
            if _stands_on(written, point, policy):
                ahead = standing.get(requester)
                if ahead is None or (len(written), _recency(written)) > (len(ahead), _recency(ahead)):
                    standing[requester] = written
        together = [entry for written in standing.values() for entry in written]
        if _rank(together) > rank:
            best, rank = together, _rank(together)
    return sorted(best, key=lambda entry: entry.order)


def _rank(together: list[RecordEntry]) -> tuple[int, int, date]:
    """More courses before fewer, orders on record before drafts that renew them, later days before earlier."""
    starts = [entry.start or date.min for entry in together]
    return (len(together), sum(not entry.regimen.draft for entry in together), max(starts, default=date.min))


def _recency(written: list[RecordEntry]) -> tuple[bool, date]:
    """Orders on record stay where a draft renews them; among the record the newest stays."""
    return (not any(entry.regimen.draft for entry in written), max(e.start or date.min for e in written))


def _stands_on(written: list[RecordEntry], point: date, policy: ConcurrencyPolicy) -> bool:
    """Whether orders of one day stand beside others on a day, brief overlaps at their end left aside."""
    overlap = timedelta(days=int(policy.renewal_overlap_days.value))
    for entry in written:
        if (entry.start or date.min) > point:
            continue
        end = entry.window.end
        if end is None or end - (overlap if end - date.min > overlap else timedelta()) >= point:
            return True
    return False


def _newest(kept: list[RecordEntry]) -> list[RecordEntry]:
    """The orders that a replacement would leave: those written last by one requester (the larger where two did).

    Drafts are all written now: of several that start one after another, the day with the largest dose is left.
    """
    drafts = any(entry.regimen.draft for entry in kept)
    last = [entry for entry in kept if entry.regimen.draft is drafts]
    latest = max(entry.start or date.min for entry in last)
    written: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for entry in last:
        start = entry.start or date.min
        if drafts or start == latest:
            written[(_requester(entry), start)].append(entry)
    return max(written.values(), key=lambda together: sum((_daily(e) or Fraction(0) for e in together), Fraction(0)))
