"""The two kinds of database: how each is addressed, how connections to it are opened, and how it is locked."""

from __future__ import annotations

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_MILLISECONDS = 1000
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext(:name))")


class StoreAddressError(ValueError):
    """The address of the store cannot be used; the message holds no password."""


def address_of(told: str, password: str | None = None) -> URL:
    """The address of a database: a path is a file of SQLite; ``password`` is put into the address of a server.

    Raises:
        StoreAddressError: it is neither SQLite's nor PostgreSQL's.
    """
    if "://" not in told:
        return URL.create(SQLITE, database=told)
    try:
        url = make_url(told)
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


def engine_of(url: URL, seconds: float) -> Engine:
    """What opens connections to a database, none of which waits longer than so many seconds for anything."""
    if url.get_backend_name() == SQLITE:
        engine = create_engine(url, connect_args={"timeout": seconds, "check_same_thread": False})
        event.listen(engine, "connect", _configure_sqlite)
        return engine
    limit = int(seconds * _MILLISECONDS)
    options = f"-c statement_timeout={limit} -c lock_timeout={limit} -c idle_in_transaction_session_timeout={limit * 5}"
    return create_engine(
        url,
        # A place in the chain is looked up after waiting for the one before: what was committed meanwhile must be seen.
        isolation_level="READ COMMITTED",
        pool_size=1,
        max_overflow=4,
        pool_timeout=seconds,
        pool_pre_ping=False,
        connect_args={"connect_timeout": max(1, round(seconds)), "options": options, "application_name": "benzo-cds"},
    )


def _configure_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # Transactions are begun by hand, by :func:`begin`: the driver would begin them too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin(connection: Connection, *, writes: bool) -> None:
    """Begin the transaction of a connection, where its driver does not. A writer says so at once: one that reads first
    and then writes could find that another has written meanwhile."""
    if connection.dialect.name == SQLITE:
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def lock(connection: Connection, name: str) -> None:
    """Let nobody else have the lock of a name until this transaction ends; in SQLite a writer has all there is."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_LOCK, {"name": name})
