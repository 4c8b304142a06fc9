"""A sedative-hypnotic with a use disorder: of alcohol, opioids, sedatives or stimulants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.conditions import PatientCondition
from rules.findings.case.hazard import judge_hazard
from rules.findings.case.results import exempt
from rules.knowledge.policy import Exemption
from rules.load.opioid import treats_opioid_use_disorder

ID = "substance-use"
ALCOHOL = "alcohol-use-disorder"
OPIOID = "opioid-use-disorder"
CONCEPTS = (ALCOHOL, OPIOID, "sedative-use-disorder", "stimulant-use-disorder")


def judge(case: Case) -> Met | Considered:
    """Met with a use disorder on record, also one in remission; a warning on a new start."""
    conditions = _conditions(case)
    result = judge_hazard(case, ID, CONCEPTS, conditions=conditions)
    if isinstance(result, Met) and case.indications.treats_withdrawal_alone:
        # Of the alcohol itself nothing is said while its withdrawal is treated.
        others = [concept for concept in CONCEPTS if concept != ALCOHOL]
        of_others = judge_hazard(case, ID, others, conditions=conditions)
        return of_others if isinstance(of_others, Met) else exempt(ID, Exemption.ALCOHOL_WITHDRAWAL.value)
    return result


def _conditions(case: Case) -> Mapping[str, PatientCondition]:
    """The conditions on record; opioid dependence that is treated as a use disorder does not come of a prescription."""
    found = case.conditions.get(OPIOID)
    if found is None or not any(treats_opioid_use_disorder(entry, case.exempting) for entry in case.opioids):
        return case.conditions
    return {**case.conditions, OPIOID: replace(found, on_record=replace(found.on_record, may_be_prescribed=False))}
