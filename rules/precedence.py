"""Which orders give way to others: to drafts that stop or replace them, to their successors, to the orders of a stay.

Each function changes the places it is given; they run one after another, as :func:`rules.concurrency.view` calls them.
"""

from __future__ import annotations

from dataclasses import replace

from rules.assessment import NotCountedReason
from rules.courses import kind_of
from rules.daily_dose import DailyDose
from rules.model import Kind, Setting
from rules.place import Places, dated_order, renewal_text
from rules.record import Entry, is_stopping


def requested_agents(places: Places) -> frozenset[str]:
    """The agents that an order on record covers."""
    return frozenset(
        entry.agent.id
        for entry, place in places.items()
        if place.present and entry.regimen.kind is Kind.REQUEST and not entry.regimen.draft
    )


def stop_and_replace(places: Places) -> None:
    """Drafts that stop, revise or replace an order on record: by id and by priorPrescription they are believed."""
    record = [entry for entry, place in places.items() if place.present and not entry.regimen.draft]
    for draft in [entry for entry in places if entry.regimen.draft]:
        if draft.regimen.another_patient or draft.regimen.status == "entered-in-error":
            continue
        stops = is_stopping(draft.regimen)
        named = [entry for entry in record if entry.source in (draft.source, draft.regimen.prior)]
        for entry in named:
            if not stops and draft.source != entry.source and _same_daily_dose(draft, entry):
                places[draft] = places[draft].once(NotCountedReason.RENEWAL, renewal_text(draft, entry))
            else:
                text = "stopped by this order" if stops else "replaced by this order"
                places[entry] = places[entry].absent(NotCountedReason.REPLACED, text)
        if stops and not named:
            for entry in record:
                if _same_product(draft, entry):
                    places[entry] = replace(places[entry], replacement=False).assuming("may-be-stopped-by-order")


def _same_daily_dose(one: Entry, other: Entry) -> bool:
    return (
        isinstance(one.dose, DailyDose)
        and isinstance(other.dose, DailyDose)
        and kind_of(one) == kind_of(other)
        and one.dose.by_agent.get(one.agent.id) == other.dose.by_agent.get(other.agent.id)
        and one.dose.by_agent_hourly.get(one.agent.id) == other.dose.by_agent_hourly.get(other.agent.id)
    )


def _same_product(one: Entry, other: Entry) -> bool:
    mine, its = one.product, other.product
    if one.agent.id != other.agent.id:
        return False
    if mine.code is not None and its.code is not None and mine.code == its.code:
        return True
    return mine.ingredients == its.ingredients or not any(i.strength for i in mine.ingredients)


def replace_by_prior(places: Places) -> None:
    """An order on record that names the one it follows replaces it."""
    for newer, place in list(places.items()):
        if not place.present or newer.regimen.draft or newer.regimen.prior is None:
            continue
        for older, its in list(places.items()):
            if its.present and not older.regimen.draft and older.source == newer.regimen.prior and older != newer:
                if _same_daily_dose(newer, older):
                    places[older] = its.once(NotCountedReason.RENEWAL, renewal_text(older, newer))
                else:
                    places[older] = its.absent(NotCountedReason.REPLACED, f"replaced by {dated_order(newer)}")


def settings(places: Places) -> None:
    """During a stay, the inpatient order of an agent supersedes the home order of that agent."""
    inpatient = {
        entry.agent.id
        for entry, place in places.items()
        if place.present and entry.regimen.setting is Setting.INPATIENT
    }
    for entry, place in list(places.items()):
        if entry.agent.id in inpatient and place.present and entry.regimen.setting is not Setting.INPATIENT:
            text = "during the stay the inpatient order takes its place"
            places[entry] = place.absent(NotCountedReason.REPLACED, text)


def covered_by_requests(places: Places, covered: frozenset[str]) -> None:
    """Statements and dispenses count only where no order on record covers the agent."""
    gone = {
        entry.source
        for entry in places
        if entry.regimen.kind is Kind.REQUEST and entry.regimen.status in {"stopped", "cancelled", "on-hold"}
    }
    for entry, place in list(places.items()):
        if not place.present or entry.regimen.kind is Kind.REQUEST:
            continue
        kind = "dispensed" if entry.regimen.kind is Kind.DISPENSE else "stated"
        if gone & set(entry.regimen.references):
            places[entry] = place.absent(NotCountedReason.NOT_ACTIVE, f"{kind} for an order that was stopped")
        elif entry.agent.id in covered:
            places[entry] = place.once(NotCountedReason.DUPLICATE, f"{kind} under an order that is on record")
