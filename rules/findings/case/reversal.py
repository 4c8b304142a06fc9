"""Overdose reversal: whether a medicine for it is on record, and an opioid that it would be kept for."""

from __future__ import annotations

from rules.findings.case.case import Case
from rules.findings.case.present import depressants_of

REVERSAL = "overdose-reversal"


def reversal_on_record(case: Case) -> bool:
    """Whether a single-ingredient reversal agent is on record or ordered (a combination with an opioid is not one)."""
    return any(
        entry.agent.has(REVERSAL) and len({ingredient.agent for ingredient in entry.product.ingredients}) == 1
        for entry in case.view.present
    )


def lacks_reversal(case: Case) -> bool:
    """Whether an opioid is taken outside, or will be, and no reversal agent is on record.

    What is given during a stay, by vein or as an infusion is watched by those who give it; so is the patient whose
    orders being written are all given so.
    """
    ordered = depressants_of(case.drafts)
    if reversal_on_record(case) or (ordered and case.monitored.issuperset(ordered)):
        return False
    return any(not (entry.of_stay or entry.administration.by_vein) for entry in case.opioids)
