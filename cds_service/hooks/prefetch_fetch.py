"""The completion of a prefetch from the caller's FHIR server: missing keys, further pages, and referenced medications.

Only a server that the tenant has listed is read, with the token of the call, within one deadline for all reads. What
could not be fetched stays missing, with the reason.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from cds_service import logs
from cds_service.config.limits import FetchLimits
from cds_service.fhir.bundle import BundleEntry, DataStatus, Gap, SuppliedData, read_value
from cds_service.fhir.elements import list_of
from cds_service.fhir.references import normalised, type_and_id
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient
from cds_service.fhir_client.failures import FetchFailure
from cds_service.fhir_client.pages import all_pages
from cds_service.fhir_client.tenant_server import TenantServer
from cds_service.hooks.prefetch import PrefetchedRecord
from cds_service.hooks.request import HookRequest
from cds_service.services import PREFETCH
from cds_service.trust.addresses import origin
from cds_service.trust.tenant import FhirServer, Tenant

_MEDICATION = "Medication"
_NO_DATA = SuppliedData(DataStatus.NO_DATA)
_READ = (DataStatus.DATA, DataStatus.NO_DATA)
READ = "read"
"""The outcome of a read that did not fail."""
# What is missing from the request is no longer missing once it was fetched, or else for another reason.
_GAPS_OF_THE_REQUEST = frozenset({Gap.NOT_SENT, Gap.HAS_MORE_PAGES})

Job = Callable[[], SuppliedData]


@dataclass(frozen=True, slots=True)
class _Access:
    """The access of one call to a FHIR server."""

    server: TenantServer
    token: str | None
    deadline: Deadline

    def read_all(self, jobs: Mapping[str, Job]) -> dict[str, SuppliedData]:
        """The results of some reads."""
        return {name: _result_of(result) for name, result in self.server.read_all(jobs, self.deadline).items()}

    def read(self, reference: str) -> SuppliedData:
        """The resource at a relative or absolute address."""
        return read_value(self.server.client.read(reference, self.token, self.deadline))

    def search(self, query: str) -> SuppliedData:
        """All pages of a search."""
        return all_pages(self.server.client, self.token, self.deadline, query)

    def further_pages(self, first: SuppliedData) -> SuppliedData:
        """All pages of a search whose first page is known."""
        return all_pages(self.server.client, self.token, self.deadline, after=first)


@dataclass(slots=True)
class FhirServerCompletion:
    """Completes records from the FHIR servers of tenants, which are kept with their threads and connections.

    ``authorities``: a PEM file of the certificate authorities to trust; None for the well-known ones. ``in_force``: the
    tenants now; a server that none of them lists is closed at the next fetch. None where they never change.
    """

    limits: FetchLimits = field(default_factory=FetchLimits)
    authorities: Path | None = None
    in_force: Callable[[], Iterable[Tenant]] | None = None
    _servers: dict[tuple[str, FhirServer], TenantServer] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """How many reads of this process ended how, by tenant and outcome: ``read``, or a failure's name."""
        with self._lock:
            return dict(self._outcomes)

    def with_drafts(self, record: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The record with the medications that draft orders refer to and that were not sent."""
        unresolved = unresolved_medications(request.drafts.entries, (*request.drafts.entries, *record.entries))
        access = self._access(request, tenant) if unresolved else None
        if access is None:
            return record
        if isinstance(access, FetchFailure):
            return replace(record, drafts_not_fetched=True)
        record = self._with_medications(record, unresolved, access, tenant)
        lacking = unresolved_medications(request.drafts.entries, (*request.drafts.entries, *record.entries))
        return replace(record, drafts_not_fetched=bool(lacking))

    def with_record(self, record: PrefetchedRecord, request: HookRequest, tenant: Tenant) -> PrefetchedRecord:
        """The record with the keys and the pages that were not sent, and the medications that it refers to."""
        lacking = {key: data for key, data in record.by_key.items() if _is_to_be_fetched(data)}
        unresolved = unresolved_medications(record.entries, record.entries)
        if not lacking and not unresolved:
            return record
        access = self._access(request, tenant)
        if access is None:
            return record
        if isinstance(access, FetchFailure):
            return _with_failure(record, lacking, access)
        jobs = {key: self._job(key, data, request, access) for key, data in lacking.items()}
        fetched = access.read_all(jobs)
        self._count(tenant, *fetched.values())
        _log_failures(fetched.items(), tenant)
        by_key = {key: _completed(data, fetched.get(key)) for key, data in record.by_key.items()}
        changed = {key for key in lacking if by_key[key] is not record.by_key[key] and by_key[key].entries}
        empty = {key for key in lacking if by_key[key].status is DataStatus.NO_DATA}
        record = replace(record, by_key=by_key, fetched=record.fetched | changed | empty)
        unresolved = unresolved_medications(record.entries, record.entries)
        return self._with_medications(record, unresolved, access, tenant) if unresolved else record

    def _access(self, request: HookRequest, tenant: Tenant) -> _Access | FetchFailure | None:
        """The access to the server of the request; None if it names none, the failure if it may not be used."""
        base = request.access.server
        if base is None:
            return None
        server = next((listed for listed in tenant.fhir_servers if _is_same_base(listed.base, base)), None)
        if server is None:
            logs.not_fetched("fhirServer is not listed", tenant.id)
            self._count(tenant, _failed(FetchFailure.NOT_LISTED))
            return FetchFailure.NOT_LISTED
        if request.access.token is None and not server.open:
            logs.not_fetched(FetchFailure.NO_TOKEN.value, tenant.id)
            self._count(tenant, _failed(FetchFailure.NO_TOKEN))
            return FetchFailure.NO_TOKEN
        self._close_removed()
        with self._lock:
            known = self._servers.get((tenant.id, server))
            if known is None:
                client = FhirClient(server.base, server.private, self.limits, self.authorities)
                known = self._servers[tenant.id, server] = TenantServer(tenant.id, client)
        return _Access(known, request.access.token, Deadline(request.access.read_at + self.limits.deadline))

    def _close_removed(self) -> None:
        if self.in_force is None:
            return
        named = {(tenant.id, server) for tenant in self.in_force() for server in tenant.fhir_servers}
        with self._lock:
            removed = [self._servers.pop(each) for each in self._servers.keys() - named]
        for server in removed:
            server.close()

    def _count(self, tenant: Tenant, *fetched: SuppliedData) -> None:
        with self._lock:
            for data in fetched:
                failures = [reason.name.lower() for reason in data.incomplete if isinstance(reason, FetchFailure)]
                self._outcomes.update((tenant.id, outcome) for outcome in failures or (READ,))

    def _job(self, key: str, sent: SuppliedData, request: HookRequest, access: _Access) -> Job:
        if sent.next_url is not None:
            return lambda: access.further_pages(sent)
        patient_id = quote(type_and_id(request.patient_id)[1], safe="")
        query = PREFETCH[key].replace("{{context.patientId}}", patient_id)
        if "?" in query:
            return lambda: access.search(f"{query}&_count={self.limits.page_size}")
        return lambda: access.read(query)

    def _with_medications(
        self, record: PrefetchedRecord, references: tuple[str, ...], access: _Access, tenant: Tenant
    ) -> PrefetchedRecord:
        """The record with the referenced medications: another object also where none could be fetched, since the server
        may answer the next call."""
        references = references[: self.limits.references]

        def job(reference: str) -> Job:
            return lambda: access.read(reference)

        fetched = access.read_all({reference: job(reference) for reference in references})
        self._count(tenant, *fetched.values())
        _log_failures(((_MEDICATION, data) for data in fetched.values()), tenant)
        medications = [
            BundleEntry(entry.resource, reference)
            for reference in references
            for entry in fetched.get(reference, _NO_DATA).entries
            if isinstance(entry.resource, dict) and entry.resource.get("resourceType") == _MEDICATION
        ]
        return replace(record, referenced=(*record.referenced, *medications))


def unresolved_medications(entries: Iterable[BundleEntry], sent: Iterable[BundleEntry]) -> tuple[str, ...]:
    """The references to medications in ``entries`` that mean none of the ``sent`` resources, each once, in order."""
    references = filter(None, (_medication_reference(entry.resource) for entry in entries))
    wanted = dict.fromkeys(text for text in references if not (text.startswith(("#", "urn:")) or "?" in text))
    if not wanted:
        return ()
    names: set[str] = set()
    for entry in sent:
        if isinstance(entry.resource, dict):
            names.add(f"{entry.resource.get('resourceType')}/{entry.resource.get('id')}")
        if entry.full_url:
            names |= {entry.full_url, normalised(entry.full_url)}
    return tuple(text for text in wanted if text not in names and normalised(text) not in names)


def _medication_reference(resource: object) -> str | None:
    """The reference of a resource to a Medication; R5 has it inside ``medication``."""
    if not isinstance(resource, dict) or not ("medicationReference" in resource or "medication" in resource):
        return None
    medication = resource.get("medication")
    inner = medication.get("reference") if isinstance(medication, dict) else None
    for element in (resource.get("medicationReference"), inner):
        for item in list_of(element):
            reference = item.get("reference") if isinstance(item, dict) else None
            if isinstance(reference, str) and type_and_id(reference)[0] == _MEDICATION:
                return reference.strip()
    return None


def _is_to_be_fetched(data: SuppliedData) -> bool:
    return data.status in (DataStatus.ABSENT, DataStatus.ERROR) or data.next_url is not None


def _completed(sent: SuppliedData, fetched: SuppliedData | None) -> SuppliedData:
    """What was fetched; where that failed, what was sent, with the reasons."""
    if fetched is None:
        return sent
    if fetched.status in _READ:
        return fetched
    remaining = (reason for reason in sent.incomplete if reason not in _GAPS_OF_THE_REQUEST)
    return replace(sent, incomplete=tuple(dict.fromkeys((*remaining, *fetched.incomplete))))


def _with_failure(
    record: PrefetchedRecord, lacking: Mapping[str, SuppliedData], failure: FetchFailure
) -> PrefetchedRecord:
    by_key = {
        key: replace(data, incomplete=(*data.incomplete, failure)) if key in lacking else data
        for key, data in record.by_key.items()
    }
    return replace(record, by_key=by_key)


def _log_failures(fetched: Iterable[tuple[str, SuppliedData]], tenant: Tenant) -> None:
    """Log one line for each reason, with the keys that could not be fetched for it."""
    keys: dict[str, set[str]] = {}
    for key, data in fetched:
        if data.status not in _READ:
            for reason in data.incomplete:
                keys.setdefault(str(reason), set()).add(key)
    for reason, failed in keys.items():
        logs.not_fetched(reason, tenant.id, sorted(failed))


def _result_of(result: SuppliedData | Exception) -> SuppliedData:
    if isinstance(result, FetchError):
        return _failed(result.failure)
    if isinstance(result, Exception):
        logs.failed(result)
        return _failed(FetchFailure.NOT_IN_TIME)
    if Gap.IS_ERROR not in result.incomplete:
        return result
    # Here it is not the client that sent it.
    incomplete = (FetchFailure.ANSWERED_WITH_ERROR if gap == Gap.IS_ERROR else gap for gap in result.incomplete)
    return replace(result, incomplete=tuple(incomplete))


def _failed(failure: FetchFailure) -> SuppliedData:
    return SuppliedData(DataStatus.ABSENT, incomplete=(failure,))


def _is_same_base(listed: str, named: str) -> bool:
    one, other = listed.rstrip("/"), named.strip().rstrip("/")
    return one == other or (origin(one) == origin(other) and _path(one) == _path(other))


def _path(address: str) -> str:
    return address.partition("://")[2].partition("/")[2]
