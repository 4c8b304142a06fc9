"""What the client fetched beforehand: which of our keys it sent, and what is missing from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.errors import MissingDataError
from cds_service.fhir.bundle import ABSENT, BundleEntry, DataStatus, Gap, SuppliedData, read_value
from cds_service.services import PREFETCH, REQUIRED

_HINT = "Configure the prefetch of the service as GET /cds-services lists it; null says that there is no data."


@dataclass(frozen=True, slots=True)
class PrefetchedRecord:
    """The record as far as it was supplied: one value for each of our keys.

    ``fetched`` are the keys that did not come with the request but from the FHIR server, or were completed from it;
    ``more`` are resources that the others refer to.
    """

    by_key: Mapping[str, SuppliedData]
    fetched: frozenset[str] = frozenset()
    more: tuple[BundleEntry, ...] = ()

    @property
    def entries(self) -> tuple[BundleEntry, ...]:
        """Every resource."""
        return (*(entry for value in self.by_key.values() for entry in value.entries), *self.more)

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """What is missing, as ``(key, why)``."""
        return tuple((key, str(why)) for key, value in self.by_key.items() for why in value.incomplete)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The required keys that were not supplied."""
        return tuple(key for key in REQUIRED if self.by_key[key].status is DataStatus.ABSENT)

    @property
    def reached(self) -> dict[str, str]:
        """Where each key came from: ``prefetch``, ``fetched``, or ``missing``."""
        sent = {DataStatus.DATA: "prefetch", DataStatus.NO_DATA: "prefetch"}
        return {
            key: "fetched" if key in self.fetched else sent.get(value.status, "missing")
            for key, value in self.by_key.items()
        }

    def require(self) -> None:
        """Refuse to judge without the required keys.

        Raises:
            MissingDataError: one of them was not sent; the message names it.
        """
        if self.lacking:
            places = tuple(f"prefetch.{key}" for key in self.lacking)
            why = [reason for key in self.lacking for reason in self.by_key[key].incomplete if reason != Gap.NOT_SENT]
            tried = f"It could not be fetched either: {'; '.join(dict.fromkeys(why))}. " if why else ""
            text = f"Prefetch data is missing: {', '.join(self.lacking)}."
            raise MissingDataError(text, *places, hint=tried + _HINT)


def read_prefetch(request: dict[str, Any]) -> dict[str, SuppliedData]:
    """The prefetch values of a hook request by key; old drafts of the specification put them inside the context."""
    context = request.get("context")
    for holder in (request, context):
        values = holder.get("prefetch") if isinstance(holder, dict) else None
        if isinstance(values, dict):
            return {key: read_value(value) for key, value in values.items()}
    return {}


def prefetched_record(prefetch: Mapping[str, SuppliedData], aliases: Mapping[str, str]) -> PrefetchedRecord:
    """The supply of a request; ``aliases`` map a site's own keys to ours. Keys that are neither are left alone."""
    own = {aliases.get(key, key): value for key, value in prefetch.items() if key not in PREFETCH}
    own |= {key: value for key, value in prefetch.items() if key in PREFETCH}
    sent = {key: own.get(key, read_value(ABSENT)) for key in PREFETCH}
    return PrefetchedRecord(sent)
