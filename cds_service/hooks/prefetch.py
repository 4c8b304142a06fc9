"""The prefetch of a request: what was sent under each of our keys, and what is missing."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from cds_service.errors import MissingDataError
from cds_service.fhir.bundle import ABSENT, BundleEntry, DataStatus, Gap, SuppliedData, read_value
from cds_service.fhir.reader import CONDITIONS
from cds_service.fhir.regimen import KINDS
from cds_service.fhir_client.failures import PASSING
from cds_service.services import PREFETCH, REQUIRED
from rules.assessment_facts import IN_PART, NOT_READ, NOT_SUPPLIED, REST_NOT_READ
from rules.findings.case import OUT_OF_TIME

# The types that a key is asked for; the other keys are asked for medication records.
_TYPES: Mapping[str, Container[object]] = {"patient": ("Patient",), CONDITIONS: ("Condition",)}
_HINT = "Configure the prefetch of the service as GET /cds-services lists it; null says that there is no data."


class DataOrigin(StrEnum):
    """What came under a prefetch key, and from where. The texts are labels of a metric and never change."""

    PREFETCH = "prefetch"  # data were sent
    EMPTY = "empty"  # the client says that its search found nothing
    NULL = "null"  # the client says that there is nothing, without a search result
    FETCHED = "fetched"
    MISSING = "missing"  # not sent
    FAILED = "failed"  # the client sent an error
    UNUSABLE = "unusable"  # text, {} or a placeholder in the place of a resource
    OTHER_TYPE = "other-type"  # resources, but none of what was asked for
    ANOTHER_PATIENT = "another-patient"  # all of it
    CONTRADICTED = "contradicted"  # empty, though other records name an order


IN_ORDER = frozenset({DataOrigin.PREFETCH, DataOrigin.EMPTY, DataOrigin.NULL, DataOrigin.FETCHED})
"""What a client may send: data, or that there are none."""


_ORIGINS = {
    DataStatus.DATA: DataOrigin.PREFETCH,
    DataStatus.NO_DATA: DataOrigin.EMPTY,
    DataStatus.ABSENT: DataOrigin.MISSING,
    DataStatus.ERROR: DataOrigin.FAILED,
}


@dataclass(frozen=True, slots=True)
class PrefetchedRecord:
    """The record as far as it was supplied.

    Args:
        by_key: the data of each of our keys.
        fetched: the keys that were fetched, or completed, from the FHIR server.
        referenced: resources that the others refer to, fetched from there.
        drafts_not_fetched: a medication that a draft refers to could not be fetched.
    """

    by_key: Mapping[str, SuppliedData]
    fetched: frozenset[str] = frozenset()
    referenced: tuple[BundleEntry, ...] = ()
    drafts_not_fetched: bool = False

    @property
    def entries(self) -> tuple[BundleEntry, ...]:
        """All resources."""
        sent = (_as_asked(key, entry) for key, data in self.by_key.items() for entry in data.entries)
        return (*sent, *self.referenced)

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """What is missing, as ``(key, why)`` in words for who reads a card."""
        return tuple((key, _missing(data)) for key, data in self.by_key.items() if data.incomplete)

    @property
    def gaps(self) -> dict[str, list[str]]:
        """How it came to be missing, by key, in words for a log."""
        return {key: sorted(map(str, data.incomplete)) for key, data in self.by_key.items() if data.incomplete}

    @property
    def missing_required(self) -> tuple[str, ...]:
        """The required keys that were not supplied."""
        return tuple(key for key in REQUIRED if self.by_key[key].status is DataStatus.ABSENT)

    @property
    def origins(self) -> dict[str, DataOrigin]:
        """What came under each key, and from where."""
        return {key: self._origin(key, data) for key, data in self.by_key.items()}

    def _origin(self, key: str, data: SuppliedData) -> DataOrigin:
        if key in self.fetched:
            return DataOrigin.FETCHED
        if Gap.OTHER_TYPE in data.incomplete:
            return DataOrigin.OTHER_TYPE
        if data.status is DataStatus.ERROR and Gap.NOT_FHIR in data.incomplete:
            return DataOrigin.UNUSABLE
        return DataOrigin.NULL if data.null else _ORIGINS[data.status]

    def require(self) -> None:
        """Refuse to judge without the required keys.

        Raises:
            MissingDataError: one of them was not supplied. The message names it.
        """
        missing = self.missing_required
        if missing:
            places = tuple(f"prefetch.{key}" for key in missing)
            failures = [reason for key in missing for reason in self.by_key[key].incomplete if reason != Gap.NOT_SENT]
            tried = f"It could not be fetched either: {'; '.join(dict.fromkeys(failures))}. " if failures else ""
            text = f"Prefetch data is missing: {', '.join(missing)}."
            raise MissingDataError(text, *places, hint=tried + _HINT)


def _missing(data: SuppliedData) -> str:
    if OUT_OF_TIME in data.incomplete:
        return OUT_OF_TIME
    failed_now = any(reason in PASSING for reason in data.incomplete)
    in_part = data.status in (DataStatus.DATA, DataStatus.NO_DATA) and Gap.OTHER_TYPE not in data.incomplete
    if failed_now:
        return REST_NOT_READ if in_part else NOT_READ
    return IN_PART if in_part else NOT_SUPPLIED


def read_prefetch(request: dict[str, Any]) -> dict[str, SuppliedData]:
    """The prefetch of a hook request by its own keys. Old drafts of the specification have it inside the context."""
    context = request.get("context")
    for holder in (request, context):
        values = holder.get("prefetch") if isinstance(holder, dict) else None
        if isinstance(values, dict):
            return {key: read_value(value) for key, value in values.items()}
    return {}


def prefetched_record(prefetch: Mapping[str, SuppliedData], aliases: Mapping[str, str]) -> PrefetchedRecord:
    """The record of a prefetch. ``aliases`` map a site's own keys to ours; other keys are ignored.

    Where a key came under our name and under the site's, ours is taken, unless only the site's holds resources.
    """
    by_key = {aliases.get(key, key): data for key, data in prefetch.items() if key not in PREFETCH}
    with_resources = {key for key, data in by_key.items() if data.entries}
    by_key |= {
        key: data for key, data in prefetch.items() if key in PREFETCH and (data.entries or key not in with_resources)
    }
    return PrefetchedRecord({key: _of_its_type(key, by_key.get(key) or read_value(ABSENT)) for key in PREFETCH})


def _of_its_type(key: str, data: SuppliedData) -> SuppliedData:
    """The data of a key, incomplete where it holds resources but none of a type that is asked for.

    A mistyped query brings such data, which must not be read as an empty record.
    """
    types = _TYPES.get(key, KINDS)
    if not data.entries or any(_type_of(resource) in types for resource in data.resources):
        return data
    return replace(data, incomplete=(*data.incomplete, Gap.OTHER_TYPE))


def _as_asked(key: str, entry: BundleEntry) -> BundleEntry:
    """An entry of a key; what is no resource may hold only what was asked for."""
    if key not in _TYPES or _type_of(entry.resource):
        return entry
    return replace(entry, medication=False, condition=key == CONDITIONS)


def _type_of(resource: object) -> str:
    """The type of a resource as it was sent; empty for what is none."""
    resource_type = resource.get("resourceType") if isinstance(resource, dict) else None
    return resource_type if isinstance(resource_type, str) else ""
