"""What is counted of the calls, for Prometheus: no patient, drug or address, and no label that a caller chooses.

The counts of several processes are added up where ``PROMETHEUS_MULTIPROC_DIR`` names a folder for them, as
:mod:`cds_service.commands.server` sees to. The library looks there when it is first imported, so it is imported when
the application is made and not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from flask import Flask, Response, request

from cds_service.cards.cards import Card
from cds_service.errors import UnknownAddressError
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.trust.operator import is_operator

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
NOBODY = "none"
_NAMESPACE = "benzo_cds"
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """The counts of one process, and how they are read."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._registry = CollectorRegistry()

        def counter(name: str, told: str, labels: Sequence[str]) -> Callable[..., Counter]:
            # A count is looked up by its labels once: there are few, and to check them takes longer than to count.
            return cache(Counter(name, told, labels, namespace=_NAMESPACE, registry=self._registry).labels)

        self._calls = counter("calls", "Calls answered", ["service", "status", "tenant"])
        self._cards = counter("cards", "Cards made", ["service", "tenant", "topic", "indicator", "verdict"])
        self._findings = counter("findings", "Findings that raise a card", ["service", "tenant", "finding"])
        self._record = counter("record_keys", "Parts of a record, by where they came from", ["key", "reached"])
        self._refused = counter("not_admitted", "Calls that were not admitted", ["reason"])
        seconds = Histogram(
            "call_seconds",
            "Time for an answer",
            ["service", "tenant"],
            namespace=_NAMESPACE,
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._seconds: Callable[..., Histogram] = cache(seconds.labels)

    def answered(self, service: str, status: int, tenant: str, seconds: float) -> None:
        """Count a call, with the time it took."""
        self._calls(service, str(status), tenant).inc()
        self._seconds(service, tenant).observe(seconds)

    def judged(self, evaluation: Evaluation, cards: Sequence[tuple[Card, Verdict]]) -> None:
        """Count what a call came to."""
        service, tenant = evaluation.service.id, evaluation.tenant.id
        for card, verdict in cards:
            self._cards(service, tenant, card.topic, card.body["indicator"], verdict).inc()
        for finding in sorted(evaluation.would_fire):
            self._findings(service, tenant, finding).inc()
        for key, reached in evaluation.reached.items():
            self._record(key, reached).inc()

    def not_admitted(self, reason: str) -> None:
        """Count a refused caller; the reason is one of our own words."""
        self._refused(reason).inc()

    def text(self) -> bytes:
        """The counts of all processes, as Prometheus reads them."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        if not os.environ.get(FOLDER):
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def serve_metrics(app: Flask, metrics: Metrics, secret_file: Path | None) -> None:
    """Answer ``/metrics``: to who presents the secret, or, without one, to this machine alone."""

    @app.get("/metrics")
    def counted() -> Response:
        if not is_operator(request, secret_file):
            raise UnknownAddressError
        return Response(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
