"""The pages of a search, one after the other, as one answer."""

from __future__ import annotations

from dataclasses import replace

from cds_service.fhir.bundle import BundleEntry, DataStatus, Gap, SuppliedData, read_value
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient

TOO_MANY_PAGES = "the FHIR server has more pages than are read"
IN_A_CIRCLE = "the FHIR server’s pages go in a circle"


def all_pages(
    client: FhirClient, token: str | None, deadline: Deadline, query: str = "", *, after: SuppliedData | None = None
) -> SuppliedData:
    """The answer to a query, or the rest of one whose first page is known already.

    A page that cannot be read leaves the pages before it, and says why there may be more.

    Raises:
        FetchError: the first page cannot be read.
    """
    pages = [] if after is None else [after]
    totals: list[int] = []
    why: tuple[str, ...] = ()
    upcoming = query if after is None else after.next_url
    seen: set[str] = set()
    while upcoming is not None and not why:
        try:
            address = client.address(upcoming)
            if address in seen:
                raise FetchError(IN_A_CIRCLE)
            if len(pages) >= client.limits.pages or sum(len(p.entries) for p in pages) >= client.limits.entries:
                raise FetchError(TOO_MANY_PAGES)
            seen.add(address)
            page = client.read(upcoming, token, deadline)
        except FetchError as error:
            if not pages:
                raise
            why = (str(error),)
            break
        totals += [page["total"]] if isinstance(page, dict) and isinstance(page.get("total"), int) else []
        read = read_value(page)
        if read.status is DataStatus.ERROR:
            why = read.incomplete
        pages.append(read)
        upcoming = read.next_url
    return _joined(pages, totals, why)


def _joined(pages: list[SuppliedData], totals: list[int], why: tuple[str, ...]) -> SuppliedData:
    entries: tuple[BundleEntry, ...] = tuple(entry for page in pages for entry in page.entries)
    said = [
        reason
        for page in pages
        for reason in page.incomplete
        if reason not in (Gap.HAS_MORE_PAGES, Gap.FEWER_THAN_TOTAL)
    ]
    if totals and not why and max(totals) > len(entries) - sum(page.included for page in pages):
        said.append(Gap.FEWER_THAN_TOTAL)
    incomplete = tuple(sorted({*said, *why}))
    if len(pages) == 1 and pages[0].status is DataStatus.ERROR:
        return replace(pages[0], next_url=None)
    return SuppliedData(DataStatus.DATA if entries else DataStatus.NO_DATA, entries, incomplete)
