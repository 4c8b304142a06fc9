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
from itertools import pairwise

from rules.assessment_lines import NotCountedReason
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import RecordKind, Setting
from rules.numbers.quantity import ZERO
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.presence import Presences, dated_order, renewal_text
from rules.timeline.record import RecordEntry

# FHIR's intents of an order that carries out another one, and of the order that such a one carries out.
CARRYING_OUT = frozenset({"instance-order", "filler-order"})
ORIGINAL = "original-order"

TWO_PRESCRIBERS = "two-prescribers"
MAY_BE_REPLACED = "may-be-replaced-by-newer-order"
MAY_REPLACE = "may-replace-earlier-order"


@dataclass(frozen=True, slots=True)
class RenewalStatus:
    """How an entry stands to the others of its therapy: renewed by another one, or counted.

    ``newest``: it counts in the replacement reading as well. ``in_turn_with``: orders being written that follow each
    other, of which the largest counts.
    """

    entry: RecordEntry
    renewed_by: RecordEntry | None = None
    in_turn_with: RecordEntry | None = None
    newest: bool = True
    assumptions: tuple[str, ...] = ()


RequesterDay = tuple[Hashable, date]


def therapy_of(entry: RecordEntry) -> tuple[Hashable, ...]:
    """The therapy that an order is part of: agent, route, release, whether as needed, and a patch's strength.

    Orders that differ in one of these simply add.
    """
    hourly = isinstance(entry.dose, DailyDose) and entry.dose.by_agent_hourly.get(entry.agent.id)
    strength = hourly.used if hourly else None
    return (entry.agent.id, entry.administration.route, entry.product.release, entry.dose.as_needed, strength)


def same_day_copies(entries: Iterable[RecordEntry]) -> Iterator[tuple[RecordEntry, tuple[str, ...]]]:
    """The exact copies among the orders of one day, without the first of them, each with all requesters.

    Orders without a date are copies only if they have the same requester.
    """
    written: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for entry in entries:
        day = entry.start or entry.regimen.requester
        if day is not None:
            written[(entry.agent.id, day)].append(entry)
    copies: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for agent_and_day, orders in written.items():
        for entry in orders if orders[1:] else ():
            product = (entry.product.ingredients, entry.product.form)
            instructions = (entry.sig, entry.dose.read_as, entry.regimen.supply)
            copies[(therapy_of(entry), agent_and_day, product, instructions)].append(entry)
    for orders in copies.values():
        _, *others = sorted(orders, key=lambda entry: entry.order)
        requesters = tuple(sorted({entry.regimen.requester for entry in orders if entry.regimen.requester}))
        for copy in others:
            yield copy, requesters


def counted_together(entries: Iterable[RecordEntry], policy: ConcurrencyPolicy) -> Iterator[RenewalStatus]:
    """Which of the entries count beside each other, therapy by therapy.

    Entries without a daily dose always stand alone, as does the only one of its agent.
    """
    agents: dict[str, list[RecordEntry]] = defaultdict(list)
    for entry in entries:
        agents[entry.agent.id].append(entry)
    therapies: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for of_agent in agents.values():
        for entry in of_agent:
            if not of_agent[1:] or entry.amount is None:
                yield RenewalStatus(entry)
            else:
                therapies[therapy_of(entry)].append(entry)
    for orders in therapies.values():
        in_turn = [entry for entry in orders if entry.regimen.draft]
        counted = _largest_of_chain(in_turn) if follow_each_other(in_turn) else in_turn
        for entry in in_turn:
            if entry not in counted:
                yield RenewalStatus(entry, in_turn_with=counted[0], newest=False)
        together = [entry for entry in orders if not entry.regimen.draft or entry in counted]
        yield from _of_one_therapy(sorted(together, key=lambda entry: entry.order), policy)


def _largest_of_chain(chain: Iterable[RecordEntry]) -> list[RecordEntry]:
    """Of orders that follow each other those of the day with the largest dose, of the first such day."""
    by_start: dict[date, list[RecordEntry]] = defaultdict(list)
    for entry in chain:
        by_start[entry.start or date.min].append(entry)
    return max(
        (by_start[start] for start in sorted(by_start)), key=lambda together: sum((_amount(e) for e in together), ZERO)
    )


