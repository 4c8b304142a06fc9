"""The database of the store: SQLite or PostgreSQL, its schema kept up to date, and no use of it without an end.

A use either comes to something or raises :class:`StoreDownError`, in bounded time. After a failure the database is left
alone for a while, so that calls do not wait for what is not there.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from cds_service import logs
from cds_service.config import STORE_PAUSE_SECONDS
from cds_service.hooks.errors import OutOfTimeError
from cds_service.hooks.time_limit import within

T = TypeVar("T")

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
_WRITES = "benzo_cds_writes"
_MILLISECONDS = 1000
# One migration at a time, whoever starts first.
_MIGRATION_LOCK = "benzo-cds migrations"


class StoreDownError(Exception):
    """The database did not do what it was asked; the cause is of the kind named. ``why`` is what the database said, for
    whoever runs a command: a log of calls must not have it."""

    def __init__(self, kind: str, why: str | None = None) -> None:
        super().__init__(kind)
        self.why = why or kind


class UnwritableError(StoreDownError):
    """The database is there, and will never do what it was asked: a defect of ours."""


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


@dataclass(slots=True)
class Database:
    """One database, used by the processes of one service. ``seconds``: how long one use may take at the most."""

    url: URL
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _engine: Engine | None = field(default=None, init=False)
    _process: int = field(default=0, init=False)
    _current: bool = field(default=False, init=False)
    _down_since: float | None = field(default=None, init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)

    @property
    def shown_address(self) -> str:
        """The address without a password."""
        return self.url.render_as_string(hide_password=True)

    def use(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """What the work comes to, in one transaction. The tables are made, or brought up to date, on the first use.

        Raises:
            StoreDownError: it did not, or did not in time, or the database was down a moment ago.
        """
        if self._down_since is not None and self.clock() - self._down_since < STORE_PAUSE_SECONDS:
            raise StoreDownError("down")
        try:
            found = within(self.seconds, lambda: self._use(work, writes))
        except (DataError, IntegrityError, ProgrammingError) as error:
            logs.failed(error)
            raise UnwritableError(type(error).__name__) from None
        except (SQLAlchemyError, OutOfTimeError, OSError, sqlite3.Error) as error:
            self._failed(error)
            raise StoreDownError(type(error).__name__, _said(error)) from None
        if self._down_since is not None:
            self._down_since = None
            logs.store_back()
        return found

    def upgrade(self) -> None:
        """Make the tables, or bring them up to date.

        Raises:
            StoreDownError: they could not be.
        """
        try:
            with self._begun(writes=True) as connection:
                _upgrade(connection)
                self._current = True
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            self._failed(error)
            raise StoreDownError(type(error).__name__, _said(error)) from None

    def why_down(self) -> str | None:
        """What the database says against being used now; None where nothing."""
        try:
            self.use(lambda connection: connection.execute(text("SELECT 1")).first())
        except StoreDownError as error:
            return error.why
        return None

    def close(self) -> None:
        """Give the connections back: before the processes part, and at the end."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _use(self, work: Callable[[Connection], T], writes: bool) -> T:
        if not self._current:
            self.upgrade()
        with self._begun(writes) as connection:
            return work(connection)

    @contextmanager
    def _begun(self, writes: bool) -> Iterator[Connection]:
        marked = self._engine_here().execution_options(**{_WRITES: writes})
        with marked.begin() as connection:
            yield connection

    def _engine_here(self) -> Engine:
        """The engine of this process: connections cannot be shared with the process that it was born of."""
        with self._lock:
            if self._engine is None or self._process != os.getpid():
                if self._engine is not None:
                    self._engine.dispose(close=False)
                self._engine = _engine(self.url, self.seconds)
                self._process = os.getpid()
            return self._engine

    def _failed(self, error: BaseException) -> None:
        if self._down_since is None:
            logs.store_down(type(error).__name__)
        self._down_since = self.clock()
        # What is left of a use that was given up is not used again.
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None


def _said(error: BaseException) -> str:
    """The database's own words in one line, without the statement and its values."""
    if isinstance(error, OutOfTimeError):
        return "it did not answer in time"
    return " ".join(str(getattr(error, "orig", None) or error).split()) or type(error).__name__


def _engine(url: URL, seconds: float) -> Engine:
    if url.get_backend_name() == SQLITE:
        engine = create_engine(url, connect_args={"timeout": seconds, "check_same_thread": False})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    limit = int(seconds * _MILLISECONDS)
    options = f"-c statement_timeout={limit} -c lock_timeout={limit} -c idle_in_transaction_session_timeout={limit * 5}"
    return create_engine(
        url,
        pool_size=1,
        max_overflow=4,
        pool_timeout=seconds,
        pool_pre_ping=False,
        connect_args={"connect_timeout": max(1, round(seconds)), "options": options, "application_name": "benzo-cds"},
    )


def _configure_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # Transactions are begun by hand below: the driver would begin them too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer says so at once: one that reads first and then writes could find that another has written meanwhile.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == POSTGRESQL:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": _MIGRATION_LOCK})
    with as_file(files("cds_service.records") / "migrations") as folder:
        steps = Config()
        steps.set_main_option("script_location", str(folder))
        steps.attributes["connection"] = connection
        command.upgrade(steps, "head")


def lock_chain(connection: Connection, tenant: str) -> None:
    """Let nobody else add to the record of a tenant until this transaction ends; in SQLite its beginning did."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"benzo-cds {tenant}"})


Row = dict[str, Any]
