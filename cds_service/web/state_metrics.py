"""Metrics of how the service is: its store, its configuration, the keys and policies in force, and what was fetched.

The parts of the application keep these figures themselves. Each process reads its own when it is asked for metrics,
about every second while it waits for calls, and before it ends.
"""

from __future__ import annotations

import os
import threading
import time
from functools import cache
from platform import python_version
from typing import TYPE_CHECKING, Literal

from cds_service.hooks.prefetch_completion import PrefetchCompletion
from cds_service.policy.configuration import CARD_WORDING, SITE_POLICY, TENANTS, policy_label
from cds_service.policy.watch import PolicyWatch
from cds_service.records.call_store import CallStore, StoreStatus
from cds_service.trust.gate import Gate, OpenGate, TenantGate
from cds_service.trust.tenant import Tenant
from cds_service.version import program_version

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge

NAMESPACE = "benzo_cds"
POLICY_FILES = {"tenants": TENANTS, "site_policy": SITE_POLICY, "card_wording": CARD_WORDING}
"""The files of the configuration as a metric names them, each with its variable."""

Mode = Literal["livemax", "livesum", "livemostrecent"]
"""How the values of several processes become one: of those that are running."""
_POLICY_LABELS = ("tenant", "knowledge", "table")


class StateMetrics:
    """The gauges of one process, and the counters of what its parts have counted."""

    def __init__(
        self,
        registry: CollectorRegistry,
        policy: PolicyWatch,
        gate: Gate,
        call_store: CallStore,
        completion: PrefetchCompletion,
    ) -> None:
        """Declare the metrics of a process in its registry, with the parts that they are read from."""
        from prometheus_client import Counter, Gauge

        def gauge(name: str, description: str, mode: Mode, *labels: str) -> Gauge:
            return Gauge(name, description, labels, NAMESPACE, registry=registry, multiprocess_mode=mode)

        def counter(name: str, description: str, *labels: str) -> Counter:
            return Counter(name, description, labels, NAMESPACE, registry=registry)

        self._policy, self._gate, self._call_store, self._completion = policy, gate, call_store, completion
        # Declared once there is a value: where no store is configured, 0 would mean that it is down.
        self._store_up = cache(
            lambda: gauge("store_up", "1: the store works; 0: calls are answered without it", "livemostrecent")
        )
        self._unsaved = gauge("unsaved_records", "Records of calls and answers that wait for the store", "livesum")
        self._lost = counter("lost_records", "Records of calls and answers that were lost")
        self._workers = gauge("workers", "Processes that answer calls", "livesum")
        self._worker_starts = counter("worker_starts", "Processes that began to answer calls")
        self._problems = gauge(
            "refused_configuration_problems",
            "Mistakes in a changed file that was refused; what was in force before stays",
            "livemax",
            "file",
        )
        self._build = gauge("build_info", "The version of the program; always 1", "livemax", "version", "python")
        self._policy_info = gauge(
            "policy_info", "Policy in force for a tenant in a process; always 1", "livemax", *_POLICY_LABELS
        )
        self._keys_read = gauge(
            "keys_read_timestamp_seconds", "When the keys of a tenant were last fetched", "livemax", "tenant"
        )
        self._key_fetches = counter("key_fetches", "Fetches of a tenant's keys", "tenant", "outcome")
        self._fetches = counter("fetches", "Reads from the FHIR server of a tenant", "tenant", "outcome")
        self._counted: dict[tuple[str, ...], int] = {}
        self._policies: set[tuple[str, ...]] = set()
        self._process = 0
        self._lock = threading.Lock()

    def sample(self, *, ask_store: bool = False) -> None:
        """Take over the figures of this process.

        Args:
            ask_store: whether the store is asked how it is, which takes up to ``BENZO_CDS_STORE_SECONDS``.
        """
        with self._lock:
            if self._process != os.getpid():
                self._begin()
            self._unsaved.set(self._call_store.unsaved())
            self._add(self._lost, self._call_store.lost(), "lost")
            for (tenant, outcome), number in self._completion.outcomes().items():
                self._add(self._fetches.labels(tenant, outcome), number, "fetches", tenant, outcome)
            self._sample_gate()
        if ask_store:
            status = self._call_store.status()
            if status is not StoreStatus.NONE:
                self._store_up().set(status is StoreStatus.UP)

    def count_lost(self, number: int) -> None:
        """Count records that were lost with a process that was killed."""
        self._lost.inc(number)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._workers.set(1)
        self._worker_starts.inc()
        self._build.labels(program_version(), python_version()).set(1)

    def _sample_gate(self) -> None:
        policy, refused = self._policy.current(), self._policy.state().refused
        for file, variable in POLICY_FILES.items():
            problems = refused.problems if refused is not None else ()
            self._problems.labels(file).set(sum(problem.startswith(variable) for problem in problems))
        if not isinstance(self._gate, TenantGate):
            if isinstance(self._gate, OpenGate):
                self._set_policies({_policy_of(policy.open_tenant)})
            return
        in_force = policy.tenants
        self._set_policies({_policy_of(trusted.tenant) for trusted in in_force})
        for trusted in in_force:
            tenant, age = trusted.tenant.id, trusted.keys.age()
            if age is not None:
                self._keys_read.labels(tenant).set(time.time() - age)
            for outcome, number in zip(("read", "failed"), trusted.keys.fetches(), strict=True):
                self._add(self._key_fetches.labels(tenant, outcome), number, "key_fetches", tenant, outcome)

    def _set_policies(self, in_force: set[tuple[str, ...]]) -> None:
        for gone in self._policies - in_force:
            self._policy_info.labels(*gone).set(0)
        for policy in in_force - self._policies:
            self._policy_info.labels(*policy).set(1)
        self._policies = in_force

    def _add(self, counter: Counter, number: int, *key: str) -> None:
        """Add what a part has counted since the last sample."""
        added = number - self._counted.get(key, 0)
        if added > 0:
            counter.inc(added)
        self._counted[key] = number


def _policy_of(tenant: Tenant) -> tuple[str, ...]:
    return tenant.id, policy_label(tenant), tenant.knowledge.default_table
