"""A benzodiazepine or Z-drug at 65 or more."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case, names, not_judged, not_met

ID = "older-adult"
SHARPENING = ("falls", "fracture", "dementia")


def judge(case: Case) -> Met | Considered:
    """Met from the policy's age on; falls, fracture and dementia on record sharpen it."""
    sedatives = case.sedatives()
    older = case.knowledge.policy.age.older.value
    if case.age is not None and case.age.most < older:
        return not_met(ID)
    if not sedatives:
        why_unidentified = case.why_unidentified()
        return not_judged(ID, why_unidentified) if why_unidentified else not_met(ID)
    if case.age is None:
        return not_judged(ID, "no birth date")
    if case.age.least < older:
        return not_judged(ID, "the birth date is known in part")
    sharpened = tuple(case.conditions[concept].name for concept in SHARPENING if concept in case.conditions)
    return case.met(ID, {"age": case.age.least, "agents": names(sedatives), "with": sharpened})
