"""FHIR resources, as parsed JSON, into :class:`rules.model.Patient`. Never raises, whatever the JSON.

The reader touches only what the rules need and decides nothing clinical. A resource that cannot be read costs one
``Unread`` line; a part of one that cannot be read costs that part, and a note on the regimen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo

from cds_service.fhir.condition import condition_of
from cds_service.fhir.elements import Element, NotReadableError, text_of
from cds_service.fhir.medication import Resources
from cds_service.fhir.patient import Person, person_of
from cds_service.fhir.record import Named, SentRecord, record_of
from cds_service.fhir.regimen import KINDS, ReadContext, regimen_of
from rules.model import ConditionEntry, Patient, Regimen, Unread

_NAMING = frozenset({"Medication", "Substance"})
READ_TYPES = frozenset({*KINDS, *_NAMING, "Condition", "Patient"})
"""The types of resource that are read; all others are left alone."""


def read_patient(
    resources: Iterable[object],
    *,
    patient_id: str | None,
    drafts: Iterable[object] = (),
    missing: Iterable[tuple[str, str]] = (),
    author: str | None = None,
    zone: tzinfo,
) -> Patient:
    """The patient that the resources tell of.

    Args:
        resources: the record: resources, Bundles, prefetch values or :class:`~cds_service.fhir.bundle.Entry`, in any
            mixture.
        patient_id: the patient's id or reference, as the hook gives it. None: the one Patient among the resources.
        drafts: the orders being written, in the same forms.
        missing: what was asked for and not supplied, as ``(what, why)``; it is passed on.
        author: who is writing the drafts: the requester of those that name none.
        zone: the zone in which an instant becomes a day.
    """
    record = record_of(resources, drafts, READ_TYPES)
    record.missing.update(missing)
    return Reading.of(record, patient_id=patient_id, author=author, zone=zone).patient()


@dataclass(slots=True)
class Reading:
    """A record that is sorted already, read as far as it is asked for: the drafts alone, or all of it."""

    record: SentRecord
    person: Person
    author: str | None
    zone: tzinfo
    _sent: Resources
    _drafts: list[Regimen] | None = None

    @classmethod
    def of(cls, record: SentRecord, *, patient_id: str | None, author: str | None, zone: tzinfo) -> Reading:
        """The reading of a record, as :func:`read_patient`."""
        return cls(record, person_of(record, patient_id, zone), author, zone, _medications(record))

    def drafts(self) -> tuple[Regimen, ...]:
        """The orders being written, without looking at the others."""
        if self._drafts is None:
            self._drafts = list(self._regimens(item for item in self.record.named if item.draft))
        return tuple(self._drafts)

    def patient(self) -> Patient:
        """The patient that the whole record tells of."""
        drafts = self.drafts()
        regimens = (*self._regimens(item for item in self.record.named if not item.draft), *drafts)
        conditions = tuple(self._conditions())
        return Patient(
            reference=self.person.reference,
            born=self.person.born,
            sex=self.person.sex,
            regimens=regimens,
            conditions=conditions,
            unread=tuple(sorted(self.record.unread, key=lambda line: (line.source, line.why))),
            missing=tuple(sorted(self.record.missing)),
        )

    def _regimens(self, items: Iterable[Named]) -> Iterator[Regimen]:
        for item in items:
            kind = KINDS.get(item.kind)
            if kind is None:
                continue
            place = ReadContext(
                item.source, item.draft, self.zone, self._sent, self.person.is_subject_of, self.record.name_of
            )
            try:
                regimen = regimen_of(item.resource, kind, place, set(item.notes))
            except Exception as error:  # one resource may cost one line, never the answer
                self.record.unread.append(_unread(item, error))
            else:
                yield regimen if regimen.requester or not item.draft else replace(regimen, requester=self.author)

    def _conditions(self) -> Iterator[ConditionEntry]:
        for item in self.record.of_kind("Condition"):
            try:
                another = not self.person.is_subject_of(item.resource)
                yield condition_of(item.resource, item.source, self.zone, another_patient=another)
            except Exception as error:  # as above
                self.record.unread.append(_unread(item, error))


def _medications(record: SentRecord) -> Resources:
    """The medications and substances that were sent, by name and by every other name of theirs."""
    sent: dict[str, Element] = {}
    for item in record.named:
        if item.kind in _NAMING:
            sent.setdefault(item.source, item.resource)
            identity = text_of(item.resource.get("id"))
            if identity:  # referred to without its type, or by the urn that its entry should have had
                sent.setdefault(identity, item.resource)
                sent.setdefault(f"urn:uuid:{identity.lower()}", item.resource)
    for alias, name in record.aliases.items():
        if name in sent:
            sent.setdefault(alias, sent[name])
    return sent


def _unread(item: Named, error: Exception) -> Unread:
    """What is said of a resource that could not be read: the kind of failure, never a value from it."""
    why = f": {error}" if isinstance(error, NotReadableError) else f" ({type(error).__name__})"
    return Unread(item.source, f"could not be read{why}", item.kind != "Condition")
