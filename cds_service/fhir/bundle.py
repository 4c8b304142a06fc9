"""What was sent in one place: a Bundle, a prefetch value, a list of draft orders, a bare resource.

Four answers are kept apart, because they mean different things to a judgement: the key is *absent* (nobody looked), it
is null or an empty search (*no data*), it is an *error*, or it is *data* - and data may be incomplete: a further page,
an entry that failed, fewer entries than the total says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cds_service.fhir.elements import Element, members, text_of

# Bundles within bundles (a batch of searches) are opened so many steps inwards; each bundle takes two.
_DEEPEST = 12
_FAILED_FROM = 400
# What is opened, or answered to, and is no resource of the record itself.
_WRAPPINGS = (None, "Bundle", "OperationOutcome", "Parameters")
_ERRORS = frozenset({"error", "fatal"})
# An entry with one of these needs no resource, or is one.
_SAYS_SOMETHING = frozenset({"request", "response", "entry", "resourceType"})
# A total of as many digits is no count of resources.
_DIGITS = len("1000000000")

HAS_MORE_PAGES = "more pages were not sent"
FEWER_THAN_TOTAL = "fewer entries were sent than the total says"
PART_FAILED = "a part of it is an error"
EMPTY_ENTRY = "an entry holds no resource"
TOO_DEEP = "bundles within bundles, too deep to read"
IS_ERROR = "the client sent an error"
NOT_SENT = "not sent"
NOT_FHIR = "not a FHIR resource"


class Absent:
    """The type of :data:`ABSENT`: a key that was not sent, as against one that was sent with null."""


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One resource (any JSON value, until read) with the URL that its Bundle gives it."""

    resource: object
    full_url: str | None = None


class SuppliedValue(StrEnum):
    """What a place holds."""

    ABSENT = "absent"
    NO_DATA = "no-data"
    DATA = "data"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Prefetched:
    """One place, read: its ``entries`` without OperationOutcomes, and in ``incomplete`` why more may exist.

    ``incomplete`` is empty only where everything that was asked for has been supplied. ``next_url`` is the address of
    the next page, as sent and unchecked; never follow it without comparing its origin. ``included`` of the entries came
    beside what the search found, and are not of its total.
    """

    supplied: SuppliedValue
    entries: tuple[BundleEntry, ...] = ()
    incomplete: tuple[str, ...] = ()
    next_url: str | None = None
    included: int = 0

    @property
    def resources(self) -> list[object]:
        """The resources alone."""
        return [entry.resource for entry in self.entries]

    @property
    def complete(self) -> bool:
        """Whether the place holds all that was asked for, be it nothing."""
        return not self.incomplete


@dataclass(slots=True)
class _Reading:
    entries: list[BundleEntry] = field(default_factory=list)
    incomplete: set[str] = field(default_factory=set)
    next_url: str | None = None
    included: int = 0
    failed: bool = False


def read_value(value: object = ABSENT) -> Prefetched:
    """What one prefetch value, one file or one context field holds. Never raises."""
    if isinstance(value, Absent):
        return Prefetched(SuppliedValue.ABSENT, incomplete=(NOT_SENT,))
    if value == {} or not isinstance(value, dict | list | None):
        return Prefetched(SuppliedValue.ERROR, incomplete=(NOT_FHIR,))
    reading = _Reading()
    _read(value, reading, 0)
    if reading.failed:
        reading.incomplete.add(PART_FAILED if reading.entries else IS_ERROR)
    incomplete = tuple(sorted(reading.incomplete))
    if reading.failed and not reading.entries:
        return Prefetched(SuppliedValue.ERROR, incomplete=incomplete)
    supplied = SuppliedValue.DATA if reading.entries else SuppliedValue.NO_DATA
    return Prefetched(supplied, tuple(reading.entries), incomplete, reading.next_url, reading.included)


def entries_of(value: object) -> Prefetched:
    """As :func:`read_value`, for what may be read already: a :class:`BundleEntry` or
    a :class:`Prefetched` passes as it is.

    A value that is no FHIR is an entry that the reader will report.
    """
    if isinstance(value, Prefetched):
        return value
    if isinstance(value, BundleEntry):
        return Prefetched(SuppliedValue.DATA, (value,))
    if isinstance(value, dict):
        if value.get("resourceType") in _WRAPPINGS:
            return read_value(value)
        return Prefetched(SuppliedValue.DATA, (BundleEntry(value),))
    if value is not None and not isinstance(value, list):
        return Prefetched(SuppliedValue.DATA, (BundleEntry(value),))
    return read_value(value)


