"""Lines of dosing instructions: FHIR's Dosage (R4, R5), its STU3 and DSTU2 shapes, as :class:`rules.model.Dosage`.

Nothing is reckoned here. A line with a number that cannot be read keeps its text and loses its whole structure (note
``dosage-not-readable``): what remains of a broken line could give too small a dose.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from functools import lru_cache

import orjson

from cds_service.config import MAX_MEMOISED
from cds_service.fhir.coding import codings_of, concept_words
from cds_service.fhir.dates import period_of
from cds_service.fhir.elements import (
    Element,
    Notes,
    NotReadableError,
    TooLongError,
    boolean_of,
    content_of,
    members,
    number_of,
    one_object,
    text_of,
    word_of,
    words_of,
)
from cds_service.fhir.quantities import in_days, quantity_of, range_of, ratio_of
from cds_service.fhir.timing import timing_of
from rules.model import Dosage, DoseEntry, MaximumDose, Quantity
from rules.numbers.quantity import ONE

DOSAGE_NOT_READABLE = "dosage-not-readable"
MAXIMUM_NOT_READABLE = "maximum-not-readable"
TEXT_NOT_SENT = "dosage-text-not-sent"
MODIFIER_EXTENSION = "modifier-extension"

# The last three are those of a DSTU2 statement and of administrations.
_QUANTITIES = ("doseQuantity", "doseSimpleQuantity", "quantityQuantity", "dose", "quantity")
_TIMINGS = ("timing", "scheduledTiming", "schedule")  # R4 to DSTU2; a DSTU1 order; a DSTU1 statement
_RANGES = ("doseRange", "quantityRange")
_RATES = ("rateQuantity", "rateSimpleQuantity")
# Epic states the dose of a line once more in extensions of the line: how it was ordered, and how it is given.
_EPIC_EXTENSIONS = "open.epic.com/fhir/extensions/"
_PERIOD = "boundsPeriod"
_PERIOD_NAMED, _EVENT_NAMED = b'"boundsPeriod"', b'"event"'
_EPIC_DOSES = {"ordered-dose": "ordered", "admin-amount": "admin-amount"}


def dosages_of(value: object, zone: tzinfo, notes: Notes, rendered: object = None) -> tuple[Dosage, ...]:
    """The lines of dosing instructions, in order; without any, R5's ``rendered`` text is one line."""
    lines = tuple(_line(item, zone, notes) for item in members(value))
    text = _instructions(rendered, notes) if not lines else None
    return (Dosage(text=text),) if text else lines


def _line(value: object, zone: tzinfo, notes: Notes) -> Dosage:
    """One line; its reading is remembered without the dates of its period, which are one patient's."""
    timing = value.get("timing") if isinstance(value, dict) else None
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    period, undated = None, value
    if isinstance(value, dict) and isinstance(timing, dict) and isinstance(repeat, dict) and _PERIOD in repeat:
        period = repeat[_PERIOD]
        undated = value | {"timing": timing | {"repeat": {key: repeat[key] for key in repeat if key != _PERIOD}}}
    content = content_of(undated)
    if content is None or _PERIOD_NAMED in content or _EVENT_NAMED in content:
        return _dosage(value, zone, notes)
    line, said = _remembered(content)
    if period is None:
        notes.update(said)
        return line
    if line.timing is None:
        return _dosage(value, zone, notes)
    notes.update(said)
    return line.within(period_of(period, zone, notes))


@lru_cache(maxsize=MAX_MEMOISED)
def _remembered(content: bytes) -> tuple[Dosage, frozenset[str]]:
    """A line without dates, with its notes."""
    notes: Notes = set()
    return _dosage(orjson.loads(content), UTC, notes), frozenset(notes)


def _dosage(value: object, zone: tzinfo, notes: Notes) -> Dosage:
    if not isinstance(value, dict):
        if not isinstance(value, str):
            notes.add(DOSAGE_NOT_READABLE)
        return Dosage(text=_instructions(value, notes) if isinstance(value, str) else None)
    if value.get("modifierExtension"):
        notes.add(MODIFIER_EXTENSION)
    as_needed, reason = _as_needed(value, notes)
    route = value.get("route")
    try:
        doses = _doses(value)
        timing = timing_of(next(filter(None, map(value.get, _TIMINGS)), None), zone, notes)
    except NotReadableError:
        notes.add(DOSAGE_NOT_READABLE)
        doses, timing = (), None
    text = _instructions(value.get("text"), notes)
    if text is None and value.get("_text") is not None:
        notes.add(TEXT_NOT_SENT)
    return Dosage(
        text=text or _instructions(value.get("patientInstruction"), notes),
        sequence=_sequence(value.get("sequence"), notes),
        doses=doses,
        timing=timing,
        as_needed=as_needed,
        as_needed_for=reason,
        maximum=_maximum(value.get("maxDosePerPeriod"), notes),
        single_maximum=_single_maximum(value.get("maxDosePerAdministration"), notes),
        route=None if route is None else concept_words(route),
        route_codes=() if route is None else codings_of(route),
    )


