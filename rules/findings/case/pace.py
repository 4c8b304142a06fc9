"""How fast the load falls: from the largest of the days before, and by the steps that an order itself states.

A fall is too fast where it is over the policy's percentage and over its last step, by every table that is decisive: by
the default one where the agents stay the same, else by all that are shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from rules.assessment import RiseAhead
from rules.assessment_lines import NotCountedReason
from rules.findings.case.case import Case
from rules.findings.case.present import Entries
from rules.knowledge.figure import Table
from rules.limits import MAX_DAYS_AHEAD
from rules.load.equivalence import equivalence, to_equivalent
from rules.load.opioid import mme_of
from rules.numbers.quantity import PERCENT, ZERO
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.record import RecordEntry
from rules.timeline.renewals import follow_each_other, therapy_of
from rules.timeline.view import View

# The finding whose policy says how fast is too fast.
PACE = "abrupt-change"
Kind = Callable[[RecordEntry], bool]


def in_load(entry: RecordEntry) -> bool:
    """Whether an entry is of the classes that the load is the sum of."""
    return entry.agent.agent_class.in_load


@dataclass(frozen=True, slots=True)
class Level:
    """What a kind of sedatives comes to on a day: by every table (mg/d diazepam-equivalent), and the agents taken."""

    day: date
    by_table: tuple[Fraction, ...]
    agents: frozenset[str]


def level_on(case: Case, view: View, is_of_kind: Kind, *, beside: Entries = ()) -> Level | None:
    """The level of a view's replacement reading, with what goes on ``beside`` it; None where a dose is not known."""
    taken = [entry for entry in (*view.present_if_replaced, *beside) if is_of_kind(entry) and entry.daily_use]
    if any(_is_unknown(case, entry) for entry in taken):
        return None
    counted = [presence.entry for presence in view.counted if presence.replacement and is_of_kind(presence.entry)]
    return _level(case, [*counted, *filter(is_of_kind, beside)], view.viewpoint.on)


def _level(case: Case, counted: Iterable[RecordEntry], day: date) -> Level:
    entries = list(counted)
    return Level(
        day=day,
        by_table=tuple(
            sum((_load_on(case, entry, day, table) for entry in entries), ZERO)
            for table in case.knowledge.tables.values()
        ),
        agents=frozenset(entry.agent.id for entry in entries if case.equivalents_of(entry)),
    )


def _is_unknown(case: Case, entry: RecordEntry) -> bool:
    return entry.dose_is_partial or len(case.equivalents_of(entry)) < len(case.knowledge.tables)


def _load_on(case: Case, entry: RecordEntry, day: date, table: Table) -> Fraction:
    """The load of an entry on a day, by the step of it that is in force then."""
    today = case.equivalents_of(entry).get(table.id)
    found = equivalence(entry.agent, table)
    if today is None or found is None or not is_stepped(entry):
        return ZERO if today is None else today.used
    dose = entry.dose_on(day)
    milligrams = dose.by_agent.get(entry.agent.id) if isinstance(dose, DailyDose) else None
    return today.used if milligrams is None else to_equivalent(milligrams, found.figure, case.knowledge).used


def is_stepped(entry: RecordEntry) -> bool:
    """Whether an entry states steps one after another."""
    return isinstance(entry.dose, DailyDose) and bool(entry.dose.step_label)


def levels_before(case: Case, is_of_kind: Kind) -> Iterator[Level]:
    """The levels of today and of the days before, as far back as the policy looks: those on which one may have risen.

    Between these days a level only falls, so that the largest is among them.
    """
    days = int(case.knowledge.findings[PACE].parameters["look_back_days"].value)
    past = {days}
    for entry in case.record.entries:
        if entry.regimen.draft or not is_of_kind(entry) or entry.start is None:
            continue
        if 0 < (case.on - entry.start).days < days:
            past.add((case.on - entry.start).days)
        if entry in case.now.present and is_stepped(entry):
            past.update(range(1, days))
    for view in (case.now, *(case.look_back_at_sedatives(each) for each in sorted(past))):
        level = level_on(case, view, is_of_kind)
        if level is not None and any(level.by_table):
            yield level


def fall(case: Case, before: Level, after: Level) -> Fraction | None:
    """How many percent a level falls, the least by the tables that are decisive; None where it does not fall in all."""
    falls = [(one - other) / one / PERCENT for one, other in _decisive(case, before, after) if one > 0]
    return min(falls) if falls and min(falls) > 0 else None


def too_fast(case: Case, before: Level, after: Level) -> Fraction | None:
    """The fall in percent where it is too fast by all tables that are decisive, else None."""
    parameters = case.knowledge.findings[PACE].parameters
    limit, last_step = parameters["cut_percent"].value, parameters["tail_step_mg_de"].value
    for one, other in _decisive(case, before, after):
        if one - other <= max(one * limit * PERCENT, last_step):
            return None
    return fall(case, before, after)


def _decisive(case: Case, before: Level, after: Level) -> list[tuple[Fraction, Fraction]]:
    """The two levels by each table that is decisive."""
    both = list(zip(before.by_table, after.by_table, strict=True))
    same_agents = before.agents == after.agents or not after.agents
    return [both[list(case.knowledge.tables).index(case.knowledge.default_table)]] if same_agents else both


