"""Something that the judgement would need was not read, not sent, or sent in part."""

from __future__ import annotations

from rules.assessment import Considered, Met, NotSupplied
from rules.findings.case.case import Case
from rules.findings.case.present import agent_names
from rules.findings.case.results import not_met
from rules.timeline.record import RecordEntry

ID = "incomplete-picture"


def judge(case: Case) -> Met | Considered:
    """Met when the load is not complete or data asked for is missing; shown whenever a card is shown.

    A depressant being ordered for another patient is named: it was not counted, and one of the two patients is the
    wrong one.
    """
    wrong_patient = agent_names([entry for entry in case.record.entries if _is_wrong_patient_draft(entry)])
    if case.load.complete and not case.patient.missing and not wrong_patient:
        return not_met(ID)
    facts = {
        "load_complete": case.load.complete,
        "mme_complete": case.opioid.complete,
        "missing": tuple(NotSupplied(what, why) for what, why in case.patient.missing),
        "unread": len(case.patient.unread),
        "unnamed": case.unidentified_in_force,
        "for_another_patient": wrong_patient,
    }
    return case.met(ID, facts)


def _is_wrong_patient_draft(entry: RecordEntry) -> bool:
    return entry.regimen.draft and entry.regimen.another_patient and entry.agent.agent_class.depressant
