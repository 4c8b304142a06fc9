"""Metrics for Prometheus: no patient, drug or address, and no label that a caller chooses.

What happens with a call is counted here; how the service is stands in :mod:`cds_service.web.state_metrics`.

The metrics of several processes are added up in the folder that ``PROMETHEUS_MULTIPROC_DIR`` names;
:mod:`cds_service.commands.server` sets it. ``prometheus_client`` reads the variable when it is first imported, so it is
imported only when the application is built.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from cds_service.cards.cards import Card
from cds_service.errors import UnknownAddressError
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.hooks.feedback import Feedback
from cds_service.hooks.prefetch_completion import PrefetchCompletion
from cds_service.policy.watch import PolicyWatch
from cds_service.records.call_store import CallStore, Misfit
from cds_service.records.feedback_rows import reasons_of
from cds_service.trust.gate import Gate
from cds_service.trust.operator import is_operator
from cds_service.trust.tenant import Tenant
from cds_service.web.ended_processes import whole_folder
from cds_service.web.state_metrics import NAMESPACE, StateMetrics

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.multiprocess import MultiProcessCollector

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
NO_VALUE = "none"
"""Label of a call that is of no service or of no tenant."""
_BUCKET_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """The metrics of one process, which reads some of them from the parts of the application."""

    def __init__(self, policy: PolicyWatch, gate: Gate, call_store: CallStore, completion: PrefetchCompletion) -> None:
        """Declare the metrics."""
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._registry = CollectorRegistry()

        def counter(name: str, description: str, labels: Sequence[str]) -> Callable[..., Counter]:
            # Memoised, since looking up a counter by its labels takes longer than counting. There are few labels.
            return cache(Counter(name, description, labels, namespace=NAMESPACE, registry=self._registry).labels)

        self._calls = counter("calls", "Calls answered", ["service", "status", "tenant"])
        self._out_of_time = counter("out_of_time", "Calls that ran out of time", ["service", "tenant"])
        self._cards = counter("cards", "Cards made", ["service", "tenant", "topic", "indicator", "verdict"])
        self._findings = counter("findings", "Findings that raise a card", ["service", "tenant", "finding"])
        self._record_keys = counter(
            "record_keys", "Parts of a record, by what came of them", ["tenant", "key", "reached"]
        )
        self._not_admitted = counter("not_admitted", "Calls that were not admitted", ["reason", "tenant"])
        self._answers = counter(
            "feedback", "Answers to cards, by outcome and reason", ["service", "tenant", "outcome", "reason"]
        )
        self._misfits = counter(
            "feedback_to_no_card", "Answers to no card that was shown, by why", ["service", "tenant", "why"]
        )
        seconds = Histogram(
            "call_seconds",
            "Time for an answer",
            ["service", "tenant"],
            namespace=NAMESPACE,
            registry=self._registry,
            buckets=_BUCKET_SECONDS,
        )
        self._seconds: Callable[..., Histogram] = cache(seconds.labels)
        self._turn_seconds = Histogram(
            "turn_seconds",
            "How long calls that had waited for a FHIR server, keys or the store then waited for the processor",
            namespace=NAMESPACE,
            registry=self._registry,
            buckets=_BUCKET_SECONDS,
        )
        self.state = StateMetrics(self._registry, policy, gate, call_store, completion)

    def answered(self, service: str, status: int, tenant: str, seconds: float) -> None:
        """Count a call and the time it took, in seconds."""
        self._calls(service, str(status), tenant).inc()
        self._seconds(service, tenant).observe(seconds)

    def out_of_time(self, service: str, tenant: str) -> None:
        """Count a call that was not judged in time, whether by name or not at all."""
        self._out_of_time(service, tenant).inc()

    def turn(self, seconds: float) -> None:
        """Count how long a call that had waited for another machine then waited for its turn."""
        self._turn_seconds.observe(seconds)

    def judged(self, evaluation: Evaluation, cards: Sequence[tuple[Card, Verdict]]) -> None:
        """Count the cards, the findings and the parts of the record of a call."""
        service, tenant = evaluation.service.id, evaluation.tenant.id
        for card, verdict in cards:
            self._cards(service, tenant, card.topic, card.body["indicator"], verdict).inc()
        for finding in sorted(evaluation.would_fire):
            self._findings(service, tenant, finding).inc()
        for key, origin in evaluation.origins.items():
            self._record_keys(tenant, key, origin).inc()

    def not_admitted(self, reason: str, issuer_of: str | None) -> None:
        """Count a caller that was refused.

        Args:
            reason: one of a fixed list.
            issuer_of: the tenant whose issuer the token names, if it names one.
        """
        self._not_admitted(reason, issuer_of or NO_VALUE).inc()

    def answered_cards(
        self, tenant: Tenant, service: str, items: Sequence[Feedback], misfits: Mapping[Misfit, int]
    ) -> None:
        """Count answers to cards, each reason as it is stored, and those that are to no card."""
        for item, reasons in zip(items, reasons_of(tenant, items), strict=True):
            for reason in reasons:
                self._answers(service, tenant.id, item.outcome, reason or NO_VALUE).inc()
        for why, number in misfits.items():
            self._misfits(service, tenant.id, why).inc(number)

    def text(self) -> bytes:
        """The metrics of all processes in the text format of Prometheus."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        self.state.sample(ask_store=True)
        folder = os.environ.get(MULTIPROCESS_FOLDER)
        if not folder:
            return generate_latest(self._registry)
        all_processes = CollectorRegistry()
        all_processes.register(_InForce(MultiProcessCollector(None)))  # type: ignore[no-untyped-call]
        with whole_folder(Path(folder)):
            return generate_latest(all_processes)


class _InForce:
    """The metrics of all processes without the policies that are no longer in force."""

    def __init__(self, collector: MultiProcessCollector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        for metric in self._collector.collect():  # type: ignore[no-untyped-call]
            if metric.name.endswith("_info"):
                metric.samples = [sample for sample in metric.samples if sample.value]
            yield metric


def serve_metrics(app: Flask, metrics: Metrics, secret_file: Path | None) -> None:
    """Answer ``/metrics`` to callers with the secret; where there is no secret, to this machine alone."""

    @app.get("/metrics")
    def counts() -> Response:
        if not is_operator(request, secret_file):
            raise UnknownAddressError
        return Response(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
