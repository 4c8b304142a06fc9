"""A sedative-hypnotic after an earlier poisoning by sedatives or opioids."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.hazard import judge_hazard

ID = "past-overdose"
CONCEPTS = ("sedative-poisoning", "opioid-poisoning")


def judge(case: Case) -> Met | Considered:
    """Met with a poisoning on record, resolved or not; a warning on a new start."""
    return judge_hazard(case, ID, CONCEPTS, conditions={**case.condition_history, **case.conditions})
