"""Continuous use beyond four weeks, three months or a year."""

from __future__ import annotations

from rules.assessment import Considered, Met, Pattern
from rules.findings.case.case import BY_ANTI_SEIZURE, Case, exempt, names, not_judged, not_met
from rules.load.equivalence import in_load
from rules.timeline.record import RecordEntry

ID = "long-term-use"


def judge(case: Case) -> Met | Considered:
    """Met when continuous exposure is longer than the first threshold; which of the three drives the wording."""
    first, second, third = (case.parameter(ID, key) for key in ("first_days", "second_days", "third_days"))
    treated = case.anti_seizure_agents()
    use = case.longest_use(without=treated)
    if use is None:
        anti_seizure = any(in_load(e.agent) and e.agent.id in treated for e in case.view.present())
        if anti_seizure and case.longest_use() is not None:
            return exempt(ID, BY_ANTI_SEIZURE)
        return not_met(ID)
    if use.pattern is Pattern.INTERMITTENT:
        return not_met(ID)
    if use.days > first:
        passed = max(threshold for threshold in (first, second, third) if use.days > threshold)
        facts = {
            "days": use.days,
            "since": use.since,
            "at_least": use.at_least,
            "beyond_days": passed,
            "may_still_be_taken": not case.still_supplied(use),
            "until": use.until,
            "agents": names(_taken(case, treated)),
            "review_months": case.parameter(ID, "review_months"),
        }
        return case.met(ID, facts)
    if use.at_least:
        return not_judged(ID, f"on record for at least {use.days} days")
    return not_met(ID)


def _taken(case: Case, treated: frozenset[str]) -> tuple[RecordEntry, ...]:
    """What is taken: the sedatives present on record, else (supply over) those of the record's history."""
    own = [e for e in case.record.entries if in_load(e.agent) and e.agent.id not in treated and not e.regimen.draft]
    present = case.now.present()
    return tuple(e for e in own if e in present) or tuple(own)
