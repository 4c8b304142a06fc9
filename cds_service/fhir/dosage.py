"""Lines of dosing instructions: FHIR's Dosage (R4, R5), its STU3 and DSTU2 shapes, as :class:`rules.model.Dosage`.

Nothing is calculated here. A line with a number that cannot be read keeps its text and loses its structure (note
``dosage-not-readable``): what remains of a broken structure could give too small a dose.
"""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from cds_service.fhir.datatypes import codings_of, concept_label, in_days, quantity_of, ratio_of
from cds_service.fhir.dose import AT_LEAST, doses_of
from cds_service.fhir.elements import (
    Element,
    Notes,
    NotReadableError,
    TooLongError,
    boolean_of,
    bounded_text_of,
    list_of,
    memoised_by_json,
    number_of,
    text_of,
)
from cds_service.fhir.timing import period_of, timing_of
from rules.model import Dosage, MaximumDose, Quantity

DOSAGE_NOT_READABLE = "dosage-not-readable"
MAXIMUM_NOT_READABLE = "maximum-not-readable"
TEXT_NOT_SENT = "dosage-text-not-sent"
MODIFIER_EXTENSION = "modifier-extension"

_TIMINGS = ("timing", "scheduledTiming", "schedule")  # R4 to DSTU2; a DSTU1 order; a DSTU1 statement
_ADDITIONAL = ("additionalInstruction", "additionalInstructions")
_BOUNDS_PERIOD, _EVENT = "boundsPeriod", "event"
_AS_NEEDED = frozenset({"asNeeded", "asNeededBoolean", "asNeededCodeableConcept", "asNeededFor"})


def dosages_of(
    value: object, zone: tzinfo, notes: Notes, rendered: object = None, on: date | None = None
) -> tuple[Dosage, ...]:
    """The lines of dosing instructions, in order; without any, R5's ``rendered`` text is the only line.

    ``on`` is the day judged: bounds known in part are taken as :func:`~cds_service.fhir.timing.start_of` says.
    """
    lines = tuple(_line(item, zone, notes, on) for item in list_of(value))
    text, too_long = _instructions(rendered, notes) if not lines else (None, False)
    return (Dosage(text=text, text_too_long=too_long),) if text or too_long else lines


def _line(value: object, zone: tzinfo, notes: Notes, on: date | None) -> Dosage:
    """One line. Its reading is memoised without its bounds, since few lines of two patients have the same."""
    bounds, undated = _without_bounds(value)
    if _has_dates(undated):
        return _read_line(value, zone, notes, on)
    line, line_notes = _undated_line(undated)
    if bounds is not None:
        if line.timing is None:
            return _read_line(value, zone, notes, on)
        line = line.within(period_of(bounds, zone, notes, on))
    notes.update(line_notes)
    return line


def _without_bounds(value: object) -> tuple[object, object]:
    """The ``boundsPeriod`` of a line, if it has one, and the line without it."""
    timing = value.get("timing") if isinstance(value, dict) else None
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    if not (isinstance(value, dict) and isinstance(timing, dict) and isinstance(repeat, dict)):
        return None, value
    if _BOUNDS_PERIOD not in repeat:
        return None, value
    rest = {key: item for key, item in repeat.items() if key != _BOUNDS_PERIOD}
    return repeat[_BOUNDS_PERIOD], value | {"timing": timing | {"repeat": rest}}


def _has_dates(value: object) -> bool:
    """Whether a line may hold dates: events, or bounds that stand in another than the usual place."""
    for timing in map(value.get, _TIMINGS) if isinstance(value, dict) else ():
        if isinstance(timing, dict):
            repeat = timing.get("repeat")
            if _EVENT in timing or not isinstance(repeat, dict | None) or (repeat and _BOUNDS_PERIOD in repeat):
                return True
        elif not isinstance(timing, str | None):
            return True
    return False


@memoised_by_json
def _undated_line(value: object) -> tuple[Dosage, frozenset[str]]:
    """A line without dates, with its notes."""
    notes: Notes = set()
    return _read_line(value, UTC, notes), frozenset(notes)


