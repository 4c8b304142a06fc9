"""Sodium oxybate together with a sedative-hypnotic: the label's contraindication."""

from __future__ import annotations

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case
from rules.findings.case.present import OXYBATE, agent_names

ID = "oxybate"


def judge(case: Case) -> Met | Considered:
    """Met when both are present."""
    oxybates = [entry for entry in case.depressants if entry.agent.agent_class.id == OXYBATE]
    if not oxybates or not case.sedatives:
        one_present = bool(oxybates or case.sedatives)
        return case.unmet(ID, only_daily_use_missing=bool(oxybates), unidentified_could_complete=one_present)
    facts = {"oxybate": agent_names(oxybates), "sedatives": agent_names(case.sedatives)}
    return case.met(ID, facts, severity=Severity.WARNING if case.sedatives_if_replaced else Severity.INFO)
