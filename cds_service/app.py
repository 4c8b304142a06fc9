"""The web application: its parts, its addresses, and the mapping of every error to an HTTP response."""

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
from cds_service.errors import CallError, NotAdmittedError, OutOfTimeError, TooManyCallsError
from cds_service.hooks.discovery import discovery_body
from cds_service.hooks.document import read_object, require_json, too_many_bytes
from cds_service.hooks.evaluation import shown_cards
from cds_service.hooks.feedback import read_feedback
from cds_service.hooks.judge import Judge
from cds_service.hooks.outcome import CONTENT_TYPE, outcome_of_defect, outcome_of_error, outcome_of_status
from cds_service.hooks.prefetch_fetch import FhirServerCompletion
from cds_service.hooks.response_cache import ResponseCache
from cds_service.hooks.timed_judgement import evaluate_within
from cds_service.policy.watch import PolicyWatch
from cds_service.records.call_store import CallStore, NoCallStore
from cds_service.records.configured_store import open_call_store
from cds_service.review.performance import serve_performance
from cds_service.services import PREFETCH, SERVICES, service_of
from cds_service.time_limit import within
from cds_service.trust.gate import Endpoint, Gate, OpenGate, TenantGate
from cds_service.trust.replay import ReplayGuard
from cds_service.trust.tenant import Mode, Tenant
from cds_service.web.cors import allow_cross_origin_calls
from cds_service.web.health import serve_health
from cds_service.web.hosts import require_known_host
from cds_service.web.metrics import NO_VALUE, Metrics, serve_metrics
from cds_service.web.openapi import serve_openapi
from cds_service.web.pages import serve_pages
from cds_service.web.replies import json_response as _json

_MILLISECONDS = 1000
POLICY = "benzo-cds policy"
"""Key of the policy in force in the extensions of the application: the server has all processes answer by the same."""
CALL_STORE = "benzo-cds call store"
"""Key of the call store in the extensions of the application: the server flushes it before a process ends."""
RESPONSE_CACHE = "benzo-cds response cache"
"""Key of the response cache in the extensions of the application: the server expires it while no call comes."""
METRICS = "benzo-cds metrics"
"""Key of the metrics in the extensions of the application: the server samples them while no call comes."""
# HSTS is left to the proxy, which terminates TLS. No response may load or run anything in a browser.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# The parts of a refused request that may be logged: known names, never a member that a caller made up.
_LOGGED_PLACES = frozenset(
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
    """The parts of the application that a test or a deployment may replace."""

    policy: PolicyWatch
    gate: Gate
    judge: Judge
    call_store: CallStore = field(default_factory=NoCallStore)
    clock: Clock = today


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], date] | None = None, parts: Parts | None = None
) -> Flask:
    """Build the application.

    Args:
        settings: the configuration; None reads the environment.
        clock: returns the day to judge; None is today in the time zone of the tenant.
        parts: the parts to use; None builds those of the configuration.

    Raises:
        PolicyError: the site's policy or own words, or the file of tenants, cannot be used.
        StoreSettingError: the store's address, password or key cannot be used.
        pydantic.ValidationError: the configuration cannot be used.
    """
    settings = settings or Settings()
    parts = parts or parts_of(settings)
    policy = parts.policy
    if clock is not None:
        parts = replace(parts, clock=lambda _zone: clock())
    app = Flask("cds_service", static_folder=None)
    # One byte over the limit: Flask cuts a body of undeclared length there, and it is then refused as too large.
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes + 1
    app.url_map.strict_slashes = False
    app.extensions[POLICY] = policy
    app.extensions[CALL_STORE] = parts.call_store
    app.extensions[RESPONSE_CACHE] = parts.judge.response_cache
    metrics = Metrics(policy, parts.gate, parts.call_store, parts.judge.completion)
    app.extensions[METRICS] = metrics
    _serve_services(app, settings, parts, metrics)
    serve_health(app, policy, parts.gate, parts.call_store, settings.metrics_secret_file)
    serve_pages(app, lambda: policy.current().knowledge)
    serve_openapi(app)
    serve_metrics(app, metrics, settings.metrics_secret_file)
    serve_performance(
        app, lambda: policy.current().knowledge, parts.call_store, settings.metrics_secret_file, settings.zone
    )
    _map_errors(app, settings.max_body_bytes, metrics)
    _finish_responses(app, _HEADERS | (_INSECURE if settings.insecure_demo else {}), metrics)
    if settings.tenants is None and not settings.insecure_demo:
        require_known_host(app, settings.known_hosts)
    allow_cross_origin_calls(app, settings.cors_origins)
    return app


