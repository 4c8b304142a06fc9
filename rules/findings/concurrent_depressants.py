"""Other CNS depressants beside a benzodiazepine or Z-drug."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.present import OXYBATE, agent_names

ID = "concurrent-depressants"
SEVERE = "severe-with-benzodiazepine"


def judge(case: Case) -> Met | Considered:
    """Met with at least one other depressant (opioids apart); it raises a card from the policy's count of drugs on."""
    # Oxybate has a finding of its own.
    others = [
        entry
        for entry in case.depressants
        if not entry.agent.agent_class.in_load
        and not entry.agent.agent_class.opioid
        and entry.agent.agent_class.id != OXYBATE
    ]
    if not case.sedatives or not others:
        one_present = bool(case.sedatives or others)
        return case.unmet(ID, only_daily_use_missing=bool(others), unidentified_could_complete=one_present)
    active = agent_names(case.depressants)
    facts = {
        "others": agent_names(others),
        "classes": tuple(sorted({entry.agent.agent_class.name for entry in others})),
        "cns_active": active,
        "count": len(active),
        "severe": agent_names([entry for entry in others if entry.agent.has(SEVERE)]),
    }
    raising = case.knowledge.findings[ID].parameters["cns_active_count"].value
    return case.met(ID, facts, raises=len(active) >= raising)
