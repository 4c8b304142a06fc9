"""One record of a medication (order, statement or dispense) as :class:`rules.model.Regimen`.

R4 and R5 are read, and the STU3 and DSTU2 shapes that EHRs send under an R4 label. A part that cannot be read is left
out and noted by a code; the record itself stays, so that its drug is not lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import partial
from typing import Any

from cds_service.fhir.condition import reasons_of
from cds_service.fhir.datatypes import days_of, quantity_of
from cds_service.fhir.dosage import MODIFIER_EXTENSION, dosages_of
from cds_service.fhir.elements import (
    Element,
    Notes,
    NotReadableError,
    code_of,
    list_of,
    memoised_by_json,
    number_of,
)
from cds_service.fhir.identity import SentResource
from cds_service.fhir.medication import medication_of
from cds_service.fhir.references import (
    Reference,
    identifier_of,
    name_of,
    party_of,
    raw_reference_of,
    read_reference,
)
from cds_service.fhir.status import ended_on, forbids, is_reported, is_taken, status_of
from cds_service.fhir.timing import period_of, start_of
from rules.model import NO_PERIOD, Period, RecordKind, Regimen, Setting, Supply
from rules.numbers.quantity import ZERO

SUPPLY_NOT_READABLE = "supply-not-readable"

KINDS: dict[str, RecordKind] = {
    "MedicationRequest": RecordKind.REQUEST,
    "MedicationOrder": RecordKind.REQUEST,  # DSTU2
    "MedicationPrescription": RecordKind.REQUEST,  # DSTU1, still in published examples
    "MedicationStatement": RecordKind.STATEMENT,
    "MedicationUsage": RecordKind.STATEMENT,  # R5 drafts
    "MedicationAdministration": RecordKind.STATEMENT,  # of one dose; noted as such
    "MedicationDispense": RecordKind.DISPENSE,
}
ADMINISTRATION = "one-administration"
_SETTINGS: dict[str, Setting] = {
    "discharge": Setting.DISCHARGE,
    "inpatient": Setting.INPATIENT,
    "community": Setting.COMMUNITY,
    "outpatient": Setting.COMMUNITY,
}
# The members with references to the orders that a record is based on.
_BASED_ON = frozenset({"basedOn", "authorizingPrescription", "derivedFrom", "request", "prescription"})
_ENCOUNTERS = ("encounter", "context")
_CARE_PLAN = "CarePlan"
_QUANTITY, _DAYS, _REPEATS = "quantity", "days", "repeats"


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What is known around the resources of a record.

    ``medication_meant_by``: the Medication that a reference in a resource means; ``condition_meant_by``: the patient's
    condition; ``order_meant_by``: the source of an order; ``is_patient``: whether a resource is about the patient;
    ``name_of``: the source that a reference means; ``encounter``: that which the call is about; ``on``: the day that
    is judged.
    """

    zone: tzinfo
    medication_meant_by: Callable[[SentResource, str], Element | None]
    condition_meant_by: Callable[[SentResource, str], Element | None]
    order_meant_by: Callable[[SentResource, str], str]
    is_patient: Callable[[Element], bool]
    name_of: Callable[[str], str]
    encounter: Reference | None = None
    on: date | None = None


def regimen_of(item: SentResource, kind: RecordKind, context: ReadContext) -> Regimen:
    """The regimen of a resource.

    Raises:
        TooLongError: a name of the medication is longer than what is read.
    """
    resource, notes = item.resource, set(item.notes)
    if resource.get("modifierExtension"):
        notes.add(MODIFIER_EXTENSION)
    if resource.get("resourceType") == "MedicationAdministration":
        notes.add(ADMINISTRATION)
    zone = context.zone
    status = status_of(resource, notes)
    names = ("dosage", "dosageInstruction") if kind is RecordKind.STATEMENT else ("dosageInstruction", "dosage")
    lines = next(filter(None, map(resource.get, names)), None)
    sent = resource.get("dispenseRequest", resource.get("dispense")) if kind is RecordKind.REQUEST else None
    dispense_request = sent if isinstance(sent, dict) else {}
    authored, effective, validity = _dates(resource, kind, dispense_request, context, notes)
    requester, requester_name = _requester(resource, context)
    prior = raw_reference_of(resource["priorPrescription"]) if "priorPrescription" in resource else None
    return Regimen(
        source=item.source,
        medication=medication_of(resource, partial(context.medication_meant_by, item), notes),
        kind=kind,
        draft=item.draft,
        status=status,
        intent=code_of(resource.get("intent")),
        do_not_perform=forbids(resource.get("doNotPerform"), notes),
        reported=is_reported(resource),
        taken=None if kind is RecordKind.REQUEST else is_taken(resource, status),
        another_patient=not context.is_patient(resource),
        requester=requester,
        setting=setting_of(resource.get("category")),
        dosages=dosages_of(lines, zone, notes, resource.get("renderedDosageInstruction"), context.on),
        authored_on=authored,
        asserted_on=authored if kind is RecordKind.STATEMENT else None,
        validity=validity,
        effective=effective,
        ended=ended_on(resource, status, zone, notes),
        supply=_supply(resource, dispense_request, sent, kind, notes),
        of_open_encounter=_is_of_encounter(resource, context.encounter),
        plan=_plan(resource),
        requester_name=requester_name,
        prior=None if prior is None else context.order_meant_by(item, prior),
        references=_references(item, context),
        reasons=reasons_of(resource, partial(context.condition_meant_by, item)),
        notes=tuple(sorted(notes)),
    )


