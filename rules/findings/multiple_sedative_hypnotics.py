"""Two or more benzodiazepines or Z-drugs together."""

from __future__ import annotations

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case
from rules.findings.case.present import agent_names

ID = "multiple-sedative-hypnotics"


def judge(case: Case) -> Met | Considered:
    """Met with two different agents present; by the additive reading alone (a switch under way) it is at most info."""
    together = agent_names(case.sedatives)
    if len(together) <= 1:
        return case.unmet(ID, only_daily_use_missing=bool(together), unidentified_could_complete=bool(together))
    additive_only = len(agent_names(case.sedatives_if_replaced)) <= 1
    facts = {"agents": together, "only_if_both_continue": additive_only, "switches": case.view.switches}
    return case.met(ID, facts, severity=Severity.INFO if additive_only else Severity.WARNING)
