"""The web application: addresses, and the mapping of every error to HTTP. What is answered is decided elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from cds_service import logs
from cds_service.clock import Clock, today
from cds_service.config import Settings
from cds_service.errors import CallError, NotAdmittedError
from cds_service.hooks.body import require_json, sound_object, too_many_bytes
from cds_service.hooks.discovery import discovery_body
from cds_service.hooks.evaluation import shown
from cds_service.hooks.feedback import read_feedback
from cds_service.hooks.judge import Judge
from cds_service.hooks.outcome import CONTENT_TYPE, of_call, of_defect, of_status
from cds_service.hooks.prefetch_fetch import FetchedCompletion
from cds_service.hooks.response_cache import ResponseCache
from cds_service.hooks.time_limit import within
from cds_service.records.call_store import CallStore, NoCallStore
from cds_service.records.configured_store import open_call_store
from cds_service.review.performance import serve_performance
from cds_service.services import PREFETCH, SERVICES, service_of
from cds_service.trust.gate import Endpoint, Gate, OpenGate, TenantGate
from cds_service.trust.replay import ReplayGuard
from cds_service.trust.tenant import Mode, Tenant, open_tenant
from cds_service.trust.tenants import Tenants
from cds_service.web.about import serve_about
from cds_service.web.cors import allow_cross_origin_calls
from cds_service.web.health import serve_health
from cds_service.web.metrics import NOBODY, Metrics, serve_metrics
from cds_service.web.openapi import serve_openapi
from cds_service.web.replies import json_response as _json
from rules import Knowledge, load_knowledge
from rules.reading.product import prepare

_MILLISECONDS = 1000
MEMORY = "benzo-cds memory"
"""The extension of the application under which its memory is found, by whoever ends the process."""
REPEATS = "benzo-cds repeats"
"""The extension under which the calls are found that it remembers, by whoever keeps the time where none comes."""
# HSTS is the proxy's, which does TLS. Nothing of what is answered is a page that may load or do anything.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# What may stand in the log of a refused request: names that are ours, and no member that a caller made up.
_PLACES = frozenset(
    {
        "hook",
        "hookInstance",
        "context",
        *(f"context.{name}" for name in ("patientId", "userId", "selections", "draftOrders", "medications")),
        "prefetch",
        *(f"prefetch.{key}" for key in PREFETCH),
        "feedback",
    }
)
_INSECURE = {"Benzo-CDS-Insecure-Demo": "callers are not authenticated; no real patients"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application works with, so that a test or a deployment can put another in the place of one.

    ``clock`` gives the day that is judged in a zone.
    """

    gate: Gate
    judge: Judge
    memory: CallStore = field(default_factory=NoCallStore)
    clock: Clock = today


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], date] | None = None, parts: Parts | None = None
) -> Flask:
    """The application.

    Args:
        settings: the configuration; None reads the environment.
        clock: gives the day that is judged; None is today in the zone of the tenant.
        parts: what it works with; None builds that by the configuration.

    Raises:
        KnowledgeError: the site's policy, or the shipped knowledge, cannot be used.
        TenantFileError: the file of tenants cannot be used.
        StoreSettingError: the store's address, password or key cannot be used.
        pydantic.ValidationError: the configuration cannot be used.
    """
    chosen = settings or Settings()
    knowledge = load_knowledge(chosen.site_policy_text())
    # The tables that names are read by are built here, before the processes part, and not in the first answer.
    prepare(knowledge)
    used = parts or parts_of(chosen, knowledge)
    if clock is not None:
        used = replace(used, clock=lambda _zone: clock())
    app = Flask("cds_service", static_folder=None)
    # One byte more than is taken: a body of undeclared length is cut there, and is then seen to be too large.
    app.config["MAX_CONTENT_LENGTH"] = chosen.max_body_bytes + 1
    app.url_map.strict_slashes = False
    app.extensions[MEMORY] = used.memory
    app.extensions[REPEATS] = used.judge.repeats
    metrics = Metrics()
    _hooks(app, chosen, used, metrics)
    serve_health(app, knowledge, used.gate, used.memory)
    serve_about(app, knowledge)
    serve_openapi(app)
    serve_metrics(app, metrics, chosen.metrics_secret_file)
    serve_performance(app, knowledge, used.memory, chosen.metrics_secret_file, chosen.zone)
    _errors(app, chosen.max_body_bytes, metrics)
    _each_call(app, _HEADERS | (_INSECURE if chosen.insecure_demo else {}), metrics)
    allow_cross_origin_calls(app, chosen.cors_origins)
    return app


