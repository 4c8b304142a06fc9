"""``benzo-cds demo``: the service, a FHIR sandbox with invented patients and an order-entry page, in one process."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Iterable, Mapping
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
from cds_service.sandbox.fhir_server.search import record_of
from cds_service.sandbox.fhir_server.server import Behaviour, sandbox
from cds_service.sandbox.fhir_server.store import Store
from cds_service.sandbox.formulary import Formulary
from cds_service.sandbox.order_entry import order_entry
from cds_service.sandbox.stories import charts, every_resource
from cds_service.trust.addresses import is_loopback_host
from cds_service.working.assessment_json import assessment_json
from rules import Knowledge, assess, load_knowledge

# The day on which the stories are true. The demonstration's clock stands still on it.
DEMONSTRATION_DATE = date(2026, 11, 22)
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8077

PRESCRIBER = {
    "resourceType": "Practitioner",
    "id": "sandbox-prescriber",
    "name": [{"text": "Sandbox prescriber (invented)"}],
}


class QuietHandler(WSGIRequestHandler):
    """Serves without a line for every request: an address can name a patient."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


def demonstration(behaviour: Behaviour | None = None, addresses: Iterable[str] = ()) -> Flask:
    """The whole demonstration as one application: service, sandbox under ``/fhir`` and page at the root.

    ``addresses`` are those that it is served at, ending with a slash: what a hook request lacks is then fetched from
    the sandbox.
    """
    on, chosen, settings = DEMONSTRATION_DATE, behaviour or Behaviour(), Settings()
    own = [f"{address}fhir" for address in addresses]
    settings = settings.model_copy(update={"tenants": None, "fhir_servers": [*settings.fhir_servers, *own]})
    knowledge = load_knowledge(settings.site_text())
    told = charts(on)
    store = Store([PRESCRIBER, *every_resource(told)])
    app = create_app(settings, clock=lambda: on)
    assess_patient = partial(_assessed, store, knowledge, settings.zone)
    app.register_blueprint(sandbox(store, on, chosen), url_prefix="/fhir")
    page = order_entry(told, Formulary(knowledge), assess_patient, on, demands_token=chosen.access.demanded)
    app.register_blueprint(page)
    return app


def run(host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, behaviour: Behaviour | None = None) -> None:
    """Serve the demonstration until Ctrl-C or SIGTERM. ``port`` 0 takes any free one.

    Raises:
        ValueError: ``host`` is not a loopback address; the demonstration asks nobody who they are.
        OSError: the port is taken.
    """
    if not is_loopback_host(host):
        raise ValueError(f"the demonstration is served on this machine only, not on {host}")
    # From here on, so that a Ctrl-C while the knowledge is being read ends it as quietly.
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        # The socket first: a port that is taken is then known before the knowledge is read.
        with suppress(KeyboardInterrupt), _listening(host, port) as listening:
            _serve(host, listening, behaviour or Behaviour())
        print("\nStopped. What was ordered is forgotten.", flush=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=_family(host))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        said = f"{port} is in use, perhaps by a demonstration that still runs; --port 0 takes a free one"
        raise OSError(error.errno, said) from None


def _serve(host: str, listening: socket.socket, behaviour: Behaviour) -> None:
    port, descriptor = listening.getsockname()[1], listening.fileno()
    own = _address(host, port)
    app = demonstration(behaviour, {own, _address("localhost", port)})
    with make_server(host, port, app, threaded=True, request_handler=QuietHandler, fd=descriptor) as server:
        print(f"Open {own} in a browser: order entry with invented patients. Ctrl-C stops it.", flush=True)
        if behaviour.access.demanded:
            print(f"The sandbox demands a token: {own}fhir/.well-known/smart-configuration", flush=True)
        faults = [fault["kind"] for fault in behaviour.faults.told()["faults"]]
        if faults:
            print(f"Faults that are set: {', '.join(faults)}. {own}fhir/faults changes them.", flush=True)
        server.serve_forever()


def _assessed(store: Store, knowledge: Knowledge, zone: tzinfo, patient_id: str) -> Mapping[str, Any] | None:
    """The assessment of a patient's record on the demonstration's day, with the bands and the names to draw it by."""
    record = record_of(store, patient_id)
    if not record:
        return None
    patient = read_patient(record, patient_id=patient_id, zone=zone)
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
    # An impatient second signal finds everything ending already.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
