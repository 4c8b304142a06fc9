"""Waiting for other machines off the processor.

In the server the calls of a process take turns in its main thread (:mod:`cds_service.serving`). A call that has to wait
does so here: what it waits for runs in threads, other calls have their turns meanwhile, and the time limit of the call
stands still. Elsewhere, as in a command, the demonstration and most tests, the thread of the call waits itself.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from cds_service.config.limits import MAX_OTHER_WAITS

T = TypeVar("T")


class TakesTurns(Protocol):
    """The turns of the calls of a process."""

    def has_turn(self) -> bool:
        """Whether who asks is a call that has its turn."""
        ...

    def wait(self, futures: Collection[Future[Any]], seconds: float | None) -> bool:
        """Give the turn away until all futures are done, or for so many seconds, and until the next turn.

        The time limit of the call stands still meanwhile; if that turn comes too late, nothing is left of it.

        Returns:
            Whether the turn came in time.
        """
        ...


_turns: TakesTurns | None = None
_other_waits = ThreadPoolExecutor(MAX_OTHER_WAITS, "waiting")


def take_turns(turns: TakesTurns) -> None:
    """Let the calls of this process take turns."""
    global _turns
    _turns = turns


def wait_for(futures: Collection[Future[Any]], seconds: float | None) -> bool:
    """Wait until all futures are done, or for so many seconds.

    Returns:
        Whether the next turn of the call came in time. If not, it has no time left.
    """
    if _turns is not None and _turns.has_turn():
        return _turns.wait(futures, seconds)
    concurrent.futures.wait(futures, seconds)
    return True


def begun(work: Callable[[], T]) -> Future[T]:
    """Work that waits for another machine and bounds its time itself, begun in a thread.

    Where calls do not take turns, it is done here and now.
    """
    if _turns is not None and _turns.has_turn():
        return _other_waits.submit(work)
    done: Future[T] = Future()
    try:
        done.set_result(work())
    except Exception as error:  # as a thread would keep it
        done.set_exception(error)
    return done


def off_processor(work: Callable[[], T]) -> T:
    """The result of work that waits for another machine and bounds its time itself."""
    future = begun(work)
    wait_for((future,), None)
    return future.result()
