"""The longest that one call may occupy a process: beyond it the call is given up, and said to be.

By the timer of the process, which rings in the main thread: there the server's workers answer calls. In any other
thread, as in the demonstration, there is no limit.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from cds_service.errors import OutOfTimeError

_AGAIN = 0.05
_raised: type[BaseException] | None = None

T = TypeVar("T")


class _Alarm(BaseException):
    """Out of time. Not an Exception, so that whoever forgives one resource its mistakes does not forgive this."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work comes to, if it does in time.

    Raises:
        OutOfTimeError: it did not.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    try:
        set_alarm(seconds, _Alarm)
        try:
            return work()
        finally:
            stop_alarm()
    except _Alarm:
        stop_alarm()
        raise OutOfTimeError(seconds) from None


def set_alarm(seconds: float, error: type[BaseException]) -> None:
    """Raise the error in the main thread after so many seconds, in place of what was set before."""
    global _raised
    # Left in place for good: a ring that comes late, to a process that expects none, would end it.
    signal.signal(signal.SIGALRM, _ring)
    _raised = error
    signal.setitimer(signal.ITIMER_REAL, seconds)


def stop_alarm() -> None:
    """Raise nothing more."""
    global _raised
    _raised = None
    signal.setitimer(signal.ITIMER_REAL, 0)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    if _raised is not None:
        # Once more, in case this one is dropped, as what is raised in a destructor is.
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        raise _raised
