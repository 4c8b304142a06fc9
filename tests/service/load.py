"""Callers that call the running service again and again while a test does something to it."""

from __future__ import annotations

import threading
import time
from typing import Any

import requests
from ehr import lorazepam, sign
from served import Served

SIGN = "/cds-services/benzo-order-sign"


class Load:
    """Callers, each on a connection of its own, with the number of calls answered, the slowest, and wrong answers.

    Like a load balancer they ask for readiness before each call, and stop once the service is not ready.
    """

    def __init__(self, running: Served, callers: int, body: dict[str, Any] | None = None) -> None:
        self.answered = 0
        self.slowest = 0.0
        self.wrong: list[str] = []
        self._running, self._stop, self._lock = running, threading.Event(), threading.Lock()
        self._body = body or sign(lorazepam())
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(callers)]
        for thread in self._threads:
            thread.start()

    def _call(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                if requests.get(f"{self._running.base}/health/ready", timeout=60).status_code != 200:
                    return
                began = time.monotonic()
                response = requests.post(self._running.base + SIGN, json=self._body, timeout=60)
                result = None if response.status_code == 200 and response.json()["cards"] else response.text
            except requests.RequestException as error:
                result = type(error).__name__
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answered += result is None
                self.wrong += [] if result is None else [result]

    def until(self, answered: int) -> None:
        """Wait until so many calls were answered, for longer than any machine should take."""
        end = time.monotonic() + 300
        while self.answered < answered:
            assert time.monotonic() < end, (self.answered, self.wrong[:3])
            time.sleep(0.05)

    def end(self) -> None:
        """Call no more; every call in hand is finished and counted."""
        self._stop.set()
        self.join()

    def join(self) -> None:
        """Wait until no caller calls any more."""
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()
