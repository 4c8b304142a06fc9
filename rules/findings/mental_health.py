"""A sedative-hypnotic with post-traumatic stress, depression or thoughts of suicide."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.hazard import judge_hazard

ID = "mental-health"
CONCEPTS = ("ptsd", "depression", "suicidal-ideation")


def judge(case: Case) -> Met | Considered:
    """Met with one of them on record; it sharpens a card and raises none."""
    return judge_hazard(case, ID, CONCEPTS, raises_on_new=False)
