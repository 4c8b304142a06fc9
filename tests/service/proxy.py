"""The proxy of the guide: nginx with ``deploy/nginx.conf``, on a port of this machine, before a running service."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from served import free_port

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "deploy" / "nginx.conf"
NOT_THERE = "nginx is not there: scripts/install-nginx"


@dataclass
class Proxy:
    """A running nginx."""

    port: int
    context: ssl.SSLContext

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """A connection without TLS."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def secure(self) -> ssl.SSLSocket:
        """A connection with TLS."""
        return self.context.wrap_socket(self.connect(), server_hostname="127.0.0.1")

    def raw(self, data: bytes) -> bytes:
        """What is answered to bytes as they stand, until the proxy closes."""
        with self.secure() as connection:
            connection.sendall(data)
            return read_to_the_end(connection)


def read_to_the_end(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return b"".join(parts)


def nginx() -> str | None:
    """The path of the program. Debian has it outside of the PATH of users."""
    places = (shutil.which("nginx"), "/usr/sbin/nginx", str(ROOT / ".tools" / "nginx"))
    return next((place for place in places if place and Path(place).is_file()), None)


def configuration(folder: Path, certificate: Path, port: int, service: int) -> str:
    """The configuration of the guide, with nothing changed but where files, ports and the service are."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    places = {
        " /tmp/": f" {folder}/",  # first, for the folder may be below /tmp
        "/etc/nginx/tls/cds.crt": str(certificate),
        "/etc/nginx/tls/cds.key": str(certificate.with_suffix(".key")),
        "listen 8443": f"listen 127.0.0.1:{port}",
        "http://benzo-cds:8080": f"http://127.0.0.1:{service}",
        "access_log off": f"access_log {folder}/access.log json",
        "error_log stderr": f"error_log {folder}/errors.log",
    }
    for place, here in places.items():
        assert place in text, place
        text = text.replace(place, here)
    return text


@contextmanager
def proxy(folder: Path, certificate: Path, service: int) -> Iterator[Proxy]:
    """nginx before the service at a port, ended at the end."""
    program, port = nginx(), free_port()
    assert program
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, certificate, port, service), encoding="utf-8")
    # As root its processes would run as a user who cannot read pytest's folders.
    user = "user root; " if os.getuid() == 0 else ""
    log = folder / "nginx.log"
    command = [program, "-p", str(folder), "-e", str(log), "-c", str(file), "-g", f"{user}daemon off; error_log {log};"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = Proxy(port, ssl.create_default_context(cafile=certificate))
    try:
        _await(running, process, log)
        yield running
    finally:
        process.terminate()
        process.wait(30)


def _await(running: Proxy, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            running.connect().close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))
