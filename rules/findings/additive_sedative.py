"""A barbiturate, meprobamate, carisoprodol or a hypnotic of another class beside a benzodiazepine or Z-drug."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.present import agent_names, depressants_of
from rules.findings.case.results import BY_ANTI_SEIZURE, exempt
from rules.findings.case.start import begun, started_sedatives
from rules.timeline.record import RecordEntry

ID = "additive-sedative"
TRAIT = "additive-sedative"


def judge(case: Case) -> Met | Considered:
    """Met when the orders begin one of the two beside the other; what no table converts is named, not summed."""
    others = [entry for entry in depressants_of(case.view.present) if _is_additive(entry)]
    new = (*begun(case, _is_additive), *started_sedatives(case, ID, softened_by_switch=True))
    if not (others and case.sedatives and new):
        unidentified = bool(new) or (bool(others or case.sedatives) and case.unknowns.unidentified_drafts > 0)
        return case.unmet(ID, only_daily_use_missing=bool(others), unidentified_could_complete=unidentified)
    judged = [entry for entry in new if entry.agent.id not in case.indications.anti_seizure_agents]
    if not judged:
        return exempt(ID, BY_ANTI_SEIZURE)
    observed = {entry.agent.name: entry.agent.observed_for for entry in others if entry.agent.observed_for is not None}
    facts = {
        "new": agent_names(judged),
        "others": agent_names(others),
        "sedatives": agent_names(case.sedatives),
        "labelled": agent_names(entry for entry in others if entry.agent.label_warning is not None),
        "observed": tuple(sorted(observed)),
        "observed_hours": max((figure.value for figure in observed.values()), default=None),
    }
    return case.met(ID, facts)


def _is_additive(entry: RecordEntry) -> bool:
    return entry.agent.has(TRAIT)
