"""A sedative-hypnotic with liver disease."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.hazard import judge_hazard

ID = "liver-disease"


def judge(case: Case) -> Met | Considered:
    """Met with liver disease on record; it sharpens a card and raises none."""
    return judge_hazard(case, ID, (ID,), raises_on_new=False)
