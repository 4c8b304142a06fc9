"""FHIR resources, as parsed JSON, as :class:`rules.model.Patient`. Never raises, whatever the JSON.

Only what the rules need is read, and nothing clinical is decided. A resource that cannot be read becomes an ``Unread``;
a part that cannot be read is left out, with a note on its regimen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from functools import partial

from cds_service.fhir.condition import WHY_CONDITION_NOT_TOLD, condition_of
from cds_service.fhir.elements import Element, NotReadableError
from cds_service.fhir.identity import SentResource
from cds_service.fhir.record import SentRecord, record_of
from cds_service.fhir.references import read_reference
from cds_service.fhir.regimen import KINDS, ReadContext, regimen_of, setting_of
from cds_service.fhir.subject import Subject, subject_of
from rules.model import ConditionEntry, Patient, RecordKind, Regimen, Setting, Unread

_CONDITION, _PATIENT = "Condition", "Patient"
_MEDICATIONS = frozenset({"Medication", "Substance"})
READ_TYPES = frozenset({*KINDS, *_MEDICATIONS, _CONDITION, _PATIENT})
"""The types of resource that are read; all others are ignored."""

ALL_OF_ANOTHER_PATIENT = "all that was sent is another patient's"
ORDERS, CONDITIONS = "medicationRequests", "conditions"
_PLACES = {
    RecordKind.REQUEST: ORDERS,
    RecordKind.STATEMENT: "medicationStatements",
    RecordKind.DISPENSE: "medicationDispenses",
}


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
        subject = subject_of(record, patient_id, zone)
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
        regimens = (*recorded, *drafts)
        conditions = tuple(self._conditions())
        for what, sent in self._by_place(recorded, conditions):
            if sent and all(item.another_patient for item in sent):
                self.record.missing.add((what, ALL_OF_ANOTHER_PATIENT))
        return Patient(
            reference=self.subject.reference,
            born=self.subject.born,
            sex=self.subject.sex,
            regimens=regimens,
            conditions=conditions,
            unread=tuple(sorted(self.record.unread, key=lambda line: (line.source, line.why))),
            missing=tuple(sorted(self.record.missing)),
        )

    @staticmethod
    def _by_place(
        recorded: tuple[Regimen, ...], conditions: tuple[ConditionEntry, ...]
    ) -> Iterator[tuple[str, list[Regimen | ConditionEntry]]]:
        """What was sent, by the key of the prefetch that it answers."""
        yield ORDERS, list(recorded)
        for kind, what in _PLACES.items():
            yield what, [regimen for regimen in recorded if regimen.kind is kind]
        yield CONDITIONS, list(conditions)

    def _regimens(self, items: Iterable[SentResource]) -> Iterator[Regimen]:
        context = ReadContext(
            self.zone,
            self._medication,
            self._condition,
            partial(self.record.order_of, types=KINDS),
            self.subject.is_subject_of,
            self.record.name_of,
            read_reference(self.encounter) if self.encounter else None,
            self.on,
        )
        for item in items:
            kind = KINDS.get(item.resource_type)
            if kind is None:
                continue
            try:
                regimen = regimen_of(item, kind, context)
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

    def _condition(self, item: SentResource, reference: str) -> Element | None:
        """The patient's condition that a reference in a resource means; None if it was not sent, or several have its
        id."""
        meant = self.record.meant_by(reference, item, (_CONDITION,))
        found = [each.resource for each in meant if self.subject.is_subject_of(each.resource)]
        return found[0] if len(found) == 1 else None

    def _conditions(self) -> Iterator[ConditionEntry]:
        for item in self.record.of_type(_CONDITION):
            another_patient = False
            try:
                another_patient = not self.subject.is_subject_of(item.resource)
                notes = set(item.notes)
                entry = condition_of(item.resource, item.source, self.zone, notes, another_patient=another_patient)
            except Exception as error:  # as above
                if not another_patient:
                    self.record.unread.append(_unread(item, error))
                continue
            if not another_patient:
                told = (WHY_CONDITION_NOT_TOLD[note] for note in sorted(notes & WHY_CONDITION_NOT_TOLD.keys()))
                self.record.unread.extend(Unread(item.source, why, medication=False, condition=True) for why in told)
            yield entry


def _unread(item: SentResource, error: Exception) -> Unread:
    """A resource that could not be read, with the kind of failure but no value of the resource."""
    reason = f": {error}" if isinstance(error, NotReadableError) else f" ({type(error).__name__})"
    is_condition = item.resource_type == _CONDITION
    return Unread(
        item.source,
        f"could not be read{reason}",
        not is_condition,
        is_condition,
        item.draft,
        of_discharge=not is_condition and setting_of(item.resource.get("category")) is Setting.DISCHARGE,
    )
