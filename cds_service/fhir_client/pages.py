"""The pages of a search, read one after the other and joined."""

from __future__ import annotations

from dataclasses import replace

from cds_service.fhir.bundle import DataStatus, Gap, SuppliedData, read_value
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient
from cds_service.fhir_client.failures import FetchFailure

# What is missing from one page, and may stand on another.
_GAPS_OF_ONE_PAGE = frozenset({Gap.HAS_MORE_PAGES, Gap.FEWER_THAN_TOTAL})


def all_pages(
    client: FhirClient, token: str | None, deadline: Deadline, query: str = "", *, after: SuppliedData | None = None
) -> SuppliedData:
    """All pages of a query as one, or the pages after one that is known.

    Where a page cannot be read, the pages before it are joined, incomplete for that reason.

    Raises:
        FetchError: the first page cannot be read.
    """
    pages = [] if after is None else [after]
    totals: list[int] = []
    reasons: tuple[str, ...] = ()
    next_url = query if after is None else after.next_url
    addresses: set[str] = set()
    while next_url is not None and not reasons:
        try:
            address = client.address(next_url)
            if address in addresses:
                raise FetchError(FetchFailure.PAGES_IN_A_CIRCLE)
            if len(pages) >= client.limits.pages or sum(len(page.entries) for page in pages) >= client.limits.entries:
                raise FetchError(FetchFailure.TOO_MANY_PAGES)
            addresses.add(address)
            bundle = client.read(next_url, token, deadline)
        except FetchError as error:
            if not pages:
                raise
            reasons = (error.failure,)
            break
        if isinstance(bundle, dict) and isinstance(bundle.get("total"), int):
            totals.append(bundle["total"])
        page = read_value(bundle)
        if page.status is DataStatus.ERROR:
            reasons = page.incomplete
        elif page.next_url is None and Gap.HAS_MORE_PAGES in page.incomplete:
            reasons = (Gap.HAS_MORE_PAGES,)  # its link has no address
        pages.append(page)
        next_url = page.next_url
    return _joined(pages, totals, reasons)


def _joined(pages: list[SuppliedData], totals: list[int], reasons: tuple[str, ...]) -> SuppliedData:
    if len(pages) == 1 and pages[0].status is DataStatus.ERROR:
        return replace(pages[0], next_url=None)
    entries = tuple(entry for page in pages for entry in page.entries)
    incomplete = {
        *reasons,
        *(reason for page in pages for reason in page.incomplete if reason not in _GAPS_OF_ONE_PAGE),
    }
    if totals and not reasons and max(totals) > len(entries) - sum(page.included for page in pages):
        incomplete.add(Gap.FEWER_THAN_TOTAL)
    return SuppliedData(DataStatus.DATA if entries else DataStatus.NO_DATA, entries, tuple(sorted(incomplete)))
