"""A Condition (R4, STU3 or DSTU2) as :class:`rules.model.ConditionEntry`."""

from __future__ import annotations

from datetime import date, tzinfo

from cds_service.config import MAX_TEXT_LENGTH
from cds_service.fhir.datatypes import codings_of, concept_text
from cds_service.fhir.elements import Element, Notes, code_of, list_of, memoised_by_json, text_of
from cds_service.fhir.timing import day_of, period_of
from rules.model import Coding, ConditionEntry

_ABATEMENTS_WITHOUT_DATE = ("abatementAge", "abatementRange", "abatementString")
_ABATEMENTS = (*_ABATEMENTS_WITHOUT_DATE, "abatementDateTime", "abatementDate", "abatementPeriod")
# Categories, by code or by words, of what was diagnosed at one time, and of what stands.
_CODING_NAMES = ("code", "display")
_OF_PROBLEM_LIST = "problem-list-item"
_OF_VISIT = frozenset(
    {
        "encounter-diagnosis",
        "visit-diagnosis",
        "admission-diagnosis",
        "discharge-diagnosis",
        "billing-diagnosis",
        "medical-history",
        "past-medical-history",
    }
)


def condition_of(resource: Element, source: str, zone: tzinfo, *, another_patient: bool) -> ConditionEntry:
    """The condition, its statuses as FHIR's codes. A partial onset means its first day, a partial abatement its last.

    Raises:
        TooLongError: its name is longer than what is read.
    """
    notes: Notes = set()
    codings, text = _codings_and_text(resource.get("code"))
    return ConditionEntry(
        source=source,
        codings=codings,
        text=text,
        clinical_status=_clinical_status(resource),
        verification_status=code_of(resource.get("verificationStatus")),
        onset=_first_date(resource, ("onsetDateTime", "onsetDate"), zone, notes)
        or period_of(resource.get("onsetPeriod"), zone, notes).start,
        abatement=_abatement(resource, zone, notes),
        abated=resource.get("abatementBoolean") is True or any(map(resource.get, _ABATEMENTS)),
        recorded=_first_date(resource, ("recordedDate", "assertedDate", "dateRecorded", "dateAsserted"), zone, notes),
        of_visit=_of_visit(resource),
        remarks=_remarks(resource.get("note", resource.get("notes"))),
        another_patient=another_patient,
    )


@memoised_by_json
def _codings_and_text(code: object) -> tuple[tuple[Coding, ...], str | None]:
    return codings_of(code), concept_text(code)


def _of_visit(resource: Element) -> bool | None:
    """Whether it was diagnosed at a visit, or stands on the problem list; None if not stated."""
    names = set()
    for category in list_of(resource.get("category")):
        codings = list_of(category.get("coding")) if isinstance(category, dict) else []
        names |= {code_of(coding.get(key)) for coding in codings if isinstance(coding, dict) for key in _CODING_NAMES}
        names.add(code_of(category.get("text") if isinstance(category, dict) else category))
    spelt = {"-".join(name.split()) for name in names}
    if _OF_PROBLEM_LIST in spelt:
        return False
    is_of_visit = bool(spelt & _OF_VISIT) or (not spelt - {""} and bool(resource.get("encounter")))
    return is_of_visit or None


def _remarks(notes: object) -> tuple[str, ...]:
    """The texts of annotations, or a text in their place, as far as texts are read."""
    texts = (text_of(note.get("text") if isinstance(note, dict) else note) for note in list_of(notes))
    return tuple(text[:MAX_TEXT_LENGTH] for text in texts if text)


def _clinical_status(resource: Element) -> str:
    status = code_of(resource.get("clinicalStatus"))
    if not status and (resource.get("abatementBoolean") is True or any(map(resource.get, _ABATEMENTS_WITHOUT_DATE))):
        return "resolved"
    return status


def _first_date(resource: Element, names: tuple[str, ...], zone: tzinfo, notes: Notes) -> date | None:
    for name in names:
        if resource.get(name) is not None:
            return day_of(resource[name], zone, notes)
    return None


def _abatement(resource: Element, zone: tzinfo, notes: Notes) -> date | None:
    for name in ("abatementDateTime", "abatementDate"):
        if resource.get(name) is not None:
            return day_of(resource[name], zone, notes, last=True)
    return period_of(resource.get("abatementPeriod"), zone, notes).end
