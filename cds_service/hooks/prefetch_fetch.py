"""What was not sent is fetched: the keys that are missing, the pages that are, and the medications referred to.

Only from a FHIR server that the tenant has listed, with the token of the call, within one deadline for all of it. What
cannot be had stays missing, and says why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from cds_service import logs
from cds_service.config import FetchLimits
from cds_service.fhir.bundle import (
    BundleEntry,
    DataStatus,
    Gap,
    SuppliedData,
    read_value,
)
from cds_service.fhir.elements import list_of
from cds_service.fhir.references import normalised, type_and_id
from cds_service.fhir_client.client import NOT_IN_TIME, Deadline, FetchError, FhirClient
from cds_service.fhir_client.pages import all_pages
from cds_service.hooks.prefetch import PrefetchedRecord
from cds_service.hooks.request import HookRequest
from cds_service.services import PREFETCH
from cds_service.trust.addresses import origin
from cds_service.trust.tenant import FhirServer, Tenant

NOT_LISTED = "the FHIR server of the request is not one that this tenant has listed"
NO_TOKEN = "the request gives no access to its FHIR server"
ANSWERED_WITH_ERROR = "the FHIR server answered with an error"
_MEDICATION = "Medication"

Job = Callable[[], SuppliedData]


@dataclass(frozen=True, slots=True)
class _Access:
    """One call's way to a server."""

    client: FhirClient
    token: str | None
    deadline: Deadline


