"""What the orders being written begin or increase, by the replacement reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from rules.assessment import TableRise
from rules.findings.case.case import Case
from rules.findings.case.present import OXYBATE, Entries, depressants_of, sedatives_of
from rules.load.opioid import PARTIAL_AGONIST, TREATMENT, mme_of, treats_opioid_use_disorder
from rules.model import Setting
from rules.numbers.quantity import ONE, PERCENT, ZERO
from rules.timeline.record import RecordEntry
from rules.timeline.replacement import refers_to
from rules.timeline.view import View

NEW_START_DAYS = "new_start_days"
# The finding whose ``new_start_days`` tell which drafts may be left unordered.
NEW_START = "high-potency"


def new_starts(case: Case, finding: str) -> Entries:
    """Sedatives being ordered whose class was not taken in the finding's ``new_start_days``, as far as is known."""
    days = case.knowledge.findings[finding].parameters[NEW_START_DAYS].value
    return tuple(
        entry
        for entry in case.drafts
        if entry.agent.agent_class.in_load and entry.daily_use and _unused_for(case, entry.agent.agent_class.id, days)
    )


def additions(case: Case, present: Entries) -> Entries:
    """Sedatives being ordered beside another of their class that goes on, of agents that are not taken yet.

    ``present``: what goes on. By the additive reading a possible switch adds; by the replacement reading it does not.
    """
    taken = {entry.agent.id for entry in case.now.present if entry.daily_use}
    beside = {entry.agent.agent_class.id for entry in sedatives_of(present) if not entry.regimen.draft}
    return tuple(
        entry
        for entry in sedatives_of(case.drafts)
        if entry.agent.id not in taken and entry.agent.agent_class.id in beside
    )


def started_sedatives(case: Case, finding: str, *, softened_by_switch: bool) -> Entries:
    """Sedatives being ordered that begin their class, or add to another of it."""
    view = case.view
    added = additions(case, view.present_if_replaced if softened_by_switch else view.present)
    begun = {*new_starts(case, finding), *added}
    return tuple(entry for entry in case.drafts if entry in begun)


def begun(case: Case, is_of_kind: Callable[[RecordEntry], bool]) -> Entries:
    """Drafts in daily use of a kind of medicine whose agent is not taken today; none that takes the place of another of
    the kind, which it or a stopping draft names."""
    present = [entry for entry in case.now.present if entry.daily_use]
    taken = {entry.agent.id for entry in present}
    of_kind = [entry for entry in present if is_of_kind(entry)]
    return tuple(
        draft
        for draft in case.drafts
        if draft.daily_use and is_of_kind(draft) and draft.agent.id not in taken and not _replaces(case, draft, of_kind)
    )


def raised(case: Case, agent: str) -> bool | None:
    """Whether the orders raise the daily dose of an agent that is taken; None where a dose is not known."""
    if case.ordered is None or not _is_taken(case.now, agent) or not any(e.agent.id == agent for e in case.drafts):
        return False
    if any(entry.amount is None for view in (case.now, case.ordered) for entry in _taken(view, agent)):
        return None
    return _amount(case.ordered, agent) > _amount(case.now, agent)


def removable(case: Case) -> tuple[str, ...]:
    """The sources of drafts that begin a class of depressants: what may be left unordered without stopping anything.

    Never a rescue product, what is given in a monitored setting, an agent against seizures or for a recognised reason
    of longer use, or what is or may be treatment of opioid use disorder; and none in acute alcohol withdrawal, or where
    no earlier orders were supplied.
    """
    if not case.unknowns.history_supplied or case.in_alcohol_withdrawal:
        return ()
    days = case.knowledge.findings[NEW_START].parameters[NEW_START_DAYS].value
    return tuple(
        dict.fromkeys(
            entry.source
            for entry in case.drafts
            if entry.agent.agent_class.depressant
            and not entry.administration.rescue
            and entry not in case.monitored
            and not case.is_for_longer_use(entry)
            and entry.agent.id not in case.anti_seizure_agents
            and not _may_treat_opioid_use_disorder(case, entry)
            and not _replaces_its_class(case, entry)
            and _unused_for(case, entry.agent.agent_class.id, days)
        )
    )


def increases(case: Case) -> bool:
    """Whether the orders being written begin or increase exposure.

    One agent in place of another of its class, stated or plausible, begins nothing; it increases exposure where the
    load rises by more than the spread of the tables (``switch_percent``). Agents whose dose is not known are left out.
    """
    if case.ordered is None:
        return False
    taken, ordered = depressants_of(case.now.present_if_replaced), depressants_of(case.ordered.present_if_replaced)
    agents = {entry.agent.id for entry in taken}
    added = [entry for entry in ordered if entry.regimen.draft and entry.agent.id not in agents]
    switched = {draft for draft, _ in case.ordered.switches}
    instead = [entry for entry in added if entry.source in switched or _replaces_its_class(case, entry)]
    if len(instead) < len(added):
        return True
    unknown = {entry.agent.id for entry in (*taken, *ordered) if entry.amount is None}
    in_load = any(entry.agent.agent_class.in_load for entry in instead)
    spread = case.knowledge.policy.concurrency.switch_percent.value if in_load else ZERO
    before = case.replacement_load(case.now, without=unknown)
    if case.replacement_load(case.ordered, without=unknown) > before * (ONE + spread * PERCENT):
        return True
    opioid = any(entry.agent.agent_class.opioid for entry in instead)
    if opioid and _mme(case, case.ordered) > _mme(case, case.now):
        return True
    others = {entry.agent.id for entry in case.drafts if _adds_by_itself(entry)}
    return any(_amount(case.ordered, agent) > _amount(case.now, agent) for agent in (others & agents) - unknown)


