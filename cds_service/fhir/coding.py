"""Codes and concepts: which code system a URI means, and a CodeableConcept as codings and text."""

from __future__ import annotations

from cds_service.fhir.elements import members, text_of, words_of
from rules.model import CodeSystem, Coding

_SYSTEMS: dict[str, CodeSystem] = {
    "www.nlm.nih.gov/research/umls/rxnorm": CodeSystem.RXNORM,
    "urn:oid:2.16.840.1.113883.6.88": CodeSystem.RXNORM,
    "snomed.info/sct": CodeSystem.SNOMED,
    "urn:oid:2.16.840.1.113883.6.96": CodeSystem.SNOMED,
    "dmd.nhs.uk": CodeSystem.SNOMED,  # dm+d identifiers are SNOMED CT identifiers
    "www.whocc.no/atc": CodeSystem.ATC,
    "urn:oid:2.16.840.1.113883.6.73": CodeSystem.ATC,
    "hl7.org/fhir/sid/ndc": CodeSystem.NDC,
    "urn:oid:2.16.840.1.113883.6.69": CodeSystem.NDC,
    "hl7.org/fhir/sid/icd-10-cm": CodeSystem.ICD10CM,
    "urn:oid:2.16.840.1.113883.6.90": CodeSystem.ICD10CM,
}
# Codings that say why there is no code; their display ("unknown") is no name of a drug.
_NO_DATA = ("data-absent-reason", "v3-nullflavor", "v3/nullflavor")


def system_of(uri: object) -> CodeSystem | None:
    """The code system that a URI (or OID) stands for, None if the knowledge base does not know it."""
    if not isinstance(uri, str):
        return None
    found = _SYSTEMS.get(uri)
    if found is not None:
        return found
    return _SYSTEMS.get(uri.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/"))


def codings_of(value: object) -> tuple[Coding, ...]:
    """The codings of a CodeableConcept (or of a bare Coding) that carry a code or a display, as sent and in order.

    Raises:
        TooLongError: a display is longer than what is read.
    """
    found = []
    for concept in members(value):
        if not isinstance(concept, dict):
            continue
        listed = concept.get("coding")
        for coding in members(listed) if listed is not None else [concept]:
            if not isinstance(coding, dict):
                continue
            code, display = text_of(coding.get("code")), words_of(coding.get("display"))
            uri = coding.get("system")
            if code or display:
                system = system_of(uri)
                if system is not None or not _says_no_data(uri):
                    found.append(Coding(system, code, display))
    return tuple(found)


def concept_text(value: object) -> str | None:
    """The free text of a CodeableConcept, or the string that stands in its place.

    Raises:
        TooLongError: it is longer than what is read.
    """
    for concept in members(value):
        text = words_of(concept.get("text") if isinstance(concept, dict) else concept)
        if text:
            return text
    return None


def concept_words(value: object) -> str | None:
    """The words of a CodeableConcept for a person: its text, else the first display, else the first code."""
    text = concept_text(value)
    if text:
        return text
    codings = codings_of(value)
    for coding in codings:
        if coding.display:
            return coding.display
    return codings[0].code if codings else None


def _says_no_data(uri: object) -> bool:
    return isinstance(uri, str) and uri.strip().lower().rstrip("/").endswith(_NO_DATA)
