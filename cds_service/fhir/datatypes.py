"""FHIR's data types: codes and concepts, quantities, ranges, ratios and durations. Numbers are exact, units as sent."""

from __future__ import annotations

from fractions import Fraction

from cds_service.fhir.elements import Notes, NotReadableError, bounded_text_of, list_of, number_of, object_of, text_of
from rules.model import CodeSystem, Coding, Quantity
from rules.numbers.quantity import DAYS_PER, ONE

DAYS_ASSUMED = "days-assumed"

_SYSTEMS: dict[str, CodeSystem] = {
    "www.nlm.nih.gov/research/umls/rxnorm": CodeSystem.RXNORM,
    "2.16.840.1.113883.6.88": CodeSystem.RXNORM,
    "snomed.info/sct": CodeSystem.SNOMED,
    "2.16.840.1.113883.6.96": CodeSystem.SNOMED,
    "dmd.nhs.uk": CodeSystem.SNOMED,  # dm+d identifiers are SNOMED CT identifiers
    "www.whocc.no/atc": CodeSystem.ATC,
    "2.16.840.1.113883.6.73": CodeSystem.ATC,
    "hl7.org/fhir/sid/ndc": CodeSystem.NDC,
    "2.16.840.1.113883.6.69": CodeSystem.NDC,
    "hl7.org/fhir/sid/icd-10-cm": CodeSystem.ICD10CM,
    "2.16.840.1.113883.6.90": CodeSystem.ICD10CM,
}
_SNOMED_URI = "snomed.info/sct"
_SCHEMES = ("https://", "http://", "urn:oid:")
# Code systems of reasons why there is no code. Their displays, such as "unknown", are not names of drugs.
_NO_DATA_SYSTEMS = ("data-absent-reason", "v3-nullflavor", "v3/nullflavor")
_TIME_UNITS: dict[str, str] = {
    word: unit
    for unit, words in {
        "s": "s sec secs second seconds",
        "min": "min mins minute minutes",
        "h": "h hr hrs hour hours",
        "d": "d day days",
        "wk": "wk wks week weeks",
        "mo": "mo mos month months",
        "a": "a y yr yrs year years",
    }.items()
    for word in words.split()
}


def system_of(uri: object) -> CodeSystem | None:
    """The code system of a URI or OID, with or without its scheme; None if the knowledge base does not know it.

    A version (``|20260301``) and the edition of SNOMED CT are left aside.
    """
    if not isinstance(uri, str):
        return None
    name, _, _ = uri.strip().lower().partition("|")
    for scheme in _SCHEMES:
        name = name.removeprefix(scheme)
    name = name.rstrip("/")
    return _SYSTEMS.get(_SNOMED_URI if name.startswith(f"{_SNOMED_URI}/") else name)


def codings_of(value: object) -> tuple[Coding, ...]:
    """The codings of a CodeableConcept, or a bare Coding, that have a code or a display, as sent and in order.

    Raises:
        TooLongError: a display is longer than what is read.
    """
    codings = []
    for concept in list_of(value):
        if not isinstance(concept, dict):
            continue
        listed = concept.get("coding")
        for coding in list_of(listed) if listed is not None else [concept]:
            if not isinstance(coding, dict):
                continue
            code, display = text_of(coding.get("code")), bounded_text_of(coding.get("display"))
            uri = coding.get("system")
            if code or display:
                system = system_of(uri)
                if system is not None or not _is_reason_for_no_data(uri):
                    codings.append(Coding(system, code, display))
    return tuple(codings)


def concept_text(value: object) -> str | None:
    """The ``text`` of a CodeableConcept, or the string sent in its place.

    Raises:
        TooLongError: it is longer than what is read.
    """
    for concept in list_of(value):
        text = bounded_text_of(concept.get("text") if isinstance(concept, dict) else concept)
        if text:
            return text
    return None


def concept_label(value: object) -> str | None:
    """A CodeableConcept in words: its text, else its first display, else its first code.

    Raises:
        TooLongError: a text or a display is longer than what is read.
    """
    text = concept_text(value)
    if text:
        return text
    codings = codings_of(value)
    for coding in codings:
        if coding.display:
            return coding.display
    return codings[0].code if codings else None


def _is_reason_for_no_data(uri: object) -> bool:
    return isinstance(uri, str) and uri.strip().lower().rstrip("/").endswith(_NO_DATA_SYSTEMS)


def time_unit(value: object) -> str | None:
    """A unit of time as its UCUM code (s, min, h, d, wk, mo, a); any other word as it was sent."""
    text = text_of(value)
    if text is None:
        return None
    return _TIME_UNITS.get(text.lower().strip("{}[]()."), text)


def quantity_of(value: object) -> Quantity | None:
    """A Quantity, or a bare number; None if absent or without a number.

    Raises:
        NotReadableError: the number cannot be used, or the element is no Quantity.
    """
    if value is None:
        return None
    if isinstance(value, int | float | str):
        number = number_of(value)
        return None if number is None else Quantity(number)
    element = object_of(value)
    number = None if element is None else number_of(element.get("value"))
    if element is None or number is None:
        return None
    return Quantity(number, text_of(element.get("unit")), text_of(element.get("code")))


def range_of(value: object) -> tuple[Quantity | None, Quantity | None]:
    """The low and the high end of a Range, None where not sent. Ends of the same unit in the wrong order are swapped.

    Raises:
        NotReadableError: an end cannot be read.
    """
    element = object_of(value)
    if element is None:
        return None, None
    low, high = quantity_of(element.get("low")), quantity_of(element.get("high"))
    if low and high and low.value > high.value and (low.unit, low.code) == (high.unit, high.code):
        return high, low
    return low, high


def ratio_of(value: object) -> tuple[Quantity | None, Quantity | None]:
    """The numerator and the denominator of a Ratio, None where not sent; a bare Quantity is a numerator.

    Raises:
        NotReadableError: either cannot be read.
    """
    element = object_of(value)
    if element is None:
        return None, None
    if "numerator" not in element and "value" in element:
        return quantity_of(element), None
    return quantity_of(element.get("numerator")), quantity_of(element.get("denominator"))


def days_of(value: object, notes: Notes) -> Fraction | None:
    """A Duration in days; a number without a unit is taken as days, and noted as ``days-assumed``.

    Raises:
        NotReadableError: no number, or its unit is no unit of time.
    """
    quantity = quantity_of(value)
    return None if quantity is None else in_days(quantity, notes)


def in_days(quantity: Quantity, notes: Notes) -> Fraction:
    """A length of time in days, as :func:`days_of`.

    Raises:
        NotReadableError: the unit is no unit of time.
    """
    if quantity.code is None and quantity.unit is None:
        notes.add(DAYS_ASSUMED)
        return quantity.value * ONE
    for unit in (quantity.code, quantity.unit):
        days = DAYS_PER.get(time_unit(unit) or "")
        if days is not None:
            return quantity.value * days
    raise NotReadableError("not a unit of time")
