"""Connections to PostgreSQL that are given up once the time for their use is over.

A server that stands still with its connections open answers nothing and refuses nothing; no setting of the server or of
its driver bounds the wait for it. Each wait for an answer ends here at the deadline of the connection, in any thread.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from math import inf
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")
_INTERVAL_SECONDS = 0.05


class TimeIsOverError(psycopg.OperationalError):
    """The database did not answer in time."""


class LimitedConnection(psycopg.Connection[Any]):
    """A connection that waits for the server up to ``deadline``, a time of the monotonic clock, and is then closed."""

    deadline = inf

    def wait(self, gen: Generator[Any, Any, T], *_: Any, **__: Any) -> T:
        """The result of an operation of the driver.

        Raises:
            TimeIsOverError: it did not end in time.
        """
        try:
            return super().wait(self._until_deadline(gen), interval=_INTERVAL_SECONDS)
        except TimeIsOverError:
            # The server may still do what it was asked; nothing more is asked of this connection.
            self.close()
            raise

    def _until_deadline(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        sent = None
        while time.monotonic() < self.deadline:
            try:
                state = gen.send(sent)
            except StopIteration as end:
                result: T = end.value
                return result
            # The driver resumes it when the server has answered, and otherwise after each interval.
            sent = yield state
        raise TimeIsOverError("it did not answer in time")
