"""A benzodiazepine or Z-drug at 65 or more."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.present import agent_names
from rules.findings.case.results import BIRTH_DATE_IN_PART, not_judged, not_met

ID = "older-adult"
SHARPENING = ("falls", "fracture", "dementia")


def judge(case: Case) -> Met | Considered:
    """Met from the policy's age on; falls, fracture and dementia on record sharpen it."""
    older = case.knowledge.policy.age.older.value
    if case.age is not None and case.age.most < older:
        return not_met(ID)
    if not case.sedatives:
        return case.unmet(ID, only_daily_use_missing=False, unidentified_could_complete=True)
    if case.age is None:
        return not_judged(ID, case.why_no_age)
    if case.age.least < older:
        return not_judged(ID, BIRTH_DATE_IN_PART)
    sharpened = tuple(case.conditions[concept].name for concept in SHARPENING if concept in case.conditions)
    return case.met(ID, {"age": case.age.least, "agents": agent_names(case.sedatives), "with": sharpened})
