"""The files that a command is given: each holds a patient's record, or a whole hook request."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cds_service.config import Settings
from cds_service.errors import CANNOT
from cds_service.fhir.bundle import BundleEntry, DataStatus, SuppliedData, drafts_of, read_value
from cds_service.fhir.elements import text_of
from cds_service.fhir.reader import READ_TYPES, read_patient
from cds_service.fhir.references import requester_of
from cds_service.hooks.prefetch import prefetched_record, read_prefetch
from cds_service.json_document import JsonSyntaxError, Outline, parse, refuse_duplicate_members
from rules.model import Patient

_STANDARD_INPUT = Path("-")


class UnreadableFileError(ValueError):
    """The file cannot be read, or holds no JSON of the kind needed; the message quotes nothing of what it holds.

    ``line`` and ``column`` say where it stops being JSON.
    """

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        place = "" if line is None else f": line {line}, column {column}"
        super().__init__(message + place)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class FileContent:
    """The record of a file and, of a hook request, its context.

    Attributes:
        record: every resource of the record.
        missing: pairs of a key and why its data is incomplete.
        hook: the hook of a request; None for a plain record.
        patient_id: the patient of the request.
        drafts: the draft orders of the request.
        author: the practitioner who writes the drafts.
        encounter: the encounter of the request.
        server: the address of the caller's FHIR server.
        prefetch: the prefetch of the request by its own keys; None for a plain record.
    """

    record: tuple[BundleEntry, ...]
    missing: tuple[tuple[str, str], ...] = ()
    hook: str | None = None
    patient_id: str | None = None
    drafts: tuple[BundleEntry, ...] = ()
    author: str | None = None
    encounter: str | None = None
    server: str | None = None
    prefetch: Mapping[str, SuppliedData] | None = None


def read_file(data: bytes) -> FileContent:
    """The content of a file: a hook request, a Bundle, a resource, or a list of resources.

    Raises:
        UnreadableFileError: not JSON (with line and column), an object with the same member twice, a JSON value that is
            neither object nor list, or a record that holds nothing that is read.
    """
    value = read_json(data)
    try:
        refuse_duplicate_members(data, value, Outline.of(data))
    except JsonSyntaxError as error:
        raise UnreadableFileError(error.reason, error.line, error.column) from None
    if not isinstance(value, dict | list):
        raise UnreadableFileError("neither a FHIR resource, nor a list of them, nor a hook request")
    request = hook_request(value)
    if request is not None:
        return _request(request)
    sent = read_value(value)
    _require_record(sent)
    return FileContent(sent.entries, tuple(("file", str(why)) for why in sent.incomplete))


def _require_record(sent: SuppliedData) -> None:
    """Refuse what holds nothing that is read: its working would say that nothing is taken.

    Raises:
        UnreadableFileError: an error of a server, or no resource of a type that is read.
    """
    if sent.status is DataStatus.ERROR and not sent.entries:
        raise UnreadableFileError("no record: an OperationOutcome with an error, or nothing")
    types = [entry.resource.get("resourceType") for entry in sent.entries if isinstance(entry.resource, dict)]
    # What has no type is said to be unread.
    if len(types) == len(sent.entries) and all(isinstance(name, str) and name not in READ_TYPES for name in types):
        raise UnreadableFileError(f"holds no resource of a type that is read: {', '.join(sorted(READ_TYPES))}")


def read_json(data: bytes) -> object:
    """The JSON value of a file.

    Raises:
        UnreadableFileError: not JSON, with line and column.
    """
    try:
        return parse(data)
    except JsonSyntaxError as error:
        raise UnreadableFileError(error.reason, error.line, error.column) from None


def hook_request(value: object) -> dict[str, Any] | None:
    """The value of a file if it is a hook request, which has a member ``hook`` and is no FHIR resource; else None."""
    return value if isinstance(value, dict) and "hook" in value and "resourceType" not in value else None


def patient_in(content: FileContent, settings: Settings, on: date | None = None) -> Patient:
    """The patient of a file, for the judgement of a day. A hook request is read as the service reads it, but never
    refused for what it lacks."""
    entries, missing = content.record, set(content.missing)
    if content.prefetch is not None:
        record = prefetched_record(content.prefetch, settings.prefetch_aliases)
        entries = record.entries
        # Who runs the command is told how it came to be missing.
        missing |= {(key, why) for key, whys in record.gaps.items() for why in whys}
    return read_patient(
        entries,
        patient_id=content.patient_id,
        drafts=content.drafts,
        missing=sorted(missing),
        author=content.author,
        encounter=content.encounter,
        server=content.server,
        zone=settings.zone,
        on=on,
    )


def for_each_file(files: Sequence[Path], work: Callable[[Path, bytes], int]) -> int:
    """Do the work for each file. A file that cannot be read is named on standard error; the others are still done.

    Args:
        files: their paths; ``-`` is standard input.
        work: takes the path and the content of one, returns an exit status, or raises :class:`UnreadableFileError`.

    Returns:
        The highest exit status of the work, 2 where a file cannot be read.
    """
    status = 0
    for file in files:
        try:
            status = max(status, work(file, _content(file)))
        except UnreadableFileError as error:
            print(f"benzo-cds: {printable_name(file)}: {error}", file=sys.stderr)
            status = CANNOT
    return status


def printable_name(file: Path) -> str:
    """The path of a file, with a replacement character for each byte that is not UTF-8."""
    return os.fsencode(file).decode(errors="replace")


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == _STANDARD_INPUT else file.read_bytes()
    except OSError as error:
        raise UnreadableFileError(error.strerror or "cannot be read") from None


def _request(request: dict[str, Any]) -> FileContent:
    prefetch = read_prefetch(request)
    context = request.get("context")
    drafts = drafts_of(context)
    user, patient, encounter = (
        context.get(name) if isinstance(context, dict) else None for name in ("userId", "patientId", "encounterId")
    )
    missing = [(key, why) for key, value in sorted(prefetch.items()) for why in value.incomplete]
    if drafts.entries or drafts.next_url:
        missing.extend(("draftOrders", why) for why in drafts.incomplete)
    if not prefetch:
        missing.append(("prefetch", "not sent"))
    return FileContent(
        record=tuple(entry for _, value in sorted(prefetch.items()) for entry in value.entries),
        missing=tuple(missing),
        hook=text_of(request.get("hook")) or "",
        patient_id=text_of(patient) or text_of(request.get("patient")),
        drafts=drafts.entries,
        author=requester_of(text_of(user)),
        encounter=text_of(encounter),
        server=text_of(request.get("fhirServer")),
        prefetch=prefetch,
    )
