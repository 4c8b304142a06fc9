"""What was supplied in one place: a Bundle, a prefetch value, a list of draft orders, a bare resource.

Four states mean different things to a judgement: the key is *absent* (nobody searched), it is null or an empty search
(*no data*), it is an *error*, or it is *data*. Data may be incomplete: there is a further page, an entry failed, or
there are fewer entries than the total.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from cds_service.fhir.elements import Element, list_of, text_of

# Bundles within bundles (a batch of searches) are opened to this depth; each bundle takes two levels.
_MAX_DEPTH = 12
_FIRST_ERROR_STATUS = 400
# Types of objects that wrap resources, or answer instead of one.
_WRAPPERS = (None, "Bundle", "OperationOutcome", "Parameters")
_ERROR_SEVERITIES = frozenset({"error", "fatal"})
# FHIR's issue types (and those that they stand for) that tell, as a warning too, of results cut off or withheld.
_LACKING = frozenset(
    {
        "incomplete",
        "timeout",
        "throttled",
        "transient",
        "lock-error",
        "no-store",
        "exception",
        "too-costly",
        "too-long",
        "suppressed",
        "forbidden",
        "security",
        "login",
        "expired",
    }
)
# An entry with one of these members needs no resource, or is a resource itself.
_MEMBERS_WITHOUT_RESOURCE = frozenset({"request", "response", "entry", "resourceType"})
# A total of more digits is no number of resources.
_MAX_DIGITS = len("1000000000") - 1


class Gap(StrEnum):
    """Why a place may hold less than was asked for."""

    HAS_MORE_PAGES = "more pages were not sent"
    FEWER_THAN_TOTAL = "fewer entries were sent than the total says"
    PART_FAILED = "a part of it is an error"
    EMPTY_ENTRY = "an entry holds no resource"
    TOO_DEEP = "bundles within bundles, too deep to read"
    IS_ERROR = "the client sent an error"
    NOT_SENT = "not sent"
    NOT_FHIR = "not a FHIR resource"
    WARNED = "the server warns that it may not be all"
    OTHER_TYPE = "it holds no resource of the type that was asked for"


class _Absence(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absence.ABSENT
"""The value of a key that was not sent, which differs from null."""


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One resource (any JSON value, until it is read) with the ``fullUrl`` of its Bundle entry.

    ``medication`` and ``condition``: what it may hold, by what was asked for, where it is no resource.
    """

    resource: object
    full_url: str | None = None
    medication: bool = True
    condition: bool = False


class DataStatus(StrEnum):
    """What was supplied in a place."""

    ABSENT = "absent"
    NO_DATA = "no-data"
    DATA = "data"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SuppliedData:
    """What was supplied in one place.

    Args:
        status: whether that is data.
        entries: the resources, without OperationOutcomes.
        incomplete: why more may exist: a :class:`Gap`, or what went wrong in fetching it. Empty only where everything
            that was asked for was supplied.
        next_url: the address of the next page, as sent. It must not be followed without a comparison of its origin.
        included: how many of the entries were included beside the matches, and are not counted in the total.
        null: it was null.
    """

    status: DataStatus
    entries: tuple[BundleEntry, ...] = ()
    incomplete: tuple[str, ...] = ()
    next_url: str | None = None
    included: int = 0
    null: bool = field(default=False, compare=False)

    @property
    def resources(self) -> list[object]:
        """The resources of the entries."""
        return [entry.resource for entry in self.entries]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was supplied, even if that is nothing."""
        return not self.incomplete


@dataclass(slots=True)
class _Reading:
    entries: list[BundleEntry] = field(default_factory=list)
    incomplete: set[Gap] = field(default_factory=set)
    next_url: str | None = None
    included: int = 0
    failed: bool = False


def read_value(value: object = ABSENT) -> SuppliedData:
    """What a prefetch value, a file or a member of the context holds. Never raises."""
    if value is ABSENT:
        return SuppliedData(DataStatus.ABSENT, incomplete=(Gap.NOT_SENT,))
    if value == {} or not isinstance(value, dict | list | None):
        return SuppliedData(DataStatus.ERROR, incomplete=(Gap.NOT_FHIR,))
    reading = _Reading()
    _read(value, reading, 0)
    if reading.failed:
        reading.incomplete.add(Gap.PART_FAILED if reading.entries else Gap.IS_ERROR)
    incomplete = tuple(sorted(reading.incomplete))
    if reading.failed and not reading.entries:
        return SuppliedData(DataStatus.ERROR, incomplete=incomplete)
    status = DataStatus.DATA if reading.entries else DataStatus.NO_DATA
    return SuppliedData(
        status, tuple(reading.entries), incomplete, reading.next_url, reading.included, null=value is None
    )


def entries_of(value: object) -> SuppliedData:
    """As :func:`read_value`, also of a :class:`BundleEntry`, or of :class:`SuppliedData` itself.

    A value that is no FHIR becomes an entry, which the reader then reports as unread.
    """
    if isinstance(value, SuppliedData):
        return value
    if isinstance(value, BundleEntry):
        return SuppliedData(DataStatus.DATA, (value,))
    is_wrapper = isinstance(value, dict) and value.get("resourceType") in _WRAPPERS
    if is_wrapper or value is None or isinstance(value, list):
        return read_value(value)
    return SuppliedData(DataStatus.DATA, (BundleEntry(value),))


def drafts_of(context: object) -> SuppliedData:
    """The orders being written, from a hook's context: ``draftOrders``, or the older ``medications`` and ``orders``."""
    if isinstance(context, dict):
        for name in ("draftOrders", "medications", "orders"):
            if context.get(name) is not None:
                return read_value(context[name])
    return SuppliedData(DataStatus.ABSENT, incomplete=(Gap.NOT_SENT,))


