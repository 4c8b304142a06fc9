"""The completion of a prefetch from the caller's FHIR server, as the judge uses it, and one that fetches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cds_service.hooks.prefetch import PrefetchedRecord
from cds_service.hooks.request import HookRequest
from cds_service.trust.tenant import Tenant


class PrefetchCompletion(Protocol):
    """Completes a record from the FHIR server of the caller.

    The first two methods return the same object if and only if no server was asked and none was refused. No method
    raises: what could not be fetched stays missing, with the reason.
    """

    def with_drafts(self, record: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The record with the medications that draft orders refer to and that were not sent."""
        ...

    def with_record(self, record: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The record with the keys and the pages that were not sent, and the medications that it refers to."""
        ...

    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """How many reads of this process ended how, by tenant and outcome: ``read``, or a failure's name."""
        ...


@dataclass(frozen=True, slots=True)
class NoPrefetchCompletion:
    """Fetches nothing: what was not sent is missing."""

    def with_drafts(self, record: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:  # noqa: ARG002
        """The record as it was sent."""
        return record

    def with_record(self, record: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:  # noqa: ARG002
        """The record as it was sent."""
        return record

    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """Empty."""
        return {}
