"""The time limit of a call: when it is over, an exception interrupts the call.

The timer of the process (SIGALRM) interrupts its main thread, in which the server's workers answer calls. In other
threads, as in the demonstration, there is no limit.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from cds_service.errors import OutOfTimeError

_REPEAT_SECONDS = 0.05
_exception: type[BaseException] | None = None

T = TypeVar("T")


class _Alarm(BaseException):
    """The time is over. It is no Exception, so that no handler of errors in the work catches it."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of ``work``.

    Raises:
        OutOfTimeError: it took longer than ``seconds``.
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
    """Raise ``error`` in the main thread after so many seconds. It replaces an alarm that was set before."""
    global _exception
    # The handler stays: without it a signal that arrives late would end the process.
    signal.signal(signal.SIGALRM, _on_alarm)
    _exception = error
    signal.setitimer(signal.ITIMER_REAL, seconds)


def stop_alarm() -> None:
    """Cancel the alarm."""
    global _exception
    _exception = None
    signal.setitimer(signal.ITIMER_REAL, 0)


def _on_alarm(_signal: int, _frame: FrameType | None) -> None:
    if _exception is not None:
        # Again a moment later: Python ignores an exception that is raised in a destructor.
        signal.setitimer(signal.ITIMER_REAL, _REPEAT_SECONDS)
        raise _exception
