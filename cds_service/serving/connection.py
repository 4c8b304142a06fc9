"""A caller's connection: the call gives its turn away while the caller sends or takes what is sent."""

from __future__ import annotations

import selectors
import socket
from contextlib import suppress
from typing import Any

from cds_service.config.limits import RESPONSE_SECONDS
from cds_service.errors import SlowCallerError
from cds_service.serving.turns import Turns

_LINGER_SECONDS = 0.5
_CHUNK_BYTES = 65_536


class CallerConnection:
    """The socket of a caller, with the part of its interface that gunicorn uses to read and write."""

    def __init__(self, accepted: socket.socket, turns: Turns) -> None:
        accepted.setblocking(False)
        self._socket, self._turns = accepted, turns
        self._until = turns.clock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def allow(self, seconds: float) -> None:
        """Let the caller take so many seconds from now for what is read next."""
        self._until = self._turns.clock() + seconds

    def hurry(self, seconds: float) -> None:
        """Let the caller take no more than so many seconds from now, also if it is waited for already."""
        self._until = min(self._until, self._turns.clock() + seconds)
        self._turns.hurry(self._socket, self._until)

    def recv(self, size: int) -> bytes:
        """Some of what was sent; no bytes at the end.

        Raises:
            SlowCallerError: nothing came in time.
        """
        while True:
            # Checked before each part: a caller may send one byte a second.
            if self._turns.clock() > self._until:
                raise SlowCallerError
            with suppress(BlockingIOError):
                return self._socket.recv(size)
            if not self._turns.wait_for_socket(self._socket, selectors.EVENT_READ, self._until):
                raise SlowCallerError

    def sendall(self, data: bytes) -> None:
        """Send everything.

        Raises:
            TimeoutError: the caller does not take it.
        """
        until, rest = self._turns.clock() + RESPONSE_SECONDS, memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                if not self._turns.wait_for_socket(self._socket, selectors.EVENT_WRITE, until):
                    raise TimeoutError from None

    def close(self) -> None:
        """Close the connection. Where a part of the request is still unread, it is read for a moment: closing at once
        would cut off the response."""
        with suppress(OSError, SlowCallerError):
            self._socket.shutdown(socket.SHUT_WR)
            # Where nothing is unread, this raises BlockingIOError; at the end of the request it returns no bytes.
            if self._socket.recv(_CHUNK_BYTES):
                self.allow(_LINGER_SECONDS)
                while self.recv(_CHUNK_BYTES):
                    pass
        self._socket.close()