def _of_one_therapy(orders: list[RecordEntry], policy: ConcurrencyPolicy) -> Iterator[RenewalStatus]:
    if len(orders) == 1:
        yield RenewalStatus(orders[0])
        return
    by_dose: dict[Fraction, list[RecordEntry]] = defaultdict(list)
    for entry in orders:
        by_dose[_amount(entry)].append(entry)
    counted: list[RecordEntry] = []
    of_two_prescribers: set[RecordEntry] = set()
    for same_dose in by_dose.values():
        side_by_side = _side_by_side(same_dose, policy)
        counted.extend(side_by_side)
        if len({entry.regimen.requester for entry in side_by_side} - {None}) > 1:
            of_two_prescribers.update(side_by_side)
        for entry in same_dose:
            if entry not in side_by_side:
                yield RenewalStatus(entry, renewed_by=side_by_side[-1], newest=False)
    newest = _newest(counted)
    for entry in counted:
        codes = [TWO_PRESCRIBERS] if entry in of_two_prescribers else []
        if len(newest) < len(counted) and entry not in of_two_prescribers:
            codes.append(MAY_REPLACE if entry in newest else MAY_BE_REPLACED)
        yield RenewalStatus(entry, newest=entry in newest, assumptions=tuple(codes))


def _amount(entry: RecordEntry) -> Fraction:
    """What makes two daily doses the same: the amount used, in milligrams a day or micrograms an hour."""
    return entry.amount.used if entry.amount is not None else ZERO


def _requester(entry: RecordEntry) -> Hashable:
    """Who wrote it; orders without a requester belong together only if written on the same day.

    Statements without a source are the patient's own reports of one use.
    """
    if entry.regimen.kind is RecordKind.STATEMENT:
        return entry.regimen.requester or RecordKind.STATEMENT
    return entry.regimen.requester or (None, entry.start)


def _side_by_side(same_dose: list[RecordEntry], policy: ConcurrencyPolicy) -> list[RecordEntry]:
    """The orders of one daily dose that count: the most courses that stand side by side on any day."""
    if len(same_dose) == 1:
        return same_dose
    days: dict[RequesterDay, list[RecordEntry]] = defaultdict(list)
    for entry in same_dose:
        days[(_requester(entry), entry.start or date.min)].append(entry)
    best = max(days.values(), key=lambda written: (len(written), _recency(written)))
    rank = _rank(best)
    for day in sorted({start for _, start in days}):
        courses: dict[Hashable, list[RecordEntry]] = {}
        for (requester, _), written in days.items():
            if _lasts_to(written, day, policy):
                course = courses.get(requester)
                if course is None or (len(written), _recency(written)) > (len(course), _recency(course)):
                    courses[requester] = written
        together = [entry for written in courses.values() for entry in written]
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


def _lasts_to(written: list[RecordEntry], day: date, policy: ConcurrencyPolicy | None) -> bool:
    """Whether one of the orders has begun and lasts to a day; by a policy a brief overlap at its end is left aside."""
    overlap = timedelta(days=int(policy.renewal_overlap_days.value)) if policy is not None else timedelta()
    for entry in written:
        if (entry.start or date.min) > day:
            continue
        end = entry.window.end
        if end is None or end - (overlap if end - date.min > overlap else timedelta()) >= day:
            return True
    return False


def of_two_prescribers(orders: Iterable[RecordEntry], policy: ConcurrencyPolicy) -> list[RecordEntry]:
    """Those of the orders of one agent that are in force together with one of another requester; in the same dose for
    longer than a renewal overlaps. In time linear in their number, once they are sorted."""
    known = [entry for entry in orders if entry.regimen.requester is not None]
    found: set[RecordEntry] = set()
    lasting: dict[Hashable, RecordEntry] = {}  # of each of the two requesters whose orders last longest, that order
    for entry in sorted(known, key=lambda item: item.order):
        requester = entry.regimen.requester
        for other, earlier in lasting.items():
            overlaps = policy if has_same_daily_dose(earlier, entry) else None
            if other != requester and _lasts_to([earlier], entry.start or date.min, overlaps):
                found |= {earlier, entry}
        lasting[requester] = max((entry, lasting.get(requester, entry)), key=_last_day)
        if len(lasting) - 1 > 1:
            del lasting[min(lasting, key=lambda other: _last_day(lasting[other]))]
    return sorted(found, key=lambda entry: entry.order)


