"""A benzodiazepine of established use stops, is cut steeply, or runs out of supply."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import Considered, Exposure, Met, Pattern, Severity
from rules.assessment_facts import AbruptChange, StoppedDose
from rules.findings.case.case import Case
from rules.findings.case.pace import (
    Fall,
    Level,
    first_too_fast,
    level_on,
    levels_ahead,
    levels_before,
    of_another_hand,
    steepest,
)
from rules.findings.case.present import BENZODIAZEPINE, Entries, agent_names, benzodiazepines_of
from rules.findings.case.results import not_judged, not_met, not_used_long_enough
from rules.load.half_life import acting
from rules.timeline.record import RecordEntry
from rules.timeline.view import View

ID = "abrupt-change"
Facts = dict[str, object]


def judge(case: Case) -> Met | Considered:
    """Met when, by the replacement reading, established use ends, or falls by more than the policy's percentage of the
    largest dose of the days before.

    Where the agents differ the fall must hold in every table. A last step that is small enough is none, also to zero.
    Without an order being written, an established user out of supply with no new order is met as well; beside an order
    that does not concern the use it raises no card.
    """
    use = case.uses[BENZODIAZEPINE]
    parameters = case.knowledge.findings[ID].parameters
    if use is None or use.pattern is Pattern.INTERMITTENT:
        return not_met(ID)
    change = _change(case, use)
    if change is None:
        return _unjudged(case) or not_met(ID)
    last = _last(case, use)
    level = _level(case, last)
    ends = change["kind"] is not AbruptChange.CUT
    if ends and level is not None and level <= parameters["tail_step_mg_de"].value:
        return not_met(ID)
    if use.days < parameters["established_days"].value:
        return not_used_long_enough(ID, use)
    agents = _taken(last) + _taken(case.now)
    treated = [entry for entry in agents if entry.agent.id in case.indications.anti_seizure_agents]
    facts = {
        "days": use.days,
        "since": use.since,
        "agents": agent_names(agents),
        "anti_seizure": agent_names(treated),
        "acting": acting({entry.agent for entry in agents}, parameters["short_acting_hours"].value),
        "may_still_be_taken": not case.within_grace(use),
        "until": use.until,
        "doses": _doses(last),
        "before": level,
        **change,
    }
    concerned = case.ordered is not None and _orders_concern_it(case)
    warns = (case.at_discharge or concerned) and case.within_grace(use)
    raises = case.at_discharge or case.ordered is None or concerned
    return case.met(ID, facts, severity=Severity.WARNING if warns else Severity.INFO, raises=raises)


def _is_benzodiazepine(entry: RecordEntry) -> bool:
    return entry.agent.agent_class.id == BENZODIAZEPINE


def _taken(view: View) -> Entries:
    """The benzodiazepines that are taken by a view's replacement reading."""
    return benzodiazepines_of(view.present_if_replaced)


def _earlier(case: Case) -> View:
    """The record as it was some days ago."""
    return case.look_back_at_sedatives(int(case.knowledge.findings[ID].parameters["look_back_days"].value))


def _last(case: Case, use: Exposure) -> View:
    """The record as it is, or where nothing is taken any more as it was on the last day of use, or some days ago."""
    if _taken(case.now):
        return case.now
    ended = case.look_back_at_sedatives(use.out_of_supply_days) if use.out_of_supply_days else case.now
    return ended if _taken(ended) else _earlier(case)


def _level(case: Case, view: View) -> Fraction | None:
    """The load of the benzodiazepines of a view by the default table; None where it is not known, or none counts."""
    level = level_on(case, view, _is_benzodiazepine)
    if level is None or not any(level.by_table):
        return None
    return level.by_table[list(case.knowledge.tables).index(case.knowledge.default_table)]


def _doses(view: View) -> tuple[StoppedDose, ...]:
    """What was taken of each benzodiazepine in a day, as far as it is known."""
    entries = (presence.entry for presence in view.counted if presence.replacement)
    found: dict[str, Fraction] = {}
    for entry in benzodiazepines_of(entries):
        if entry.milligrams is not None:
            found[entry.agent.name] = found.get(entry.agent.name, Fraction()) + entry.milligrams.used
    return tuple(StoppedDose(agent, used) for agent, used in sorted(found.items()))


def _orders_concern_it(case: Case) -> bool:
    """Whether the orders being written give, stop or replace a benzodiazepine: otherwise they change nothing of it."""
    orders = (*case.drafts, *case.stops)
    remaining = {entry.source for entry in _taken(case.view)}
    return any(map(_is_benzodiazepine, orders)) or any(entry.source not in remaining for entry in _taken(case.now))


