"""What a file holds: a patient's record, or a whole hook request. For the command line and for tests of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cds_service.fhir.bundle import BundleEntry, drafts_of, read_value
from cds_service.fhir.elements import members, text_of
from cds_service.fhir.references import requester_of
from cds_service.hooks.document import NotADocumentError, Outline, parse, refuse_doubles
from cds_service.hooks.prefetch import read_prefetch


class UnreadableFileError(ValueError):
    """The file is not JSON, or no JSON that can hold a record; the message says where, and quotes nothing of it."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        place = "" if line is None else f": line {line}, column {column}"
        super().__init__(message + place)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class FileContent:
    """The record and, of a hook request, what the hook adds.

    ``hook`` is None for a plain record. ``supplied`` are the prefetch keys with data or known to hold none; ``missing``
    are ``(key, why)`` pairs of what came in part or as an error. ``author`` is the practitioner writing the drafts;
    ``request`` is the whole parsed request.
    """

    record: tuple[BundleEntry, ...]
    missing: tuple[tuple[str, str], ...] = ()
    hook: str | None = None
    patient_id: str | None = None
    drafts: tuple[BundleEntry, ...] = ()
    author: str | None = None
    selections: tuple[str, ...] = ()
    supplied: frozenset[str] = frozenset()
    request: dict[str, Any] | None = None


def read_file(data: bytes) -> FileContent:
    """The content of a file: a request if it names a hook, else a Bundle, a resource, or a list of resources.

    Raises:
        UnreadableFileError: not JSON (with line and column), an object that has a member twice, or a JSON value that is
            neither object nor list.
    """
    try:
        value = parse(data)
        refuse_doubles(data, value, Outline.of(data))
    except NotADocumentError as error:
        raise UnreadableFileError(error.reason, error.line, error.column) from None
    if not isinstance(value, dict | list):
        raise UnreadableFileError("neither a FHIR resource, nor a list of them, nor a hook request")
    if isinstance(value, dict) and "hook" in value and "resourceType" not in value:
        return _request(value)
    sent = read_value(value)
    return FileContent(sent.entries, tuple(("file", why) for why in sent.incomplete))


def _request(request: dict[str, Any]) -> FileContent:
    values = read_prefetch(request)
    context = request.get("context")
    drafts = drafts_of(context)
    selections = context.get("selections") if isinstance(context, dict) else None
    user = context.get("userId") if isinstance(context, dict) else None
    patient = context.get("patientId") if isinstance(context, dict) else None
    missing = [(key, why) for key, value in sorted(values.items()) for why in value.incomplete]
    if drafts.entries or drafts.next_url:
        missing.extend(("draftOrders", why) for why in drafts.incomplete)
    if not values:
        missing.append(("prefetch", "not sent"))
    return FileContent(
        record=tuple(entry for _, value in sorted(values.items()) for entry in value.entries),
        missing=tuple(missing),
        hook=text_of(request.get("hook")) or "",
        patient_id=text_of(patient) or text_of(request.get("patient")),
        drafts=drafts.entries,
        author=requester_of(text_of(user)),
        selections=tuple(text for text in map(text_of, members(selections)) if text),
        supplied=frozenset(key for key, value in values.items() if value.complete),
        request=request,
    )
