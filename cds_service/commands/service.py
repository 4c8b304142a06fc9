"""What the commands do: demo, serve, assess and config check."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import orjson
from pydantic import ValidationError

from cds_service.app import today
from cds_service.commands.input_file import FileContent, UnreadableFileError, read_file
from cds_service.config import PREFIX, Settings, explain, unknown_variables
from cds_service.fhir.bundle import BundleEntry
from cds_service.fhir.reader import read_patient
from cds_service.hooks.prefetch import prefetched_record, read_prefetch
from cds_service.records.configured_store import NO_STORE, StoreSettingError, open_store, with_default_store
from cds_service.trust.addresses import is_loopback_host
from cds_service.trust.keys import FixedKeys
from cds_service.trust.tenant_file import TenantFileError
from cds_service.trust.tenants import Tenants, TrustedTenant
from cds_service.working.assessment_json import assessment_json
from cds_service.working.text_page import working
from rules import Patient, assess, load_knowledge

_STANDARD_INPUT = Path("-")
_DISCHARGE = "encounter-discharge"


class CommandError(Exception):
    """A command cannot do what it was asked; the message says why, and quotes nothing of a patient's file."""


def demo(chosen: Namespace, _: Settings) -> int:
    """Serve the demonstration until it is stopped."""
    # Its pages are of no use to the other commands.
    from cds_service.sandbox import demonstration
    from cds_service.sandbox.fhir_server.faults import Fault, FaultKind, Faults
    from cds_service.sandbox.fhir_server.server import MAX_PER_PAGE, Behaviour
    from cds_service.sandbox.smart.access import Access

    if set(chosen.fault) - set(FaultKind):
        raise CommandError(f"there is no such fault; there are {', '.join(FaultKind)}")
    size = MAX_PER_PAGE if chosen.page_size is None else chosen.page_size
    if size < 1:
        raise CommandError("a page holds one resource at least")
    faults = Faults(Fault(kind=FaultKind(kind)) for kind in chosen.fault)
    behaviour = Behaviour(Access(demanded=chosen.demand_token), size, faults)
    port = demonstration.DEFAULT_PORT if chosen.port is None else chosen.port
    try:
        demonstration.run(port=port, behaviour=behaviour)
    except (OSError, OverflowError) as error:
        raise CommandError(f"the port cannot be used: {getattr(error, 'strerror', None) or error}") from None
    return 0


def serve(chosen: Namespace, settings: Settings) -> int:
    """Serve until stopped. Beyond this machine only where that is asked for in so many words."""
    from cds_service.commands.server import (  # not available on every system that can assess a file
        AddressInUseError,
        Server,
    )

    host = chosen.host or settings.host
    if settings.tenants is None and not is_loopback_host(host):
        if not chosen.insecure_demo:
            raise CommandError(
                f"refusing to listen on {host}: callers are not authenticated without a file of tenants "
                f"({PREFIX}TENANTS), so anybody who reaches this address could send patient data and read the "
                "answers. Name the tenants, listen on 127.0.0.1, or give --insecure-demo for a demonstration without "
                "real patients."
            )
        settings = settings.model_copy(update={"insecure_demo": True})
        print(f"benzo-cds: listening on {host} without authentication. No real patients.", file=sys.stderr)
    port = chosen.port or settings.port
    settings = with_default_store(settings)
    try:
        server = Server(settings, host, port, chosen.workers or settings.workers)
    except AddressInUseError as error:
        raise CommandError(
            f"cannot listen on {host}, port {port}: {error.strerror}. --port or {PREFIX}PORT names another."
        ) from None
    server.run()
    return 0


def assess_file(chosen: Namespace, settings: Settings) -> int:
    """Print the working, or the JSON, for a file."""
    try:
        content = read_file(_bytes_of(chosen.file))
    except UnreadableFileError as error:
        raise CommandError(f"{chosen.file}: {error}") from None
    knowledge = load_knowledge(settings.site_text())
    patient = patient_in(content, settings)
    on = chosen.on or today(settings.zone)
    assessment = assess(patient, knowledge, on, at_discharge=content.hook == _DISCHARGE)
    if chosen.json:
        sys.stdout.write(orjson.dumps(assessment_json(assessment), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(working(assessment, knowledge, patient.missing, explain=chosen.explain))
    return 0


def patient_in(content: FileContent, settings: Settings) -> Patient:
    """The patient of a file. A hook request is read as the service reads it, and what it lacks is said, not refused."""
    entries: tuple[BundleEntry, ...] = content.record
    missing = set(content.missing)
    if content.request is not None:
        supply = prefetched_record(read_prefetch(content.request), settings.prefetch_aliases)
        entries = supply.entries
        missing |= set(supply.missing)
    return read_patient(
        entries,
        patient_id=content.patient_id,
        drafts=content.drafts,
        missing=sorted(missing),
        author=content.author,
        zone=settings.zone,
    )


def check_configuration(_: Namespace) -> int:
    """Explain every setting in force, and what is wrong with the others."""
    wrong = list(unknown_variables())
    try:
        settings = Settings()
        load_knowledge(settings.site_text())
        tenants = () if settings.tenants is None else Tenants(settings.tenants, settings).in_force()
        store = None if settings.store in (None, NO_STORE) else open_store(settings)
    except ValidationError as error:
        wrong.extend(explain(error))
    except TenantFileError as error:
        wrong.extend(f"{PREFIX}TENANTS: {line}" for line in error.problems)
    except StoreSettingError as error:
        wrong.append(str(error))
    except ValueError as error:  # the site's policy, or a file that is no text
        wrong.append(f"{PREFIX}SITE_POLICY: {error}")
    else:
        for name, field in Settings.model_fields.items():
            value = getattr(settings, name)
            if name == "store" and store is not None:
                down = store.database.why_down()
                value = f"{store.database.redacted_address} ({f'down: {down}' if down else 'up'})"
            print(f"{PREFIX}{name.upper()} = {'(not set)' if value in (None, {}) else value}   # {field.description}")
        for tenant in tenants:
            print(_line_of(tenant))
    for line in wrong:
        print(f"benzo-cds: {line}", file=sys.stderr)
    return 1 if wrong else 0


def _line_of(each: TrustedTenant) -> str:
    """A tenant in one line: how much is shown, whose keys are taken, and which address its tokens must name."""
    keys = f"{', '.join(each.keys.keys)} of the file" if isinstance(each.keys, FixedKeys) else f"from {each.jwks_url}"
    return f"tenant {each.tenant.id}: mode {each.tenant.mode}; keys {keys}; audiences {', '.join(each.audiences)}"


def _bytes_of(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == _STANDARD_INPUT else path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or 'cannot be read'}") from None
