"""The line of the assessment that each record becomes: a contribution to the load, beside it, or not counted."""

from __future__ import annotations

from datetime import date

from rules.assessment_lines import (
    Certainty,
    Contribution,
    Doubt,
    Evidence,
    NotCounted,
    NotCountedReason,
    NotInLoad,
    NotInLoadReason,
    Standing,
)
from rules.knowledge.knowledge import Knowledge
from rules.load.equivalence import EquivalentsOf, equivalence, equivalent_of
from rules.model import Patient, Unread
from rules.numbers.quantity import DiazepamEquivalent
from rules.reading.dosage.daily_dose import DailyDose
from rules.reading.dosage.reconcile import evidence_of
from rules.timeline.presence import Presence
from rules.timeline.record import MedicationRecord, RecordEntry
from rules.timeline.replacement import SUPERSEDED
from rules.timeline.view import View

# An order on record that adds nothing today and counts with the orders being written: it begins before they do.
WITH_ORDER = "counts-with-order"


def lines_of(
    now: View, ordered: View | None, equivalents_of: EquivalentsOf, knowledge: Knowledge
) -> tuple[Contribution | NotInLoad | NotCounted, ...]:
    """A line for each entry: as the record stands, and of the orders being written what they add or change.

    None for an agent that only counts in older adults: it is no sedative, and the finding that counts it names it.

    Args:
        now: the record viewed without the orders being written.
        ordered: the record viewed with them, None where there are none.
        equivalents_of: the load of an entry by every table.
        knowledge: the tables, and the words that instructions are read by.
    """
    presences = {presence.entry: presence for presence in now.presences}
    for presence in ordered.presences if ordered is not None else ():
        entry = presence.entry
        if entry.regimen.draft:
            presences[entry] = presence
        elif presences[entry].additive:
            presences[entry] = _changed_by_order(presences[entry], presence)
        elif presence.additive:
            presences[entry] = presence.assuming(WITH_ORDER)
    shown = (presence for presence in presences.values() if not presence.entry.agent.agent_class.counts_only)
    in_order = sorted(shown, key=lambda presence: presence.entry.order)
    return tuple(_line_of(presence, equivalents_of, knowledge) for presence in in_order)


def _changed_by_order(now: Presence, ordered: Presence) -> Presence:
    """A contribution of today, marked where the orders being written take it away."""
    if ordered.additive:
        return now.assuming(*ordered.assumptions)
    if ordered.reason is NotCountedReason.RENEWAL:
        return now.assuming("renewed-by-order")
    if SUPERSEDED in ordered.assumptions:
        return now.assuming(SUPERSEDED)
    return now.assuming("replaced-by-order")


def unidentified_lines(record: MedicationRecord, knowledge: Knowledge, on: date) -> tuple[NotCounted, ...]:
    """A line for each product that could not be identified; one that is not in force is listed as that."""
    lines = []
    for item in record.unidentified:
        policy = knowledge.policy.concurrency
        reason, certainty = item.absence(on, policy) or NotCountedReason.PRODUCT_UNKNOWN, item.certainty(on, policy)
        standing = Standing.ORDERED if item.regimen.draft else Standing.CURRENT
        lines.append(
            NotCounted(item.regimen.source, "", "", certainty, reason, item.product.why, standing, item.product.name)
        )
    return tuple(lines)


def unread_lines(patient: Patient) -> tuple[NotCounted, ...]:
    """A line for each resource that could not be read, in the order of their names."""
    return tuple(
        NotCounted(item.source, "", "", _certainty_of(item), NotCountedReason.UNREADABLE, item.why)
        for item in sorted(patient.unread, key=lambda item: (item.source, item.why))
    )


def _certainty_of(item: Unread) -> Certainty:
    return Certainty.CERTAIN if item.medication else Certainty.NONE


