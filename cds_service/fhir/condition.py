"""A Condition (R4, STU3 or DSTU2) as :class:`rules.model.ConditionEntry`."""

from __future__ import annotations

from datetime import date, tzinfo

from cds_service.fhir.datatypes import codings_of, concept_text
from cds_service.fhir.elements import Element, Notes, code_of, memoised_by_json
from cds_service.fhir.timing import day_of, period_of
from rules.model import Coding, ConditionEntry

_ABATEMENTS_WITHOUT_DATE = ("abatementAge", "abatementRange", "abatementString")


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
        recorded=_first_date(resource, ("recordedDate", "assertedDate", "dateRecorded", "dateAsserted"), zone, notes),
        another_patient=another_patient,
    )


@memoised_by_json
def _codings_and_text(code: object) -> tuple[tuple[Coding, ...], str | None]:
    return codings_of(code), concept_text(code)


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
