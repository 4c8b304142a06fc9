"""The service under gunicorn, started from the program itself.

The workers are of gunicorn's plainest kind, one call at a time in the main thread: judging is work for the processor,
threads would only share one, and a call that takes too long can be given up there
(:mod:`cds_service.hooks.time_limit`).
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.workers.sync import SyncWorker

from cds_service import logs
from cds_service.app import MEMORY, REPEATS, create_app
from cds_service.config import GC_THRESHOLDS, REQUEST_HEAD_SECONDS, Settings
from cds_service.hooks.outcome import CONTENT_TYPE, of_defect, of_status
from cds_service.hooks.time_limit import set_alarm, stop_alarm
from cds_service.web.health import DRAINING
from cds_service.web.metrics import FOLDER

_LINGER_SECONDS = 0.5
_PART = 65_536
_LAST_WRITES_SECONDS = 5.0


class AddressInUseError(OSError):
    """Another program listens there."""


class SlowCallerError(Exception):
    """A caller did not send its request in time."""


_REFUSED: Mapping[type[BaseException], int] = {SlowCallerError: 408, ParseException: 400}


class CallWorker(SyncWorker):  # type: ignore[misc]
    """A worker that lets no caller take forever to send its request, and keeps nothing for want of one."""

    def notify(self) -> None:
        """Say that this worker lives, as every worker does from time to time, and forget what is over meanwhile."""
        super().notify()
        self.app.forget_old()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Answer one connection; what has not been sent in time is cut off, and the worker goes on."""
        request = None
        set_alarm(REQUEST_HEAD_SECONDS, SlowCallerError)
        try:
            request = next(get_parser(self.cfg, client, addr))
            # From here on the application sees to the time.
            stop_alarm()
            self.handle_request(listener, request, client, addr)
        except (NoMoreData, StopIteration, OSError):
            pass  # the caller has gone
        except BaseException as error:
            self.handle_error(request, client, addr, error)
        finally:
            stop_alarm()
            _close(client)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002
        """Refuse what is no request of HTTP. Gunicorn's words for it would repeat what was sent, and who sent it."""
        stop_alarm()
        refused = next((each for each in _REFUSED if isinstance(exc, each)), None)
        if refused is None:
            logs.failed(exc)
        status, body = (500, of_defect()) if refused is None else (_REFUSED[refused], of_status(_REFUSED[refused]))
        content = orjson.dumps(body)
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\nContent-Type: {CONTENT_TYPE}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        with suppress(OSError):
            client.settimeout(1)
            client.sendall(head.encode() + content)


class DrainingArbiter(Arbiter):  # type: ignore[misc]
    """An arbiter that, told to end, is heard to end before it does."""

    def handle_term(self) -> None:
        """Say so at ``/health/ready``, go on answering until balancers have seen it, then stop in order."""
        Path(os.environ[DRAINING]).touch()
        time.sleep(self.app.drain_seconds)
        super().handle_term()


class Server(BaseApplication):  # type: ignore[misc]
    """The service on one address. The application is built before the processes part, so that a mistake stops all."""

    def __init__(self, settings: Settings, host: str, port: int, workers: int) -> None:
        """Take the configuration; ``host`` may be an IPv6 address.

        Raises:
            KnowledgeError: the site's policy cannot be used.
            TenantFileError: the file of tenants cannot be used.
            AddressInUseError: another program listens there.
        """
        logs.configure(settings.log_level)
        bare = host.strip("[]")
        _require_free(bare, port)
        self.drain_seconds = settings.drain_seconds
        self._folder = Path(tempfile.mkdtemp(prefix="benzo-cds-"))
        # Before the application is built: see cds_service.web.metrics.
        os.environ[FOLDER] = str(self._folder)
        os.environ[DRAINING] = str(self._folder / "draining")
        self._chosen: dict[str, Any] = {
            "bind": f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}",
            "workers": workers,
            "worker_class": CallWorker,
            "timeout": settings.timeout_seconds,
            "graceful_timeout": settings.finish_seconds,
            "max_requests": settings.max_requests,
            "proc_name": "benzo-cds",
            "child_exit": _forget_process,
            "worker_exit": self._write_what_waits(),
            # Our own log has what is needed; an access log would hold addresses.
            "accesslog": None,
            "errorlog": "-",
            # Later versions of gunicorn open a socket to be steered by; nothing here uses it.
            "control_socket_disable": True,
        }
        self._application = create_app(settings)
        # What is loaded by now, and most of what is kept later, stays for good: the collector of the processes need not
        # look at it again and again. A call leaves next to nothing behind that only the collector can find.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        super().__init__()

    def load_config(self) -> None:
        """Hand the configuration to gunicorn."""
        for name, value in self._chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def forget_old(self) -> None:
        """Forget the calls whose time is over."""
        self._application.extensions[REPEATS].forget_old()

    def _write_what_waits(self) -> Callable[[Any, Any], None]:
        """What a process does last: records that wait for the store are written if it is there."""

        def at_exit(_arbiter: Any, _worker: Any) -> None:
            self._application.extensions[MEMORY].flush(_LAST_WRITES_SECONDS)

        return at_exit

    def load(self) -> Flask:
        """The application."""
        return self._application

    def run(self) -> None:
        """Serve until stopped; the counts of this run end with it."""
        started_by = os.getpid()
        try:
            DrainingArbiter(self).run()
        finally:
            if os.getpid() == started_by:
                shutil.rmtree(self._folder, ignore_errors=True)


def _close(client: socket.socket) -> None:
    """Close a connection without waiting for the caller, as gunicorn would for two seconds.

    Only where something of the request was not read is it waited for: to close then would cut off the answer.
    """
    with suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        client.setblocking(False)
        until = time.monotonic() + _LINGER_SECONDS
        # Nothing unread raises BlockingIOError, and an end gives no bytes.
        while client.recv(_PART) and (left := until - time.monotonic()) > 0:
            client.settimeout(left)
    client.close()


def _require_free(host: str, port: int) -> None:
    """Gunicorn itself would try for five seconds, and then say it in its own words."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise AddressInUseError(error.errno, error.strerror) from None


def _forget_process(_arbiter: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
