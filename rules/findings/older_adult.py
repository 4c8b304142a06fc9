"""A benzodiazepine or Z-drug at 65 or more."""

from __future__ import annotations

from rules.assessment import Considered, Met, Pattern, Severity
from rules.findings.case.case import Case
from rules.findings.case.present import Entries, agent_names
from rules.findings.case.results import BIRTH_DATE_IN_PART, not_judged, not_met
from rules.findings.case.start import started_sedatives

ID = "older-adult"
SHARPENING = ("falls", "fracture", "dementia", "delirium")


def judge(case: Case) -> Met | Considered:
    """Met from the policy's age on; it raises a card on a new start, a warning beside falls, fracture or confusion."""
    older = case.knowledge.policy.age.older.value
    if case.age is not None and case.age.most < older:
        return not_met(ID)
    if not case.sedatives:
        return case.unmet(ID, only_daily_use_missing=False, unidentified_could_complete=True)
    if case.age is None:
        return not_judged(ID, case.why_no_age)
    if case.age.least < older:
        return not_judged(ID, BIRTH_DATE_IN_PART)
    started = _started(case)
    sharpening = [case.conditions[concept] for concept in SHARPENING if concept in case.conditions]
    facts = {
        "age": case.age.least,
        "agents": agent_names(case.sedatives),
        "new": agent_names(started),
        "with": tuple(condition.name for condition in sharpening),
        "established": _is_established(case),
        "course_days": _course_days(started),
    }
    warns = bool(started) and any(not condition.unverified for condition in sharpening)
    return case.met(ID, facts, severity=Severity.WARNING if warns else Severity.INFO, raises=bool(started))


def _started(case: Case) -> Entries:
    """What the orders begin: nothing against seizures or alcohol withdrawal, nor where earlier orders are not known."""
    if not case.unknowns.history_supplied:
        return ()
    started = started_sedatives(case, ID, softened_by_switch=False)
    return tuple(
        entry
        for entry in started
        if entry.agent.id not in case.indications.anti_seizure_agents
        and entry not in case.indications.for_alcohol_withdrawal
    )


def _is_established(case: Case) -> bool:
    """Whether one has been taken for so long that stopping means a taper: a new short course does not."""
    use = case.longest_use
    established = case.knowledge.findings[ID].parameters["established_days"].value
    return use is not None and use.pattern is Pattern.CONTINUOUS and use.days >= established and case.within_grace(use)


def _course_days(started: Entries) -> int | None:
    """How many days the longest of the new orders is for; None where one of them does not say."""
    lengths = [
        (entry.window.end - entry.start).days + 1
        for entry in started
        if entry.window.end is not None and entry.start is not None
    ]
    return max(lengths, default=None) if len(lengths) == len(started) else None
