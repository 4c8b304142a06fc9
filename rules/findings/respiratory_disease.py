"""A sedative-hypnotic with a disease of breathing or of its muscles."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.hazard import judge_hazard

ID = "respiratory-disease"
CONCEPTS = ("copd", "sleep-apnoea", "hypoventilation", "respiratory-failure", "myasthenia-gravis")


def judge(case: Case) -> Met | Considered:
    """Met with such a disease on record; a warning on a new start."""
    return judge_hazard(case, ID, CONCEPTS, softened_by_switch=False)
