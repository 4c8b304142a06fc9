"""A sedative-hypnotic in pregnancy."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.hazard import judge_hazard

ID = "pregnancy"


def judge(case: Case) -> Met | Considered:
    """Met with a pregnancy on record that has not expired; a warning on a new start."""
    return judge_hazard(case, ID, (ID,))
