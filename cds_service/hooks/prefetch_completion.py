"""How what the client did not fetch beforehand is completed; and a service that fetches nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cds_service.hooks.prefetch import PrefetchedRecord
from cds_service.hooks.request import HookRequest
from cds_service.trust.tenant import Tenant


class PrefetchCompletion(Protocol):
    """Completes a supply from the FHIR server of the caller.

    Each method returns the same object where no server was asked or refused, and only there. None raises: what could
    not be fetched stays missing, with why.
    """

    def with_drafts(self, supply: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The supply with the medications that draft orders refer to and that were not sent with them."""
        ...

    def with_record(self, supply: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The supply with the keys that were not sent, the pages that were not, and the medications referred to."""
        ...


@dataclass(frozen=True, slots=True)
class NoPrefetchCompletion:
    """Nothing is fetched: what was not sent is missing."""

    def with_drafts(self, supply: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:  # noqa: ARG002
        """The supply as it was sent."""
        return supply

    def with_record(self, supply: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:  # noqa: ARG002
        """The supply as it was sent."""
        return supply
