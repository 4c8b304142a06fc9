"""A PostgreSQL server of the tests: a new cluster in a temporary folder, on a port of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from served import free_port

NOT_THERE = "PostgreSQL is not installed: scripts/install-postgresql"
_OWNER = "postgres"


@dataclass
class DatabaseServer:
    """A running cluster."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path

    def address(self, name: str) -> str:
        """The address of a new, empty database."""
        self.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql://{_OWNER}@127.0.0.1:{self.port}/{name}"

    def execute(self, *statements: str) -> None:
        """Execute statements as the owner of the cluster."""
        with psycopg.connect(f"postgresql://{_OWNER}@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def address_with_password(self, name: str, password: str) -> str:
        """The address of a new, empty database whose owner, of the same name, must give a password."""
        configuration = self.data / "pg_hba.conf"
        rules = configuration.read_text("ascii")
        configuration.write_text(f"host all {name} 127.0.0.1/32 scram-sha-256\n{rules}", "ascii")
        self.execute(
            "SELECT pg_reload_conf()",
            f"CREATE ROLE {name} LOGIN PASSWORD '{password}'",
            f"CREATE DATABASE {name} OWNER {name}",
        )
        return f"postgresql://{name}@127.0.0.1:{self.port}/{name}"

    def replace_password(self, name: str, password: str) -> None:
        """Give a role another password, and end what it has connected with the one before."""
        self.execute(
            f"ALTER ROLE {name} PASSWORD '{password}'",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{name}'",
        )

    def pause(self) -> None:
        """Stop all processes of the server: nothing is answered and nothing is refused."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        for process in (self.process.pid, *map(int, children.split())):
            os.kill(process, number)


def program(name: str) -> str | None:
    """The path of a program of PostgreSQL. Debian does not put them on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


@contextmanager
def database_server() -> Iterator[DatabaseServer]:
    """A cluster with the user ``postgres`` and no password, removed at the end."""
    server, initdb, port = program("postgres"), program("initdb"), free_port()
    assert server
    assert initdb
    # It refuses to run as root, and its user cannot read pytest's temporary folders.
    user = {"user": _OWNER, "group": _OWNER, "extra_groups": []} if os.getuid() == 0 else {}
    data = tempfile.mkdtemp(prefix="benzo-cds-postgresql-")
    if user:
        shutil.chown(data, _OWNER, _OWNER)
    command = [initdb, "-D", data, "-U", _OWNER, "--auth=trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd=data, **user)
    options = ["-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", data, "-F"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([server, *options], cwd=data, **quiet, **user)
    try:
        for _ in range(100):
            try:
                psycopg.connect(f"postgresql://{_OWNER}@127.0.0.1:{port}/postgres", connect_timeout=2).close()
                break
            except psycopg.OperationalError:
                assert process.poll() is None
                time.sleep(0.1)
        yield DatabaseServer(process, port, Path(data))
    finally:
        process.send_signal(signal.SIGCONT)
        # SIGQUIT ends it at once; with SIGINT it would first write all its databases.
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        shutil.rmtree(data, ignore_errors=True)
