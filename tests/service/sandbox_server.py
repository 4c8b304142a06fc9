"""The sandbox of the tests: a small record, asked directly, or served on this machine for the service to fetch from."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from threading import Thread
from typing import Any

from ehr import bundle, lorazepam
from fhir.resources.R4B import get_fhir_model_class
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from cds_service.sandbox.demonstration import QuietHandler
from cds_service.sandbox.fhir_server.server import Behaviour, sandbox
from cds_service.sandbox.fhir_store.store import Store

ON = date(2026, 11, 22)
FHIR_JSON = "application/fhir+json"
SIGN = "/cds-services/benzo-order-sign"


@dataclass
class Clock:
    """Seconds of the Unix clock, moved by a test."""

    later: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.later


def application(record: Iterable[dict[str, Any]], behaviour: Behaviour | None = None) -> Flask:
    app = Flask(__name__)
    app.register_blueprint(sandbox(Store(record), ON, behaviour), url_prefix="/fhir")
    return app


def asked(record: Iterable[dict[str, Any]], behaviour: Behaviour | None = None) -> FlaskClient:
    return application(record, behaviour).test_client()


@contextmanager
def served_sandbox(record: Iterable[dict[str, Any]], behaviour: Behaviour | None = None) -> Iterator[str]:
    """The base of a sandbox that is served over HTTP."""
    server = make_server("127.0.0.1", 0, application(record, behaviour), threaded=True, request_handler=QuietHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/fhir"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hook_request(base: str, **more: Any) -> dict[str, Any]:
    """A prescriber signs lorazepam for the patient p1; the record is to be fetched."""
    return {
        "hook": "order-sign",
        "hookInstance": "1",
        "fhirServer": base,
        "context": {"userId": "Practitioner/x", "patientId": "p1", "draftOrders": bundle(lorazepam("draft-1"))},
    } | more


def missing(card: dict[str, Any]) -> str:
    """What the card says is not known."""
    return str(card["detail"].partition("**Not known or not counted**")[2].partition("**Options")[0])


def outcome(response: Any, status: int) -> dict[str, Any]:
    """The one issue of the OperationOutcome that a refusal must be."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type.startswith(FHIR_JSON)
    body = response.get_json()
    assert_valid(body)
    (issue,) = body["issue"]
    return dict(issue)


def assert_valid(resource: dict[str, Any]) -> None:
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def matches(bundle_: dict[str, Any], mode: str = "match") -> list[str]:
    """The ids in a searchset that stand there as this."""
    entries = bundle_.get("entry", [])
    return [entry["resource"].get("id") for entry in entries if entry["search"]["mode"] == mode]


def links(bundle_: dict[str, Any]) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in bundle_["link"]}
