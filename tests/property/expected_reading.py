"""What a valid R4 resource says, read through the object model of ``fhir.resources``: a second reader, for comparison.

It is written from the standard and shares no line with the reader that it is compared with; the neutral types alone are
the same.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from rules.model import (
    CodeSystem,
    Coding,
    ConditionEntry,
    Dosage,
    DoseEntry,
    IngredientEntry,
    MaximumDose,
    Medication,
    Period,
    Quantity,
    Reason,
    RecordKind,
    Regimen,
    Setting,
    Supply,
    Timing,
)

ZONE = ZoneInfo("America/New_York")
# Days of a unit of time; a month is a twelfth of 365 days, as docs/reading.md has it.
DAYS = {"min": Fraction(1, 1440), "h": Fraction(1, 24), "d": 1, "wk": 7, "mo": Fraction(365, 12), "a": 365}
WORDS_FOR_DAYS = {"day": 1, "days": 1, "hour": Fraction(1, 24), "hours": Fraction(1, 24), "week": 7, "weeks": 7}
SYSTEMS = {
    "http://www.nlm.nih.gov/research/umls/rxnorm": CodeSystem.RXNORM,
    "http://snomed.info/sct": CodeSystem.SNOMED,
    "https://dmd.nhs.uk": CodeSystem.SNOMED,
    "http://www.whocc.no/atc": CodeSystem.ATC,
    "http://hl7.org/fhir/sid/ndc": CodeSystem.NDC,
    "http://hl7.org/fhir/sid/icd-10-cm": CodeSystem.ICD10CM,
}
KINDS = {
    "MedicationRequest": RecordKind.REQUEST,
    "MedicationStatement": RecordKind.STATEMENT,
    "MedicationAdministration": RecordKind.STATEMENT,
    "MedicationDispense": RecordKind.DISPENSE,
}


def day(value: Any, *, last: bool = False) -> date | None:
    """A date of the model: whole, an instant, or a year or month as text."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date() if value.tzinfo is None else value.astimezone(ZONE).date()
    if isinstance(value, date):
        return value
    year, _, month = value.partition("-")
    first_month, last_month = (int(month), int(month)) if month else (1, 12)
    if last:
        return date(int(year), last_month, monthrange(int(year), last_month)[1])
    return date(int(year), first_month, 1)


def period(value: Any) -> Period:
    return Period() if value is None else Period(day(value.start), day(value.end, last=True))


def words(value: str | None) -> str | None:
    return (value or "").strip() or None


def quantity(value: Any) -> Quantity | None:
    if value is None or value.value is None:
        return None
    return Quantity(Fraction(value.value), words(value.unit), words(value.code))


def length(value: Any) -> Fraction | None:
    if value is None or value.value is None:
        return None
    factor = DAYS.get(value.code) or DAYS.get(value.unit) or WORDS_FOR_DAYS.get((value.unit or "days").lower())
    assert factor is not None, f"no unit of time: {value.unit} {value.code}"
    return Fraction(value.value) * factor


def codings(concepts: Any) -> tuple[Coding, ...]:
    listed = [one for concept in _listed(concepts) for one in concept.coding or []]
    return tuple(
        Coding(SYSTEMS.get(str(one.system or "")), words(one.code), words(one.display))
        for one in listed
        if (one.code or one.display) and not str(one.system or "").endswith("data-absent-reason")
    )


def spoken(concept: Any) -> str | None:
    """A concept in words: its text, the first display, the first code."""
    if concept is None:
        return None
    found = codings(concept)
    display = next((one.display for one in found if one.display), None)
    return words(concept.text) or display or (found[0].code if found else None)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def named(reference: Any) -> str | None:
    """A reference as Type/id, without server and version; a condition or a fragment as it stands."""
    text = None if reference is None else reference.reference
    if text is None or "?" in text or text.startswith("#"):
        return text
    if text.lower().startswith("urn:"):
        return str(text).lower()
    return "/".join(text.partition("/_history/")[0].split("/")[-2:])


def display(reference: Any) -> str | None:
    """The name that a reference shows; None for one to a patient."""
    if reference is None or (party(reference) or "").startswith("Patient"):
        return None
    return " ".join(reference.display.split()) if reference.display else None


