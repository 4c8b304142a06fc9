"""The two kinds of database, SQLite and PostgreSQL: address, connections, transactions, locks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from cds_service.records.database.time_limit import LimitedConnection

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_MILLISECONDS = 1000
# SQLite looks at the clock after so many of its instructions, of which it takes some millions a second.
_INSTRUCTIONS = 50_000
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_READ_ONLY = text("SELECT current_setting('transaction_read_only')::boolean")
_LOCK_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtext(:name))")


class StoreAddressError(ValueError):
    """The address of the store cannot be used. The message holds no password."""


def database_url(address: str) -> URL:
    """The URL of a database.

    Args:
        address: a path (a file of SQLite), or an address such as ``postgresql://user@host/name``.

    Raises:
        StoreAddressError: the address is neither SQLite's nor PostgreSQL's.
    """
    if "://" not in address:
        return URL.create(SQLITE, database=address)
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StoreAddressError("not an address such as postgresql://user@host/name, or a path") from None
    backend = url.get_backend_name()
    if backend == SQLITE:
        if not url.database or url.database == ":memory:":
            raise StoreAddressError("a store of SQLite is a file")
        return url
    if backend != POSTGRESQL:
        raise StoreAddressError("a store is SQLite or PostgreSQL")
    return url.set(drivername="postgresql+psycopg")


def new_engine(url: URL, seconds: float, password_file: Path | None) -> Engine:
    """An engine whose connections wait no longer than ``seconds`` for a lock, a statement or the server.

    The password is read from its file at each connect, so that it can be replaced while the service runs.
    """
    if url.get_backend_name() == SQLITE:
        engine = create_engine(url, connect_args={"timeout": seconds, "check_same_thread": False})
        event.listen(engine, "connect", _configure_sqlite)
        return engine
    limit = int(seconds * _MILLISECONDS)
    options = f"-c statement_timeout={limit} -c lock_timeout={limit} -c idle_in_transaction_session_timeout={limit * 5}"
    engine = create_engine(
        url,
        # The head of a chain is read after waiting for its lock: rows committed during the wait must be visible.
        isolation_level="READ COMMITTED",
        pool_size=2,
        max_overflow=6,
        pool_timeout=seconds,
        pool_pre_ping=False,
        connect_args={"connect_timeout": max(1, round(seconds)), "options": options, "application_name": "benzo-cds"},
    )

    def connect(_dialect: object, _record: object, arguments: list[Any], more: dict[str, Any]) -> LimitedConnection:
        password = {} if password_file is None else {"password": _text_of(password_file)}
        connection = LimitedConnection.connect(*arguments, **(more | password))
        connection.deadline = time.monotonic() + seconds
        return connection

    event.listen(engine, "do_connect", connect)
    return engine


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise OSError("the file of the password is not text") from None


def _configure_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # :func:`begin` begins transactions: the driver would begin them too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin(connection: Connection, *, writes: bool, seconds: float) -> None:
    """Begin a transaction that may take ``seconds``: in SQLite, the wait for its lock, and a query that reads.

    PostgreSQL's driver begins it itself. A writer takes SQLite's write lock at once. If it read first, another
    connection could write between the two. Writing is not interrupted: that could leave the lock held.
    """
    driver: Any = connection.connection.driver_connection
    end = time.monotonic() + seconds
    if connection.dialect.name != SQLITE:
        driver.deadline = end
        return
    driver.set_progress_handler(None if writes else lambda: time.monotonic() > end, _INSTRUCTIONS)
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def read_one_moment(connection: Connection) -> None:
    """Let every query of this transaction see the database as it is now. To be called before the first one.

    In SQLite each transaction does.
    """
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_ONE_MOMENT)


def lock(connection: Connection, name: str) -> None:
    """Hold the lock of a name until the transaction ends. In SQLite a writer holds the whole file already."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_LOCK, {"name": name})


def lock_shared(connection: Connection, name: str) -> None:
    """Keep everybody from :func:`lock` with this name until the transaction ends. Others may share it."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_LOCK_SHARED, {"name": name})


def is_read_only(connection: Connection) -> bool:
    """Whether PostgreSQL would refuse to write in this transaction, as a standby does."""
    return bool(connection.execute(_READ_ONLY).scalar())
