"""A condition that makes a sedative more hazardous: the judgement that several findings share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import CONDITIONS_NOT_SUPPLIED, Case, exempt, names, not_judged, not_met
from rules.findings.case.change import new_starts
from rules.findings.case.conditions import PresentCondition


def judge_hazard(
    case: Case,
    finding: str,
    concepts: Iterable[str],
    *,
    conditions: Mapping[str, PresentCondition] | None = None,
    raises_on_new: bool = True,
) -> Met | Considered:
    """Met when a sedative-hypnotic is present beside one of the conditions; a warning on a newly started one.

    ``conditions`` are those on record now unless given. A condition whose code is unverified never warns on its own.
    """
    on_record = case.conditions if conditions is None else conditions
    found = {concept: on_record[concept] for concept in concepts if concept in on_record}
    sedatives = case.sedatives()
    if not sedatives:
        by = case.why_no_daily_use()
        if found and by is not None:
            return exempt(finding, by)
        why_unidentified = case.why_unidentified() if found else None
        return not_judged(finding, why_unidentified) if why_unidentified else not_met(finding)
    if not found:
        return not_met(finding) if case.conditions_supplied else not_judged(finding, CONDITIONS_NOT_SUPPLIED)
    started = new_starts(case, finding) if raises_on_new else ()
    verified = any(not condition.unverified for condition in found.values())
    facts = {
        "agents": names(sedatives),
        "new": names(started),
        "concepts": tuple(found),
        "conditions": tuple(condition.name for condition in found.values()),
        "in_remission": tuple(condition.name for condition in found.values() if condition.in_remission),
    }
    severity = Severity.WARNING if started and verified else Severity.INFO
    return case.met(finding, facts, severity=severity, raises=bool(started))