def _change(case: Case, use: Exposure) -> Facts | None:
    """What changes, as facts; None if nothing does."""
    remaining = _taken(case.view)
    if case.at_discharge and not any(_is_supplied(entry, case) for entry in remaining):
        return {"kind": AbruptChange.MISSING_AT_DISCHARGE}
    if case.ordered is not None and not _orders_concern_it(case):
        return _out_of_supply(case, use)
    if case.ordered is not None and not remaining:
        return {"kind": AbruptChange.STOPS} if _was_taken(case) else None
    if not remaining and _was_stopped(case, use):
        return {"kind": AbruptChange.STOPPED}
    if case.ordered is None and (late := _out_of_supply(case, use)) is not None:
        return late
    if not remaining:
        return {"kind": AbruptChange.STOPPED} if _was_taken(case) else None
    return _cut(case)


def _out_of_supply(case: Case, use: Exposure) -> Facts | None:
    """Since when the supply of the use has been over, where a record tells its length and nothing stopped it."""
    days = use.out_of_supply_days
    late = days > case.knowledge.policy.concurrency.out_of_supply_days.value
    if not late or not _length_is_known(case, use) or _was_stopped(case, use):
        return None
    return {"kind": AbruptChange.OUT_OF_SUPPLY, "out_of_supply_days": days}


def _was_taken(case: Case) -> bool:
    """Whether a benzodiazepine was taken until today, or some days ago."""
    return bool(_taken(case.now) or _taken(_earlier(case)))


def _was_stopped(case: Case, use: Exposure) -> bool:
    """Whether the use ended on a day on which, by the record, an order was stopped: it did not run out."""
    return any(
        entry.regimen.ended == use.until
        for entry in case.record.entries
        if _is_benzodiazepine(entry) and not entry.regimen.draft
    )


def _length_is_known(case: Case, use: Exposure) -> bool:
    """Whether a record tells how long its supply lasts: where none does, nobody can say that it ran out."""
    return any(
        entry.window.end is not None and entry.window.end >= use.until
        for entry in case.record.entries
        if _is_benzodiazepine(entry) and not entry.regimen.draft
    )


def _is_supplied(entry: RecordEntry, case: Case) -> bool:
    """Whether an order going home is a new one, or an older one whose supply is not over."""
    if entry.regimen.draft or entry.window.end is None:
        return True
    return (case.on - entry.window.end).days <= case.knowledge.policy.concurrency.out_of_supply_days.value


def _cut(case: Case) -> Facts | None:
    """The fall, if one is too fast: to what is taken with the orders being written, or at a step that they state.

    An order of another prescriber may go on beside the newer one, and counts with it.
    """
    beside = of_another_hand(case.view)
    after = level_on(case, case.view, _is_benzodiazepine, beside=beside)
    if after is None:
        return None
    before = list(levels_before(case, _is_benzodiazepine))
    goes_on = bool(before) and before[0].day == case.now.viewpoint.on and _goes_on(before[0], after)
    if case.ordered is not None and goes_on:
        # An earlier cut is not of the orders being written.
        before = before[:1]
    fall = steepest(case, before, after)
    if fall is not None:
        return _cut_facts(case, fall)
    if case.ordered is None or beside:
        return None
    ahead = first_too_fast(case, before, levels_ahead(case, _is_benzodiazepine))
    return None if ahead is None else {**_cut_facts(case, ahead), "on": ahead.after.day}


def _cut_facts(case: Case, fall: Fall) -> Facts:
    default = list(case.knowledge.tables).index(case.knowledge.default_table)
    return {
        "kind": AbruptChange.CUT,
        "percent": fall.percent,
        "before": fall.before.by_table[default],
        "after": fall.after.by_table[default],
    }


def _goes_on(now: Level, after: Level) -> bool:
    """Whether the orders being written go on with today's load, or with more."""
    return all(one <= other for one, other in zip(now.by_table, after.by_table, strict=True))


def _unjudged(case: Case) -> Considered | None:
    """The result where a change could not be judged, None where every dose is known or the orders do not concern it."""
    unknown = any(case.has_unknown_dose(view) for view in (case.now, case.view))
    if unknown and (case.ordered is None or _orders_concern_it(case)):
        return not_judged(ID, "a daily dose is not known, or has no published equivalent")
    return None
