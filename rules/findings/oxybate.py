"""Sodium oxybate together with a sedative-hypnotic: the label's contraindication."""

from __future__ import annotations

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case, exempt, names, not_judged, not_met

ID = "oxybate"


def judge(case: Case) -> Met | Considered:
    """Met when both are present."""
    oxybates = [entry for entry in case.depressants() if entry.agent.agent_class.id == ID]
    sedatives = case.sedatives()
    if oxybates and sedatives:
        both = any(entry in case.sedatives(replacement=True) for entry in sedatives)
        facts = {"oxybate": names(oxybates), "sedatives": names(sedatives)}
        return case.met(ID, facts, severity=Severity.WARNING if both else Severity.INFO)
    by = case.why_no_daily_use()
    if oxybates and by is not None:
        return exempt(ID, by)
    why_unidentified = case.why_unidentified() if oxybates or sedatives else None
    return not_judged(ID, why_unidentified) if why_unidentified else not_met(ID)