def _line_of(
    presence: Presence, equivalents_of: EquivalentsOf, knowledge: Knowledge
) -> Contribution | NotInLoad | NotCounted:
    """Where an entry stands in the assessment."""
    entry = presence.entry
    if presence.reason is not None:
        return _not_counted(presence, presence.reason, presence.text)
    beside = _beside_the_load(entry)
    if beside is not None:
        return _not_in_load(presence, beside, knowledge)
    equivalent = equivalent_of(presence, knowledge.default_table, equivalents_of)
    if equivalent is not None:
        return _contribution(presence, equivalent, knowledge)
    if isinstance(entry.dose, DailyDose):
        return _not_in_load(presence, NotInLoadReason.NO_PUBLISHED_EQUIVALENCE, knowledge)
    return _not_counted(presence, entry.dose.reason, entry.dose.read_as, evidence_of(entry.regimen.dosages, knowledge))


def _beside_the_load(entry: RecordEntry) -> NotInLoadReason | None:
    """Why an entry has no place in the load whatever its dose, None if it has one."""
    agent_class, administration = entry.agent.agent_class, entry.administration
    if agent_class.opioid or not (agent_class.in_load or entry.agent.substitution):
        return NotInLoadReason.NO_PUBLISHED_EQUIVALENCE
    if administration.rescue:
        return NotInLoadReason.RESCUE_PRODUCT
    if not agent_class.in_load:
        return NotInLoadReason.SUBSTITUTION_ONLY
    return NotInLoadReason.ROUTE_WITHOUT_EQUIVALENCE if not administration.equivalent else None


def _contribution(presence: Presence, equivalent: DiazepamEquivalent, knowledge: Knowledge) -> Contribution:
    entry, dose = presence.entry, presence.entry.milligrams
    low = presence.low_of.milligrams if presence.low_of is not None else None
    found = equivalence(entry.agent, knowledge.tables[knowledge.default_table])
    if dose is None or found is None:
        raise ValueError("a contribution has a dose and a figure")
    return Contribution(
        source=entry.source,
        requester=entry.regimen.requester,
        standing=Standing.ORDERED if WITH_ORDER in presence.assumptions else entry.standing,
        agent=entry.agent.id,
        agent_class=entry.agent.agent_class.id,
        product=entry.product.name,
        sig=entry.sig,
        read_as=entry.dose.read_as,
        daily_dose=dose if low is None else dose.with_low(low.low),
        equivalent=equivalent,
        reference=found.figure.source,
        assumptions=_assumptions(presence),
        doubts=_doubts(entry),
        read_from=evidence_of(entry.regimen.dosages, knowledge),
    )


def _not_in_load(presence: Presence, reason: NotInLoadReason, knowledge: Knowledge) -> NotInLoad:
    entry = presence.entry
    return NotInLoad(
        source=entry.source,
        agent=entry.agent.id,
        agent_class=entry.agent.agent_class.id,
        present=presence.present,
        reason=reason,
        standing=entry.standing,
        product=entry.product.name,
        sig=entry.sig,
        read_as=entry.dose.read_as,
        daily_dose=entry.amount,
        assumptions=_assumptions(presence),
        doubts=_doubts(entry),
        read_from=evidence_of(entry.regimen.dosages, knowledge),
    )


def _not_counted(
    presence: Presence, reason: NotCountedReason, text: str, read_from: tuple[Evidence, ...] = ()
) -> NotCounted:
    entry = presence.entry
    return NotCounted(
        source=entry.source,
        agent=entry.agent.id,
        agent_class=entry.agent.agent_class.id,
        certainty=presence.certainty,
        reason=reason,
        text=text,
        standing=entry.standing,
        product=entry.product.name,
        sig=entry.sig,
        read_from=read_from,
        until_now=presence.until_now,
        requesters=presence.requesters,
    )


def _assumptions(presence: Presence) -> tuple[str, ...]:
    """Everything that was assumed of an order: reading its product and dose, and placing it beside the others."""
    entry = presence.entry
    codes = (
        *entry.regimen.notes,
        *entry.product.assumptions,
        *entry.administration.assumptions,
        *entry.dose.assumptions,
        *presence.assumptions,
    )
    return tuple(dict.fromkeys(codes))


def _doubts(entry: RecordEntry) -> tuple[Doubt, ...]:
    """Where the dose of an agent, or the number of units of its product, is beyond what anybody takes."""
    doubts = entry.dose.doubts if isinstance(entry.dose, DailyDose) else ()
    return tuple(doubt for doubt in doubts if doubt.agent in ("", entry.agent.id))
