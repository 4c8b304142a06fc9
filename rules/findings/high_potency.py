"""A high-potency benzodiazepine: few milligrams are a large load."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import (
    ACUTE_ALCOHOL_WITHDRAWAL,
    BY_ALCOHOL_WITHDRAWAL,
    BY_ANTI_SEIZURE,
    Case,
    exempt,
    names,
    not_judged,
    not_met,
)
from rules.findings.case.change import new_starts
from rules.load.equivalence import in_load

ID = "high-potency"
TRAIT = "high-potency"


def judge(case: Case) -> Met | Considered:
    """Met when such an agent is present; it raises a card only on a new start of one."""
    potent = [entry for entry in case.sedatives() if entry.agent.has(TRAIT)]
    if not potent:
        by = case.why_no_daily_use()
        if by is not None and any(e.agent.has(TRAIT) and in_load(e.agent) for e in case.view.present()):
            return exempt(ID, by)
        why_unidentified = case.why_unidentified()
        return not_judged(ID, why_unidentified) if why_unidentified else not_met(ID)
    judged = [entry for entry in potent if not case.is_anti_seizure(entry.agent)]
    if not judged:
        return exempt(ID, BY_ANTI_SEIZURE)
    if case.exempted_by(ACUTE_ALCOHOL_WITHDRAWAL):
        return exempt(ID, BY_ALCOHOL_WITHDRAWAL)
    started = [entry for entry in new_starts(case, ID) if entry in judged]
    return case.met(ID, {"agents": names(judged), "new": names(started)}, raises=bool(started))
