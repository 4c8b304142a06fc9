"""Two or more benzodiazepines or Z-drugs together."""

from __future__ import annotations

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case, exempt, names, not_judged, not_met

ID = "multiple-sedative-hypnotics"


def judge(case: Case) -> Met | Considered:
    """Met with two different agents present; by the additive reading alone (a switch under way) it is at most info."""
    together = names(case.sedatives())
    if len(together) > 1:
        additive_only = len(names(case.sedatives(replacement=True))) <= 1
        facts = {"agents": together, "only_if_both_continue": additive_only, "switches": case.view.switches}
        return case.met(ID, facts, severity=Severity.INFO if additive_only else Severity.WARNING)
    by = case.why_no_daily_use()
    if together and by is not None:
        return exempt(ID, by)
    why_unidentified = case.why_unidentified() if together else None
    return not_judged(ID, why_unidentified) if why_unidentified else not_met(ID)
