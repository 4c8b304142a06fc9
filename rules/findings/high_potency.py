"""A high-potency benzodiazepine: few milligrams are a large load."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.present import agent_names
from rules.findings.case.results import BY_ANTI_SEIZURE, exempt
from rules.findings.case.start import new_starts

ID = "high-potency"
TRAIT = "high-potency"


def judge(case: Case) -> Met | Considered:
    """Met when such an agent is present; it raises a card only on a new start of one."""
    potent = [entry for entry in case.sedatives if entry.agent.has(TRAIT)]
    if not potent:
        present = [entry.agent for entry in case.view.present if entry.agent.agent_class.in_load]
        potent_present = any(agent.has(TRAIT) for agent in present)
        return case.unmet(ID, only_daily_use_missing=potent_present, unidentified_could_complete=True)
    judged = [entry for entry in potent if entry.agent.id not in case.indications.anti_seizure_agents]
    if not judged:
        return exempt(ID, BY_ANTI_SEIZURE)
    started = [entry for entry in new_starts(case, ID) if entry in judged]
    recognised = bool(started) and all(case.indications.is_for_longer_use(entry) for entry in started)
    facts = {
        "agents": agent_names(judged),
        "new": agent_names(started),
        "longer_indications": case.indications.longer_indication_names if recognised else (),
    }
    return case.met(ID, facts, raises=bool(started))
