"""A circuit breaker: a server that keeps failing is left alone for a while, and then asked by one call alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class CircuitBreaker:
    """Says whether a server is to be asked.

    After ``failures`` calls in a row that failed, nobody asks it for ``pause`` seconds. Then one call may: if it fails
    as well, there is another pause.
    """

    failures: int
    pause: float
    clock: Callable[[], float] = time.monotonic
    _failed: int = 0
    _until: float | None = None
    _is_tried: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may_ask(self) -> bool:
        """Whether a call may ask the server now. It must then report how that ended, by one of the other methods."""
        with self._lock:
            if self._until is None:
                return True
            if self._is_tried or self.clock() < self._until:
                return False
            self._is_tried = True
            return True

    def succeeded(self) -> bool:
        """The server answered. Returns whether it was left alone until now."""
        with self._lock:
            was_left_alone = self._until is not None
            self._failed, self._until, self._is_tried = 0, None, False
            return was_left_alone

    def failed(self) -> bool:
        """The server failed. Returns whether it is left alone from now on."""
        with self._lock:
            self._failed += 1
            if self._until is None and self._failed < self.failures:
                return False
            is_new, is_again = self._until is None, self._is_tried
            self._is_tried = False
            if is_new or is_again:
                self._until = self.clock() + self.pause
            return is_new

    def told_nothing(self) -> None:
        """The call ended without telling whether the server works."""
        with self._lock:
            self._is_tried = False