def levels_ahead(case: Case, is_of_kind: Kind) -> Iterator[Level]:
    """The levels from the day of the view on, by the steps that orders in force or being written state, in one order or
    in several that follow each other; nothing without steps. It ends with the last day that they cover."""
    counted = [presence.entry for presence in case.view.counted if presence.replacement and is_of_kind(presence.entry)]
    chains = _chains(case, is_of_kind)
    moving = [entry for entry in counted if is_stepped(entry)] + [entry for chain in chains.values() for entry in chain]
    day = case.view.viewpoint.on
    ends = [entry.window.end or day + timedelta(days=MAX_DAYS_AHEAD) for entry in moving]
    if not ends or any(_is_unknown(case, entry) for entry in (*counted, *moving)):
        return
    steady = [entry for entry in counted if therapy_of(entry) not in chains]
    for ahead in range(min((max(ends) - day).days, MAX_DAYS_AHEAD) + 1):
        on = day + timedelta(days=ahead)
        yield _level(case, [*steady, *(entry for chain in chains.values() for entry in _latest(chain, on))], on)


def rises_ahead(case: Case) -> tuple[RiseAhead, ...]:
    """What the orders being written, and those in force, rise to by the steps that they state for the days to come."""
    orders = [entry for entry in (*case.drafts, *case.view.present) if is_stepped(entry) and entry.amount is not None]
    found = (_rise_of(case, entry) for entry in dict.fromkeys(orders))
    return tuple(rise for rise in found if rise is not None)


def _rise_of(case: Case, entry: RecordEntry) -> RiseAhead | None:
    """What an order rises to after the step of the day, None where it does not."""
    day = case.view.viewpoint.on
    last = entry.window.end or day + timedelta(days=MAX_DAYS_AHEAD)
    doses = (entry.dose_on(day + timedelta(days=n)) for n in range(min((last - day).days, MAX_DAYS_AHEAD) + 1))
    amounts = [dose.by_agent.get(entry.agent.id) for dose in doses if isinstance(dose, DailyDose)]
    steps = [amount.used for amount in amounts if amount is not None]
    if not steps or entry.milligrams is None or not 0 < entry.milligrams.used < max(steps):
        return None
    times = max(steps) / entry.milligrams.used
    equivalent = case.equivalents_of(entry).get(case.default_table.id)
    mme = mme_of(entry, case.exempting) if entry.agent.agent_class.opioid else None
    return RiseAhead(
        source=entry.source,
        agent=entry.agent.id,
        milligrams=max(steps),
        equivalent=None if equivalent is None else equivalent.used * times,
        mme=None if mme is None else mme.used * times,
    )


def _chains(case: Case, is_of_kind: Kind) -> dict[Hashable, list[RecordEntry]]:
    """What is ordered in steps, by the therapy: drafts or orders of one plan that follow each other, and a draft with
    steps of its own, which may begin as a renewal of the order before it."""
    found: dict[Hashable, list[RecordEntry]] = {}
    for entry in case.record.entries:
        is_planned = entry.planned and entry.exclusion in (None, NotCountedReason.PLAN_NOT_REPORTED)
        is_draft = entry.regimen.draft and entry.exclusion is None
        # The doses of all others are not read.
        if (is_planned or is_draft) and entry.start is not None and is_of_kind(entry) and entry.daily_use:
            found.setdefault(therapy_of(entry), []).append(entry)
    return {
        therapy: entries
        for therapy, entries in found.items()
        if follow_each_other(entries) or any(entry.regimen.draft and is_stepped(entry) for entry in entries)
    }


def _latest(chain: list[RecordEntry], day: date) -> list[RecordEntry]:
    """Of orders that follow each other those in force on a day: before the first its step, after the last the last."""
    starts = [entry.start for entry in chain if entry.start is not None]
    begun = max((start for start in starts if start <= day), default=min(starts))
    return [entry for entry in chain if entry.start == begun]


@dataclass(frozen=True, slots=True)
class Fall:
    """A fall that is too fast, between two days that lie as near as the policy looks back (percent)."""

    before: Level
    after: Level
    percent: Fraction


def steepest(case: Case, before: Iterable[Level], after: Level) -> Fall | None:
    """The largest fall to a level that is too fast; None where none is."""
    percents = ((level, too_fast(case, level, after)) for level in before)
    falls = [Fall(level, after, percent) for level, percent in percents if percent is not None]
    return max(falls, key=lambda each: each.percent, default=None)


def first_too_fast(case: Case, before: Iterable[Level], ahead: Iterable[Level]) -> Fall | None:
    """The fall to the first of the levels ahead that lies too far below one of the days before it."""
    days = int(case.knowledge.findings[PACE].parameters["look_back_days"].value)
    earlier = list(before)
    for level in ahead:
        earlier = [other for other in earlier if (level.day - other.day).days <= days]
        found = steepest(case, earlier, level)
        if found is not None:
            return found
        earlier.append(level)
    return None


def same_hand(view: View, entries: Entries) -> bool:
    """Whether each of the orders that a newer one may replace was written by the hand that wrote the newer one."""
    return all(
        newer is not None and newer.regimen.requester is not None and newer.regimen.requester == entry.regimen.requester
        for entry, newer in _replaceable(view)
        if entry in entries
    )


def of_another_hand(view: View) -> Entries:
    """The orders in force that a newer one of another prescriber may replace, and that may as well go on beside it."""
    return tuple(
        entry
        for entry, newer in _replaceable(view)
        if newer is not None
        and None not in (newer.regimen.requester, entry.regimen.requester)
        and newer.regimen.requester != entry.regimen.requester
    )


def _replaceable(view: View) -> Iterator[tuple[RecordEntry, RecordEntry | None]]:
    """The orders that count in the additive reading alone, each with the order that may replace it."""
    newest = {presence.entry.agent.id: presence.entry for presence in view.counted if presence.replacement}
    for presence in view.counted:
        if not presence.replacement:
            yield presence.entry, newest.get(presence.entry.agent.id)
