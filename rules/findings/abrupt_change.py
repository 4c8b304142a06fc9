"""A benzodiazepine of established use stops, is cut steeply, or runs out of supply."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import AbruptChange, Considered, Exposure, Met, Pattern, Severity
from rules.findings.case.case import Case
from rules.findings.case.present import BENZODIAZEPINE, Entries, agent_names, benzodiazepines_of
from rules.findings.case.results import not_judged, not_met, not_used_long_enough
from rules.knowledge.figure import Table
from rules.numbers.quantity import PERCENT, ZERO
from rules.timeline.record import RecordEntry
from rules.timeline.view import View

ID = "abrupt-change"


def judge(case: Case) -> Met | Considered:
    """Met when, by the replacement reading, established use ends or falls by more than the policy's percentage.

    The fall is measured against today and against some days ago; where the agents differ it must hold in every table.
    Without an order being written, an established user out of supply with no new order is met as well.
    """
    use = case.uses[BENZODIAZEPINE]
    parameters = case.knowledge.findings[ID].parameters
    if use is None or use.pattern is Pattern.INTERMITTENT:
        return not_met(ID)
    change = _change(case, use)
    if change is None:
        return _unjudged(case) or not_met(ID)
    if use.days < parameters["established_days"].value:
        return not_used_long_enough(ID, use)
    facts = {
        "days": use.days,
        "since": use.since,
        "agents": agent_names(_taken(_earlier(case)) + _taken(case.now)),
        "may_still_be_taken": not case.within_grace(use),
        "until": use.until,
        **change,
    }
    by_order = case.at_discharge or (case.ordered is not None and _orders_concern_it(case))
    warns = by_order and case.within_grace(use)
    return case.met(ID, facts, severity=Severity.WARNING if warns else Severity.INFO)


def _taken(view: View) -> Entries:
    """The benzodiazepines that are taken by a view's replacement reading."""
    return benzodiazepines_of(view.present_if_replaced)


def _earlier(case: Case) -> View:
    """The record as it was some days ago."""
    return case.look_back(int(case.knowledge.findings[ID].parameters["look_back_days"].value))


def _orders_concern_it(case: Case) -> bool:
    """Whether the orders being written give, stop or replace a benzodiazepine: otherwise they change nothing of it."""
    orders = (*case.drafts, *case.stops)
    remaining = {entry.source for entry in _taken(case.view)}
    return any(entry.agent.agent_class.id == BENZODIAZEPINE for entry in orders) or any(
        entry.source not in remaining for entry in _taken(case.now)
    )


def _change(case: Case, use: Exposure) -> dict[str, object] | None:
    """What changes, as facts; None if nothing does."""
    remaining = _taken(case.view)
    if case.at_discharge and not any(_is_supplied(entry, case) for entry in remaining):
        return {"kind": AbruptChange.MISSING_AT_DISCHARGE}
    if case.ordered is not None and not _orders_concern_it(case):
        return None
    if case.ordered is not None and not remaining:
        return {"kind": AbruptChange.STOPS} if _was_taken(case) else None
    if not remaining and _was_stopped(case, use):
        return {"kind": AbruptChange.STOPPED}
    out_of_supply = use.out_of_supply_days
    late = out_of_supply > case.knowledge.policy.concurrency.out_of_supply_days.value
    if case.ordered is None and late and _length_is_known(case, use):
        return {"kind": AbruptChange.OUT_OF_SUPPLY, "out_of_supply_days": out_of_supply}
    if not remaining:
        return {"kind": AbruptChange.STOPPED} if _was_taken(case) else None
    percent = _fall(case, remaining)
    return None if percent is None else {"kind": AbruptChange.CUT, "percent": percent}


def _was_taken(case: Case) -> bool:
    """Whether a benzodiazepine was taken until today, or some days ago."""
    return bool(_taken(case.now) or _taken(_earlier(case)))


def _was_stopped(case: Case, use: Exposure) -> bool:
    """Whether the use ended on a day on which, by the record, an order was stopped: it did not run out."""
    return any(
        entry.regimen.ended == use.until
        for entry in case.record.entries
        if entry.agent.agent_class.id == BENZODIAZEPINE and not entry.regimen.draft
    )


def _length_is_known(case: Case, use: Exposure) -> bool:
    """Whether a record tells how long its supply lasts: where none does, nobody can say that it ran out."""
    return any(
        entry.window.end is not None and entry.window.end >= use.until
        for entry in case.record.entries
        if entry.agent.agent_class.id == BENZODIAZEPINE and not entry.regimen.draft
    )


def _is_supplied(entry: RecordEntry, case: Case) -> bool:
    """Whether an order going home is a new one, or an older one whose supply is not over."""
    if entry.regimen.draft or entry.window.end is None:
        return True
    return (case.on - entry.window.end).days <= case.knowledge.policy.concurrency.out_of_supply_days.value


def _fall(case: Case, remaining: Entries) -> Fraction | None:
    """The fall in percent if it is over the policy's limit by the tables that must agree, else None."""
    limit = case.knowledge.findings[ID].parameters["cut_percent"].value
    if case.has_unknown_dose(case.view):
        return None
    falls: list[Fraction] = []
    for earlier in (case.now,) if _changes_nothing(case) else (case.now, _earlier(case)):
        before = _taken(earlier)
        if not before or case.has_unknown_dose(earlier):
            continue
        same_agents = {entry.agent.id for entry in before} == {entry.agent.id for entry in remaining}
        decisive = [case.default_table] if same_agents else list(case.knowledge.tables.values())
        cuts = [_cut(case, earlier, table) for table in decisive]
        if all(cut > limit for cut in cuts):
            falls.append(min(cuts))
    return max(falls, default=None)


def _changes_nothing(case: Case) -> bool:
    """Whether the orders being written go on with today's load: an earlier cut is then not theirs."""
    if case.ordered is None or not _taken(case.now):
        return False
    return all(_cut(case, case.now, table) <= 0 for table in case.knowledge.tables.values())


def _cut(case: Case, earlier: View, table: Table) -> Fraction:
    """The fall in percent by a table, below zero for a rise."""
    before = case.replacement_load(earlier, table, agent_class=BENZODIAZEPINE)
    after = case.replacement_load(case.view, table, agent_class=BENZODIAZEPINE)
    return (before - after) / before / PERCENT if before > 0 else ZERO


def _unjudged(case: Case) -> Considered | None:
    """The result where a change could not be judged, None where every dose is known or the orders do not concern it."""
    unknown = any(case.has_unknown_dose(view) for view in (case.now, case.view))
    if unknown and (case.ordered is None or _orders_concern_it(case)):
        return not_judged(ID, "a daily dose is not known, or has no published equivalent")
    return None
