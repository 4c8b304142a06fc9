"""A patient's record, read live from a FHIR server by a command: without a hook, a tenant or a store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from cds_service import logs
from cds_service.config import PREFIX, Settings
from cds_service.config.limits import MAX_TOKEN_LENGTH
from cds_service.errors import CommandError
from cds_service.fhir.bundle import DataStatus, Gap, SuppliedData
from cds_service.fhir.reader import read_patient
from cds_service.fhir.references import type_and_id
from cds_service.fhir_client.failures import FetchFailure
from cds_service.hooks.prefetch import PrefetchedRecord, prefetched_record
from cds_service.hooks.prefetch_fetch import FhirServerCompletion
from cds_service.hooks.request import FhirAccess, HookRequest, patient_reference
from cds_service.services import PREFETCH
from cds_service.trust.addresses import is_private, is_secure
from cds_service.trust.tenant import OPEN_TENANT, FhirServer, Tenant
from rules.knowledge import Knowledge
from rules.model import Patient

_PATIENT = "patient"
_CONNECT_SECONDS = 5.0
_MAX_REFERENCES = 1_000
_HINTS = {
    FetchFailure.NOT_REACHED: f"is its address right, may it be reached from here, and is its certificate signed by an "
    f"authority that is trusted ({PREFIX}CA_FILE)?",
    FetchFailure.NOT_ADMITTED: "is the token of --token-file for this server, and has it expired?",
    FetchFailure.NOT_ALLOWED: "do the scopes of the token include it?",
    FetchFailure.NOT_FOUND: "is this the base of the FHIR server?",
    FetchFailure.NOT_FHIR: "is this the base of the FHIR server?",
    FetchFailure.REDIRECTED: "is this the base of the FHIR server, as it is written there?",
    FetchFailure.NOT_IN_TIME: "--deadline gives it more time.",
}


def base_of(address: str, settings: Settings, *, allow_http: bool) -> str:
    """The base of a FHIR server that may be read.

    Raises:
        CommandError: it is none, or what is sent to it can be read on the way.
    """
    try:
        parts = urlsplit(address)
        is_base = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        is_base = False
    if not is_base or parts.query or parts.fragment:
        raise CommandError("--fhir: not the base of a FHIR server, such as https://ehr.example/api/FHIR/R4")
    if not (is_secure(address) or allow_http or (settings.development and is_private(address))):
        raise CommandError(
            "--fhir: over http the record and the token could be read on the way. Use https, or --allow-http for a "
            "test server without real patients."
        )
    return address.rstrip("/")


def token_in(file: Path | None) -> str | None:
    """The token in a file; None without a file.

    Raises:
        CommandError: the file cannot be read, or does not hold one token.
    """
    if file is None:
        return None
    try:
        token = file.read_text(encoding="ascii").strip().removeprefix("Bearer ").strip()
    except OSError as error:
        raise CommandError(f"--token-file: {error.strerror or 'cannot be read'}") from None
    except UnicodeDecodeError:
        token = ""
    if not token.isprintable() or not token or " " in token or len(token) > MAX_TOKEN_LENGTH:
        raise CommandError("--token-file: does not hold one token, the text that follows `Bearer`")
    return token


def live_patient(
    base: str, named: str, token: str | None, deadline: float, settings: Settings, knowledge: Knowledge, on: date
) -> Patient:
    """The patient with the record that a FHIR server has now. What could not be read is among what is missing.

    Args:
        base: of the FHIR server.
        named: the patient's id, with or without its type.
        token: for the server; None if it needs none.
        deadline: the seconds that all reads together may take.
        settings: of the service.
        knowledge: the site's.
        on: the day to judge.

    Raises:
        CommandError: there is no such patient, or the medication orders could not be read. The message names the place.
    """
    resource_type, identity = type_and_id(named.strip())
    # The type is not written in front of nothing.
    if resource_type not in (None, "Patient") or identity in ("", "Patient") or "/" in identity:
        raise CommandError("--patient: not the id of a Patient")
    # What failed is said below, in words for a terminal.
    logging.getLogger(logs.LOGGER).addHandler(logging.NullHandler())
    connect = min(_CONNECT_SECONDS, deadline)
    limits = replace(settings.fetch_limits, deadline=deadline, connect=connect, references=_MAX_REFERENCES)
    server = FhirServer(base, open=True, private=True)
    nothing = SuppliedData(DataStatus.NO_DATA)
    request = HookRequest("", patient_reference(identity), None, None, nothing, (), {}, FhirAccess(base, token))
    record = FhirServerCompletion(limits, settings.ca_file).with_record(
        prefetched_record({}, {}), request, Tenant(OPEN_TENANT, knowledge, settings.zone, fhir_servers=(server,))
    )
    problems = list(_problems(record, identity))
    if problems:
        raise CommandError("; ".join(problems))
    return read_patient(
        record.entries,
        patient_id=request.patient_id,
        missing=sorted((key, why) for key, whys in record.gaps.items() for why in whys),
        server=base,
        zone=settings.zone,
        on=on,
    )


def _problems(record: PrefetchedRecord, identity: str) -> Iterator[str]:
    """Why nothing can be judged: without the patient, or without medication orders."""
    patient = record.by_key[_PATIENT]
    if FetchFailure.NOT_FOUND in patient.incomplete:
        bases = [data for data in record.by_key.values() if FetchFailure.NOT_FOUND in data.incomplete]
        elsewhere = f"; {_HINTS[FetchFailure.NOT_FOUND]}" if len(bases) == len(record.by_key) else ""
        yield f"--patient: the FHIR server has no such patient{elsewhere}"
        return
    found = [entry.resource for entry in patient.entries if isinstance(entry.resource, dict)]
    is_patient = [(each.get("resourceType"), each.get("id")) for each in found] == [("Patient", identity)]
    if patient.status in (DataStatus.DATA, DataStatus.NO_DATA) and not is_patient:
        yield "Patient: the FHIR server answered with something other than this patient"
    lacking = [] if patient.status is not DataStatus.ABSENT or record.entries else [_PATIENT]
    places: dict[str, list[str]] = {}
    for key in (*lacking, *record.missing_required):
        places.setdefault(_why(record.by_key[key]), []).append(PREFETCH[key].partition("?")[0].partition("/")[0])
    for why, of in places.items():
        yield f"{', '.join(of)}: {why}"


def _why(data: SuppliedData) -> str:
    """Why a part of the record could not be read."""
    reasons = [reason for reason in data.incomplete if reason != Gap.NOT_SENT]
    hints = [_HINTS[reason] for reason in reasons if isinstance(reason, FetchFailure) and reason in _HINTS]
    return "; ".join(map(str, (*reasons, *hints)))
