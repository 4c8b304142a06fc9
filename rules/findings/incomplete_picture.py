"""Something that the judgement would need was not read, not sent, or sent in part."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.case import Case, not_met

ID = "incomplete-picture"


def judge(case: Case) -> Met | Considered:
    """Met when the load is not complete or data asked for is missing; shown whenever a card is shown."""
    if case.load.complete and not case.patient.missing:
        return not_met(ID)
    facts = {
        "load_complete": case.load.complete,
        "mme_complete": case.opioid.complete,
        "missing": tuple(f"{what}: {why}" for what, why in case.patient.missing),
        "unread": len(case.patient.unread),
        "unnamed": case.unnamed,
    }
    return case.met(ID, facts)
