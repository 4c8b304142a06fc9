"""One record of a medication - order, statement or dispense - as :class:`rules.model.Regimen`.

R4 and R5 are read, and the STU3 and DSTU2 shapes that EHRs send under an R4 label. What cannot be read is noted by a
code and left out; the record itself stays, so that its drug is never lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, tzinfo
from fractions import Fraction
from functools import lru_cache

import orjson

from cds_service.config import MAX_MEMOISED
from cds_service.fhir.dates import NO_PERIOD, day_of, period_of
from cds_service.fhir.dosage import MODIFIER_EXTENSION, dosages_of
from cds_service.fhir.elements import (
    Element,
    Notes,
    NotReadableError,
    boolean_of,
    content_of,
    kept_by_content,
    members,
    number_of,
    word_of,
)
from cds_service.fhir.medication import Resources, medication_of
from cds_service.fhir.quantities import days_of, quantity_of
from cds_service.fhir.references import party_of, reference_of
from rules.model import Period, RecordKind, Regimen, Setting, Supply
from rules.numbers.quantity import ZERO

SUPPLY_NOT_READABLE = "supply-not-readable"
STATUS_NOT_READABLE = "status-not-readable"
DO_NOT_PERFORM_NOT_READABLE = "do-not-perform-not-readable"

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
_TAKEN: dict[str, bool] = {
    "y": True,
    "n": False,
    "not-taken": False,
    "not-done": False,
}
# STU3's and DSTU2's flags of an administration, a dispense or a statement that never was.
_DENIALS = ("wasNotTaken", "wasNotGiven", "notGiven", "notDone")
# Where a record names the orders that it rests on.
_RESTS_ON = frozenset({"basedOn", "authorizingPrescription", "derivedFrom", "request", "prescription"})
_RECORDED = "recorded"
_UNKNOWN = "unknown"
# R5's words for how a stated medicine is taken, by how they begin.
_ADHERENCE: dict[str, str] = {"not-taking": "not-taken", "taking": "active", "on-hold": "on-hold", "stopped": "stopped"}
# What a change of status ends.
_ENDS = frozenset({"completed", "stopped", "ended", "on-hold"})


@dataclass(frozen=True, slots=True)
class ReadContext:
    """Where a record stands: what it is called, how to read it, and what else was sent."""

    source: str
    draft: bool
    zone: tzinfo
    medications: Resources
    is_patient: Callable[[Element], bool]
    name_of: Callable[[str], str]


def regimen_of(resource: Element, kind: RecordKind, place: ReadContext, notes: Notes) -> Regimen:
    """The regimen that a resource tells of. ``notes`` may hold codes already, and is added to."""
    if resource.get("modifierExtension"):
        notes.add(MODIFIER_EXTENSION)
    if resource.get("resourceType") == "MedicationAdministration":
        notes.add(ADMINISTRATION)
    zone = place.zone
    status = _status(resource, notes)
    places = ("dosage", "dosageInstruction") if kind is RecordKind.STATEMENT else ("dosageInstruction", "dosage")
    lines = next(filter(None, map(resource.get, places)), None)
    dispense = resource.get("dispenseRequest", resource.get("dispense")) if kind is RecordKind.REQUEST else None
    request = dispense if isinstance(dispense, dict) else {}
    authored, effective, validity = _dates(resource, kind, request, zone, notes)
    prior = reference_of(resource.get("priorPrescription"))
    return Regimen(
        source=place.source,
        medication=medication_of(resource, place.medications, notes),
        kind=kind,
        draft=place.draft,
        status=status,
        intent=word_of(resource.get("intent")),
        do_not_perform=_do_not_perform(resource.get("doNotPerform"), notes),
        reported=_reported(resource),
        taken=None if kind is RecordKind.REQUEST else _taken(resource, status),
        another_patient=not place.is_patient(resource),
        requester=_requester(resource, place),
        setting=_setting(resource.get("category")),
        dosages=dosages_of(lines, zone, notes, resource.get("renderedDosageInstruction")),
        authored_on=authored,
        validity=validity,
        effective=effective,
        ended=_ended(resource, status, zone, notes),
        supply=_supply(resource, request, dispense, kind, notes),
        prior=None if prior is None else place.name_of(prior),
        references=_references(resource, place),
        notes=tuple(sorted(notes)),
    )


def _dates(
    resource: Element, kind: RecordKind, request: Element, zone: tzinfo, notes: Notes
) -> tuple[date | None, Period, Period]:
    """When it was written, when it is taken, and for how long the order is valid."""

    def day(*names: str) -> date | None:
        return next((day_of(resource[name], zone, notes) for name in names if resource.get(name) is not None), None)

    if kind is RecordKind.REQUEST:
        validity = period_of(request.get("validityPeriod"), zone, notes)
        effective = period_of(resource.get("effectiveDosePeriod"), zone, notes)  # R5
        return day("authoredOn", "dateWritten"), effective, validity
    if kind is RecordKind.STATEMENT:
        # R4; DSTU2's administration; R5's, which spells it so; DSTU1
        stretches = ("effectivePeriod", "effectiveTimePeriod", "occurencePeriod", "occurrencePeriod", "whenGiven")
        effective = period_of(next(filter(None, map(resource.get, stretches)), None), zone, notes)
        if effective == NO_PERIOD:
            # A single day says when the statement held, not when the use ended; an administration is over that day.
            held = day("effectiveDateTime", "effectiveTimeDateTime", "occurenceDateTime", "occurrenceDateTime")
            effective = Period(held, held if ADMINISTRATION in notes else None)
        return day("dateAsserted"), effective, NO_PERIOD
    dispensed = day("whenHandedOver", "whenPrepared")
    return dispensed, Period(start=dispensed), NO_PERIOD


def _supply(resource: Element, request: Element, sent: object, kind: RecordKind, notes: Notes) -> Supply | None:
    """What is to be, or was, dispensed; None if nothing is said of it. Unreadable parts are left out and noted."""
    if kind is RecordKind.STATEMENT:
        return None
    if kind is RecordKind.REQUEST:
        if sent is not None and not isinstance(sent, dict):
            notes.add(SUPPLY_NOT_READABLE)
        quantity, days = request.get("quantity"), request.get("expectedSupplyDuration")
        repeats = request.get("numberOfRepeatsAllowed")
    else:
        quantity, days, repeats = resource.get("quantity"), resource.get("daysSupply"), None
    if quantity is None and days is None and repeats is None:
        return None
    content = content_of([part for part in (quantity, days, repeats) if part is not None])
    if content is None:
        return _supplied(quantity, days, repeats, notes)
    present = (quantity is not None, days is not None, repeats is not None)
    supply, said = _remembered_supply(content, present)
    notes.update(said)
    return supply


@lru_cache(maxsize=MAX_MEMOISED)
def _remembered_supply(content: bytes, present: tuple[bool, bool, bool]) -> tuple[Supply, frozenset[str]]:
    """The supply of those of the three parts that are present, with its notes."""
    notes: Notes = set()
    parts = iter(orjson.loads(content))
    quantity, days, repeats = (next(parts) if each else None for each in present)
    return _supplied(quantity, days, repeats, notes), frozenset(notes)


def _supplied(quantity: object, days: object, repeats: object, notes: Notes) -> Supply:
    amount = length = None
    again: Fraction | None = None
    try:
        amount = quantity_of(quantity)
    except NotReadableError:
        notes.add(SUPPLY_NOT_READABLE)
    try:
        length = days_of(days, notes)
    except NotReadableError:
        notes.add(SUPPLY_NOT_READABLE)
    try:
        again = number_of(repeats)
    except NotReadableError:
        notes.add(SUPPLY_NOT_READABLE)
    return Supply(amount, length, ZERO if again is None else again)


def _status(resource: Element, notes: Notes) -> str:
    """The status in R4's words. R5 says of a statement only that it was recorded, and whether it is taken apart."""
    status = word_of(resource.get("status"))
    if resource.get("status") is not None and not status:
        notes.add(STATUS_NOT_READABLE)
    if status != _RECORDED:
        return status
    adherence = resource.get("adherence")
    word = word_of(adherence.get("code") if isinstance(adherence, dict) else adherence)
    return next((read for start, read in _ADHERENCE.items() if word.startswith(start)), _UNKNOWN)


