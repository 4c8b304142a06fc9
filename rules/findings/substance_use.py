"""A sedative-hypnotic with a use disorder: of alcohol, opioids, sedatives or stimulants."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.hazard import judge_hazard
from rules.findings.case.results import exempt
from rules.knowledge.policy import Exemption

ID = "substance-use"
ALCOHOL = "alcohol-use-disorder"
CONCEPTS = (ALCOHOL, "opioid-use-disorder", "sedative-use-disorder", "stimulant-use-disorder")


def judge(case: Case) -> Met | Considered:
    """Met with a use disorder on record, also one in remission; a warning on a new start."""
    result = judge_hazard(case, ID, CONCEPTS)
    if isinstance(result, Met) and case.in_alcohol_withdrawal:
        # Of the alcohol itself nothing is said while its withdrawal is treated.
        of_others = judge_hazard(case, ID, [concept for concept in CONCEPTS if concept != ALCOHOL])
        return of_others if isinstance(of_others, Met) else exempt(ID, Exemption.ALCOHOL_WITHDRAWAL.value)
    return result
