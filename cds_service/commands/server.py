"""The service under gunicorn, started by the program itself.

Its workers are those of :mod:`cds_service.serving`.
"""

from __future__ import annotations

import gc
import os
import resource
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from cds_service import logs
from cds_service.app import CALL_STORE, METRICS, POLICY, RESPONSE_CACHE, create_app
from cds_service.config import Settings
from cds_service.config.limits import GC_THRESHOLDS, METRICS_SAMPLE_SECONDS, POLICY_CHECK_SECONDS
from cds_service.config.server_variables import DRAINING_FILE, for_workers
from cds_service.policy.watch import PolicyWatch
from cds_service.serving.worker import CallWorker
from cds_service.web.ended_processes import keep_counts_of_ended
from cds_service.web.metrics import MULTIPROCESS_FOLDER

_FLUSH_SECONDS = 5.0


class AddressInUseError(OSError):
    """Another program listens on the address."""


class ServerLogger(Logger):  # type: ignore[misc]
    """Writes what gunicorn says in the form of the other lines of the log."""

    def setup(self, cfg: Any) -> None:
        """Set the handlers up as gunicorn does, and then their form."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.JsonLines())


class DrainingArbiter(Arbiter):  # type: ignore[misc]
    """A gunicorn arbiter that reports draining before it stops, and decides which policy its workers answer by."""

    def wait_for_signals(self, timeout: float = POLICY_CHECK_SECONDS) -> list[int]:
        """The signals that come within a time, which is never longer than that between two checks of the policy."""
        signals: list[int] = super().wait_for_signals(min(timeout, POLICY_CHECK_SECONDS))
        return signals

    def manage_workers(self) -> None:
        """Keep the workers, as gunicorn asks again and again, and put changed files of the policy in force."""
        self._check_policy()
        super().manage_workers()

    def handle_hup(self) -> None:
        """Put changed files of the policy in force now, and replace the workers, which answer by them."""
        self._check_policy(at_once=True)
        super().handle_hup()

    def _check_policy(self, *, at_once: bool = False) -> None:
        try:
            self.app.policy.check(at_once=at_once)
        except Exception as error:  # a defect of ours must not end the service
            logs.failed(error)

    def handle_usr2(self) -> None:
        """Do nothing. Gunicorn would start the program anew beside itself, which could not listen there."""

    def handle_term(self) -> None:
        """Report draining at ``/health/ready``, answer calls while load balancers notice it, then stop gracefully."""
        Path(os.environ[DRAINING_FILE]).touch()
        until = time.monotonic() + self.app.drain_seconds
        while (left := until - time.monotonic()) > 0:
            self._check_policy()
            time.sleep(min(left, POLICY_CHECK_SECONDS))
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
        os.environ.update(for_workers(self._folder))
        self._options: dict[str, Any] = {
            "bind": f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}",
            "workers": workers,
            "worker_class": CallWorker,
            "timeout": settings.timeout_seconds,
            "graceful_timeout": settings.finish_seconds,
            "max_requests": settings.max_requests,
            # The processes are not replaced all at once.
            "max_requests_jitter": settings.max_requests // 10,
            "proc_name": "benzo-cds",
            # No header of a caller says who called, by which scheme, or below which path the service stands.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "post_worker_init": lambda _worker: self._application.extensions[CALL_STORE].watch(),
            "child_exit": self._forget_process(),
            "worker_exit": self._flush_call_store(),
            # The log of the service suffices; an access log would hold the addresses of callers.
            "accesslog": None,
            # It would write to a caller's socket past the worker, which must not wait.
            "sendfile": False,
            "errorlog": "-",
            "logger_class": ServerLogger,
            # Later versions of gunicorn open a control socket, which nothing here uses.
            "control_socket_disable": True,
        }
        with ExitStack() as unless_built:
            unless_built.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._application: Flask = create_app(settings)
            self.policy: PolicyWatch = self._application.extensions[POLICY]
            self.policy.decide_for_others(self._folder / "policy.json")
            unless_built.pop_all()
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

    def observe_turn(self, seconds: float) -> None:
        """Count how long a call waited for its turn."""
        self._application.extensions[METRICS].turn(seconds)

    def _flush_call_store(self) -> Callable[[Any, Any], None]:
        """What a worker does last: write the records that wait for the store, if it is up, and count what was lost."""

        def at_exit(_arbiter: Any, _worker: Any) -> None:
            self._application.extensions[CALL_STORE].flush(_FLUSH_SECONDS)
            self._application.extensions[METRICS].state.sample()

        return at_exit

    def _forget_process(self) -> Callable[[Any, Any], None]:
        """What the arbiter does when a worker has ended: count what it lost, and keep its counts."""

        def after_exit(_arbiter: Any, worker: Any) -> None:
            lost = self._application.extensions[CALL_STORE].lost_with(worker.pid)
            self._application.extensions[METRICS].state.count_lost(lost)
            keep_counts_of_ended(self._folder, worker.pid)

        return after_exit

    def load(self) -> Flask:
        """The application."""
        return self._application

    def run(self) -> None:
        """Serve until stopped, then remove the folder with the metrics of this run."""
        parent = os.getpid()
        # Each caller is a file, and so is each connection to a FHIR server.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        try:
            DrainingArbiter(self).run()
        finally:
            if os.getpid() == parent:
                shutil.rmtree(self._folder, ignore_errors=True)


def _require_free(host: str, port: int) -> None:
    """Raise AddressInUseError for an address that is taken; gunicorn would try for five seconds."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise AddressInUseError(error.errno, error.strerror) from None
