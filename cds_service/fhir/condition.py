"""A Condition (R4, STU3 or DSTU2) as :class:`rules.model.ConditionEntry`, and the reasons of an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, tzinfo

from cds_service.config.limits import MAX_TEXT_LENGTH
from cds_service.fhir.datatypes import codings_of, concept_text
from cds_service.fhir.dosage import MODIFIER_EXTENSION
from cds_service.fhir.elements import Element, Notes, TooLongError, code_of, list_of, memoised_by_json, text_of
from cds_service.fhir.identity import VERSION_UNSURE
from cds_service.fhir.references import raw_reference_of
from cds_service.fhir.timing import day_of, period_of
from rules.model import Coding, ConditionEntry, Reason

TEXT_TOO_LONG, REMARK_TOO_LONG, NO_CONDITION = "text-too-long", "remark-too-long", "no-condition"
WHY_CONDITION_NOT_TOLD = {
    TEXT_TOO_LONG: f"it has a text of more than {MAX_TEXT_LENGTH} characters, the most that is read",
    NO_CONDITION: "it has neither a name nor a code of a known system",
}
"""Why an entry may be of a condition that is not known, by the notes on it."""
_IN_DOUBT = frozenset({TEXT_TOO_LONG, REMARK_TOO_LONG, VERSION_UNSURE, MODIFIER_EXTENSION})
_CLINICAL = frozenset({"active", "recurrence", "relapse", "inactive", "remission", "resolved"})
_VERIFICATIONS = frozenset({"confirmed", "unconfirmed", "provisional", "differential", "refuted", "entered-in-error"})
_ABATEMENTS_WITHOUT_DATE = ("abatementAge", "abatementRange", "abatementString")
_ABATEMENTS = (*_ABATEMENTS_WITHOUT_DATE, "abatementDateTime", "abatementDate", "abatementPeriod")
# Of these a condition is no reason for anything.
_NOT_BELIEVED = frozenset({"refuted", "entered-in-error"})
# The members with the reasons of a medication: R4's and STU3's, DSTU2's order and statement, R5's.
_REASON_CONCEPTS = ("reasonCode", "reasonCodeableConcept", "reasonForUseCodeableConcept")
_REASON_REFERENCES = ("reasonReference", "reasonForUseReference")
_R5_REASON = "reason"

SentConditions = Callable[[str], Element | None]
"""Finds the Condition of the patient that a reference of a resource means among those that were sent."""
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


def condition_of(
    resource: Element, source: str, zone: tzinfo, notes: Notes, *, another_patient: bool
) -> ConditionEntry:
    """The condition, its statuses as FHIR's codes. A partial onset means its first day, a partial abatement its last.

    Of a text that is longer than what is read only the code beside it counts. ``notes``: the codes noted already.
    """
    code = resource.get("code")
    try:
        codings, text = _codings_and_text(code)
    except TooLongError:
        notes.add(TEXT_TOO_LONG)
        codings, text = _codings_and_text(_without_long_texts(code))
    if (
        TEXT_TOO_LONG not in notes
        and not text
        and not any(coding.display or (coding.system and coding.code) for coding in codings)
    ):
        notes.add(NO_CONDITION)
    if resource.get("modifierExtension"):
        notes.add(MODIFIER_EXTENSION)
    remarks = _remarks(resource.get("note", resource.get("notes")), notes)
    return ConditionEntry(
        source=source,
        codings=codings,
        text=text,
        clinical_status=_clinical_status(resource),
        verification_status=_verification_status(resource.get("verificationStatus")),
        onset=_first_date(resource, ("onsetDateTime", "onsetDate"), zone, notes)
        or period_of(resource.get("onsetPeriod"), zone, notes).start,
        abatement=_abatement(resource, zone, notes),
        abated=resource.get("abatementBoolean") is True or any(map(resource.get, _ABATEMENTS)),
        recorded=_first_date(resource, ("recordedDate", "assertedDate", "dateRecorded", "dateAsserted"), zone, notes),
        of_visit=_of_visit(resource),
        remarks=remarks,
        in_doubt=bool(notes & _IN_DOUBT),
        another_patient=another_patient,
    )


@memoised_by_json
def _codings_and_text(code: object) -> tuple[tuple[Coding, ...], str | None]:
    texts = [text for concept in list_of(code) if (text := concept_text(concept)) is not None]
    return codings_of(code), "; ".join(texts) or None


def _of_visit(resource: Element) -> bool | None:
    """Whether it was diagnosed at a visit, or stands on the problem list; None if not stated."""
    spelt = _category_names(resource.get("category"))
    if _OF_PROBLEM_LIST in spelt:
        return False
    is_of_visit = bool(spelt & _OF_VISIT) or (not spelt and bool(resource.get("encounter")))
    return is_of_visit or None


@memoised_by_json
def _category_names(categories: object) -> frozenset[str]:
    """The categories by their codes, displays and texts."""
    names = set()
    for category in list_of(categories):
        codings = list_of(category.get("coding")) if isinstance(category, dict) else []
        names |= {code_of(coding.get(key)) for coding in codings if isinstance(coding, dict) for key in _CODING_NAMES}
        names.add(code_of(category.get("text") if isinstance(category, dict) else category))
    return frozenset("-".join(name.split()) for name in names) - {""}


def _remarks(sent: object, notes: Notes) -> tuple[str, ...]:
    """The texts of annotations, or a text in their place; of one that is too long as much as is read, and noted."""
    texts = [text_of(note.get("text") if isinstance(note, dict) else note) for note in list_of(sent)]
    if any(text is not None and len(text) > MAX_TEXT_LENGTH for text in texts):
        notes.add(REMARK_TOO_LONG)
    return tuple(text[:MAX_TEXT_LENGTH] for text in texts if text)


def _without_long_texts(code: object) -> object:
    """A CodeableConcept without the texts that are too long to be read; None for a text in its place."""

    def shorter(element: object) -> object:
        if not isinstance(element, dict):
            return None
        return {
            name: [shorter(item) for item in value] if isinstance(value, list) else value
            for name, value in element.items()
            if not (isinstance(value, str) and len(value.strip()) > MAX_TEXT_LENGTH)
        }

    return [shorter(item) for item in code] if isinstance(code, list) else shorter(code)


def _status(value: object, known: frozenset[str]) -> str:
    """A status: that of FHIR's codes among all codings that there are, else as it was sent."""
    concepts = (concept for concept in list_of(value) if isinstance(concept, dict))
    codings = (coding for concept in concepts for coding in list_of(concept.get("coding")))
    codes = [code_of(coding.get("code")) for coding in codings if isinstance(coding, dict)]
    return next((code for code in codes if code in known), code_of(value))


