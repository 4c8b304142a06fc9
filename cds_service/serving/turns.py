"""The turns of the calls of a process: one runs at a time, in the main thread, until it ends or has to wait."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

from cds_service import time_limit
from cds_service.config.limits import MAX_TURN_WAIT_SECONDS, YIELD_SECONDS

_PIPE_BYTES = 4_096


@dataclass(slots=True, eq=False)
class _Wait:
    """One wait of a call. ``over``: it ended; ``in_time``: what was waited for came before the deadline."""

    call: greenlet
    over: bool = False
    in_time: bool = True
    ready_at: float = 0.0


@dataclass(slots=True)
class Turns:
    """Gives the calls of a process their turns.

    A call begins as soon as the processor is free. One that has waited for another machine lets those that begin pass,
    for at most ``YIELD_SECONDS``; among themselves they go in the order in which they became ready.

    Args:
        pipe: its two ends, without blocking: what is written wakes the process up.
        accept: begins the next call that is waiting to be accepted, if there is one.
        observe: is told how many seconds a call waited for its turn.
        clock: the time in seconds.
    """

    pipe: tuple[int, int]
    accept: Callable[[socket.socket], None]
    observe: Callable[[float], None]
    clock: Callable[[], float] = time.monotonic
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _listening: set[socket.socket] = field(default_factory=set)
    _loop: greenlet = field(default_factory=getcurrent)
    _calls: set[greenlet] = field(default_factory=set)
    _ready: list[tuple[float, int, _Wait]] = field(default_factory=list)
    _deadlines: list[tuple[float, int, _Wait]] = field(default_factory=list)
    _done: deque[_Wait] = field(default_factory=deque)
    _numbers: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        """Listen to what wakes the process up."""
        self._selector.register(self.pipe[0], selectors.EVENT_READ)

    @property
    def calls(self) -> int:
        """The calls that have begun and not ended."""
        return len(self._calls)

    def listen(self, listening: Collection[socket.socket]) -> None:
        """Accept from these sockets, and from no other."""
        if len(self._listening) == len(listening):
            return
        for gone in self._listening - set(listening):
            self._selector.unregister(gone)
        for new in set(listening) - self._listening:
            self._selector.register(new, selectors.EVENT_READ)
        self._listening = set(listening)

    def begin(self, work: Callable[[], None]) -> None:
        """Begin a call. It must not raise, save for what ends the process."""
        call = greenlet(work, self._loop)
        self._calls.add(call)
        self._go_on(call)

    def next(self, seconds: float) -> None:
        """Give the next turn; where nobody is ready, wait for that for at most so many seconds."""
        arrived = self._look(seconds)
        now = self.clock()
        if self._ready and self._ready[0][0] <= now:
            self._resume(heappop(self._ready)[2])
        elif arrived is not None:
            self.accept(arrived)
        elif self._ready:
            self._resume(heappop(self._ready)[2])

    def has_turn(self) -> bool:
        """Whether who asks is a call that has its turn."""
        return threading.current_thread() is threading.main_thread() and getcurrent() in self._calls

    def wait(self, futures: Collection[Future[Any]], seconds: float | None) -> bool:
        """Give the turn away until all futures are done, or for so many seconds, and until the next turn.

        The time limit of the call stands still meanwhile; if that turn comes later than ``MAX_TURN_WAIT_SECONDS`` after
        the last future was done, nothing is left of it.

        Returns:
            Whether the turn came in time.
        """
        wait = _Wait(getcurrent())
        remaining = len(futures)
        if not futures:
            return True
        lock = threading.Lock()

        def done(_: Future[Any]) -> None:
            nonlocal remaining
            with lock:
                remaining -= 1
                is_last = not remaining
            if is_last:
                wait.ready_at = self.clock()
                self._done.append(wait)
                # A full pipe wakes the process up as well.
                with suppress(BlockingIOError):
                    os.write(self.pipe[1], b"\0")

        for future in futures:
            future.add_done_callback(done)
        waited = self._until_over(wait, None if seconds is None else self.clock() + seconds)
        self.observe(waited)
        return waited <= MAX_TURN_WAIT_SECONDS

    def wait_for_socket(self, connection: socket.socket, event: int, until: float) -> bool:
        """Give the turn away until a socket can be read from or written to.

        Args:
            connection: the socket.
            event: ``selectors.EVENT_READ`` or ``EVENT_WRITE``.
            until: when to give up, by the clock.

        Returns:
            False where it was given up.
        """
        wait = _Wait(getcurrent())
        self._selector.register(connection, event, wait)
        try:
            self._until_over(wait, until)
        finally:
            self._selector.unregister(connection)
        return wait.in_time

    def hurry(self, connection: socket.socket, until: float) -> None:
        """Give up a wait for a socket earlier than at its deadline."""
        key = self._selector.get_map().get(connection)
        if key is not None:
            heappush(self._deadlines, (until, next(self._numbers), key.data))

    def _until_over(self, wait: _Wait, until: float | None) -> float:
        """Give the turn away. Returns for how many seconds the call then waited for its next turn."""
        if until is not None:
            heappush(self._deadlines, (until, next(self._numbers), wait))
        left = time_limit.pause()
        waited = 0.0
        try:
            self._loop.switch()
            waited = self.clock() - wait.ready_at
        finally:
            time_limit.resume(left, at_end=waited > MAX_TURN_WAIT_SECONDS)
        return waited

    def _look(self, seconds: float) -> socket.socket | None:
        """Take note of whose wait is over. Returns a socket with somebody to accept."""
        arrived = None
        if self._ready:
            seconds = 0
        elif self._deadlines:
            seconds = max(0, min(seconds, self._deadlines[0][0] - self.clock()))
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, _Wait):
                self._make_ready(key.data, self.clock(), yields=0)
            elif key.fileobj in self._listening:
                arrived = key.fileobj
            else:
                os.read(self.pipe[0], _PIPE_BYTES)
        while self._done:
            wait = self._done.popleft()
            self._make_ready(wait, wait.ready_at, yields=YIELD_SECONDS)
        while self._deadlines and (self._deadlines[0][2].over or self._deadlines[0][0] <= self.clock()):
            until, _, wait = heappop(self._deadlines)
            if not wait.over:
                wait.in_time = False
                self._make_ready(wait, until, yields=YIELD_SECONDS)
        return arrived

    def _make_ready(self, wait: _Wait, at: float, *, yields: float) -> None:
        if not wait.over:
            wait.over, wait.ready_at = True, at
            heappush(self._ready, (at + yields, next(self._numbers), wait))

    def _resume(self, wait: _Wait) -> None:
        self._go_on(wait.call)

    def _go_on(self, call: greenlet) -> None:
        try:
            call.switch()
        finally:
            if call.dead:
                self._calls.discard(call)
