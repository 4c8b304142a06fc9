"""``benzo-cds demo``: the demonstration, served on this machine until it is stopped."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import orjson

from cds_service.config import Settings
from cds_service.errors import CommandError
from cds_service.sandbox import demonstration
from cds_service.sandbox.fhir_server.faults import Fault, FaultKind, Faults
from cds_service.sandbox.fhir_server.server import MAX_PER_PAGE, Behaviour
from cds_service.sandbox.smart.access import Access


def demo(chosen: Namespace) -> int:
    """Serve the demonstration until it is stopped, or write its records to a file."""
    if chosen.write_bundle is not None:
        return _write_bundle(chosen.write_bundle)
    Settings()  # an invalid configuration is reported before anything is served
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


def _write_bundle(file: Path) -> int:
    bundle = demonstration.records()
    body = orjson.dumps(bundle, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if str(file) == "-":
        sys.stdout.buffer.write(body)
        return 0
    try:
        file.write_bytes(body)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from None
    types = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    print(
        f"Wrote {len(types)} resources of {types.count('Patient')} invented patients to {file}: POST it to a FHIR base."
    )
    return 0
