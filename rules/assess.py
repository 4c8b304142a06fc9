"""The one function: from what is known of a patient to the whole judgement on one day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache

from rules.assessment import Assessment, Result
from rules.assessment_lines import Contribution, NotCounted, NotCountedReason, NotInLoad
from rules.findings import judge_all
from rules.findings.case.age import age_on
from rules.findings.case.case import Case
from rules.findings.case.change import increases, lengths, rises_elsewhere, taken_over
from rules.findings.case.conditions import read_conditions
from rules.findings.case.pace import rises_ahead
from rules.findings.case.results import DOSES, OUT_OF_TIME, not_judged
from rules.findings.case.reversal import lacks_reversal
from rules.findings.case.start import begun_by_orders, removable
from rules.findings.case.taper import taper_of
from rules.findings.case.unknowns import DRAFTS, ORDERS
from rules.knowledge.knowledge import Knowledge
from rules.load.contributions import lines_of, unidentified_lines, unread_lines
from rules.load.equivalence import equivalents_by
from rules.load.opioid import opioid_load
from rules.load.total import total
from rules.model import NO_PERIOD, Dosage, Patient, Regimen, Setting, Timing
from rules.numbers.memo import one_judgement
from rules.timeline.exposure import earliest_record
from rules.timeline.in_force import Viewpoint
from rules.timeline.record import MedicationRecord, RecordEntry
from rules.timeline.record_reader import read_record
from rules.timeline.status import exclusion
from rules.timeline.view import View, concerned, view
from rules.timeline.window import Coverage

# The findings that need no dose and no length.
_BY_NAME = frozenset({"concurrent-opioid", "oxybate", "incomplete-picture"})


@one_judgement()
def assess(patient: Patient, knowledge: Knowledge, on: date, *, at_discharge: bool = False) -> Assessment:
    """Judge a patient on a day.

    Pure and deterministic: the same inputs give the same result, whatever the order of the resources. Drafts that start
    later are judged at their start.

    Args:
        patient: what is known, as a reader filled it.
        knowledge: the knowledge base, with the site's policy.
        on: the day, which is the caller's: in a service, today in the tenant's time zone.
        at_discharge: the patient is going home today, so that orders of the stay end.
    """
    record = read_record(patient, knowledge, on)
    if at_discharge:
        patient = _going_home(patient, record, knowledge, on)
        record = read_record(patient, knowledge, on)
    case = _case_of(patient, record, knowledge, on, at_discharge=at_discharge)
    findings, considered = judge_all(case)
    lines = lines_of(case.now, case.ordered, case.equivalents_of, knowledge)
    return Assessment(
        knowledge_version=knowledge.version,
        table=knowledge.default_table,
        on=on,
        reference=patient.reference,
        age=case.age.least if case.age is not None else None,
        load=case.load_now,
        with_order=case.load_ordered,
        contributions=tuple(line for line in lines if isinstance(line, Contribution)),
        not_in_load=tuple(line for line in lines if isinstance(line, NotInLoad)),
        not_counted=(
            *(line for line in lines if isinstance(line, NotCounted)),
            *unidentified_lines(record, knowledge, on),
            *unread_lines(patient),
        ),
        opioid=case.opioid,
        exposure=case.uses,
        findings=findings,
        considered=considered,
        not_relevant=record.not_relevant,
        begun=begun_by_orders(case),
        new_starts=removable(case),
        increases=increases(case),
        treats_alcohol_withdrawal=not case.indications.for_alcohol_withdrawal.isdisjoint(case.drafts),
        taken_over=taken_over(case),
        lengths=lengths(case),
        lacks_reversal=lacks_reversal(case),
        # Of what was over long ago nothing is read.
        longer_indications=case.indications.longer_indications if case.sedatives or case.longest_use else (),
        opioid_before=case.opioid_now if case.ordered is not None else None,
        rises_elsewhere=rises_elsewhere(case),
        rises_ahead=rises_ahead(case),
        concepts=frozenset(case.conditions),
    )


def assess_by_name(patient: Patient, knowledge: Knowledge, on: date, *, at_discharge: bool = False) -> Assessment:
    """What can be told in a short time: which sedatives and opioids are there, by name, without any dose.

    For a judgement that did not end in time. Instructions are not read, so that no load is known. What rests on doses
    or lengths is not judged; an opioid beside a sedative is.

    Args:
        patient: as for :func:`assess`.
        knowledge: as there.
        on: as there.
        at_discharge: as there.
    """
    named = replace(
        patient,
        regimens=tuple(map(_without_instructions, patient.regimens)),
        missing=(*patient.missing, (DOSES, OUT_OF_TIME)),
    )
    found = assess(named, knowledge, on, at_discharge=at_discharge)
    others = [not_judged(met.id, OUT_OF_TIME) for met in found.findings if met.id not in _BY_NAME]
    considered = [
        not_judged(item.id, OUT_OF_TIME) if item.id not in _BY_NAME and item.result is Result.NOT_MET else item
        for item in found.considered
    ]
    not_counted = (
        replace(line, text=OUT_OF_TIME) if line.reason is NotCountedReason.DOSE_UNKNOWN else line
        for line in found.not_counted
    )
    return replace(
        found,
        not_counted=tuple(not_counted),
        findings=tuple(met for met in found.findings if met.id in _BY_NAME),
        considered=tuple(sorted((*considered, *others), key=lambda item: item.id)),
        new_starts=(),
    )


def _without_instructions(regimen: Regimen) -> Regimen:
    """The regimen with the dates of its lines and the days of its supply, and nothing else of how it is taken."""
    lines = (line.timing.bounds for line in regimen.dosages if line.timing is not None)
    supply = regimen.supply
    return replace(
        regimen,
        dosages=tuple(Dosage(timing=Timing(bounds=bounds)) for bounds in lines if bounds != NO_PERIOD),
        supply=replace(supply, quantity=None) if supply is not None and supply.days is not None else None,
    )


def _going_home(patient: Patient, record: MedicationRecord, knowledge: Knowledge, on: date) -> Patient:
    """The patient with the discharge orders as drafts: they are what the discharge changes.

    Discharge orders of an earlier stay, whose supply is over, stay as they are.
    """
    policy = knowledge.policy.concurrency
    over = {Coverage.IN_GRACE, Coverage.MAY_CONTINUE, Coverage.LAPSED}
    of_earlier_stay = {entry.source for entry in record.entries if entry.window.coverage(on, policy) in over}
    return replace(
        patient,
        regimens=tuple(
            replace(regimen, draft=True)
            if regimen.setting is Setting.DISCHARGE
            and exclusion(regimen) is None
            and regimen.source not in of_earlier_stay
            else regimen
            for regimen in patient.regimens
        ),
    )


def _case_of(patient: Patient, record: MedicationRecord, knowledge: Knowledge, on: date, *, at_discharge: bool) -> Case:
    """The case that the findings judge: the record viewed today, and with the orders being written if there are any."""
    equivalents_of, policy = equivalents_by(knowledge), knowledge.policy.concurrency

    def equivalent_of(entry: RecordEntry) -> Fraction | None:
        equivalent = equivalents_of(entry).get(knowledge.default_table)
        return equivalent.used if equivalent is not None else None

    def viewed(viewpoint: Viewpoint) -> View:
        return view(record.entries, viewpoint, policy, equivalent_of)

    @cache
    def look_back(days: int) -> View:
        return viewed(Viewpoint(on - timedelta(days=days), seen_on=on))

    @cache
    def sedatives() -> list[RecordEntry]:
        return concerned(record.entries, lambda entry: entry.agent.agent_class.in_load)

    @cache
    def look_back_at_sedatives(days: int) -> View:
        return view(sedatives(), Viewpoint(on - timedelta(days=days), seen_on=on), policy, equivalent_of)

    now = viewed(Viewpoint(on, at_discharge=at_discharge))
    ordered = None
    drafts = [entry for entry in record.entries if entry.regimen.draft]
    if drafts or any(item.regimen.draft and item.absence(on, policy) is None for item in record.unidentified):
        starts = [entry.start for entry in drafts if entry.start is not None]
        until = max(on, min(starts, default=on))
        ordered = viewed(Viewpoint(on, until, with_drafts=True, at_discharge=at_discharge))
    conditions = read_conditions(patient, knowledge, on)
    read_now = _everything_read(patient, record, knowledge, on, drafts=False)
    read = _everything_read(patient, record, knowledge, on, drafts=True)
    load_ordered = opioid_ordered = None
    if ordered is not None:
        load_ordered = total(ordered.presences, equivalents_of, knowledge, everything_read=read)
        opioid_ordered = opioid_load(ordered.presences, conditions.exempting, everything_read=read)
    return Case(
        patient=patient,
        knowledge=knowledge,
        on=on,
        age=age_on(patient, on),
        record=record,
        now=now,
        ordered=ordered,
        look_back=look_back,
        look_back_at_sedatives=look_back_at_sedatives,
        equivalents_of=equivalents_of,
        load_now=total(now.presences, equivalents_of, knowledge, everything_read=read_now),
        load_ordered=load_ordered,
        opioid_now=opioid_load(now.presences, conditions.exempting, everything_read=read_now),
        opioid_ordered=opioid_ordered,
        conditions=conditions.present,
        condition_history=conditions.history,
        exempting=conditions.exempting,
        condition_entries=conditions.entries,
        standing_conditions=conditions.standing,
        earliest_record=earliest_record(patient),
        taper_of=taper_of,
        at_discharge=at_discharge,
    )


def _everything_read(
    patient: Patient, record: MedicationRecord, knowledge: Knowledge, on: date, *, drafts: bool
) -> bool:
    """Whether nothing that may hold one of our agents was unreadable, without an identified product, or withheld."""
    unread = any(item.medication for item in patient.unread)
    asked = DRAFTS | {ORDERS} if drafts else {ORDERS}
    withheld = any(what in asked for what, _ in patient.missing)
    return not (unread or withheld or record.has_unidentified(on, knowledge.policy.concurrency, drafts=drafts))
