"""Whose record it is: the Patient, and whether a resource is about that patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, tzinfo

from cds_service.fhir.dates import span_of
from cds_service.fhir.elements import Element, word_of
from cds_service.fhir.record import Named, SentRecord
from cds_service.fhir.references import normalised, reference_of, references_match
from rules.model import Unread

SEVERAL_PATIENTS = "the record holds more than one patient"
ANOTHER_PATIENT = "the one that was sent is another patient's"
NO_PATIENT = "not sent"
WHAT = "patient"


@dataclass(frozen=True, slots=True)
class Person:
    """The patient: ``references`` are all names that mean them; without any, every subject is taken for the patient."""

    references: frozenset[str] = frozenset()
    reference: str | None = None
    born: tuple[date, date] | None = None
    sex: str | None = None
    _known: dict[str, bool] = field(default_factory=dict, compare=False)

    def is_subject_of(self, resource: Element) -> bool:
        """Whether a resource is about the patient.

        A subject that is missing, contained or known by an identifier alone is taken to be.
        """
        stated = resource.get("subject")
        written = stated.get("reference") if isinstance(stated, dict) else None
        if isinstance(written, str) and written in self._known:
            return self._known[written]
        is_patient = self._is_subject(resource)
        if isinstance(written, str) and written.strip():
            self._known[written] = is_patient
        return is_patient

    def _is_subject(self, resource: Element) -> bool:
        subject = reference_of(resource.get("subject")) or reference_of(resource.get("patient"))
        if subject is None or not self.references or subject.startswith("#") or "?" in subject:
            return True
        return any(references_match(subject, reference) for reference in self.references)


def person_of(record: SentRecord, patient_id: str | None, zone: tzinfo) -> Person:
    """The patient of a record: the one with ``patient_id``; without it, the only Patient, or the only one that
    medications and conditions are about. What cannot be settled is added to the record's ``missing``."""
    patients = record.of_kind("Patient")
    asked = normalised(patient_id) if patient_id and patient_id.strip() else None
    if asked is not None:
        asked = record.name_of(asked if "/" in asked or ":" in asked else f"Patient/{asked}")
        found = next((item for item in patients if references_match(item.source, asked)), None)
        if found is None:
            record.missing.add((WHAT, ANOTHER_PATIENT if patients else NO_PATIENT))
            return Person(_names(record, asked), asked)
        return _read(found, record, zone)
    if len(patients) > 1:
        subjects = _subjects(record)
        patients = [item for item in patients if any(references_match(item.source, one) for one in subjects)]
    if len(patients) == 1:
        return _read(patients[0], record, zone)
    if patients:
        record.missing.add((WHAT, SEVERAL_PATIENTS))
        return Person()
    record.missing.add((WHAT, NO_PATIENT))
    subjects = _subjects(record)
    if len(subjects) == 1:
        only = next(iter(subjects))
        return Person(frozenset({only}), only)
    if subjects:
        record.missing.add((WHAT, SEVERAL_PATIENTS))
    return Person()


def _read(item: Named, record: SentRecord, zone: tzinfo) -> Person:
    names = _names(record, item.source)
    try:
        born = span_of(item.resource.get("birthDate"), zone, set())
        sex = word_of(item.resource.get("gender")) or None
    except Exception as error:  # the patient's particulars may be lost, never the answer
        record.unread.append(Unread(item.source, f"could not be read ({type(error).__name__})", medication=False))
        return Person(names, item.source)
    return Person(names, item.source, born, sex)


def _names(record: SentRecord, reference: str) -> frozenset[str]:
    others = (alias for alias, name in record.aliases.items() if name == reference)
    return frozenset({reference, *others})


def _subjects(record: SentRecord) -> frozenset[str]:
    """The patients that medications and conditions are about."""
    found = set()
    for item in record.named:
        if item.kind == "Patient":
            continue
        subject = reference_of(item.resource.get("subject")) or reference_of(item.resource.get("patient"))
        if subject is not None and not subject.startswith("#") and "?" not in subject:
            found.add(record.name_of(subject))
    return frozenset(found)
