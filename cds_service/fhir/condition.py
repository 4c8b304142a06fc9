"""A Condition (R4, STU3 or DSTU2) as :class:`rules.model.ConditionEntry`."""

from __future__ import annotations

from datetime import date, tzinfo

from cds_service.fhir.coding import codings_of, concept_text
from cds_service.fhir.dates import day_of, period_of
from cds_service.fhir.elements import Element, Notes, kept_by_content, word_of
from rules.model import Coding, ConditionEntry

_ENDED_WITHOUT_A_DAY = ("abatementAge", "abatementRange", "abatementString")


def condition_of(resource: Element, source: str, zone: tzinfo, *, another_patient: bool) -> ConditionEntry:
    """The condition with its statuses as FHIR's codes. Of a partial onset the first day, of a partial end the last."""
    notes: Notes = set()
    codings, text = _meaning(resource.get("code"))
    return ConditionEntry(
        source=source,
        codings=codings,
        text=text,
        clinical_status=_clinical_status(resource),
        verification_status=word_of(resource.get("verificationStatus")),
        onset=_first(resource, ("onsetDateTime", "onsetDate"), zone, notes)
        or period_of(resource.get("onsetPeriod"), zone, notes).start,
        abatement=_end(resource, zone, notes),
        recorded=_first(resource, ("recordedDate", "assertedDate", "dateRecorded", "dateAsserted"), zone, notes),
        another_patient=another_patient,
    )


@kept_by_content
def _meaning(code: object) -> tuple[tuple[Coding, ...], str | None]:
    return codings_of(code), concept_text(code)


def _clinical_status(resource: Element) -> str:
    status = word_of(resource.get("clinicalStatus"))
    if not status and (resource.get("abatementBoolean") is True or any(map(resource.get, _ENDED_WITHOUT_A_DAY))):
        return "resolved"
    return status


def _first(resource: Element, names: tuple[str, ...], zone: tzinfo, notes: Notes) -> date | None:
    for name in names:
        if resource.get(name) is not None:
            return day_of(resource[name], zone, notes)
    return None


def _end(resource: Element, zone: tzinfo, notes: Notes) -> date | None:
    for name in ("abatementDateTime", "abatementDate"):
        if resource.get(name) is not None:
            return day_of(resource[name], zone, notes, last=True)
    return period_of(resource.get("abatementPeriod"), zone, notes).end
