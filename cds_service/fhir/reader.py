"""FHIR resources, as parsed JSON, as :class:`rules.model.Patient`. Never raises, whatever the JSON.

Only what the rules need is read, and nothing clinical is decided. A resource that cannot be read becomes an ``Unread``;
a part that cannot be read is left out, with a note on its regimen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from functools import partial

from cds_service.fhir.condition import condition_of
from cds_service.fhir.elements import Element, NotReadableError, code_of, list_of
from cds_service.fhir.identity import SentResource
from cds_service.fhir.record import SentRecord, record_of
from cds_service.fhir.references import normalised, patients_match, reference_of, type_and_id
from cds_service.fhir.regimen import KINDS, ReadContext, regimen_of
from cds_service.fhir.timing import span_of
from rules.model import ConditionEntry, Patient, Regimen, Unread

_CONDITION, _PATIENT = "Condition", "Patient"
_MEDICATIONS = frozenset({"Medication", "Substance"})
READ_TYPES = frozenset({*KINDS, *_MEDICATIONS, _CONDITION, _PATIENT})
"""The types of resource that are read; all others are ignored."""

SEVERAL_PATIENTS = "the record holds more than one patient"
ANOTHER_PATIENT = "the one that was sent is another patient's"
NO_PATIENT = "not sent"
ALL_OF_ANOTHER_PATIENT = "all that was sent is another patient's"
_WHAT = "patient"
ORDERS = "medicationRequests"


def read_patient(
    resources: Iterable[object],
    *,
    patient_id: str | None,
    drafts: Iterable[object] = (),
    missing: Iterable[tuple[str, str]] = (),
    author: str | None = None,
    encounter: str | None = None,
    server: str | None = None,
    zone: tzinfo,
    on: date | None = None,
) -> Patient:
    """The patient of some resources.

    Args:
        resources: the record: resources, Bundles, prefetch values or :class:`~cds_service.fhir.bundle.BundleEntry`, in
            any mixture.
        patient_id: the patient's id or reference, as the hook gives it. None: the one Patient among the resources.
        drafts: the orders being written, in the same forms.
        missing: what was asked for and not supplied, as ``(what, why)``; it is passed on.
        author: who is writing the drafts: the requester of those that name none.
        encounter: the encounter that the call is about, as its id or a reference.
        server: the address of the FHIR server of the call.
        zone: the time zone in which an instant becomes a day.
        on: the day that is judged: a date known in part is taken as the latest day that it can mean, up to this one.
    """
    record = record_of(resources, drafts, READ_TYPES, server)
    record.missing.update(missing)
    return Reading.of(record, patient_id=patient_id, author=author, encounter=encounter, zone=zone, on=on).patient()


@dataclass(slots=True)
class Subject:
    """The patient of a record. ``references``: all references that mean the patient; without any, every resource is
    taken to be about the patient. ``born``: the first and the last day that the birth date can mean."""

    references: frozenset[str] = frozenset()
    reference: str | None = None
    born: tuple[date, date] | None = None
    sex: str | None = None
    _is_subject: dict[str, bool] = field(default_factory=dict, repr=False)

    def is_subject_of(self, resource: Element) -> bool:
        """Whether a resource is about the patient; also where its subject is missing, contained or an identifier."""
        subject = resource.get("subject")
        reference = subject.get("reference") if isinstance(subject, dict) else None
        if not isinstance(reference, str) or not reference.strip():
            return self._matches(_subject_reference(resource))
        # Nearly all resources of a record have the same subject.
        if reference not in self._is_subject:
            self._is_subject[reference] = self._matches(_subject_reference(resource))
        return self._is_subject[reference]

    def _matches(self, reference: str | None) -> bool:
        if reference is None or not self.references or reference.startswith("#") or "?" in reference:
            return True
        return any(patients_match(reference, own) for own in self.references)


@dataclass(slots=True)
class Reading:
    """A sorted record, read as far as needed: the drafts alone, or all of it."""

    record: SentRecord
    subject: Subject
    author: str | None
    encounter: str | None
    zone: tzinfo
    on: date | None = None
    _drafts: tuple[Regimen, ...] | None = None

    @classmethod
    def of(
        cls,
        record: SentRecord,
        *,
        patient_id: str | None,
        author: str | None = None,
        encounter: str | None = None,
        zone: tzinfo,
        on: date | None = None,
    ) -> Reading:
        """The reading of a record, with the arguments of :func:`read_patient`."""
        subject = _subject_of(record, patient_id, zone)
        return cls(record, subject, author, encounter, zone, on)

    def drafts(self) -> tuple[Regimen, ...]:
        """The orders being written."""
        if self._drafts is None:
            self._drafts = tuple(self._regimens(item for item in self.record.resources if item.draft))
        return self._drafts

    def patient(self) -> Patient:
        """The patient, with the whole record."""
        drafts = self.drafts()
        recorded = tuple(self._regimens(item for item in self.record.resources if not item.draft))
        if recorded and all(regimen.another_patient for regimen in recorded):
            self.record.missing.add((ORDERS, ALL_OF_ANOTHER_PATIENT))
        regimens = (*recorded, *drafts)
        conditions = tuple(self._conditions())
        return Patient(
            reference=self.subject.reference,
            born=self.subject.born,
            sex=self.subject.sex,
            regimens=regimens,
            conditions=conditions,
            unread=tuple(sorted(self.record.unread, key=lambda line: (line.source, line.why))),
            missing=tuple(sorted(self.record.missing)),
        )

    def _regimens(self, items: Iterable[SentResource]) -> Iterator[Regimen]:
        for item in items:
            kind = KINDS.get(item.resource_type)
            if kind is None:
                continue
            context = ReadContext(
                item.source,
                item.draft,
                self.zone,
                partial(self._medication, item),
                self.subject.is_subject_of,
                self.record.name_of,
                partial(self.record.order_of, by=item, types=KINDS),
                self.encounter,
                self.on,
            )
            try:
                regimen = regimen_of(item.resource, kind, context, set(item.notes))
            except Exception as error:  # a resource that cannot be read must not cost the answer
                self.record.unread.append(_unread(item, error))
            else:
                yield regimen if regimen.requester or not item.draft else replace(regimen, requester=self.author)

    def _medication(self, item: SentResource, reference: str) -> Element | None:
        """The Medication that a reference in a resource means: in a draft first one that was sent with the drafts, in
        the record none of those. None if it was not sent, or several of different products have its id."""
        for drafts in (True, False) if item.draft else (False,):
            meant = self.record.meant_by(reference, item, _MEDICATIONS, drafts=drafts)
            if meant:
                return meant[0].resource if len(meant) == 1 else None
        return None

    def _conditions(self) -> Iterator[ConditionEntry]:
        for item in self.record.of_type(_CONDITION):
            try:
                another_patient = not self.subject.is_subject_of(item.resource)
                yield condition_of(item.resource, item.source, self.zone, another_patient=another_patient)
            except Exception as error:  # as above
                self.record.unread.append(_unread(item, error))


def _unread(item: SentResource, error: Exception) -> Unread:
    """A resource that could not be read, with the kind of failure but no value of the resource."""
    reason = f": {error}" if isinstance(error, NotReadableError) else f" ({type(error).__name__})"
    return Unread(item.source, f"could not be read{reason}", item.resource_type != _CONDITION)


def _subject_of(record: SentRecord, patient_id: str | None, zone: tzinfo) -> Subject:
    """The patient of a record: the one with ``patient_id``; without it the only Patient, or else the only subject of
    the other resources. What cannot be decided is added to the record's ``missing``."""
    patients = sorted(record.of_type(_PATIENT), key=lambda item: (item.base, item.source))
    if patient_id and patient_id.strip():
        name = normalised(patient_id)
        name = record.name_of(name if "/" in name or ":" in name else f"{_PATIENT}/{name}")
        references = _linked(record, {name}, patients)
        own = [item for item in patients if patients_match(item.source, name)]
        sent = own or [item for item in patients if _is_named(item.source, references)]
        if not sent or (len(own) > 1 and own[0].base):
            record.missing.add((_WHAT, SEVERAL_PATIENTS if own else ANOTHER_PATIENT if patients else NO_PATIENT))
            return Subject(references, name)
        return _read_subject(sent[0], record, references, zone)
    if len(patients) > 1:
        subjects = _subjects_of(record)
        patients = [item for item in patients if any(patients_match(item.source, one) for one in subjects)]
    if patients:
        references = _linked(record, {patients[0].source}, patients)
        if all(_is_named(item.source, references) for item in patients):
            return _read_subject(patients[0], record, references, zone)
        record.missing.add((_WHAT, SEVERAL_PATIENTS))
        return Subject()
    record.missing.add((_WHAT, NO_PATIENT))
    subjects = _subjects_of(record)
    if len(subjects) == 1:
        return Subject(subjects, next(iter(subjects)))
    if subjects:
        record.missing.add((_WHAT, SEVERAL_PATIENTS))
    return Subject()


