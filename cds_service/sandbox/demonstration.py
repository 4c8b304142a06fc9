"""``benzo-cds demo``: the service, a FHIR server with invented patients and an order-entry page, in one process."""

from __future__ import annotations

import errno
import re
import signal
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, tzinfo
from functools import partial
from types import FrameType
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.fhir.reader import read_patient
from cds_service.sandbox.charts import all_resources, charts
from cds_service.sandbox.fhir_server.faults import HEADER
from cds_service.sandbox.fhir_server.search import record_of
from cds_service.sandbox.fhir_server.server import Behaviour, sandbox
from cds_service.sandbox.fhir_store.store import Resource, Store
from cds_service.sandbox.formulary import Formulary
from cds_service.sandbox.order_entry import order_entry
from cds_service.sandbox.record_bundle import record_bundle
from cds_service.trust.addresses import is_loopback_host
from cds_service.web.cors import CrossOriginCalls, allow_cross_origin_calls
from cds_service.working.assessment_json import assessment_json
from rules import Knowledge, assess, load_knowledge

# The date of the stories. The demonstration's clock stands still on it.
DEMONSTRATION_DATE = date(2026, 11, 22)
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8077

# Faults are set from this machine, and a person answers the page that asks for consent: no page of another origin does.
FHIR_CALLS = CrossOriginCalls(
    re.compile(r"/fhir(?!/faults|/auth/authorize|/auth/launch)(?:/|\Z)"),
    ("GET", "POST", "PUT", "DELETE", "OPTIONS"),
    ("Accept", "Authorization", "Content-Type", "If-Match", "If-None-Exist", "If-None-Match", "Prefer"),
    ("ETag", "Last-Modified", "Location", "WWW-Authenticate", HEADER),
)


class QuietHandler(WSGIRequestHandler):
    """Serves without logging requests, because a URL can name a patient."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def demonstration(behaviour: Behaviour | None = None, addresses: Iterable[str] = ()) -> Flask:
    """The whole demonstration as one application: the service, the sandbox under ``/fhir`` and the page at ``/``.

    ``addresses`` are the base URLs that it is served at, with a slash at the end: the service then accepts the sandbox
    as a FHIR server and fetches missing prefetch from it.
    """
    on, active, settings = DEMONSTRATION_DATE, behaviour or Behaviour(), Settings()
    fhir_bases = [f"{address}fhir" for address in addresses]
    # Nobody is authenticated, so that the hosts that it may be called by are checked.
    open_to_this_machine = {"tenants": None, "insecure_demo": False}
    settings = settings.model_copy(
        update=open_to_this_machine | {"fhir_servers": [*settings.fhir_servers, *fhir_bases]}
    )
    knowledge = load_knowledge(settings.site_policy_text())
    patients = charts(on)
    store = Store(all_resources(patients))
    app = create_app(settings, clock=lambda: on)
    assess_patient = partial(_assess_record, store, knowledge, settings.zone)
    app.register_blueprint(sandbox(store, on, active), url_prefix="/fhir")
    findings = {id_: finding.title for id_, finding in knowledge.findings.items()}
    demands_token = active.access.demanded
    page = order_entry(patients, Formulary(knowledge), findings, assess_patient, on, demands_token=demands_token)
    app.register_blueprint(page)
    allow_cross_origin_calls(app, settings.cors_origins, FHIR_CALLS)
    return app


def records() -> Resource:
    """The records of all its patients as one transaction that any FHIR R4 server can load."""
    return record_bundle(all_resources(charts(DEMONSTRATION_DATE)))


def run(host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, behaviour: Behaviour | None = None) -> None:
    """Serve the demonstration until Ctrl-C or SIGTERM. ``port`` 0 takes any free one.

    Raises:
        ValueError: ``host`` is not a loopback address: the demonstration does not authenticate anybody.
        OSError: the port is taken.
    """
    if not is_loopback_host(host):
        raise ValueError(f"the demonstration is served on this machine only, not on {host}")
    # Set before the knowledge is read, so that Ctrl-C ends it quietly during that time too.
    handlers = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        # The socket is opened first, so that a taken port is reported before the knowledge is read.
        with suppress(KeyboardInterrupt), _listening(host, port) as listening:
            _serve(host, listening, behaviour or Behaviour())
        print("\nStopped. What was ordered is forgotten.", flush=True)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=_family(host))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        message = f"{port} is in use, perhaps by a demonstration that still runs; --port 0 takes a free one"
        raise OSError(error.errno, message) from None


def _serve(host: str, listening: socket.socket, behaviour: Behaviour) -> None:
    port, descriptor = listening.getsockname()[1], listening.fileno()
    address = _address(host, port)
    app = demonstration(behaviour, {address, _address("localhost", port)})
    with make_server(host, port, app, threaded=True, request_handler=QuietHandler, fd=descriptor) as server:
        print(f"Open {address} in a browser: order entry with invented patients. Ctrl-C stops it.", flush=True)
        if behaviour.access.demanded:
            print(f"The sandbox demands a token: {address}fhir/.well-known/smart-configuration", flush=True)
        faults = [fault["kind"] for fault in behaviour.faults.as_json()["faults"]]
        if faults:
            print(f"Faults that are set: {', '.join(faults)}. {address}fhir/faults changes them.", flush=True)
        server.serve_forever()


def _assess_record(
    store: Store, knowledge: Knowledge, zone: tzinfo, patient_id: str, drafts: Sequence[Any]
) -> Mapping[str, Any] | None:
    """The assessment of a patient's record with draft orders, and the bands and names that the page shows.

    It is that of the demonstration's date; None where there is no such patient.
    """
    record = record_of(store, patient_id)
    if not record:
        return None
    patient = read_patient(record, patient_id=patient_id, drafts=list(drafts), zone=zone, on=DEMONSTRATION_DATE)
    bands = knowledge.policy.bands
    return {
        "assessment": assessment_json(assess(patient, knowledge, DEMONSTRATION_DATE)),
        "bands": {
            "low_up_to": float(bands.low_up_to.value),
            "moderate_up_to": float(bands.moderate_up_to.value),
        },
        "names": {
            "sources": {source.id: source.short for source in knowledge.sources.values()},
            "tables": {table.id: table.name for table in knowledge.tables.values()},
        },
    }


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # A second signal during shutdown is ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
