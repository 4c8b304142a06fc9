"""A gabapentinoid begun or raised beside an opioid or a sedative-hypnotic, where breathing is at risk."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.change import raised
from rules.findings.case.present import GABAPENTINOID, agent_names
from rules.findings.case.results import not_judged
from rules.findings.case.start import begun
from rules.timeline.record import RecordEntry

ID = "gabapentinoid-breathing"
CONCEPTS = ("copd", "sleep-apnoea", "hypoventilation", "respiratory-failure")


def judge(case: Case) -> Met | Considered:
    """Met when the orders begin or raise one beside an opioid or a sedative; it raises a card with a further hazard."""
    new = begun(case, _is_gabapentinoid)
    drafted = [entry for entry in case.drafts if _is_gabapentinoid(entry) and entry not in new]
    rises = {entry: raised(case, entry.agent.id) for entry in drafted}
    more = [entry for entry, rise in rises.items() if rise]
    beside = (*case.opioids, *case.sedatives)
    if not (new or more) or not beside:
        if beside and None in rises.values():
            return not_judged(ID, "a daily dose is not known")
        unidentified = bool(new or more) or (bool(beside) and case.unknowns.unidentified_drafts > 0)
        return case.unmet(ID, only_daily_use_missing=bool(new or more), unidentified_could_complete=unidentified)
    breathing = [case.conditions[name] for name in CONCEPTS if name in case.conditions]
    is_older = case.age is not None and case.age.least >= case.knowledge.policy.age.older.value
    facts = {
        "agents": agent_names((*new, *more)),
        "new": agent_names(new),
        "raised": agent_names(more),
        "opioids": agent_names(case.opioids),
        "sedatives": agent_names(case.sedatives),
        "mme": case.opioid.used if case.opioids else None,
        "mme_complete": case.opioid.complete,
        "mme_permits": case.opioid.permits,
        "conditions": tuple(condition.on_record for condition in breathing),
        "age": case.age.least if case.age is not None and is_older else None,
    }
    at_risk = is_older or any(not condition.unverified for condition in breathing)
    return case.met(ID, facts, raises=at_risk or bool(case.opioids and case.sedatives))


def _is_gabapentinoid(entry: RecordEntry) -> bool:
    return entry.agent.agent_class.id == GABAPENTINOID