def _read_subject(item: SentResource, record: SentRecord, references: frozenset[str], zone: tzinfo) -> Subject:
    try:
        born = span_of(item.resource.get("birthDate"), zone, set())
        sex = code_of(item.resource.get("gender")) or None
    except Exception as error:  # a Patient that cannot be read must not cost the answer
        record.unread.append(Unread(item.source, f"could not be read ({type(error).__name__})", medication=False))
        return Subject(references, item.source)
    return Subject(references, item.source, born, sex)


def _linked(record: SentRecord, names: set[str], patients: Iterable[SentResource]) -> frozenset[str]:
    """All references that mean a patient: the addresses of entries, and the ids that ``Patient.link`` names.

    FHIR has a link between resources about the same person alone, whichever replaces the other.
    """
    names |= {alias for alias, source in record.aliases.items() if source in names}
    waiting = [{item.source, *_aliases_and_links(item, record)} for item in patients]
    while joined := [group for group in waiting if any(_is_named(name, names) for name in group)]:
        waiting = [group for group in waiting if group not in joined]
        names.update(*joined)
    return frozenset(names)


def _aliases_and_links(item: SentResource, record: SentRecord) -> Iterator[str]:
    yield from (alias for alias, source in record.aliases.items() if source == item.source)
    for link in list_of(item.resource.get("link")):
        other = reference_of(link.get("other")) if isinstance(link, dict) else None
        if other is not None and not other.startswith("#") and type_and_id(other)[0] in (None, _PATIENT):
            yield record.name_of(other)


def _is_named(source: str, names: Collection[str]) -> bool:
    return any(patients_match(source, name) for name in names)


def _subjects_of(record: SentRecord) -> frozenset[str]:
    """The patients whom medications and conditions are about."""
    subjects: set[str] = set()
    for item in record.resources:
        if item.resource_type == _PATIENT:
            continue
        subject = _subject_reference(item.resource)
        if subject is not None and not subject.startswith("#") and "?" not in subject:
            name = record.name_of(subject)
            if not _is_named(name, subjects):
                subjects.add(name)
    return frozenset(subjects)


def _subject_reference(resource: Element) -> str | None:
    return reference_of(resource.get("subject")) or reference_of(resource.get("patient"))