def party(reference: Any) -> str | None:
    if reference is None:
        return None
    if reference.reference:
        text = named(reference) or ""
        return "Patient" if text.startswith("Patient/") else text
    if reference.identifier is not None and reference.identifier.value:
        return f"{reference.identifier.system or ''}|{reference.identifier.value}"
    return words(reference.display)


def medication(model: Any, beside: Iterable[Any]) -> Medication:
    concept = model.medicationCodeableConcept
    if concept is not None:
        return Medication(codings(concept), words(concept.text))
    reference = model.medicationReference
    if reference is None:
        return Medication()
    inside = {f"#{one.id}": one for one in model.contained or []}
    near = {f"{one.get_resource_type()}/{one.id}": one for one in beside}
    target = {**near, **inside}.get(named(reference) or "")
    display = words(reference.display)
    if target is None:
        return Medication(text=display)
    code = target.code
    return Medication(
        # A code that the same Medication gives twice says nothing twice.
        codings=tuple(dict.fromkeys(codings(code))),
        text=(words(code.text) if code is not None else None) or display,
        ingredients=tuple(
            IngredientEntry(
                codings(one.itemCodeableConcept),
                words(one.itemCodeableConcept.text)
                if one.itemCodeableConcept is not None
                else words(one.itemReference.display),
                quantity(one.strength and one.strength.numerator),
                quantity(one.strength and one.strength.denominator),
            )
            for one in target.ingredient or []
            if one.isActive is not False
        ),
        form=spoken(target.form),
    )


def dosage(line: Any) -> Dosage:
    reason = line.asNeededCodeableConcept
    maximum = line.maxDosePerPeriod
    most = quantity(maximum and maximum.numerator)
    over = quantity(maximum and maximum.denominator)
    within = length(maximum.denominator) if over is not None and (over.unit or over.code) else None
    said = [words(line.text), words(line.patientInstruction), *map(spoken, line.additionalInstruction or [])]
    text, *further = [one for one in said if one] or [None]
    return Dosage(
        text=text,
        sequence=line.sequence,
        doses=tuple(entry for one in line.doseAndRate or [] for entry in _doses(one)) + _epic(line),
        timing=timing(line.timing),
        as_needed=bool(line.asNeededBoolean) or reason is not None,
        as_needed_for=spoken(reason),
        maximum=() if most is None or not within else (MaximumDose(most, within),),
        single_maximum=quantity(line.maxDosePerAdministration),
        route=spoken(line.route),
        route_codes=codings(line.route),
        instructions=tuple(one for one in dict.fromkeys(further) if one != text),
    )


def _doses(entry: Any) -> list[DoseEntry]:
    kind = _word(entry.type).replace(" ", "-") or None if entry.type is not None else None
    found = [_compared(kind, entry.doseQuantity), _ranged(kind, entry.doseRange)]
    return [one for one in found if one is not None] + _rates(entry, kind)


def _rates(entry: Any, kind: str | None) -> list[DoseEntry]:
    plain = quantity(entry.rateQuantity)
    found = [DoseEntry(kind, plain, plain, is_rate=True)] if plain is not None else []
    ratio = quantity(entry.rateRatio and entry.rateRatio.numerator)
    if ratio is not None:
        rate = _per(ratio, quantity(entry.rateRatio.denominator))
        found.append(DoseEntry(kind, rate, rate, is_rate=True))
    between = _ranged(kind, getattr(entry, "rateRange", None))
    if between is not None:
        found.append(DoseEntry(kind, between.low, between.high, is_rate=True))
    return found


def _per(amount: Quantity, time: Quantity | None) -> Quantity:
    if time is None or not time.value or not (time.unit or time.code):
        return amount
    code = f"{amount.code}/{time.code}" if amount.code and time.code else None
    return Quantity(amount.value / time.value, f"{amount.unit or amount.code or ''}/{time.unit or time.code}", code)


def _ranged(kind: str | None, value: Any) -> DoseEntry | None:
    low, high = quantity(value and value.low), quantity(value and value.high)
    return None if low is None and high is None else DoseEntry(kind, low, high)


def _compared(kind: str | None, value: Any) -> DoseEntry | None:
    amount = quantity(value)
    if amount is None:
        return None
    at_most, at_least = (value.comparator or "").startswith("<"), (value.comparator or "").startswith(">")
    return DoseEntry(kind, None if at_most else amount, None if at_least else amount)


