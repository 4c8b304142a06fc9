"""The FHIR server of one tenant: its reads run in threads, for a bounded number of calls, and not while it fails.

Each tenant has threads and connections of its own (a bulkhead), so that a slow server keeps no other tenant waiting.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from cds_service import logs, time_limit
from cds_service.fhir_client.circuit_breaker import CircuitBreaker
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient
from cds_service.fhir_client.failures import FAILURES_OF_SERVER, FetchFailure
from cds_service.waiting import wait_for

T = TypeVar("T")


@dataclass(slots=True)
class TenantServer:
    """Reads of one FHIR server for one tenant."""

    tenant: str
    client: FhirClient
    _breaker: CircuitBreaker = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _calls: int = 0
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Prepare the threads, which begin when they are needed."""
        limits = self.client.limits
        self._breaker = CircuitBreaker(limits.failures, limits.pause)
        self._threads = self._new_threads()

    def close(self) -> None:
        """End the threads and connections as soon as no call reads. A call that was begun before may still read."""
        with self._lock:
            self._closed = True
            self._end_if_closed()

    def read_all(self, reads: Mapping[str, Callable[[], T]], deadline: Deadline) -> dict[str, T | Exception]:
        """The results of reads of one call, some of them at the same time.

        A read that failed has its exception as its result. One that does not end in time is abandoned; its own deadline
        ends it.
        """
        if not reads:
            return {}
        # A call that was given up in here would leave its place taken.
        left = time_limit.pause()
        in_time = True
        try:
            refusal = self._enter()
            if refusal is not None:
                return dict.fromkeys(reads, FetchError(refusal))
            try:
                results, in_time = self._results(reads, deadline)
            finally:
                # Where a call that tried the server said nothing of it, the next one tries it.
                self._breaker.told_nothing()
                with self._lock:
                    self._calls -= 1
                    self._end_if_closed()
            return results
        finally:
            time_limit.resume(left, at_end=not in_time)

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.client.limits.calls * self.client.limits.connections, "fhir")

    def _end_if_closed(self) -> None:
        if self._closed and not self._calls:
            self._threads.shutdown(wait=False)
            self._threads = self._new_threads()
            self.client.close()

    def _enter(self) -> FetchFailure | None:
        """Take one of the places of calls that read; why there is none."""
        with self._lock:
            if self._calls >= self.client.limits.calls:
                return FetchFailure.TOO_MANY_CALLS
            if not self._breaker.may_ask():
                return FetchFailure.LEFT_ALONE
            self._calls += 1
            return None

    def _results(
        self, reads: Mapping[str, Callable[[], T]], deadline: Deadline
    ) -> tuple[dict[str, T | Exception], bool]:
        """The results, and whether the next turn of the call came in time."""
        results: dict[str, T | Exception] = {}
        waiting = deque(reads.items())
        has_time = deadline.until - deadline.clock() > self.client.limits.deadline / 2

        def read() -> None:
            while waiting:
                try:
                    name, work = waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                try:
                    results[name] = work()
                except Exception as error:  # the caller tells a defect from a failure of the server
                    results[name] = error

        running = []
        # Where the machine gives no further thread, those that there are do it.
        with suppress(RuntimeError):
            for _ in range(min(len(reads), self.client.limits.connections)):
                running.append(self._threads.submit(read))
        in_time = wait_for(running, max(0.0, deadline.until - deadline.clock()))
        waiting.clear()
        # Copied, since what was abandoned may still end.
        found = dict(results)
        complete = {name: found.get(name, FetchError(FetchFailure.NOT_IN_TIME)) for name in reads}
        self._report(complete.values(), has_time)
        return complete, in_time

    def _report(self, results: Iterable[object], has_time: bool) -> None:
        """Tell the circuit breaker how a call ended: the server failed if each read did, and had time to end."""
        failures = [result.failure if isinstance(result, FetchError) else None for result in results]
        if not all(failure in FAILURES_OF_SERVER for failure in failures):
            if self._breaker.succeeded():
                logs.fhir_server_back(self.tenant)
        elif has_time and self._breaker.failed():
            logs.fhir_server_left_alone(self.tenant, str(failures[0]), self.client.limits.pause)