def rises_elsewhere(case: Case) -> tuple[TableRise, ...]:
    """The tables by which a change of agent raises the load by ``table_rise_percent``, though it is about equal
    (``switch_percent``) by the default one. Nothing where a dose is not known."""
    if case.ordered is None or not _changes_agents(case, case.ordered):
        return ()
    if any(entry.amount is None for view in (case.now, case.ordered) for entry in sedatives_of(view.present)):
        return ()
    policy = case.knowledge.policy.concurrency
    before, after = (case.replacement_load(view) for view in (case.now, case.ordered))
    if before == 0 or abs(after - before) > before * policy.switch_percent.value * PERCENT:
        return ()
    least = ONE + policy.table_rise_percent.value * PERCENT
    rises = (
        TableRise(name, case.replacement_load(case.now, table), case.replacement_load(case.ordered, table))
        for name, table in case.knowledge.tables.items()
    )
    return tuple(rise for rise in rises if rise.before > 0 and rise.after >= rise.before * least)


def _changes_agents(case: Case, ordered: View) -> bool:
    """Whether the orders end one sedative and begin another, by the replacement reading."""
    before = {entry.agent.id for entry in sedatives_of(case.now.present_if_replaced)}
    after = {entry.agent.id for entry in sedatives_of(ordered.present_if_replaced)}
    return bool(before - after) and bool(after - before)


def _unused_for(case: Case, agent_class: str, days: Fraction) -> bool:
    """Whether nothing of the class was taken daily for so long; at discharge, inpatient use does not count."""
    if any(entry.agent.agent_class.id == agent_class and entry.daily_use for entry in case.now.present):
        return False
    if case.at_discharge:
        at_home = [entry for entry in case.record.entries if entry.regimen.setting is not Setting.INPATIENT]
        use = case.exposure(at_home, agent_class)
    elif agent_class in case.uses:
        use = case.uses[agent_class]
    else:
        use = case.exposure(case.record.entries, agent_class)
    return use is None or use.out_of_supply_days > days


def _replaces_its_class(case: Case, draft: RecordEntry) -> bool:
    """Whether a draft takes the place of an order of its class in force, which it or a stopping draft names."""
    of_class = (entry for entry in case.now.present if entry.agent.agent_class.id == draft.agent.agent_class.id)
    return _replaces(case, draft, of_class)


def _replaces(case: Case, draft: RecordEntry, taken: Iterable[RecordEntry]) -> bool:
    """Whether a draft takes the place of one of the orders in force, which it or a stopping draft names."""
    orders = (draft, *case.stops)
    return any(refers_to(order, entry) for entry in taken for order in orders)


def _may_treat_opioid_use_disorder(case: Case, entry: RecordEntry) -> bool:
    if treats_opioid_use_disorder(entry, case.conditions):
        return True
    return entry.agent.has(TREATMENT) and (
        entry.agent.has(PARTIAL_AGONIST) or case.unknowns.why_conditions_unknown is not None
    )


def _counted(view: View) -> list[RecordEntry]:
    return [presence.entry for presence in view.counted if presence.replacement]


def _mme(case: Case, view: View) -> Fraction:
    """The MME a day of a view."""
    opioids = [entry for entry in _counted(view) if entry.agent.agent_class.opioid]
    amounts = [mme_of(entry, case.exempting) for entry in opioids]
    return sum([amount.used for amount in amounts if amount is not None], ZERO)


def _taken(view: View, agent: str) -> list[RecordEntry]:
    """The orders of an agent that count in the replacement reading, single doses and rescue products left out."""
    return [entry for entry in _counted(view) if entry.agent.id == agent and entry.daily_use]


def _is_taken(view: View, agent: str) -> bool:
    return any(entry.agent.id == agent and entry.daily_use for entry in view.present)


def _amount(view: View, agent: str) -> Fraction:
    """What is taken of an agent in a day, in milligrams or (of a patch) micrograms an hour."""
    amounts = [entry.amount for entry in _taken(view, agent)]
    return sum([amount.used for amount in amounts if amount is not None], ZERO)


def _adds_by_itself(entry: RecordEntry) -> bool:
    """Whether more of an agent outside the load increases exposure."""
    return entry.daily_use and (entry.agent.agent_class.opioid or entry.agent.agent_class.id == OXYBATE)
