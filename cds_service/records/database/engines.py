"""The two kinds of database, SQLite and PostgreSQL: address, connections, transactions, locks."""

from __future__ import annotations

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_MILLISECONDS = 1000
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
_LOCK_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtext(:name))")


class StoreAddressError(ValueError):
    """The address of the store cannot be used. The message holds no password."""


def database_url(address: str, password: str | None = None) -> URL:
    """The URL of a database.

    Args:
        address: a path (a file of SQLite), or an address such as ``postgresql://user@host/name``.
        password: the password to put into the address of a server.

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
    url = url.set(drivername="postgresql+psycopg")
    return url if password is None else url.set(password=password)


def new_engine(url: URL, seconds: float) -> Engine:
    """An engine whose connections wait no longer than ``seconds`` for a lock, a statement or the server."""
    if url.get_backend_name() == SQLITE:
        engine = create_engine(url, connect_args={"timeout": seconds, "check_same_thread": False})
        event.listen(engine, "connect", _configure_sqlite)
        return engine
    limit = int(seconds * _MILLISECONDS)
    options = f"-c statement_timeout={limit} -c lock_timeout={limit} -c idle_in_transaction_session_timeout={limit * 5}"
    return create_engine(
        url,
        # The head of a chain is read after waiting for its lock: rows committed during the wait must be visible.
        isolation_level="READ COMMITTED",
        pool_size=1,
        max_overflow=4,
        pool_timeout=seconds,
        pool_pre_ping=False,
        connect_args={"connect_timeout": max(1, round(seconds)), "options": options, "application_name": "benzo-cds"},
    )


def _configure_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # :func:`begin` begins transactions: the driver would begin them too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin(connection: Connection, *, writes: bool) -> None:
    """Begin a transaction in SQLite; PostgreSQL's driver does so itself.

    A writer takes SQLite's write lock at once. If it read first, another connection could write between the two.
    """
    if connection.dialect.name == SQLITE:
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def lock(connection: Connection, name: str) -> None:
    """Hold the lock of a name until the transaction ends. In SQLite a writer holds the whole file already."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_LOCK, {"name": name})


def lock_shared(connection: Connection, name: str) -> None:
    """Keep everybody from :func:`lock` with this name until the transaction ends. Others may share it."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_LOCK_SHARED, {"name": name})
