"""The one function: from what is known of a patient to the whole judgement on one day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from rules.assessment import Assessment
from rules.assessment_lines import NotCounted, NotCountedReason, Standing
from rules.findings import judge_all
from rules.findings.abrupt_change import ID as ABRUPT_CHANGE
from rules.findings.case import conditions
from rules.findings.case.case import DRAFTS, ORDERS, Age, Case
from rules.findings.case.change import increases, removable
from rules.findings.high_potency import ID as NEW_START
from rules.knowledge.knowledge import Knowledge
from rules.load.opioid import OpioidPlace, opioid_load
from rules.load.total import WITH_ORDER, Worked, converted, total, work
from rules.model import Patient, Setting
from rules.timeline.exposure import earliest_record
from rules.timeline.presence import Presence
from rules.timeline.record import MedicationRecord, RecordEntry, exclusion, read_record
from rules.timeline.view import Situation, View, view
from rules.timeline.window import Coverage


def assess(patient: Patient, knowledge: Knowledge, on: date, *, at_discharge: bool = False) -> Assessment:
    """Judge a patient on a day.

    Pure and deterministic: the same inputs give the same result, whatever the order of the resources. Drafts that start
    later are judged at their start. ``at_discharge`` judges what goes home: orders of the stay end.

    Args:
        patient: what is known, as a reader filled it.
        knowledge: the knowledge base, with the site's policy.
        on: the day, which is the caller's: in a service, today in the tenant's time zone.
        at_discharge: the patient is going home today.
    """
    record = read_record(patient, knowledge, on)
    if at_discharge:
        patient = _going_home(patient, record, knowledge, on)
        record = read_record(patient, knowledge, on)
    table = knowledge.tables[knowledge.default_table]
    policy = knowledge.policy.concurrency

    def equivalent_of(entry: RecordEntry) -> Fraction | None:
        by_table = converted(entry, table, knowledge)
        return by_table.used if by_table is not None else None

    drafts = [entry for entry in record.entries if entry.regimen.draft]
    look_back = timedelta(days=int(knowledge.findings[ABRUPT_CHANGE].parameters["look_back_days"].value))
    now = view(record.entries, Situation(on, at_discharge=at_discharge), policy, equivalent_of)
    ordered = None
    if drafts:
        starts = [entry.start for entry in drafts if entry.start is not None]
        until = max(on, min(starts, default=on))
        situation = Situation(on, until, with_drafts=True, at_discharge=at_discharge)
        ordered = view(record.entries, situation, policy, equivalent_of)
    present, past = conditions.present_and_past(patient, knowledge, on)
    read_now = _everything_read(patient, record, knowledge, on, drafts=False)
    read = _everything_read(patient, record, knowledge, on, drafts=True)
    load_now = total(now, knowledge, everything_read=read_now)
    load_ordered = total(ordered, knowledge, everything_read=read) if ordered is not None else None
    case = Case(
        patient=patient,
        knowledge=knowledge,
        on=on,
        age=age_on(patient, on),
        record=record,
        now=now,
        ordered=ordered,
        look_back=lambda: view(record.entries, Situation(on - look_back, seen_on=on), policy, equivalent_of),
        load_now=load_now,
        load_ordered=load_ordered,
        opioid=opioid_load(_opioid_places(ordered or now), present, everything_read=read),
        conditions=present,
        past_conditions=past,
        earliest_record=earliest_record(patient),
        at_discharge=at_discharge,
    )
    findings, considered = judge_all(case)
    worked = _worked(case)
    return Assessment(
        knowledge_version=knowledge.version,
        table=knowledge.default_table,
        on=on,
        reference=patient.reference,
        age=case.age.least if case.age is not None else None,
        load=load_now,
        with_order=load_ordered,
        contributions=tuple(item.contribution for item in worked if item.contribution is not None),
        not_in_load=tuple(item.not_in_load for item in worked if item.not_in_load is not None),
        not_counted=(
            *(item.not_counted for item in worked if item.not_counted is not None),
            *_nameless(record, knowledge, on),
            *_unread(patient),
        ),
        opioid=case.opioid,
        exposure={name: case.exposure(name) for name, agent_class in knowledge.classes.items() if agent_class.in_load},
        findings=findings,
        considered=considered,
        not_relevant=record.not_relevant,
        new_starts=removable(case, NEW_START),
        increases=increases(case),
        concepts=frozenset(case.conditions),
    )


def _going_home(patient: Patient, record: MedicationRecord, knowledge: Knowledge, on: date) -> Patient:
    """The patient with the discharge orders taken as the orders being written: they are what the discharge changes.

    Those of an earlier stay, whose supply is over, stay what they are.
    """
    policy = knowledge.policy.concurrency
    over = {Coverage.LAPSED, Coverage.IN_GRACE}
    before = {entry.source for entry in record.entries if entry.window.coverage(on, policy) in over}
    return replace(
        patient,
        regimens=tuple(
            replace(regimen, draft=True)
            if regimen.setting is Setting.DISCHARGE and exclusion(regimen) is None and regimen.source not in before
            else regimen
            for regimen in patient.regimens
        ),
    )


def age_on(patient: Patient, on: date) -> Age | None:
    """Age in completed years, as a range where the birth date is known in part; None without one."""
    if patient.born is None:
        return None
    earliest, latest = patient.born
    return Age(_years(latest, on), _years(earliest, on))


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _everything_read(
    patient: Patient, record: MedicationRecord, knowledge: Knowledge, on: date, *, drafts: bool
) -> bool:
    """Whether nothing that may hold one of our agents was unreadable, nameless or withheld."""
    unread = [item for item in patient.unread if item.medication]
    asked = DRAFTS | {ORDERS} if drafts else {ORDERS}
    withheld = [what for what, _ in patient.missing if what in asked]
    return not (record.in_doubt(on, knowledge.policy.concurrency, drafts=drafts) or unread or withheld)


def _opioid_places(seen: View) -> tuple[OpioidPlace, ...]:
    return tuple(
        OpioidPlace(
            place.entry, adds=place.additive and not place.entry.administration.rescue, in_low=place.replacement
        )
        for place in seen.places
        if place.present and place.entry.agent.agent_class.opioid
    )


def _worked(case: Case) -> tuple[Worked, ...]:
    """The working of both views: the record as it stands, and of the orders being written what they add or change."""
    lines = {place.entry: place for place in case.now.places}
    if case.ordered is not None:
        for place in case.ordered.places:
            if place.entry.regimen.draft:
                lines[place.entry] = place
            elif lines[place.entry].additive:
                lines[place.entry] = _changed_by_order(lines[place.entry], place)
            elif place.additive:
                lines[place.entry] = place.assuming(WITH_ORDER)
    ordered = sorted(lines.values(), key=lambda place: place.entry.order)
    return tuple(work(place, case.knowledge) for place in ordered)


def _changed_by_order(now: Presence, ordered: Presence) -> Presence:
    """A contribution of today, marked where the orders being written take it away."""
    if ordered.additive:
        return now.assuming(*ordered.assumptions)
    if ordered.reason is NotCountedReason.RENEWAL:
        return now.assuming("renewed-by-order")
    return now.assuming("replaced-by-order")


def _nameless(record: MedicationRecord, knowledge: Knowledge, on: date) -> tuple[NotCounted, ...]:
    """Products that could not be told; one that is not in force is listed as that."""
    lines = []
    for item in record.unidentified:
        reason = item.absence(on, knowledge.policy.concurrency) or NotCountedReason.PRODUCT_UNKNOWN
        standing = Standing.ORDERED if item.regimen.draft else Standing.CURRENT
        present = reason is NotCountedReason.PRODUCT_UNKNOWN
        lines.append(
            NotCounted(item.regimen.source, "", "", present, reason, item.product.why, standing, item.product.name)
        )
    return tuple(lines)


def _unread(patient: Patient) -> tuple[NotCounted, ...]:
    return tuple(
        NotCounted(item.source, "", "", item.medication, NotCountedReason.UNREADABLE, item.why)
        for item in sorted(patient.unread, key=lambda item: (item.source, item.why))
    )
