"""What the client fetched beforehand: which of our keys it sent, and what is missing from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cds_service.fhir.bundle import ABSENT, Entry, Prefetched, Supplied, read_value
from cds_service.hooks.errors import MissingDataError
from cds_service.hooks.services import PREFETCH, REQUIRED

_HINT = "Configure the prefetch of the service as GET /cds-services lists it; null says that there is no data."


@dataclass(frozen=True, slots=True)
class Supply:
    """The record that was sent: its resources, what is ``missing`` as ``(key, why)``, and required keys not sent."""

    entries: tuple[Entry, ...]
    missing: tuple[tuple[str, str], ...]
    lacking: tuple[str, ...]

    def require(self) -> None:
        """Refuse to judge without the required keys.

        Raises:
            MissingDataError: one of them was not sent; the message names it.
        """
        if self.lacking:
            places = tuple(f"prefetch.{key}" for key in self.lacking)
            raise MissingDataError(f"Prefetch data is missing: {', '.join(self.lacking)}.", *places, hint=_HINT)


def supply_of(prefetch: Mapping[str, Prefetched], aliases: Mapping[str, str]) -> Supply:
    """The supply of a request; ``aliases`` map a site's own keys to ours. Keys that are neither are left alone."""
    own = {aliases.get(key, key): value for key, value in prefetch.items() if key not in PREFETCH}
    own |= {key: value for key, value in prefetch.items() if key in PREFETCH}
    sent = {key: own.get(key, read_value(ABSENT)) for key in PREFETCH}
    return Supply(
        entries=tuple(entry for value in sent.values() for entry in value.entries),
        missing=tuple((key, why) for key, value in sent.items() for why in value.incomplete),
        lacking=tuple(key for key in REQUIRED if sent[key].supplied is Supplied.ABSENT),
    )
