"""A sedative-hypnotic with a use disorder: of alcohol, opioids, sedatives or stimulants."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import ACUTE_ALCOHOL_WITHDRAWAL, Case
from rules.findings.case.hazard import judge_hazard
from rules.findings.case.results import BY_ALCOHOL_WITHDRAWAL, exempt

ID = "substance-use"
CONCEPTS = ("alcohol-use-disorder", "opioid-use-disorder", "sedative-use-disorder", "stimulant-use-disorder")


def judge(case: Case) -> Met | Considered:
    """Met with a use disorder on record, also one in remission; a warning on a new start."""
    result = judge_hazard(case, ID, CONCEPTS)
    if isinstance(result, Met) and ACUTE_ALCOHOL_WITHDRAWAL in case.exempting:
        return exempt(ID, BY_ALCOHOL_WITHDRAWAL)
    return result
