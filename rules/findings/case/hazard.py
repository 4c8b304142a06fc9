"""A condition that makes a sedative more hazardous: the judgement that several findings share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case
from rules.findings.case.conditions import PatientCondition
from rules.findings.case.present import agent_names
from rules.findings.case.results import not_judged, not_met
from rules.findings.case.start import started_sedatives


def judge_hazard(
    case: Case,
    finding: str,
    concepts: Iterable[str],
    *,
    conditions: Mapping[str, PatientCondition] | None = None,
    raises_on_new: bool = True,
    softened_by_switch: bool = True,
) -> Met | Considered:
    """Met when a sedative-hypnotic is present beside one of the conditions; a warning on a newly started one.

    New is one whose class was not taken, and one that adds to another of its class. A condition whose code is
    unverified never warns on its own, and neither does a start that may be none, as no earlier orders were supplied.

    Each condition on record is a fact of its own as well, by its id.

    Args:
        case: the case.
        finding: the finding's id.
        concepts: the ids of the conditions that make a sedative more hazardous.
        conditions: the patient's conditions; those on record now unless given.
        raises_on_new: whether a new start warns and may raise a card.
        softened_by_switch: whether what may take the place of another of its class adds nothing.
    """
    on_record = case.conditions if conditions is None else conditions
    found = {concept: on_record[concept] for concept in concepts if concept in on_record}
    if not case.sedatives:
        return case.unmet(finding, only_daily_use_missing=bool(found), unidentified_could_complete=bool(found))
    if not found:
        why = case.unknowns.why_conditions_unknown
        return not_met(finding) if why is None else not_judged(finding, why)
    started = started_sedatives(case, finding, softened_by_switch=softened_by_switch) if raises_on_new else ()
    verified = any(not condition.unverified for condition in found.values())
    facts = {
        "agents": agent_names(case.sedatives),
        "new": agent_names(started),
        "concepts": tuple(found),
        "conditions": tuple(condition.on_record for condition in found.values()),
        "in_remission": tuple(condition.name for condition in found.values() if condition.in_remission),
        **{concept.replace("-", "_"): condition.on_record for concept, condition in found.items()},
    }
    severity = Severity.WARNING if started and verified and case.unknowns.history_supplied else Severity.INFO
    return case.met(finding, facts, severity=severity, raises=bool(started))
