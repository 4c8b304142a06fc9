"""The worker process: it accepts callers, lets each send its request, and answers.

gunicorn parses the request and runs the application, as in its simplest worker; the calls take turns (:mod:`turns`).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.workers.sync import SyncWorker

from cds_service import logs, waiting
from cds_service.config.limits import (
    MAX_CONNECTIONS,
    REQUEST_BODY_SECONDS,
    REQUEST_HEAD_SECONDS,
    REQUEST_SECONDS_AT_END,
)
from cds_service.errors import BrokenBodyError, SlowCallerError
from cds_service.hooks.outcome import CONTENT_TYPE, outcome_of_defect, outcome_of_status
from cds_service.serving.connection import CallerConnection
from cds_service.serving.turns import Turns
from cds_service.time_limit import stop_alarm

_STATUS: Mapping[type[BaseException], int] = {SlowCallerError: 408, ParseException: 400}
_HEARTBEAT_SECONDS = 1.0


class BodyReader:
    """The body of a request as gunicorn reads it. What is wrong with it is told as an error of the call."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        """Up to so many bytes.

        Raises:
            BrokenBodyError: the chunks are none of HTTP, or the caller has gone.
        """
        try:
            return bytes(self._reader.read(size))
        except (ParseException, NoMoreData):
            raise BrokenBodyError from None


class CallWorker(SyncWorker):  # type: ignore[misc]
    """A worker whose calls take turns: one that waits for its caller or for another machine keeps nobody waiting."""

    def run(self) -> None:
        """Answer calls until told to stop; then answer those that have begun."""
        for listening in self.sockets:
            listening.setblocking(False)
        self._sending: set[CallerConnection] = set()
        self.turns = Turns(tuple(self.PIPE), self._accept, self.app.observe_turn)
        waiting.take_turns(self.turns)
        self._notify_at = 0.0
        while self.alive:
            self.turns.listen(self.sockets if self.turns.calls < MAX_CONNECTIONS else ())
            self._next_turn()
        self.turns.listen(())
        for listening in self.sockets:
            # Else callers would still reach the address, and wait in vain.
            listening.close()
        for caller in self._sending:
            caller.hurry(REQUEST_SECONDS_AT_END)
        while self.turns.calls:
            self._next_turn()

    def _next_turn(self) -> None:
        now = self.turns.clock()
        if now >= self._notify_at:
            self._notify_at = now + _HEARTBEAT_SECONDS / 2
            self.notify()
            if not self.is_parent_alive():
                self.alive = False
        self.turns.next(_HEARTBEAT_SECONDS)

    def notify(self) -> None:
        """Report that this worker is alive, as gunicorn asks every second or so, and do the upkeep."""
        super().notify()
        self.app.upkeep()

    def _accept(self, listening: socket.socket) -> None:
        # Another worker was faster, the caller has gone, or this process has as many files open as it may.
        with suppress(OSError):
            accepted, address = listening.accept()
            accepted.set_inheritable(False)
            self.turns.begin(partial(self.handle, listening, CallerConnection(accepted, self.turns), address))

    def handle(self, listener: socket.socket, client: CallerConnection, addr: Any) -> None:
        """Answer one connection. A request that is not sent in time is refused."""
        request = None
        try:
            client.allow(REQUEST_HEAD_SECONDS)
            self._sending.add(client)
            try:
                request = next(get_parser(self.cfg, client, addr))
            finally:
                self._sending.discard(client)
            request.body.reader = BodyReader(request.body.reader)
            client.allow(REQUEST_BODY_SECONDS)
            self.handle_request(listener, request, client, addr)
        except (NoMoreData, StopIteration, OSError):
            pass  # the caller has gone
        except BaseException as error:
            self.handle_error(request, client, addr, error)
        finally:
            stop_alarm()
            client.close()

    def handle_error(self, req: Any, client: CallerConnection, addr: Any, exc: BaseException) -> None:  # noqa: ARG002
        """Refuse a malformed or late request. Gunicorn's own message would repeat what was sent, and by whom."""
        stop_alarm()
        status = next((status for error, status in _STATUS.items() if isinstance(exc, error)), 500)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            logs.failed(exc)
            content = orjson.dumps(outcome_of_defect())
        else:
            content = orjson.dumps(outcome_of_status(status))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\nContent-Type: {CONTENT_TYPE}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        with suppress(OSError):
            client.sendall(head.encode() + content)
