"""The service as it is run: gunicorn in a process of its own, on a port of this machine, with what it prints."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

PREFIX = "BENZO_CDS_"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass
class Served:
    """One running service."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.base + path, timeout=60, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | more.pop("headers", {})
        return self.session.post(self.base + path, data=data, headers=headers, timeout=60, **more)

    def raw(self, data: bytes, *, wait: float = 20) -> bytes:
        """What is answered to bytes as they stand."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            connection.sendall(data)
            parts = []
            while part := connection.recv(65_536):
                parts.append(part)
        return b"".join(parts)

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def workers(self) -> list[int]:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(number) for number in text.split()]

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def served(folder: Path, *options: str, **settings: Any) -> Iterator[Served]:
    """A service with these settings, ready to be called."""
    port, log = free_port(), folder / "served.log"
    told = {PREFIX + name.upper(): value if isinstance(value, str) else json.dumps(value)
            for name, value in settings.items()}  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {"BENZO_CDS_STORE": "none"} | told
    command = [sys.executable, "-m", "cds_service", "serve", "--port", str(port), *options]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=environment)
    service = Served(process, port, log)
    try:
        _await(service)
        yield service
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        service.session.close()


def _await(service: Served) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        assert service.process.poll() is None, service.printed()
        try:
            service.get("/health/live")
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(service.printed())
