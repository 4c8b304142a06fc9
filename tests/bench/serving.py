"""A server under measurement: started on a free port, called, and asked how much of the processor its workers took."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WORKERS = 2
_HERE = Path(__file__).parent
_PATH = "/cds-services/benzo-order-sign"


@dataclass(frozen=True)
class Server:
    """A running server. Each call is a connection of its own, as the plain workers of gunicorn want it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def call(self, body: bytes, token: str | None = None) -> float:
        """The milliseconds of one call."""
        head = (
            f"POST {_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n" + (f"Authorization: {token}\r\n" if token else "") + "\r\n"
        )
        message = head.encode() + body
        began = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(message)
            parts = []
            while part := connection.recv(65_536):
                parts.append(part)
        took = (time.perf_counter() - began) * 1000
        if not parts or b" 200 " not in parts[0][:20]:
            raise RuntimeError(f"{self.name} answered {b''.join(parts)[:300]!r}")
        return took

    def rate(self, bodies: Sequence[bytes], tokens: Sequence[str | None]) -> float:
        """Calls a second by as many callers at once as there are workers."""
        began = time.perf_counter()
        with ThreadPoolExecutor(WORKERS) as callers:
            list(callers.map(self.call, bodies, tokens))
        return len(bodies) / (time.perf_counter() - began)

    def processor(self) -> float:
        """The milliseconds of the processor that the workers took so far."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii").split()
        return sum(processor_of(int(child)) for child in children)


def processor_of(process: int) -> float:
    """The milliseconds of the processor that all threads of a process took so far; 0 once it has ended."""
    try:
        threads = [Path(f"/proc/{process}/schedstat"), *Path(f"/proc/{process}/task").glob("*/schedstat")]
        return sum(int(thread.read_text("ascii").split()[0]) for thread in threads[1:]) / 1e6
    except OSError:
        return 0.0


@contextmanager
def service(settings: Mapping[str, str]) -> Iterator[Server]:
    """The service as it is deployed, with these settings."""
    command = [sys.executable, "-m", "cds_service", "serve", "--workers", str(WORKERS), "--port", "{port}"]
    with _running("service", command, {f"BENZO_CDS_{name}": value for name, value in settings.items()}) as server:
        yield server


@contextmanager
def bare() -> Iterator[Server]:
    """The application that does nothing, by as many workers of the same kind."""
    command = [sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--worker-class", "sync"]
    command += ["--bind", "127.0.0.1:{port}", "--chdir", str(_HERE), "bare:application"]
    with _running("bare", command) as server:
        yield server


@contextmanager
def _running(name: str, command: Sequence[str], settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BENZO_CDS_")}
    process = subprocess.Popen(
        [word.format(port=port) for word in command],
        env=environment | dict(settings or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port, process)
        yield Server(name, port, process)
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            time.sleep(0.5)
            return
    raise RuntimeError(f"{process.args} does not answer")
