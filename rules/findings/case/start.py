"""What the orders being written begin: new starts, what is added to a class, and what could be left unordered."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from rules.assessment import Pattern
from rules.findings.case.case import Case
from rules.findings.case.change import amount_taken, counted_if_replaced, is_taken, replaces, replaces_its_class
from rules.findings.case.present import Entries, depressants_of, sedatives_of
from rules.load.opioid import (
    OPIOID_USE_DISORDER,
    PAIN,
    PARTIAL_AGONIST,
    PRESUMED_TREATMENT,
    TREATMENT,
    mme_of,
    treats_opioid_use_disorder,
)
from rules.model import Setting
from rules.numbers.quantity import PERCENT
from rules.timeline.record import RecordEntry

NEW_START_DAYS = "new_start_days"
# The finding whose ``new_start_days`` tell which drafts may be left unordered.
NEW_START = "high-potency"
WITHDRAWAL = "abrupt-change"


def new_starts(case: Case, finding: str, *, if_stopped: bool = False) -> Entries:
    """Sedatives being ordered whose class was not taken in the finding's ``new_start_days``, as far as is known.

    None of a class that was used of late and may still be taken, unless it is judged as it is ``if_stopped``: a hazard
    warns then as well.
    """
    days = case.knowledge.findings[finding].parameters[NEW_START_DAYS].value
    return tuple(
        entry
        for entry in case.drafts
        if entry.agent.agent_class.in_load
        and entry.daily_use
        and _unused_for(case, entry.agent.agent_class.id, days)
        and (if_stopped or not _may_go_on(case, entry))
    )


def _may_go_on(case: Case, draft: RecordEntry) -> bool:
    """Whether the class of a draft was used of late, and may still be taken by an order whose supply ended."""
    agent_class = draft.agent.agent_class.id
    used = case.uses.get(agent_class) is not None
    return used and any(entry.agent.agent_class.id == agent_class and entry.daily_use for entry in case.now.possible)


def _may_withdraw(case: Case, draft: RecordEntry) -> bool:
    """Whether the class of a draft was used until lately, for so long that its end is judged as a withdrawal."""
    use = case.uses.get(draft.agent.agent_class.id)
    established = case.knowledge.findings[WITHDRAWAL].parameters["established_days"].value
    return use is not None and use.pattern is Pattern.CONTINUOUS and use.days >= established


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
    begun = {*new_starts(case, finding, if_stopped=True), *added}
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
        if draft.daily_use and is_of_kind(draft) and draft.agent.id not in taken and not replaces(case, draft, of_kind)
    )


def starts(case: Case) -> Entries:
    """Depressants being ordered that begin something, single doses among them, as far as is known: what could be left
    unordered without stopping or changing anything.

    No renewal, dose change or switch, stated or plausible, nor one of what may still be taken. Never a rescue product,
    what is given by vein or as an infusion, an agent that is or may be against seizures, one for a recognised reason of
    longer use, or what is or may be treatment of opioid use disorder or of acute alcohol withdrawal.
    """
    return tuple(
        entry
        for entry in case.drafts
        if entry.agent.agent_class.depressant
        and not entry.administration.rescue
        and not entry.administration.by_vein
        and entry not in case.indications.for_alcohol_withdrawal
        and not case.indications.is_for_longer_use(entry)
        and entry.agent.id not in case.indications.anti_seizure_agents
        and not case.indications.may_be_anti_seizure(entry)
        and not _may_treat_opioid_use_disorder(case, entry)
        and not replaces_its_class(case, entry)
        and _begins(case, entry)
    )


def removable(case: Case) -> tuple[str, ...]:
    """The sources of drafts that may be offered for removal; none where no earlier orders were supplied, nor in acute
    alcohol withdrawal."""
    may_be = case.unknowns.history_supplied and not case.indications.in_alcohol_withdrawal
    return _sources_of(case, starts(case)) if may_be else ()


def begun_by_orders(case: Case) -> tuple[str, ...]:
    """The sources of drafts that begin something, as far as is known: every agent of them does."""
    return _sources_of(case, starts(case))


def _sources_of(case: Case, entries: Entries) -> tuple[str, ...]:
    """The sources of entries, each once; none that has another depressant which is not among them."""
    others = {entry.source for entry in depressants_of(case.drafts) if entry not in entries}
    return tuple(dict.fromkeys(entry.source for entry in entries if entry.source not in others))


def _begins(case: Case, draft: RecordEntry) -> bool:
    """Whether a draft begins its class, or adds an agent to it.

    Within a class only a known amount tells an addition from a change of agent: it is none where it may take the place
    of an order, or where another order of the class is stopped or lowered with it.
    """
    agent, days = draft.agent, case.knowledge.findings[NEW_START].parameters[NEW_START_DAYS].value
    if any(entry.agent.id == agent.id and entry.daily_use for entry in case.now.possible):
        return False
    if _unused_for(case, agent.agent_class.id, days):
        return not (_may_go_on(case, draft) or _may_withdraw(case, draft))
    converts = agent.agent_class.in_load or agent.agent_class.opioid
    if not converts or draft.amount is None or not _unused_for(case, agent.agent_class.id, days, agent=agent.id):
        return False
    return not (_may_switch(case, draft) or _class_is_lowered(case, draft.agent.agent_class.id))


def _may_switch(case: Case, draft: RecordEntry) -> bool:
    """Whether a draft may take the place of an order of another agent of its class, by what they come to."""
    if case.ordered is None or not draft.agent.agent_class.opioid:
        return case.ordered is not None and draft.source in {source for source, _ in case.ordered.switches}
    ordered = mme_of(draft, case.exempting)
    share = case.knowledge.policy.concurrency.switch_percent.value * PERCENT
    taken = (
        mme_of(entry, case.exempting)
        for entry in counted_if_replaced(case.now)
        if entry.agent.agent_class.opioid and not treats_opioid_use_disorder(entry, case.conditions)
    )
    return ordered is None or any(mme is None or abs(ordered.used - mme.used) <= mme.used * share for mme in taken)


def _class_is_lowered(case: Case, agent_class: str) -> bool:
    """Whether the orders being written stop or lower an agent of a class that is taken."""
    if any(stop.agent.agent_class.id == agent_class for stop in case.stops):
        return True
    ordered = {entry.agent.id for entry in case.drafts if entry.agent.agent_class.id == agent_class}
    return case.ordered is not None and any(
        is_taken(case.now, agent) and amount_taken(case.ordered, agent) < amount_taken(case.now, agent)
        for agent in ordered
    )


def _unused_for(case: Case, agent_class: str, days: Fraction, *, agent: str | None = None) -> bool:
    """Whether nothing of the class, or of one agent of it, was taken daily for so long; at discharge, and where a draft
    of the class is to go home with, inpatient use does not count."""
    if any(
        entry.agent.agent_class.id == agent_class and agent in (None, entry.agent.id) and entry.daily_use
        for entry in case.now.present
    ):
        return False
    if agent is not None:
        entries = [entry for entry in case.record.entries if entry.agent.id == agent]
        use = case.exposure(entries, agent_class)
        return use is None or use.out_of_supply_days > days
    drafts_go_home = any(
        entry.agent.agent_class.id == agent_class and entry.regimen.setting is Setting.DISCHARGE
        for entry in case.drafts
    )
    if case.at_discharge or drafts_go_home:
        at_home = [entry for entry in case.record.entries if entry.regimen.setting is not Setting.INPATIENT]
        use = case.exposure(at_home, agent_class)
    elif agent_class in case.uses:
        use = case.uses[agent_class]
    else:
        use = case.exposure(case.record.entries, agent_class)
    return use is None or use.out_of_supply_days > days


def _may_treat_opioid_use_disorder(case: Case, entry: RecordEntry) -> bool:
    """Whether a draft is treatment of opioid use disorder, or may be one: of an agent that treats it, and neither its
    product, its words nor the conditions on record tell that it is for pain."""
    if not entry.agent.has(TREATMENT):
        return False
    if PRESUMED_TREATMENT in entry.purposes or treats_opioid_use_disorder(entry, case.conditions):
        return True
    if _is_made_for_pain(entry):
        return False
    if entry.agent.has(PARTIAL_AGONIST) or OPIOID_USE_DISORDER in case.conditions:
        return True
    return PAIN not in entry.purposes or case.unknowns.why_conditions_unknown is not None


def _is_made_for_pain(entry: RecordEntry) -> bool:
    """Whether the product of a draft that does not treat opioid use disorder is too weak to, or of another route."""
    strengths = [part.strength for part in entry.product.ingredients if part.agent == entry.agent.id]
    return any(
        purpose.least is not None and (entry.administration.route in purpose.not_by or all(strengths))
        for purpose in entry.agent.purposes
    )