def _epic(line: Any) -> tuple[DoseEntry, ...]:
    kinds = {"ordered-dose": "ordered", "admin-amount": "admin-amount"}
    stated = [(str(one.url).partition("open.epic.com/fhir/extensions/")[2], one) for one in line.extension or []]
    read = [_compared(kinds[name], one.valueQuantity) for name, one in stated if name in kinds]
    return tuple(one for one in read if one is not None)


def _word(concept: Any) -> str:
    """A code in lower case: of the first coding that has one, else the text."""
    coded = [one.code for one in concept.coding or [] if one.code]
    return str(coded[0] if coded else concept.text or "").strip().lower()


def timing(model: Any) -> Timing | None:
    if model is None:
        return None
    found, repeat = codings(model.code), model.repeat
    display = next((one.display for one in found if one.display), None)
    coded = {
        "code": next((one.code for one in found if one.code), None),
        "code_text": (words(model.code.text) if model.code is not None else None) or display,
        "events": tuple(d for d in map(day, model.event or []) if d is not None),
    }
    if repeat is None:
        return Timing(**coded)
    bounds = repeat.boundsRange
    return Timing(
        frequency=_exact(repeat.frequency),
        frequency_max=_exact(repeat.frequencyMax),
        period=_exact(repeat.period),
        period_max=_exact(repeat.periodMax),
        period_unit=repeat.periodUnit,
        when=tuple(repeat.when or ()),
        time_of_day=tuple(time.isoformat() for time in repeat.timeOfDay or ()),
        day_of_week=tuple(repeat.dayOfWeek or ()),
        count=_exact(repeat.count),
        count_max=_exact(repeat.countMax),
        duration=_exact(repeat.duration),
        duration_unit=repeat.durationUnit,
        bounds=period(repeat.boundsPeriod),
        bounds_days=_at_most(repeat.boundsDuration) if bounds is None else bounds.high and length(bounds.low),
        bounds_days_max=None if bounds is None else length(bounds.high),
        **coded,
    )


def _at_most(duration: Any) -> Fraction | None:
    """A length; one that is only the least says no end."""
    return None if duration is None or (duration.comparator or "").startswith(">") else length(duration)


def _exact(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)


def regimen(model: Any, source: str, patient: str, beside: Iterable[Any] = ()) -> Regimen:
    """The whole record; ``notes`` are left empty."""
    kind = KINDS[model.get_resource_type()]
    subject = named(model.subject)
    read = {
        "source": source,
        "medication": medication(model, beside),
        "kind": kind,
        "status": (model.status or "").lower(),
        "another_patient": bool(subject and "?" not in subject and subject != patient),
        "setting": _setting(model.category),
    }
    return Regimen(**read, **_OF_KIND[model.get_resource_type()](model))


def _setting(categories: Any) -> Setting | None:
    found = {str(one.code).lower() for concept in _listed(categories) for one in concept.coding or [] if one.code}
    found |= {str(concept.text).strip().lower() for concept in _listed(categories) if concept.text}
    for code, setting in (
        ("discharge", Setting.DISCHARGE),
        ("inpatient", Setting.INPATIENT),
        ("community", Setting.COMMUNITY),
        ("outpatient", Setting.COMMUNITY),
    ):
        if code in found:
            return setting
    return None


def _resting_on(*lists: Any) -> tuple[str, ...]:
    found = {named(one) for listed in lists for one in _listed(listed)}
    return tuple(sorted(name for name in found if name is not None))


def _plan(model: Any) -> str | None:
    plans = [name for one in model.basedOn or [] if (name := named(one)) and name.startswith("CarePlan/")]
    group = model.groupIdentifier
    return next(iter(plans), f"{words(group.system) or ''}|{group.value}" if group and words(group.value) else None)


def _reasons(model: Any) -> tuple[Reason, ...]:
    found = [Reason(codings(one), words(one.text)) for one in model.reasonCode or []]
    # A condition that was not sent is told by the words of the reference.
    found += [Reason(text=words(one.display)) for one in model.reasonReference or [] if one.display]
    return tuple(dict.fromkeys(reason for reason in found if reason != Reason()))