def _read(value: object, reading: _Reading, depth: int, full_url: str | None = None) -> None:
    """Read a value and what it wraps. Every step inwards is one deeper, and there is a deepest one."""
    if value is None:
        return
    if depth > _DEEPEST:
        reading.incomplete.add(TOO_DEEP)
    elif isinstance(value, list):
        for item in value:
            _read(item, reading, depth + 1)
    elif isinstance(value, dict):
        _read_object(value, reading, depth, full_url)
    else:
        reading.entries.append(BundleEntry(value, full_url))


def _read_object(value: Element, reading: _Reading, depth: int, full_url: str | None) -> None:
    kind = value.get("resourceType")
    if kind == "Bundle" or (kind is None and "entry" in value):
        _read_bundle(value, reading, depth)
    elif kind == "OperationOutcome":
        reading.failed = reading.failed or _is_error(value)
    elif kind == "Parameters":
        _read_parameters(value.get("parameter"), reading, depth)
    elif kind is None and ("resource" in value or "response" in value):
        _read_wrapped(value, reading, depth)
    elif kind is not None or not (value == {} or "request" in value):
        # An entry with a request alone deletes something and carries nothing.
        reading.entries.append(BundleEntry(value, full_url))


def _read_bundle(bundle: Element, reading: _Reading, depth: int) -> None:
    sent = bundle.get("entry")
    listed = members(sent)
    for item in listed:
        before = len(reading.entries)
        _read(item, reading, depth + 1)
        if not _matches(item):
            reading.included += len(reading.entries) - before
    if (isinstance(sent, list) and None in sent) or any(map(_is_empty, listed)):
        reading.incomplete.add(EMPTY_ENTRY)
    links = [link for link in members(bundle.get("link")) if isinstance(link, dict) and link.get("relation") == "next"]
    total = text_of(bundle.get("total")) or ""
    if links:
        reading.incomplete.add(HAS_MORE_PAGES)
        reading.next_url = reading.next_url or text_of(links[0].get("url"))
    elif total.isascii() and total.isdecimal() and len(total) < _DIGITS and int(total) > sum(map(_matches, listed)):
        reading.incomplete.add(FEWER_THAN_TOTAL)


def _is_empty(entry: object) -> bool:
    """Whether an entry carries nothing and answers nothing: what stood there was lost on the way."""
    if not isinstance(entry, dict) or entry.keys() & _SAYS_SOMETHING:
        return False
    return entry.get("resource") in (None, {})


def _read_parameters(value: object, reading: _Reading, depth: int) -> None:
    """The resources of a Parameters resource, as operations answer with it."""
    if depth > _DEEPEST:
        reading.incomplete.add(TOO_DEEP)
        return
    for parameter in members(value):
        if isinstance(parameter, dict):
            _read(parameter.get("resource"), reading, depth + 1)
            _read_parameters(parameter.get("part"), reading, depth + 1)


def _read_wrapped(wrapper: Element, reading: _Reading, depth: int) -> None:
    """An entry of a Bundle, or a prefetch value in the old ``{response, resource}`` form."""
    resource = wrapper.get("resource")
    if _response_failed(wrapper.get("response")):
        reading.failed = True
    full_url = wrapper.get("fullUrl")
    _read(resource, reading, depth + 1, full_url if isinstance(full_url, str) else None)


def _response_failed(response: object) -> bool:
    if not isinstance(response, dict):
        return False
    status = text_of(response.get("status")) or ""
    return status[:3].isdecimal() and status[:3].isascii() and int(status[:3]) >= _FAILED_FROM


def _is_error(outcome: Element) -> bool:
    """Whether an OperationOutcome reports a failure; a warning such as "no results" is an answer, not a failure."""
    issues = [issue for issue in members(outcome.get("issue")) if isinstance(issue, dict)]
    return not issues or any(_severity(issue) in _ERRORS for issue in issues)


def _severity(issue: Element) -> str:
    severity = issue.get("severity")
    return severity.lower() if isinstance(severity, str) else "error"


def _matches(item: object) -> bool:
    if not isinstance(item, dict) or "search" not in item:
        return True
    search = item["search"]
    return not isinstance(search, dict) or search.get("mode") in (None, "match")


def drafts_of(context: object) -> Prefetched:
    """The orders being written, from a hook's context: ``draftOrders``, or the older ``medications`` and ``orders``."""
    if isinstance(context, dict):
        for name in ("draftOrders", "medications", "orders"):
            if context.get(name) is not None:
                return read_value(context[name])
    return Prefetched(SuppliedValue.ABSENT, incomplete=(NOT_SENT,))
