"""Other CNS depressants beside a benzodiazepine or Z-drug."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import OXYBATE, Case, exempt, names, not_judged, not_met

ID = "concurrent-depressants"
SEVERE = "severe-with-benzodiazepine"


def judge(case: Case) -> Met | Considered:
    """Met with at least one other depressant (opioids apart); it raises a card from the policy's count of drugs on."""
    sedatives = case.sedatives()
    # Oxybate has a finding of its own.
    others = [
        entry
        for entry in case.depressants()
        if not entry.agent.agent_class.in_load
        and not entry.agent.agent_class.opioid
        and entry.agent.agent_class.id != OXYBATE
    ]
    if not sedatives or not others:
        by = case.why_no_daily_use()
        if others and by is not None:
            return exempt(ID, by)
        why_unidentified = case.why_unidentified() if sedatives or others else None
        return not_judged(ID, why_unidentified) if why_unidentified else not_met(ID)
    active = names(case.depressants())
    facts = {
        "others": names(others),
        "classes": tuple(sorted({entry.agent.agent_class.name for entry in others})),
        "cns_active": active,
        "count": len(active),
        "severe": names(entry for entry in others if entry.agent.has(SEVERE)),
    }
    return case.met(ID, facts, raises=len(active) >= case.parameter(ID, "cns_active_count"))
