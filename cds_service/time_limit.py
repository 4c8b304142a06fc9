"""The time limit of a call: when it is over, an exception interrupts the call.

The timer of the process (SIGALRM) interrupts its main thread, in which the server's workers judge calls. In other
threads, as in the demonstration, there is no limit. While a call waits for another machine, its time stands still
(:mod:`cds_service.waiting`), and another call may have a limit of its own.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

from cds_service.errors import OutOfTimeError

_REPEAT_SECONDS = 0.05
_AT_ONCE = 1e-6
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


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """What was left of a time limit when it was paused: the seconds, and what is raised after them."""

    seconds: float
    error: type[BaseException]


def pause() -> TimeLeft | None:
    """Let the time limit stand still; None where none is set here."""
    global _exception
    if _exception is None or threading.current_thread() is not threading.main_thread():
        return None
    error, _exception = _exception, None
    return TimeLeft(signal.setitimer(signal.ITIMER_REAL, 0)[0], error)


def resume(left: TimeLeft | None, *, at_end: bool = False) -> None:
    """Go on with a time limit that was paused. ``at_end``: nothing is left of it."""
    if left is not None:
        # An alarm that rang just before the pause has left nothing either.
        set_alarm(_AT_ONCE if at_end else max(left.seconds, _AT_ONCE), left.error)


def _on_alarm(_signal: int, frame: FrameType | None) -> None:
    if _exception is not None:
        # Again a moment later: Python ignores an exception that is raised in a destructor.
        signal.setitimer(signal.ITIMER_REAL, _REPEAT_SECONDS)
        if not _is_logging(frame):
            raise _exception


def _is_logging(frame: FrameType | None) -> bool:
    """Whether a line is being logged. The log's lock would stay taken, and other threads would wait for it for ever."""
    while frame is not None:
        if frame.f_globals.get("__name__") == logging.__name__:
            return True
        frame = frame.f_back
    return False
