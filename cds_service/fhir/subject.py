"""The patient of a record: which references mean the patient, and the birth date and sex.

All ids that ``Patient.link`` names are the patient's: FHIR has it between resources about the same person alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, tzinfo

from cds_service.fhir.elements import Element, code_of, list_of
from cds_service.fhir.identity import SentResource
from cds_service.fhir.record import SentRecord
from cds_service.fhir.references import names_nobody, normalised, patient_key, reference_of, type_and_id
from cds_service.fhir.timing import span_of
from rules.assessment_facts import NOT_SUPPLIED
from rules.model import Unread

SEVERAL_PATIENTS = "the record holds more than one patient"
ANOTHER_PATIENT = "the one that was sent is another patient's"
NO_PATIENT = NOT_SUPPLIED
_WHAT = "patient"
_PATIENT = "Patient"


@dataclass(slots=True)
class Subject:
    """The patient of a record. ``keys``: the keys of all references that mean the patient; without any, every resource
    is taken to be about the patient. ``born``: the first and the last day that the birth date can mean."""

    keys: frozenset[str] = frozenset()
    reference: str | None = None
    born: tuple[date, date] | None = None
    sex: str | None = None
    _is_subject: dict[str, bool] = field(default_factory=dict, repr=False)

    def is_subject_of(self, resource: Element) -> bool:
        """Whether a resource is about the patient; also where its subject is missing, contained or an identifier."""
        subject = resource.get("subject")
        sent = subject.get("reference") if isinstance(subject, dict) else None
        if not isinstance(sent, str):
            return self._matches(_subject_reference(resource))
        # Nearly all resources of a record have the same subject.
        if sent in self._is_subject:
            return self._is_subject[sent]
        reference = reference_of(sent)
        if not reference:  # it names nobody, and says nothing of another resource with the same
            return self._matches(_subject_reference(resource))
        return self._is_subject.setdefault(sent, self._matches(reference))

    def _matches(self, reference: str | None) -> bool:
        if reference is None or not self.keys or reference.startswith("#") or "?" in reference:
            return True
        key = patient_key(reference)
        return not key or key in self.keys or (names_nobody(reference) and not any(map(names_nobody, self.keys)))


def subject_of(record: SentRecord, patient_id: str | None, zone: tzinfo) -> Subject:
    """The patient of a record: the one with ``patient_id``; without it the only Patient, or else the only subject of
    the other resources. What cannot be decided is added to the record's ``missing``."""
    patients = sorted(record.of_type(_PATIENT), key=lambda item: (item.base, item.source))
    if patient_id and patient_id.strip():
        name = normalised(patient_id)
        name = record.name_of(name if "/" in name or ":" in name else f"{_PATIENT}/{name}")
        keys = _linked(record, name, patients)
        own = [item for item in patients if patient_key(item.source) == patient_key(name)]
        sent = own or [item for item in patients if patient_key(item.source) in keys]
        if not sent or (len(own) > 1 and own[0].base):
            record.missing.add((_WHAT, SEVERAL_PATIENTS if own else ANOTHER_PATIENT if patients else NO_PATIENT))
            return Subject(keys, name)
        return _read_subject(sent[0], record, keys, zone)
    subjects = _subjects_of(record)
    if len(patients) > 1:
        patients = [item for item in patients if patient_key(item.source) in subjects]
    if patients:
        keys = _linked(record, patients[0].source, patients)
        if all(patient_key(item.source) in keys for item in patients):
            return _read_subject(patients[0], record, keys, zone)
        record.missing.add((_WHAT, SEVERAL_PATIENTS))
        return Subject()
    record.missing.add((_WHAT, NO_PATIENT))
    if len(subjects) == 1:
        ((key, name),) = subjects.items()
        return Subject(frozenset({key}), name)
    if subjects:
        record.missing.add((_WHAT, SEVERAL_PATIENTS))
    return Subject()


def _read_subject(item: SentResource, record: SentRecord, keys: frozenset[str], zone: tzinfo) -> Subject:
    try:
        born = span_of(item.resource.get("birthDate"), zone, set())
        sex = code_of(item.resource.get("gender")) or None
    except Exception as error:  # a Patient that cannot be read must not cost the answer
        record.unread.append(Unread(item.source, f"could not be read ({type(error).__name__})", medication=False))
        return Subject(keys, item.source)
    return Subject(keys, item.source, born, sex)


def _linked(record: SentRecord, name: str, patients: Iterable[SentResource]) -> frozenset[str]:
    """The keys of all references that mean a patient: the addresses of entries, and the ids that links name, whichever
    replaces the other."""
    neighbours: dict[str, set[str]] = {}
    for item in patients:
        own = patient_key(item.source)
        for other in (*item.aliases, *_links(item, record)):
            neighbours.setdefault(own, set()).add(patient_key(other))
            neighbours.setdefault(patient_key(other), set()).add(own)
    keys: set[str] = set()
    waiting = [patient_key(name), *(alias for alias, source in record.aliases.items() if source == name)]
    while waiting:
        key = waiting.pop()
        if key not in keys:
            keys.add(key)
            waiting.extend(neighbours.get(key, ()))
    return frozenset(keys)


def _links(item: SentResource, record: SentRecord) -> Iterator[str]:
    for link in list_of(item.resource.get("link")):
        other = reference_of(link.get("other")) if isinstance(link, dict) else None
        if other is not None and not other.startswith("#") and type_and_id(other)[0] in (None, _PATIENT):
            yield record.name_of(other)


def _subjects_of(record: SentRecord) -> dict[str, str]:
    """The patients whom medications and conditions are about, by their keys."""
    subjects: dict[str, str] = {}
    for item in record.resources:
        if item.resource_type == _PATIENT:
            continue
        subject = _subject_reference(item.resource)
        if subject is not None and not (subject.startswith("#") or "?" in subject or names_nobody(subject)):
            name = record.name_of(subject)
            subjects.setdefault(patient_key(name), name)
    return subjects


def _subject_reference(resource: Element) -> str | None:
    return reference_of(resource.get("subject")) or reference_of(resource.get("patient"))