@dataclass(slots=True)
class FetchedCompletion:
    """Completes from the FHIR servers of tenants; the clients, with their connections, are kept."""

    limits: FetchLimits = field(default_factory=FetchLimits)
    authorities: Path | None = None
    _clients: dict[FhirServer, FhirClient] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def with_drafts(self, supply: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The supply with the medications that draft orders refer to and that were not sent with them."""
        sent = (*request.drafts.entries, *supply.entries)
        wanted = unresolved(request.drafts.entries, sent)
        access = self._access(request, tenant) if wanted else None
        if access is None:
            return supply
        return replace(supply) if isinstance(access, str) else self._with_medications(supply, wanted, access)

    def with_record(self, supply: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The supply with the keys that were not sent, the pages that were not, and the medications referred to."""
        lacking = {key: value for key, value in supply.by_key.items() if _is_wanted(value)}
        wanted = unresolved(supply.entries, (*request.drafts.entries, *supply.entries))
        if not lacking and not wanted:
            return supply
        access = self._access(request, tenant)
        if access is None:
            return supply
        if isinstance(access, str):
            return _refused(supply, lacking, access)
        jobs = {key: self._job(key, value, request, access) for key, value in lacking.items()}
        found = self._at_once(jobs, access.deadline)
        _log_what_failed(found, tenant)
        by_key = {key: _better(value, found.get(key)) for key, value in supply.by_key.items()}
        changed = frozenset(key for key in lacking if by_key[key] is not supply.by_key[key] and by_key[key].entries)
        answered = frozenset(key for key in lacking if by_key[key].status is DataStatus.NO_DATA)
        supply = replace(supply, by_key=by_key, fetched=supply.fetched | changed | answered)
        wanted = unresolved(supply.entries, (*request.drafts.entries, *supply.entries))
        return self._with_medications(supply, wanted, access) if wanted else supply

    def _access(self, request: HookRequest, tenant: Tenant) -> _Access | str | None:
        """The way to the server; None where none is named, the reason where it may not be used."""
        named = request.access.server
        if named is None:
            return None
        server = next((each for each in tenant.fhir_servers if _same_base(each.base, named)), None)
        if server is None:
            logs.not_fetched("fhirServer is not listed", tenant.id)
            return NOT_LISTED
        if request.access.token is None and not server.open:
            logs.not_fetched(NO_TOKEN, tenant.id)
            return NO_TOKEN
        with self._lock:
            made = FhirClient(server.base, server.private, self.limits, self.authorities)
            client = self._clients.setdefault(server, made)
        return _Access(client, request.access.token, Deadline(request.access.since + self.limits.deadline))

    def _job(self, key: str, sent: SuppliedData, request: HookRequest, access: _Access) -> Job:
        def first() -> SuppliedData:
            if sent.next_url is not None:
                return all_pages(access.client, access.token, access.deadline, after=sent)
            identity = quote(type_and_id(request.patient_id)[1], safe="")
            query = PREFETCH[key].replace("{{context.patientId}}", identity)
            if "?" in query:
                return all_pages(
                    access.client, access.token, access.deadline, f"{query}&_count={self.limits.page_size}"
                )
            return read_value(access.client.read(query, access.token, access.deadline))

        return first

    def _with_medications(self, supply: PrefetchedRecord, wanted: tuple[str, ...], access: _Access) -> PrefetchedRecord:
        taken = wanted[: self.limits.references]

        def job(reference: str) -> Job:
            return lambda: read_value(access.client.read(reference, access.token, access.deadline))

        found = self._at_once({reference: job(reference) for reference in taken}, access.deadline)
        more = [
            BundleEntry(entry.resource, reference)
            for reference in taken
            for entry in found.get(reference, _NOTHING).entries
            if isinstance(entry.resource, dict) and entry.resource.get("resourceType") == _MEDICATION
        ]
        # Another supply also where nothing was found: a server that failed now may answer the next call.
        return replace(supply, more=(*supply.more, *more))

    def _at_once(self, jobs: Mapping[str, Job], deadline: Deadline) -> dict[str, SuppliedData]:
        """What each job came to; one that is not done in time is left behind, and ends by its own deadline."""
        if not jobs:
            return {}
        pool = ThreadPoolExecutor(min(len(jobs), self.limits.connections))
        running: dict[Future[SuppliedData], str] = {pool.submit(job): name for name, job in jobs.items()}
        found: dict[str, SuppliedData] = {}
        pending = set(running)
        try:
            while pending:
                done, pending = wait(pending, deadline.left(), FIRST_COMPLETED)
                for future in done:
                    found[running[future]] = _came_to(future)
        except FetchError:
            pass
        pool.shutdown(wait=False, cancel_futures=True)
        for future in pending:
            found[running[future]] = SuppliedData(DataStatus.ABSENT, incomplete=(NOT_IN_TIME,))
        return found


_NOTHING = SuppliedData(DataStatus.NO_DATA)


def unresolved(entries: Iterable[BundleEntry], sent: Iterable[BundleEntry]) -> tuple[str, ...]:
    """The references to medications that the entries make and that no resource sent answers, each once, in order."""
    stated = filter(None, (_medication_of(entry.resource) for entry in entries))
    wanted = dict.fromkeys(text for text in stated if not (text.startswith(("#", "urn:")) or "?" in text))
    if not wanted:
        return ()
    known: set[str] = set()
    for entry in sent:
        if isinstance(entry.resource, dict):
            known.add(f"{entry.resource.get('resourceType')}/{entry.resource.get('id')}")
        if entry.full_url:
            known |= {entry.full_url, normalised(entry.full_url)}
    return tuple(text for text in wanted if text not in known and normalised(text) not in known)


def _medication_of(resource: object) -> str | None:
    """The reference to a medication; R5 has it inside ``medication``."""
    if not isinstance(resource, dict) or not ("medicationReference" in resource or "medication" in resource):
        return None
    inner = resource.get("medication")
    for held in (resource.get("medicationReference"), inner.get("reference") if isinstance(inner, dict) else None):
        for item in list_of(held):
            reference = item.get("reference") if isinstance(item, dict) else None
            if isinstance(reference, str) and type_and_id(reference)[0] == _MEDICATION:
                return reference.strip()
    return None


def _is_wanted(value: SuppliedData) -> bool:
    return value.status in (DataStatus.ABSENT, DataStatus.ERROR) or value.next_url is not None


def _better(sent: SuppliedData, found: SuppliedData | None) -> SuppliedData:
    """What was fetched, where it holds more than what was sent; else what was sent, with why nothing was added."""
    if found is None:
        return sent
    if found.status in (DataStatus.DATA, DataStatus.NO_DATA):
        return found
    return replace(sent, incomplete=tuple(dict.fromkeys((*_still(sent), *found.incomplete))))


def _still(sent: SuppliedData) -> tuple[str, ...]:
    return tuple(why for why in sent.incomplete if why not in (Gap.NOT_SENT, Gap.HAS_MORE_PAGES))


def _log_what_failed(found: Mapping[str, SuppliedData], tenant: Tenant) -> None:
    """One line for each reason, which is one of our own words, with the keys that could not be had for it."""
    keys: dict[str, list[str]] = {}
    for key, value in sorted(found.items()):
        if value.status not in (DataStatus.DATA, DataStatus.NO_DATA):
            for why in value.incomplete:
                keys.setdefault(why, []).append(key)
    for why, concerned in keys.items():
        logs.not_fetched(why, tenant.id, concerned)


def _refused(supply: PrefetchedRecord, lacking: Mapping[str, SuppliedData], why: str) -> PrefetchedRecord:
    by_key = {
        key: replace(value, incomplete=(*value.incomplete, why)) if key in lacking else value
        for key, value in supply.by_key.items()
    }
    return replace(supply, by_key=by_key)


def _came_to(future: Future[SuppliedData]) -> SuppliedData:
    error = future.exception()
    if error is None:
        found = future.result()
        told = tuple(ANSWERED_WITH_ERROR if why == Gap.IS_ERROR else why for why in found.incomplete)
        return found if told == found.incomplete else replace(found, incomplete=told)
    if not isinstance(error, FetchError):
        logs.failed(error)
    return SuppliedData(DataStatus.ABSENT, incomplete=(str(error) if isinstance(error, FetchError) else NOT_IN_TIME,))


def _same_base(listed: str, named: str) -> bool:
    one, other = listed.rstrip("/"), named.strip().rstrip("/")
    return one == other or (origin(one) == origin(other) and _path(one) == _path(other))


def _path(address: str) -> str:
    return address.partition("://")[2].partition("/")[2]