def _read_line(value: object, zone: tzinfo, notes: Notes, on: date | None = None) -> Dosage:
    if not isinstance(value, dict):
        if not isinstance(value, str):
            notes.add(DOSAGE_NOT_READABLE)
            return Dosage()
        text, too_long = _instructions(value, notes)
        return Dosage(text=text, text_too_long=too_long)
    if value.get("modifierExtension"):
        notes.add(MODIFIER_EXTENSION)
    as_needed, reason = _as_needed(value, notes)
    route = value.get("route")
    try:
        doses = doses_of(value)
        timing = timing_of(next(filter(None, map(value.get, _TIMINGS)), None), zone, notes, on)
    except NotReadableError:
        notes.add(DOSAGE_NOT_READABLE)
        doses, timing = (), None
    text, too_long = _instructions(value.get("text"), notes)
    if text is None and not too_long and value.get("_text") is not None:
        notes.add(TEXT_NOT_SENT)
    further = _further_instructions(value, notes)
    if text is None and further:
        text, *further = further
    return Dosage(
        text=text,
        sequence=_sequence(value.get("sequence"), notes),
        doses=doses,
        timing=timing,
        as_needed=as_needed,
        as_needed_for=reason,
        maximum=_maximum(value.get("maxDosePerPeriod"), notes),
        single_maximum=_single_maximum(value.get("maxDosePerAdministration"), notes),
        route=None if route is None else concept_label(route),
        route_codes=() if route is None else codings_of(route),
        instructions=tuple(each for each in dict.fromkeys(further) if each != text),
        text_too_long=too_long,
    )


def _instructions(value: object, notes: Notes) -> tuple[str | None, bool]:
    """Instructions in words; None, with a note, where they are longer than what is read, and whether they are."""
    if value is None:
        return None, False
    try:
        return bounded_text_of(value), False
    except TooLongError:
        notes.add(DOSAGE_NOT_READABLE)
        return None, True


def _further_instructions(dosage: Element, notes: Notes) -> list[str]:
    """What is said in words beside the text: to the patient, and additional instructions (DSTU2: one concept)."""
    found = [_instructions(dosage.get("patientInstruction"), notes)[0]]
    for name in _ADDITIONAL:
        for concept in list_of(dosage[name]) if dosage.get(name) is not None else ():
            try:
                found.append(concept_label(concept))
            except TooLongError:
                notes.add(DOSAGE_NOT_READABLE)
    return [text for text in found if text]


def _as_needed(dosage: Element, notes: Notes) -> tuple[bool, str | None]:
    """Whether the dose is taken as needed, and the reason. R5's ``asNeededFor`` and R4's concept imply it."""
    if not _AS_NEEDED & dosage.keys():
        return False, None
    reasons = [*list_of(dosage.get("asNeededCodeableConcept")), *list_of(dosage.get("asNeededFor"))]
    boolean = dosage.get("asNeeded")
    if isinstance(boolean, dict):  # a concept in the place of R5's boolean
        reasons.append(boolean)
        boolean = None
    try:
        is_stated = bool(boolean_of(dosage.get("asNeededBoolean"))) or bool(boolean_of(boolean))
    except NotReadableError:
        notes.add(DOSAGE_NOT_READABLE)
        is_stated = False
    labels = [label for label in map(concept_label, reasons) if label]
    return is_stated or bool(reasons), "; ".join(labels) or None


def _maximum(value: object, notes: Notes) -> tuple[MaximumDose, ...]:
    """The written upper limits, with their periods in days. One that cannot be read, or whose period has no unit, is
    left out and noted: a limit only ever lowers a dose."""
    if value is None:
        return ()
    limits = []
    for item in list_of(value):
        try:
            amount, period = ratio_of(item)
            amount = None if isinstance(item, dict) and _is_at_least(item.get("numerator")) else amount
            has_unit = period is not None and bool(period.unit or period.code)
            days = in_days(period, notes) if period is not None and has_unit else None
        except NotReadableError:
            amount = days = None
        if amount is not None and days:
            limits.append(MaximumDose(amount, days))
        elif item:
            notes.add(MAXIMUM_NOT_READABLE)
    return tuple(limits)


def _single_maximum(value: object, notes: Notes) -> Quantity | None:
    """The written upper limit of one administration; left out and noted where it cannot be read."""
    if value is None:
        return None
    try:
        maximum = None if _is_at_least(value) else quantity_of(value)
    except NotReadableError:
        maximum = None
    if maximum is None:
        notes.add(MAXIMUM_NOT_READABLE)
    return maximum


def _is_at_least(value: object) -> bool:
    """Whether a quantity is the least that it may be, and so limits nothing."""
    return isinstance(value, dict) and text_of(value.get("comparator")) in AT_LEAST


def _sequence(value: object, notes: Notes) -> int | None:
    if value is None:
        return None
    try:
        number = number_of(value)
    except NotReadableError:
        number = None
        notes.add(DOSAGE_NOT_READABLE)
    if number is None or number.denominator != 1:
        return None
    return number.numerator