def _instructions(value: object, notes: Notes) -> str | None:
    """Instructions in words; none, and a note, where they are longer than what is read."""
    try:
        return words_of(value)
    except TooLongError:
        notes.add(DOSAGE_NOT_READABLE)
        return None


def _doses(dosage: Element) -> tuple[DoseEntry, ...]:
    """The stated doses and rates: R4's ``doseAndRate``, or the dose that STU3 writes on the line itself; and what
    Epic's extensions state again. They are one dose: which of them is used is for the rules to say."""
    found: list[DoseEntry] = []
    for item in members(dosage.get("doseAndRate")):
        element = one_object(item)
        if element:
            found.extend(_entries(element, word_of(element.get("type")).replace(" ", "-") or None))
    if not any(not entry.is_rate for entry in found):
        found = [*_entries(dosage, None), *found]
    return (*found, *_in_extensions(dosage))


def _in_extensions(dosage: Element) -> Iterator[DoseEntry]:
    for extension in members(dosage.get("extension")):
        url = text_of(extension.get("url")) if isinstance(extension, dict) else None
        kind = _EPIC_DOSES.get((url or "").partition(_EPIC_EXTENSIONS)[2])
        entry = None if kind is None else _one(extension.get("valueQuantity"), kind)
        if entry is not None:
            yield entry


def _entries(element: Element, kind: str | None) -> list[DoseEntry]:
    found = []
    for name in _QUANTITIES:
        if name in element:
            entry = _one(element[name], kind)
            if entry is not None:
                found.append(entry)
    for name in _RANGES:
        if name in element:
            low, high = range_of(element[name])
            if low or high:
                found.append(DoseEntry(kind, low, high))
    for name in _RATES:
        rate = quantity_of(element.get(name))
        if rate is not None:
            found.append(DoseEntry(kind, rate, rate, is_rate=True))
    if "rateRatio" in element:
        numerator, denominator = ratio_of(element["rateRatio"])
        if numerator is not None:
            rate = _per(numerator, denominator)
            found.append(DoseEntry(kind, rate, rate, is_rate=True))
    if "rateRange" in element:
        low, high = range_of(element["rateRange"])
        if low or high:
            found.append(DoseEntry(kind, low, high, is_rate=True))
    return found


def _one(value: object, kind: str | None) -> DoseEntry | None:
    quantity = quantity_of(value)
    if quantity is None:
        return None
    comparator = text_of(value.get("comparator")) if isinstance(value, dict) else None
    if comparator in ("<", "<="):
        return DoseEntry(kind, None, quantity)
    if comparator in (">", ">="):
        return DoseEntry(kind, quantity, None)
    return DoseEntry(kind, quantity, quantity)


def _per(numerator: Quantity, denominator: Quantity | None) -> Quantity:
    """A ratio as one quantity: ``10 mg`` per ``2 h`` is ``5 mg/h``. A denominator of 0 or without unit is left out."""
    if denominator is None or not denominator.value or not (denominator.unit or denominator.code):
        return numerator
    unit = f"{numerator.unit or numerator.code or ''}/{denominator.unit or denominator.code}"
    code = f"{numerator.code}/{denominator.code}" if numerator.code and denominator.code else None
    return Quantity(numerator.value / denominator.value, unit, code)


def _as_needed(dosage: Element, notes: Notes) -> tuple[bool, str | None]:
    """Whether the dose is taken as needed, and for what; R5's ``asNeededFor`` and R4's concept mean that it is."""
    reasons = [*members(dosage.get("asNeededCodeableConcept")), *members(dosage.get("asNeededFor"))]
    plain = dosage.get("asNeeded")
    if isinstance(plain, dict):  # a concept in the place of R5's truth value
        reasons.append(plain)
        plain = None
    try:
        stated = bool(boolean_of(dosage.get("asNeededBoolean"))) or bool(boolean_of(plain))
    except NotReadableError:
        notes.add(DOSAGE_NOT_READABLE)
        stated = False
    words = [word for word in map(concept_words, reasons) if word]
    return stated or bool(reasons), "; ".join(words) or None


def _maximum(value: object, notes: Notes) -> tuple[MaximumDose, ...]:
    """The written upper limits, with their periods in days. One that cannot be read is left out and noted: a limit only
    ever lowers a dose."""
    found = []
    for item in members(value):
        try:
            amount, period = ratio_of(item)
            if amount is None:
                if item:
                    notes.add(MAXIMUM_NOT_READABLE)
                continue
            days = ONE if period is None else in_days(period, notes)
        except NotReadableError:
            notes.add(MAXIMUM_NOT_READABLE)
            continue
        if days:
            found.append(MaximumDose(amount, days))
        else:
            notes.add(MAXIMUM_NOT_READABLE)
    return tuple(found)


def _single_maximum(value: object, notes: Notes) -> Quantity | None:
    """The written upper limit of one administration; left out and noted where it cannot be read."""
    try:
        return quantity_of(value)
    except NotReadableError:
        notes.add(MAXIMUM_NOT_READABLE)
        return None


def _sequence(value: object, notes: Notes) -> int | None:
    try:
        number = number_of(value)
    except NotReadableError:
        number = None
        notes.add(DOSAGE_NOT_READABLE)
    if number is None or number.denominator != 1:
        return None
    return number.numerator
