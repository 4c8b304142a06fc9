"""Something that the judgement would need was not read, not sent, or sent in part."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.assessment_facts import NotSupplied
from rules.findings.case.case import Case
from rules.findings.case.present import agent_names
from rules.findings.case.results import DOSES, OUT_OF_TIME, not_met
from rules.findings.case.unknowns import DRAFTS
from rules.timeline.record import RecordEntry

ID = "incomplete-picture"


def judge(case: Case) -> Met | Considered:
    """Met when the load is not complete or data asked for is missing; shown whenever a card is shown.

    It raises a card of its own where a depressant is ordered beside a medication in force that cannot be told or beside
    a list of medications that could not be read this time (one that is never sent raises nothing), where an order that
    cannot be told stands beside depressants, where the medication of an order could not be read this time, where a
    sedative or an opioid is ordered and no order on record was supplied, where no order to go home with was supplied
    beside depressants, and where the judgement did not end in time. A depressant being ordered for another patient is
    named: it was not counted, and one of the two patients is the wrong one.
    """
    wrong_patient = agent_names([entry for entry in case.record.entries if _is_wrong_patient_draft(entry)])
    unidentified = case.unknowns.unidentified_maybe_taken + case.unknowns.unidentified_drafts
    is_supplied = not (case.patient.missing or case.patient.unread)
    if case.load.complete and is_supplied and not wrong_patient and not unidentified:
        return not_met(ID)
    ordered = [entry for entry in case.drafts if entry.agent.agent_class.depressant]
    taken = (*case.now.present, *case.now.possible)
    on_record = [entry for entry in taken if entry.agent.agent_class.depressant]
    unread = [
        item.draft or (case.at_discharge and item.of_discharge) for item in case.patient.unread if item.medication
    ]
    drafted = case.unknowns.unidentified_drafts + sum(unread) + sum(what in DRAFTS for what, _ in case.patient.missing)
    not_read = case.unknowns.medications_not_read
    recorded = case.unknowns.unidentified_maybe_taken + len(unread) - sum(unread) + not_read
    facts: dict[str, object] = {
        "load_complete": case.load.complete,
        "mme_complete": case.opioid.complete,
        "missing": tuple(NotSupplied(what, why) for what, why in case.patient.missing),
        "unread": len(case.patient.unread),
        "unnamed": case.unknowns.unidentified_in_force,
        "for_another_patient": wrong_patient,
    }
    no_history = not case.unknowns.history_supplied and any(
        entry.agent.agent_class.in_load or entry.agent.agent_class.opioid for entry in ordered
    )
    out_of_time = (DOSES, OUT_OF_TIME) in case.patient.missing
    raises = (
        no_history
        or bool(ordered and (recorded or drafted or out_of_time))
        or bool(drafted and (on_record or out_of_time))
        or case.unknowns.drafts_not_read
        or bool(case.at_discharge and not case.unknowns.history_supplied and on_record)
    )
    if raises:
        facts |= {"ordered": agent_names(ordered), "on_record": agent_names(on_record)}
    if no_history:
        facts["no_history"] = True
    if not_read:
        facts["not_read"] = True
    if case.unknowns.drafts_not_read:
        facts["draft_not_read"] = True
    if out_of_time:
        facts["out_of_time"] = True
    return case.met(ID, facts, raises=raises)


def _is_wrong_patient_draft(entry: RecordEntry) -> bool:
    return entry.regimen.draft and entry.regimen.another_patient and entry.agent.agent_class.depressant