def _read(value: object, reading: _Reading, depth: int, full_url: str | None = None) -> None:
    """Read a value and what it wraps, down to the maximum depth."""
    if value is None:
        return
    if depth > _MAX_DEPTH:
        reading.incomplete.add(Gap.TOO_DEEP)
    elif isinstance(value, list):
        for item in value:
            _read(item, reading, depth + 1)
    elif isinstance(value, dict):
        _read_object(value, reading, depth, full_url)
    else:
        reading.entries.append(BundleEntry(value, full_url))


def _read_object(value: Element, reading: _Reading, depth: int, full_url: str | None) -> None:
    resource_type = value.get("resourceType")
    if resource_type == "Bundle" or (resource_type is None and "entry" in value):
        _read_bundle(value, reading, depth)
    elif resource_type == "OperationOutcome":
        reading.failed = reading.failed or _is_error(value)
        if _warns_of_more(value):
            reading.incomplete.add(Gap.WARNED)
    elif resource_type == "Parameters":
        _read_parameters(value.get("parameter"), reading, depth)
    elif resource_type is None and ("resource" in value or "response" in value):
        _read_entry(value, reading, depth)
    elif resource_type is not None or not (value == {} or "request" in value):
        # An entry with only a request deletes a resource.
        reading.entries.append(BundleEntry(value, full_url))


def _read_bundle(bundle: Element, reading: _Reading, depth: int) -> None:
    sent = bundle.get("entry")
    items = list_of(sent)
    for item in items:
        before = len(reading.entries)
        _read(item, reading, depth + 1)
        if not _is_match(item):
            reading.included += len(reading.entries) - before
    if (isinstance(sent, list) and None in sent) or any(map(_is_empty, items)):
        reading.incomplete.add(Gap.EMPTY_ENTRY)
    next_link = _next_link(bundle["link"]) if "link" in bundle else None
    if next_link is not None:
        reading.incomplete.add(Gap.HAS_MORE_PAGES)
        reading.next_url = reading.next_url or text_of(next_link.get("url"))
    elif "total" in bundle and _number(bundle["total"]) > sum(map(_is_match, items)):
        reading.incomplete.add(Gap.FEWER_THAN_TOTAL)


def _next_link(links: object) -> Element | None:
    return next((link for link in list_of(links) if isinstance(link, dict) and link.get("relation") == "next"), None)


def _number(value: object) -> int:
    """A total; 0 where it cannot be one."""
    text = text_of(value) or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else 0


def _is_match(entry: object) -> bool:
    """Whether an entry is a match of the search, not one that is included beside the matches."""
    if not isinstance(entry, dict) or "search" not in entry:
        return True
    search = entry["search"]
    return not isinstance(search, dict) or search.get("mode") in (None, "match")


def _is_empty(entry: object) -> bool:
    """Whether an entry has neither a resource nor a reason to have none: its resource was lost on the way."""
    if not isinstance(entry, dict) or entry.keys() & _MEMBERS_WITHOUT_RESOURCE:
        return False
    return entry.get("resource") in (None, {})


def _read_parameters(value: object, reading: _Reading, depth: int) -> None:
    """Read the resources of a Parameters resource, which is the result of an operation."""
    if depth > _MAX_DEPTH:
        reading.incomplete.add(Gap.TOO_DEEP)
        return
    for parameter in list_of(value):
        if isinstance(parameter, dict):
            _read(parameter.get("resource"), reading, depth + 1)
            _read_parameters(parameter.get("part"), reading, depth + 1)


def _read_entry(entry: Element, reading: _Reading, depth: int) -> None:
    """Read an entry of a Bundle, or a prefetch value of the old form ``{response, resource}``."""
    if _has_failed(entry.get("response")):
        reading.failed = True
    full_url = entry.get("fullUrl")
    _read(entry.get("resource"), reading, depth + 1, full_url if isinstance(full_url, str) else None)


def _has_failed(response: object) -> bool:
    if not isinstance(response, dict):
        return False
    status = (text_of(response.get("status")) or "")[:3]
    return status.isdecimal() and status.isascii() and int(status) >= _FIRST_ERROR_STATUS


def _is_error(outcome: Element) -> bool:
    """Whether an OperationOutcome reports a failure. A warning, such as "no results", reports none."""
    issues = [issue for issue in list_of(outcome.get("issue")) if isinstance(issue, dict)]
    return not issues or any(_severity(issue) in _ERROR_SEVERITIES for issue in issues)


def _warns_of_more(outcome: Element) -> bool:
    """Whether an OperationOutcome tells that results are lacking."""
    issues = (issue for issue in list_of(outcome.get("issue")) if isinstance(issue, dict))
    return any(
        _severity(issue) not in _ERROR_SEVERITIES and (text_of(issue.get("code")) or "").lower() in _LACKING
        for issue in issues
    )


def _severity(issue: Element) -> str:
    severity = issue.get("severity")
    return severity.lower() if isinstance(severity, str) else "error"
