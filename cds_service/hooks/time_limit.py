"""The longest that one call may occupy a process: beyond it the call is given up, and said to be."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cds_service.hooks.errors import OutOfTimeError

_AGAIN = 0.05


class _Alarm(BaseException):
    """Out of time. Not an Exception, so that whoever forgives one resource its mistakes does not forgive this."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give up what is done within after so many seconds.

    By a timer of the system, which only the main thread can be told by: there the server's workers answer calls. In any
    other thread, as in the demonstration, there is no limit.

    Raises:
        OutOfTimeError: it took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        # Again and again: one ring may come where what it raises is dropped, as in a destructor.
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _Alarm:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise OutOfTimeError(seconds) from None
    finally:
        signal.signal(signal.SIGALRM, before)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise _Alarm