def parts_of(settings: Settings) -> Parts:
    """The parts that a configuration asks for; one without tenants authenticates nobody.

    Raises:
        PolicyError: the site's policy or own words, or the file of tenants, cannot be used.
        StoreSettingError: the store's address, password or key cannot be used.
    """
    policy = PolicyWatch(settings)
    call_store = open_call_store(settings)
    gate: Gate = OpenGate(lambda: policy.current().open_tenant)
    if settings.tenants is not None:
        gate = TenantGate(policy.tenants, ReplayGuard(call_store.first_use))
    completion = FhirServerCompletion(settings.fetch_limits, settings.ca_file)
    if settings.tenants is not None:
        completion.in_force = lambda: (trusted.tenant for trusted in policy.tenants())
    cache = ResponseCache(settings.remember_seconds)
    judge = Judge(settings.request_limits, completion, cache)
    return Parts(policy, gate, judge, call_store)


def _serve_services(app: Flask, settings: Settings, parts: Parts, metrics: Metrics) -> None:
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
        response = Response(discovery_body(versions=settings.discovery_versions), content_type="application/json")
        response.headers["Cache-Control"] = f"max-age={settings.discovery_max_age}"
        response.add_etag()
        return response.make_conditional(request)  # type: ignore[return-value]

    @app.post("/cds-services/<identity>")
    def invoke(identity: str) -> Response:
        tenant = admitted(Endpoint(identity))
        service = service_of(identity)
        if tenant.mode_of(identity) is Mode.OFF:
            return _json({"cards": []})
        evaluation = evaluate_within(
            settings.call_seconds, parts.judge, tenant, service, body(), lambda: parts.clock(tenant.zone)
        )
        if evaluation.out_of_time:
            g.out_of_time = True
        at = datetime.now(UTC)
        cards = evaluation.with_verdicts(parts.call_store.verdicts(evaluation, at))
        milliseconds = _seconds_since(g.started) * _MILLISECONDS
        parts.call_store.record_call(evaluation, cards, at, milliseconds, request.get_data())
        metrics.judged(evaluation, cards)
        g.record = evaluation.oddities or None
        bodies = shown_cards(cards)
        g.cards = len(bodies)
        return _json({"cards": bodies})

    @app.post("/cds-services/<identity>/feedback")
    def feedback(identity: str) -> Response:
        tenant = admitted(Endpoint(identity, feedback=True))
        service = service_of(identity)
        received = body()
        items = within(settings.call_seconds, lambda: read_feedback(read_object(received, limits)))
        misfits = parts.call_store.record_feedback(tenant, service.id, items, datetime.now(UTC))
        metrics.answered_cards(tenant, service.id, items, misfits)
        if misfits:
            logs.feedback_misfits(tenant.id, service.id, misfits)
        return _json({"received": len(items)})


def _map_errors(app: Flask, max_bytes: int, metrics: Metrics) -> None:
    @app.errorhandler(CallError)
    def refused(error: CallError) -> Response:
        status, body = outcome_of_error(error)
        if isinstance(error, OutOfTimeError):
            g.out_of_time = True
        at_fault = (place.partition("[")[0].removesuffix(".entry") for place in error.places)
        g.at_fault = [place for place in at_fault if place in _LOGGED_PLACES] or None
        response = _json(body, status, CONTENT_TYPE)
        if isinstance(error, NotAdmittedError):
            logs.not_admitted(error.reason, error.issuer_of)
            metrics.not_admitted(error.reason, error.issuer_of)
            response.headers["WWW-Authenticate"] = "Bearer"
        if isinstance(error, TooManyCallsError):
            g.tenant = error.tenant
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(HTTPException)
    def not_served(error: HTTPException) -> Response:
        status = error.code or 500
        if status == 413:
            return refused(too_many_bytes(max_bytes))
        response = _json(outcome_of_status(status), status, CONTENT_TYPE)
        allowed = dict(error.get_headers()).get("Allow")
        if allowed:
            response.headers["Allow"] = allowed
        return response

    @app.errorhandler(Exception)
    def defect(error: Exception) -> Response:
        logs.failed(error)
        return _json(outcome_of_defect(), 500, CONTENT_TYPE)


def _finish_responses(app: Flask, headers: Mapping[str, str], metrics: Metrics) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.extend({name: value for name, value in headers.items() if name not in response.headers})
        identity = (request.view_args or {}).get("identity")
        service = identity if identity in SERVICES else None
        seconds = _seconds_since(g.started)
        if g.get("out_of_time"):
            metrics.out_of_time(service or NO_VALUE, g.get("tenant", NO_VALUE))
        metrics.answered(service or NO_VALUE, response.status_code, g.get("tenant", NO_VALUE), seconds)
        logs.answered(
            method=request.method if request.url_rule else None,
            route=request.url_rule.rule if request.url_rule else "none",
            service=service,
            tenant=g.get("tenant"),
            status=response.status_code,
            milliseconds=round(seconds * _MILLISECONDS, 1),
            cards=g.get("cards"),
            record=g.get("record"),
            at_fault=g.get("at_fault"),
            out_of_time=g.get("out_of_time"),
        )
        return response


def _seconds_since(started: float) -> float:
    return time.perf_counter() - started