def parts_of(settings: Settings, knowledge: Knowledge) -> Parts:
    """The parts that a configuration asks for.

    Raises:
        TenantFileError: the file of tenants cannot be used.
        StoreSettingError: the store's address, password or key cannot be used.
    """
    memory = open_call_store(settings)
    gate: Gate = OpenGate(open_tenant(settings, knowledge))
    if settings.tenants is not None:
        gate = TenantGate(Tenants(settings.tenants, settings), ReplayGuard(memory.first_use))
    completion = FetchedCompletion(settings.fetch_limits, settings.ca_file)
    return Parts(gate, Judge(settings.request_limits, completion, ResponseCache(settings.remember_seconds)), memory)


def _hooks(app: Flask, settings: Settings, parts: Parts, metrics: Metrics) -> None:
    limits = settings.request_limits

    def body() -> bytes:
        require_json(request.mimetype, request.headers.get("Content-Encoding", ""))
        return request.get_data()

    def admitted(endpoint: Endpoint) -> Tenant:
        tenant = parts.gate.admit(request.headers.get("Authorization"), endpoint)
        g.tenant = tenant.id
        return tenant

    @app.get("/cds-services")
    def discover() -> Response:
        admitted(Endpoint())
        response = Response(discovery_body(), content_type="application/json")
        response.headers["Cache-Control"] = f"max-age={settings.discovery_max_age}"
        response.add_etag()
        return response.make_conditional(request)  # type: ignore[return-value]

    @app.post("/cds-services/<identity>")
    def invoke(identity: str) -> Response:
        tenant = admitted(Endpoint(identity))
        service = service_of(identity)
        if tenant.mode_of(identity) is Mode.OFF:
            return _json({"cards": []})
        evaluation = within(
            settings.call_seconds,
            lambda: parts.judge.evaluate(tenant, service, body(), parts.clock(tenant.zone)),
        )
        at = datetime.now(UTC)
        cards = evaluation.with_verdicts(parts.memory.verdicts(evaluation, at))
        milliseconds = _seconds_since(g.begun) * _MILLISECONDS
        parts.memory.record_call(evaluation, cards, at, milliseconds, request.get_data())
        metrics.judged(evaluation, cards)
        answer = shown(cards)
        g.cards = len(answer)
        return _json({"cards": answer})

    @app.post("/cds-services/<identity>/feedback")
    def feedback(identity: str) -> Response:
        tenant = admitted(Endpoint(identity, feedback=True))
        service = service_of(identity)
        items = within(settings.call_seconds, lambda: read_feedback(sound_object(body(), limits)))
        parts.memory.record_feedback(tenant, service.id, items, datetime.now(UTC))
        return _json({"received": len(items)})


def _errors(app: Flask, most_bytes: int, metrics: Metrics) -> None:
    @app.errorhandler(CallError)
    def refused(error: CallError) -> Response:
        status, body = of_call(error)
        g.at_fault = [place for place in error.places if place in _PLACES] or None
        response = _json(body, status, CONTENT_TYPE)
        if isinstance(error, NotAdmittedError):
            logs.not_admitted(error.reason, error.issuer_of)
            metrics.not_admitted(error.reason)
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    @app.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> Response:
        status = error.code or 500
        if status == 413:
            return refused(too_many_bytes(most_bytes))
        response = _json(of_status(status), status, CONTENT_TYPE)
        allowed = dict(error.get_headers()).get("Allow")
        if allowed:
            response.headers["Allow"] = allowed
        return response

    @app.errorhandler(Exception)
    def defect(error: Exception) -> Response:
        logs.failed(error)
        return _json(of_defect(), 500, CONTENT_TYPE)


def _each_call(app: Flask, headers: Mapping[str, str], metrics: Metrics) -> None:
    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.extend({name: value for name, value in headers.items() if name not in response.headers})
        identity = (request.view_args or {}).get("identity")
        service = identity if identity in SERVICES else None
        seconds = _seconds_since(g.begun)
        metrics.answered(service or NOBODY, response.status_code, g.get("tenant", NOBODY), seconds)
        logs.answered(
            method=request.method if request.url_rule else None,
            route=request.url_rule.rule if request.url_rule else "none",
            service=service,
            tenant=g.get("tenant"),
            status=response.status_code,
            milliseconds=round(seconds * _MILLISECONDS, 1),
            cards=g.get("cards"),
            at_fault=g.get("at_fault"),
        )
        return response


def _seconds_since(begun: float) -> float:
    return time.perf_counter() - begun
