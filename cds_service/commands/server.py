"""The service under gunicorn, started by the program itself.

The workers are of gunicorn's simplest kind and answer one call at a time in the main thread. Judging keeps the
processor busy, so that threads would gain nothing, and only in the main thread can a call that takes too long be given
up (:mod:`cds_service.hooks.time_limit`).
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
from gunicorn.glogging import Logger
from gunicorn.http import get_parser
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.workers.sync import SyncWorker

from cds_service import logs
from cds_service.app import CALL_STORE, METRICS, POLICY, RESPONSE_CACHE, create_app
from cds_service.config import GC_THRESHOLDS, METRICS_SAMPLE_SECONDS, REQUEST_HEAD_SECONDS, Settings
from cds_service.hooks.outcome import CONTENT_TYPE, outcome_of_defect, outcome_of_status
from cds_service.hooks.time_limit import set_alarm, stop_alarm
from cds_service.policy.watch import PolicyWatch
from cds_service.web.health import DRAINING
from cds_service.web.metrics import MULTIPROCESS_FOLDER

_LINGER_SECONDS = 0.5
_CHUNK_BYTES = 65_536
_FLUSH_SECONDS = 5.0


class AddressInUseError(OSError):
    """Another program listens on the address."""


class SlowCallerError(Exception):
    """A caller did not send its request in time."""


_STATUS: Mapping[type[BaseException], int] = {SlowCallerError: 408, ParseException: 400}


class CallWorker(SyncWorker):  # type: ignore[misc]
    """A worker that gives each caller limited time to send a request, and does its upkeep between requests."""

    def notify(self) -> None:
        """Report that this worker is alive, as gunicorn asks every second or so, and do the upkeep."""
        super().notify()
        self.app.upkeep()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Answer one connection. A request that is not sent in time is refused, and the worker goes on."""
        request = None
        set_alarm(REQUEST_HEAD_SECONDS, SlowCallerError)
        try:
            request = next(get_parser(self.cfg, client, addr))
            # From here on the application limits the time.
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
            client.settimeout(1)
            client.sendall(head.encode() + content)


class ServerLogger(Logger):  # type: ignore[misc]
    """Writes what gunicorn says in the form of the other lines of the log."""

    def setup(self, cfg: Any) -> None:
        """Set the handlers up as gunicorn does, and then their form."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.JsonLines())


class DrainingArbiter(Arbiter):  # type: ignore[misc]
    """A gunicorn arbiter that reports draining before it stops, and decides which policy its workers answer by."""

    def manage_workers(self) -> None:
        """Keep the workers, as gunicorn asks every second, and put changed files of the policy in force."""
        self.app.policy.check()
        super().manage_workers()

    def handle_hup(self) -> None:
        """Put changed files of the policy in force now, and replace the workers, which answer by them."""
        self.app.policy.check(at_once=True)
        super().handle_hup()

    def handle_term(self) -> None:
        """Report draining at ``/health/ready``, answer calls while load balancers notice it, then stop gracefully."""
        Path(os.environ[DRAINING]).touch()
        time.sleep(self.app.drain_seconds)
        super().handle_term()


class Server(BaseApplication):  # type: ignore[misc]
    """The service on one address. The application is built before the server forks: an error in it stops everything."""

    def __init__(self, settings: Settings, host: str, port: int, workers: int) -> None:
        """Build the application and the configuration of gunicorn.

        Args:
            settings: those of the service.
            host: a name, an IPv4 address, or an IPv6 address with or without brackets.
            port: the port to listen on.
            workers: processes that answer calls.

        Raises:
            PolicyError: the site's policy or own words, or the file of tenants, cannot be used.
            AddressInUseError: another program listens there.
        """
        logs.configure(settings.log_level)
        bare = host.strip("[]")
        _require_free(bare, port)
        self.drain_seconds = settings.drain_seconds
        self._next_sample = 0.0
        self._folder = Path(tempfile.mkdtemp(prefix="benzo-cds-"))
        # Before the application is built, as cds_service.web.metrics explains.
        os.environ[MULTIPROCESS_FOLDER] = str(self._folder)
        os.environ[DRAINING] = str(self._folder / "draining")
        self._options: dict[str, Any] = {
            "bind": f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}",
            "workers": workers,
            "worker_class": CallWorker,
            "timeout": settings.timeout_seconds,
            "graceful_timeout": settings.finish_seconds,
            "max_requests": settings.max_requests,
            "proc_name": "benzo-cds",
            "child_exit": _forget_process,
            "worker_exit": self._flush_call_store(),
            # The log of the service suffices; an access log would hold the addresses of callers.
            "accesslog": None,
            "errorlog": "-",
            "logger_class": ServerLogger,
            # Later versions of gunicorn open a control socket, which nothing here uses.
            "control_socket_disable": True,
        }
        self._application = create_app(settings)
        self.policy: PolicyWatch = self._application.extensions[POLICY]
        self.policy.decide_for_others(self._folder / "policy.json")
        # What is loaded by now stays until the end, so that garbage collection in the workers need not visit it again.
        # A call leaves hardly any reference cycles, so that it can be rare.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        super().__init__()

    def load_config(self) -> None:
        """Pass the options to gunicorn."""
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def upkeep(self) -> None:
        """What a worker does between requests: follow the policy in force, expire the response cache, and sample the
        metrics now and then."""
        self.policy.follow()
        self._application.extensions[RESPONSE_CACHE].evict_expired()
        if time.monotonic() >= self._next_sample:
            self._next_sample = time.monotonic() + METRICS_SAMPLE_SECONDS
            self._application.extensions[METRICS].state.sample()

    def _flush_call_store(self) -> Callable[[Any, Any], None]:
        """What a worker does last: write the records that wait for the store, if it is up, and count what was lost."""

        def at_exit(_arbiter: Any, _worker: Any) -> None:
            self._application.extensions[CALL_STORE].flush(_FLUSH_SECONDS)
            self._application.extensions[METRICS].state.sample()

        return at_exit

    def load(self) -> Flask:
        """The application."""
        return self._application

    def run(self) -> None:
        """Serve until stopped, then remove the folder with the metrics of this run."""
        parent = os.getpid()
        try:
            DrainingArbiter(self).run()
        finally:
            if os.getpid() == parent:
                shutil.rmtree(self._folder, ignore_errors=True)


def _close(client: socket.socket) -> None:
    """Close a connection without waiting for the caller, for whom gunicorn would wait two seconds.

    Where a part of the request is still unread, it is read for a moment: closing at once would cut off the response.
    """
    with suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        client.setblocking(False)
        until = time.monotonic() + _LINGER_SECONDS
        # Where nothing is unread, this raises BlockingIOError; at the end of the request it returns no bytes.
        while client.recv(_CHUNK_BYTES) and (left := until - time.monotonic()) > 0:
            client.settimeout(left)
    client.close()


def _require_free(host: str, port: int) -> None:
    """Raise AddressInUseError for an address that is taken; gunicorn would try for five seconds."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise AddressInUseError(error.errno, error.strerror) from None


def _forget_process(_arbiter: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