def _dates(
    resource: Element, kind: RecordKind, dispense_request: Element, context: ReadContext, notes: Notes
) -> tuple[date | None, Period, Period]:
    """When the record was written, the period of taking, and the period in which an order is valid."""
    zone, on = context.zone, context.on

    def day(*names: str) -> date | None:
        sent = (resource[name] for name in names if resource.get(name) is not None)
        return next((start_of(value, zone, notes, on) for value in sent), None)

    if kind is RecordKind.REQUEST:
        validity = effective = NO_PERIOD
        if "validityPeriod" in dispense_request:
            validity = period_of(dispense_request["validityPeriod"], zone, notes, on)
        if "effectiveDosePeriod" in resource:  # R5
            effective = period_of(resource["effectiveDosePeriod"], zone, notes, on)
        return day("authoredOn", "dateWritten"), effective, validity
    if kind is RecordKind.STATEMENT:
        # R4; DSTU2's administration; R5's, which spells it so; DSTU1
        periods = ("effectivePeriod", "effectiveTimePeriod", "occurencePeriod", "occurrencePeriod", "whenGiven")
        effective = period_of(next(filter(None, map(resource.get, periods)), None), zone, notes, on)
        if effective == NO_PERIOD:
            # A single day of a statement is a day of taking, not the last one; an administration is over that day.
            start = day("effectiveDateTime", "effectiveTimeDateTime", "occurenceDateTime", "occurrenceDateTime")
            effective = Period(start, start if ADMINISTRATION in notes else None)
        return day("dateAsserted"), effective, NO_PERIOD
    dispensed = day("whenHandedOver", "whenPrepared")
    return dispensed, Period(start=dispensed), NO_PERIOD


def _supply(
    resource: Element, dispense_request: Element, sent: object, kind: RecordKind, notes: Notes
) -> Supply | None:
    """What is to be, or was, dispensed; None if nothing is stated. Unreadable parts are left out and noted."""
    if kind is RecordKind.STATEMENT:
        return None
    if kind is RecordKind.REQUEST:
        if sent is not None and not isinstance(sent, dict):
            notes.add(SUPPLY_NOT_READABLE)
        parts = {
            _QUANTITY: dispense_request.get("quantity"),
            _DAYS: dispense_request.get("expectedSupplyDuration"),
            _REPEATS: dispense_request.get("numberOfRepeatsAllowed"),
        }
    else:
        parts = {_QUANTITY: resource.get("quantity"), _DAYS: resource.get("daysSupply")}
    stated = {name: part for name, part in parts.items() if part is not None}
    if not stated:
        return None
    supply, supply_notes = _read_supply(stated)
    notes.update(supply_notes)
    return supply


@memoised_by_json
def _read_supply(parts: Any) -> tuple[Supply, frozenset[str]]:
    """The supply of the parts that are stated, with its notes."""
    quantity = days = None
    repeats = ZERO
    notes: Notes = set()
    try:
        quantity = quantity_of(parts.get(_QUANTITY))
    except NotReadableError:
        notes.add(SUPPLY_NOT_READABLE)
    try:
        days = days_of(parts.get(_DAYS), notes)
    except NotReadableError:
        notes.add(SUPPLY_NOT_READABLE)
    try:
        repeats = number_of(parts.get(_REPEATS)) or ZERO
    except NotReadableError:
        notes.add(SUPPLY_NOT_READABLE)
    return Supply(quantity, days, repeats), frozenset(notes)


def _requester(resource: Element, context: ReadContext) -> tuple[str | None, str | None]:
    """Who ordered it, as a reference, and by name where the source gives one."""
    for name in ("requester", "prescriber", "recorder"):
        if name in resource:
            party, display = _party_and_name(resource[name])
            if party is not None:
                return context.name_of(party), display
    return None, None


@memoised_by_json
def _party_and_name(value: object) -> tuple[str | None, str | None]:
    return party_of(value), name_of(value)


@memoised_by_json
def setting_of(value: object) -> Setting | None:
    """The most specific setting that the categories name, by code or by text."""
    codes = set()
    for concept in list_of(value):
        if isinstance(concept, dict):
            codings = [coding for coding in list_of(concept.get("coding")) if isinstance(coding, dict)]
            codes |= {code_of(coding.get("code")) for coding in codings}
            codes.add(code_of(concept.get("text")))
        else:
            codes.add(code_of(concept))
    return next((setting for code, setting in _SETTINGS.items() if code in codes), None)


def _references(item: SentResource, context: ReadContext) -> tuple[str, ...]:
    sources = {
        context.order_meant_by(item, reference)
        for name in _BASED_ON & item.resource.keys()
        for value in list_of(item.resource[name])
        if (reference := raw_reference_of(value)) is not None
    }
    return tuple(sorted(sources))


def _is_of_encounter(resource: Element, encounter: Reference | None) -> bool:
    """Whether it was ordered in an encounter (R4's ``encounter``, STU3's and R4's ``context``)."""
    if encounter is None:
        return False
    sent = (raw_reference_of(resource[name]) for name in _ENCOUNTERS if name in resource)
    return any(read_reference(reference).may_be(encounter) for reference in sent if reference)


def _plan(resource: Element) -> str | None:
    """The plan that an order belongs to: the CarePlan that it is based on, else the group that it was written in."""
    for item in list_of(resource.get("basedOn")):
        reference = raw_reference_of(item)
        if reference is not None and (read := read_reference(reference)).resource_type == _CARE_PLAN:
            return read.name
    return next(filter(None, map(identifier_of, list_of(resource.get("groupIdentifier")))), None)