def _request(model: Any) -> dict[str, Any]:
    dispense = model.dispenseRequest
    supply = None
    if dispense is not None:
        amount, days = quantity(dispense.quantity), length(dispense.expectedSupplyDuration)
        repeats = dispense.numberOfRepeatsAllowed
        if dispense.quantity is not None or dispense.expectedSupplyDuration is not None or repeats is not None:
            supply = Supply(amount, days, Fraction(repeats or 0))
    return {
        "intent": (model.intent or "").lower(),
        "do_not_perform": bool(model.doNotPerform),
        "reported": bool(model.reportedBoolean) or bool(model.reportedReference and model.reportedReference.reference),
        "requester": party(model.requester) or party(model.recorder),
        "requester_name": display(model.requester if party(model.requester) else model.recorder),
        "dosages": tuple(map(dosage, model.dosageInstruction or [])),
        "authored_on": day(model.authoredOn),
        "validity": period(dispense and dispense.validityPeriod),
        "supply": supply,
        "plan": _plan(model),
        "prior": named(model.priorPrescription),
        "references": _resting_on(model.basedOn),
        "reasons": _reasons(model),
    }


def _statement(model: Any) -> dict[str, Any]:
    effective = period(model.effectivePeriod)
    return {
        "taken": {"not-taken": False}.get(model.status),
        "dosages": tuple(map(dosage, model.dosage or [])),
        "authored_on": day(model.dateAsserted),
        "asserted_on": day(model.dateAsserted),
        "effective": Period(day(model.effectiveDateTime)) if effective == Period() else effective,
        "references": _resting_on(model.basedOn, model.derivedFrom),
    }


def _dispense(model: Any) -> dict[str, Any]:
    handed = day(model.whenHandedOver) or day(model.whenPrepared)
    supply = None
    if model.quantity is not None or model.daysSupply is not None:
        supply = Supply(quantity(model.quantity), length(model.daysSupply))
    return {
        "dosages": tuple(map(dosage, model.dosageInstruction or [])),
        "authored_on": handed,
        "effective": Period(handed),
        "supply": supply,
        "references": _resting_on(model.authorizingPrescription),
    }


def _administration(model: Any) -> dict[str, Any]:
    effective, line = period(model.effectivePeriod), model.dosage
    held = day(model.effectiveDateTime)
    lines: tuple[Dosage, ...] = ()
    if line is not None:
        dose = quantity(line.dose)
        given = [] if dose is None else [DoseEntry(None, dose, dose)]
        lines = (
            Dosage(
                text=words(line.text),
                doses=(*given, *_rates(line, None)),
                route=spoken(line.route),
                route_codes=codings(line.route),
            ),
        )
    return {
        "taken": {"not-done": False}.get(model.status),
        "dosages": lines,
        "effective": Period(held, held) if effective == Period() else effective,
        "references": _resting_on(model.request),
    }


_OF_KIND = {
    "MedicationRequest": _request,
    "MedicationStatement": _statement,
    "MedicationDispense": _dispense,
    "MedicationAdministration": _administration,
}


def _of_visit(model: Any) -> bool | None:
    codes = {coding.code for concept in model.category or [] for coding in concept.coding or []}
    if "problem-list-item" in codes:
        return False
    return True if "encounter-diagnosis" in codes or (model.encounter is not None and not model.category) else None


def condition(model: Any, source: str, patient: str) -> ConditionEntry:
    """A problem; one that ended without a day and without a status is resolved."""
    status = _word(model.clinicalStatus) if model.clinicalStatus is not None else ""
    ended = model.abatementString or model.abatementAge or model.abatementRange
    return ConditionEntry(
        source=source,
        codings=codings(model.code),
        text=words(model.code.text) if model.code is not None else None,
        clinical_status=status or ("resolved" if ended else ""),
        verification_status=_word(model.verificationStatus) if model.verificationStatus is not None else "",
        onset=day(model.onsetDateTime) or period(model.onsetPeriod).start,
        abatement=day(model.abatementDateTime, last=True) or period(model.abatementPeriod).end,
        abated=bool(ended or model.abatementDateTime or model.abatementPeriod),
        recorded=day(model.recordedDate),
        of_visit=_of_visit(model),
        remarks=tuple(note.text for note in model.note or []),
        another_patient=named(model.subject) != patient,
    )
