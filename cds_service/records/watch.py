"""A watch over the store: a thread of each process that asks it how it is, so that no call has to wait for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class StoreWatch:
    """Asks at an interval, in a thread of its own. Until the first answer the store counts as up.

    Args:
        check: asks the store, and says whether it is up.
        interval: seconds from one answer to the next question.
        patience: seconds after which a question without an answer means that the store is down.
    """

    check: Callable[[], bool]
    interval: float
    patience: float
    clock: Callable[[], float] = time.monotonic
    _was_up: bool = True
    _answered_at: float = 0.0
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def is_up(self) -> bool:
        """Whether the store was up when it was asked last."""
        return self._was_up and self.clock() - self._answered_at < self.interval + self.patience

    def start(self) -> None:
        """Begin to ask."""
        self._answered_at = self.clock()
        self._thread = threading.Thread(target=self._ask, name="store watch", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ask no more, and wait for a question in hand for at most ``seconds``."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _ask(self) -> None:
        while not self._end.is_set():
            self._was_up = self.check()
            self._answered_at = self.clock()
            self._end.wait(self.interval)