@memoised_by_json
def _verification_status(value: object) -> str:
    return _status(value, _VERIFICATIONS)


@memoised_by_json
def _stated_clinical_status(value: object) -> str:
    return _status(value, _CLINICAL)


def _clinical_status(resource: Element) -> str:
    status = _stated_clinical_status(resource.get("clinicalStatus"))
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


def reasons_of(resource: Element, sent: SentConditions) -> tuple[Reason, ...]:
    """What an order or a statement says that the medication is for; a reference means the condition that was sent.

    Words that are too long to be read are left out.
    """
    return tuple(dict.fromkeys(reason for reason in _reasons(resource, sent) if reason.codings or reason.text))


def _reasons(resource: Element, sent: SentConditions) -> Iterator[Reason]:
    for name in _REASON_CONCEPTS:
        for concept in list_of(resource.get(name)):
            yield _reason(concept)
    for name in _REASON_REFERENCES:
        for reference in list_of(resource.get(name)):
            yield _referenced_reason(reference, resource, sent)
    for either in list_of(resource.get(_R5_REASON)):
        concept, reference = (
            (either.get("concept"), either.get("reference")) if isinstance(either, dict) else (either, None)
        )
        if concept is not None:
            yield _reason(concept)
        if reference is not None:
            yield _referenced_reason(reference, resource, sent)


def _reason(concept: object) -> Reason:
    try:
        return Reason(*_codings_and_text(concept))
    except TooLongError:
        return Reason(*_codings_and_text(_without_long_texts(concept)))


def _referenced_reason(reference: object, resource: Element, sent: SentConditions) -> Reason:
    """The condition that a reference means; where it was not sent, the words of the reference."""
    raw = raw_reference_of(reference)
    condition = None if raw is None else _contained(resource, raw) or sent(raw)
    if condition is not None:
        refuted = _verification_status(condition.get("verificationStatus")) in _NOT_BELIEVED
        return Reason() if refuted else _reason(condition.get("code"))
    display = text_of(reference.get("display")) if isinstance(reference, dict) else None
    return Reason(text=display if display is not None and len(display) <= MAX_TEXT_LENGTH else None)


def _contained(resource: Element, reference: str) -> Element | None:
    for contained in list_of(resource.get("contained")) if reference.startswith("#") else ():
        if isinstance(contained, dict) and f"#{text_of(contained.get('id'))}" == reference:
            return contained
    return None