def _last_day(entry: RecordEntry) -> date:
    return entry.window.end or date.max


def _newest(counted: list[RecordEntry]) -> list[RecordEntry]:
    """The orders that a replacement would leave: those written last by one requester (the larger where two did).

    Drafts are all written now: of several that start one after another, the day with the largest dose is left.
    """
    drafts = any(entry.regimen.draft for entry in counted)
    last = [entry for entry in counted if entry.regimen.draft is drafts]
    latest = max(entry.start or date.min for entry in last)
    written: dict[Hashable, list[RecordEntry]] = defaultdict(list)
    for entry in last:
        start = entry.start or date.min
        if drafts or start == latest:
            written[(_requester(entry), start)].append(entry)
    return max(written.values(), key=lambda together: sum((_amount(entry) for entry in together), ZERO))


def follow_each_other(entries: Iterable[RecordEntry]) -> bool:
    """Whether orders are steps one after another: they begin on several days, each after the end of those before."""
    by_start: dict[date, list[RecordEntry]] = defaultdict(list)
    for entry in entries:
        by_start[entry.start or date.min].append(entry)
    starts = sorted(by_start)
    return len(starts) > 1 and all(
        entry.window.end is not None and entry.window.end < later
        for earlier, later in pairwise(starts)
        for entry in by_start[earlier]
    )


def has_same_daily_dose(one: RecordEntry, other: RecordEntry) -> bool:
    """Whether two entries are one therapy of one agent in the same daily dose; False where a dose is not known."""
    return (
        one.agent.id == other.agent.id
        and isinstance(one.dose, DailyDose)
        and isinstance(other.dose, DailyDose)
        and therapy_of(one) == therapy_of(other)
        and one.dose.by_agent.get(one.agent.id) == other.dose.by_agent.get(other.agent.id)
        and one.dose.by_agent_hourly.get(one.agent.id) == other.dose.by_agent_hourly.get(other.agent.id)
    )


def continues(one: RecordEntry, other: RecordEntry) -> bool:
    """Whether two orders are the same medicine in the same dose in the same setting: at home, or on the ward."""
    ward = one.regimen.setting is Setting.INPATIENT
    return (other.regimen.setting is Setting.INPATIENT) is ward and has_same_daily_dose(one, other)


def merge_carried_out(presences: Presences) -> None:
    """An order that carries out another one on record in the same dose is that order again, whenever it was written.

    It is recognised by its intent. It carries out the order that it is based on, else an original order of the same
    prescriber.
    """
    orders = [
        entry
        for entry, presence in presences.items()
        if presence.additive and entry.regimen.kind is RecordKind.REQUEST and not entry.regimen.draft
    ]
    carrying_out = [entry for entry in orders if entry.regimen.intent in CARRYING_OUT]
    others = [entry for entry in orders if entry.regimen.intent not in CARRYING_OUT] if carrying_out else []
    for entry in carrying_out:
        regimen = entry.regimen
        based_on = [other for other in others if other.source in regimen.references]
        of_requester = [other for other in others if other.regimen.requester == regimen.requester]
        originals = based_on or [other for other in of_requester if other.regimen.intent == ORIGINAL]
        original = next((other for other in originals if has_same_daily_dose(entry, other)), None)
        if original is not None:
            text = f"carries out {dated_order(original)}; counted once"
            presences[entry] = presences[entry].counted_once(NotCountedReason.DUPLICATE, text)


def merge_home_medicines(presences: Presences) -> None:
    """A draft of a stated medicine in the same dose prescribes what is taken already: it adds nothing."""
    statements = [
        entry
        for entry, presence in presences.items()
        if entry.regimen.kind is RecordKind.STATEMENT and presence.additive and not entry.regimen.draft
    ]
    for draft, presence in list(presences.items()):
        if not (draft.regimen.draft and presence.additive):
            continue
        stated = next((statement for statement in statements if continues(draft, statement)), None)
        if stated is not None:
            text = renewal_text(draft, stated)
            presences[draft] = presence.counted_once(NotCountedReason.RENEWAL, text)
