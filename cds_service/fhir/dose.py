"""The doses and rates that a line of dosing instructions states, wherever and however often it states them."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.fhir.datatypes import quantity_of, range_of, ratio_of
from cds_service.fhir.elements import Element, code_of, list_of, object_of, text_of
from rules.model import DoseEntry, Quantity

# The last three are those of a DSTU2 statement and of administrations.
_QUANTITIES = ("doseQuantity", "doseSimpleQuantity", "quantityQuantity", "dose", "quantity")
_RANGES = ("doseRange", "quantityRange")
_RATES = ("rateQuantity", "rateSimpleQuantity")
AT_LEAST = (">", ">=")
# Epic repeats the dose of a line in extensions: as it was ordered, and as it is administered.
_EPIC_EXTENSIONS = "open.epic.com/fhir/extensions/"
_EPIC_DOSES = {"ordered-dose": "ordered", "admin-amount": "admin-amount"}


def doses_of(dosage: Element) -> tuple[DoseEntry, ...]:
    """The stated doses and rates: R4's ``doseAndRate``, or the dose that STU3 has on the line itself; and those of
    Epic's extensions. They state one dose several times: the rules choose among them."""
    entries: list[DoseEntry] = []
    for item in list_of(dosage["doseAndRate"]) if "doseAndRate" in dosage else ():
        element = object_of(item)
        if element:
            entries.extend(_dose_entries(element, code_of(element.get("type")).replace(" ", "-") or None))
    if not any(not entry.is_rate for entry in entries):
        entries = [*_dose_entries(dosage, None), *entries]
    return (*entries, *_extension_entries(dosage.get("extension")))


def _extension_entries(extensions: object) -> Iterator[DoseEntry]:
    if extensions is None:
        return
    for extension in list_of(extensions):
        url = text_of(extension.get("url")) if isinstance(extension, dict) else None
        kind = _EPIC_DOSES.get((url or "").partition(_EPIC_EXTENSIONS)[2])
        entry = None if kind is None else _dose_entry(extension.get("valueQuantity"), kind)
        if entry is not None:
            yield entry


def _dose_entries(element: Element, kind: str | None) -> list[DoseEntry]:
    entries = []
    for name in _QUANTITIES:
        if name in element:
            entry = _dose_entry(element[name], kind)
            if entry is not None:
                entries.append(entry)
    for name in _RANGES:
        if name in element:
            low, high = range_of(element[name])
            if low or high:
                entries.append(DoseEntry(kind, low, high))
    for name in _RATES:
        rate = quantity_of(element[name]) if name in element else None
        if rate is not None:
            entries.append(DoseEntry(kind, rate, rate, is_rate=True))
    if "rateRatio" in element:
        numerator, denominator = ratio_of(element["rateRatio"])
        if numerator is not None:
            rate = _quotient(numerator, denominator)
            entries.append(DoseEntry(kind, rate, rate, is_rate=True))
    if "rateRange" in element:
        low, high = range_of(element["rateRange"])
        if low or high:
            entries.append(DoseEntry(kind, low, high, is_rate=True))
    return entries


def _dose_entry(value: object, kind: str | None) -> DoseEntry | None:
    quantity = quantity_of(value)
    if quantity is None:
        return None
    comparator = text_of(value.get("comparator")) if isinstance(value, dict) else None
    if comparator in ("<", "<="):
        return DoseEntry(kind, None, quantity)
    if comparator in AT_LEAST:
        return DoseEntry(kind, quantity, None)
    return DoseEntry(kind, quantity, quantity)


def _quotient(numerator: Quantity, denominator: Quantity | None) -> Quantity:
    """A ratio as one quantity: ``10 mg`` per ``2 h`` is ``5 mg/h``. A denominator of 0 or without a unit is ignored."""
    if denominator is None or not denominator.value or not (denominator.unit or denominator.code):
        return numerator
    unit = f"{numerator.unit or numerator.code or ''}/{denominator.unit or denominator.code}"
    code = f"{numerator.code}/{denominator.code}" if numerator.code and denominator.code else None
    return Quantity(numerator.value / denominator.value, unit, code)
