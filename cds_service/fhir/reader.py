"""FHIR resources, as parsed JSON, into :class:`rules.model.Patient`. Never raises, whatever the JSON.

The reader touches only what the rules need and decides nothing clinical. A resource that cannot be read costs one
``Unread`` line; a part of one that cannot be read costs that part, and a note on the regimen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import tzinfo

from cds_service.fhir.condition import condition_of
from cds_service.fhir.elements import Element, NotReadableError, text_of
from cds_service.fhir.medication import Resources
from cds_service.fhir.person import person_of
from cds_service.fhir.record import Named, Record, record_of
from cds_service.fhir.regimen import KINDS, Place, regimen_of
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
    return patient_of(record, patient_id=patient_id, author=author, zone=zone)


def patient_of(record: Record, *, patient_id: str | None, author: str | None, zone: tzinfo) -> Patient:
    """The patient of a record that is sorted already, as :func:`read_patient`."""
    person = person_of(record, patient_id, zone)
    sent = _medications(record)
    regimens: list[Regimen] = []
    conditions: list[ConditionEntry] = []
    for item in record.named:
        kind = KINDS.get(item.kind)
        try:
            if kind is not None:
                place = Place(item.source, item.draft, zone, sent, person.is_subject_of, record.name_of)
                regimen = regimen_of(item.resource, kind, place, set(item.notes))
                if regimen.draft and regimen.requester is None:
                    regimen = replace(regimen, requester=author)
                regimens.append(regimen)
            elif item.kind == "Condition":
                another = not person.is_subject_of(item.resource)
                conditions.append(condition_of(item.resource, item.source, zone, another_patient=another))
        except Exception as error:  # one resource may cost one line, never the answer
            record.unread.append(_unread(item, error))
    return Patient(
        reference=person.reference,
        born=person.born,
        sex=person.sex,
        regimens=tuple(regimens),
        conditions=tuple(conditions),
        unread=tuple(sorted(record.unread, key=lambda line: (line.source, line.why))),
        missing=tuple(sorted(record.missing)),
    )


def _medications(record: Record) -> Resources:
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