def _ended(resource: Element, status: str, zone: tzinfo, notes: Notes) -> date | None:
    """The day on which it was stopped, or put on hold: DSTU2's end, R5's change of status; R4 tells none."""
    ended = day_of(resource.get("dateEnded"), zone, notes, last=True)
    if ended is None and status in _ENDS:
        ended = day_of(resource.get("statusChanged"), zone, notes, last=True)
    return ended


def _do_not_perform(value: object, notes: Notes) -> bool:
    try:
        return bool(boolean_of(value))
    except NotReadableError:
        notes.add(DO_NOT_PERFORM_NOT_READABLE)
        return False


def _reported(resource: Element) -> bool:
    for name in ("reportedBoolean", "reported"):
        try:
            if boolean_of(resource.get(name)):
                return True
        except NotReadableError:
            return True  # a reference in the place of the truth value names who reported it
    return resource.get("reportedReference") is not None


def _taken(resource: Element, status: str) -> bool | None:
    """Whether the record says that it is taken: R4's and R5's status, STU3's ``taken``, older flags that deny it."""
    if status in _TAKEN:
        return _TAKEN[status]
    stated = _TAKEN.get(word_of(resource.get("taken")))
    if stated is not None:
        return stated
    try:
        denied = [boolean_of(resource.get(name)) for name in _DENIALS]
    except NotReadableError:
        return None
    said = [one for one in denied if one is not None]
    return not any(said) if said else None


def _requester(resource: Element, place: ReadContext) -> str | None:
    for name in ("requester", "prescriber", "recorder"):
        party = party_of(resource.get(name))
        if party is not None:
            return place.name_of(party)
    return None


@kept_by_content
def _setting(value: object) -> Setting | None:
    """The most specific setting that the categories name, by code or by words."""
    words = set()
    for concept in members(value):
        if isinstance(concept, dict):
            codings = [coding for coding in members(concept.get("coding")) if isinstance(coding, dict)]
            words |= {word_of(coding.get("code")) for coding in codings}
            words.add(word_of(concept.get("text")))
        else:
            words.add(word_of(concept))
    return next((setting for word, setting in _SETTINGS.items() if word in words), None)


def _references(resource: Element, place: ReadContext) -> tuple[str, ...]:
    found = {
        place.name_of(reference)
        for name in _RESTS_ON & resource.keys()
        for item in members(resource.get(name))
        if (reference := reference_of(item)) is not None
    }
    return tuple(sorted(found))
