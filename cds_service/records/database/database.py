"""The database of the store, SQLite or PostgreSQL, with its schema kept up to date.

Every use of it returns or raises :class:`StoreDownError` in bounded time. After a failure the database is not asked for
a while (``STORE_RETRY_SECONDS``), so that calls do not wait for a server that is down.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from cds_service import logs
from cds_service.config import STORE_RETRY_SECONDS
from cds_service.errors import OutOfTimeError
from cds_service.records.database.engines import POSTGRESQL, SQLITE, begin, new_engine
from cds_service.records.database.errors import OtherTablesError, StoreDownError, UnwritableError, WrongKeyError
from cds_service.records.database.migration import migrate
from cds_service.time_limit import within

T = TypeVar("T")
_MILLISECONDS = 1000
# SQLite has one error code for all mistakes in a statement: its messages tell a missing table or column from the rest.
_SQLITE_NO_SUCH = ("no such table", "no such column")
# PostgreSQL's error codes for a missing table, column or schema, and for missing rights. Its operator must repair that;
# until then the store counts as down.
_POSTGRESQL_NO_SUCH = frozenset({"42P01", "42703", "3F000", "42501"})


@dataclass(slots=True)
class Database:
    """One database, used by the processes of one service.

    Args:
        url: its address.
        seconds: the longest time that one use may take.
        prepare: what is done in the transaction that brings the tables up to date, after that.
    """

    url: URL
    seconds: float
    prepare: Callable[[Connection], None] = field(default=lambda _connection: None)
    clock: Callable[[], float] = time.monotonic
    _engine: Engine | None = field(default=None, init=False)
    _process: int = field(default=0, init=False)
    _current: bool = field(default=False, init=False)
    _down_since: float | None = field(default=None, init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)

    @property
    def redacted_address(self) -> str:
        """The address without passwords, in the user part and in the query."""
        secrets = {name: "hidden" for name in self.url.query if "password" in name.lower()}
        return self.url.update_query_dict(secrets).render_as_string(hide_password=True)

    def use(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """The result of ``work``, run in one transaction. The first use creates or upgrades the tables.

        Raises:
            StoreDownError: the work failed or took too long, or the database was down a moment ago.
        """
        if self._paused:
            raise StoreDownError("down")
        try:
            result = self._in_time(lambda: self._use(work, writes))
        except WrongKeyError as error:
            self._failed(error)
            raise
        except (StoreDownError, BrokenPipeError):  # BrokenPipeError is of the reader of a command's output
            raise
        except Exception as error:  # whatever it is, it must not cost a card
            failure, timed_out = self._failure_of(error), isinstance(error, OutOfTimeError)
        else:
            if self._down_since is not None:
                self._down_since = None
                logs.store_back()
            return result
        # Outside the except block nothing refers to the error and its frames any more.
        if timed_out:
            _close_abandoned_connections()
        raise failure

    def long_read(self, work: Callable[[Connection], T], seconds: float) -> T:
        """The result of ``work``, which reads many rows and may take ``seconds``.

        A failure here does not mark the database as down: calls go on using it.

        Raises:
            StoreDownError: the work failed or took too long, or the database was down a moment ago.
        """
        if self._paused:
            raise StoreDownError("down")

        def run() -> T:
            if not self._current:
                self.upgrade()
            with self._begun(writes=False) as connection:
                if connection.dialect.name == POSTGRESQL:
                    connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * _MILLISECONDS)}"))
                return work(connection)

        try:
            return within(seconds, run)
        except (SQLAlchemyError, OutOfTimeError, OSError, sqlite3.Error) as error:
            failure = StoreDownError(type(error).__name__, _message_of(error))
        _close_abandoned_connections()
        raise failure

    def upgrade(self) -> None:
        """Create the tables, or upgrade them.

        Raises:
            OtherTablesError: they belong to another version of the program.
            WrongKeyError: the store is written with another key.
            StoreDownError: the database could not do it.
        """
        try:
            with self._begun(writes=True) as connection:
                migrate(connection)
                self.prepare(connection)
            self._current = True
        except (OtherTablesError, WrongKeyError) as error:
            self._failed(error)
            raise
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            self._failed(error)
            raise StoreDownError(type(error).__name__, _message_of(error)) from None

    def failure(self) -> StoreDownError | None:
        """Why the database cannot be used now; None if it can."""
        try:
            self.use(lambda connection: connection.execute(text("SELECT 1")).first())
        except StoreDownError as error:
            return error
        return None

    def end_pause(self) -> None:
        """Let the next use ask the database, however recently it failed."""
        if self._down_since is not None:
            self._down_since = self.clock() - STORE_RETRY_SECONDS

    def close(self) -> None:
        """Close the connections: before the process forks, and at the end."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    @property
    def _paused(self) -> bool:
        return self._down_since is not None and self.clock() - self._down_since < STORE_RETRY_SECONDS

    def _in_time(self, work: Callable[[], T]) -> T:
        """The result of ``work``, or OutOfTimeError. SQLite's own timeout bounds the wait for its lock, and work on it
        is not interrupted: that could leave the lock held."""
        return work() if self.url.get_backend_name() == SQLITE else within(self.seconds, work)

    def _use(self, work: Callable[[Connection], T], writes: bool) -> T:
        if not self._current:
            self.upgrade()
        with self._begun(writes) as connection:
            return work(connection)

    @contextmanager
    def _begun(self, writes: bool) -> Iterator[Connection]:
        with self._engine_here().begin() as connection:
            begin(connection, writes=writes)
            yield connection

    def _engine_here(self) -> Engine:
        """The engine of this process. Connections must not be shared with the process that it was forked from."""
        with self._lock:
            if self._engine is None or self._process != os.getpid():
                if self._engine is not None:
                    self._engine.dispose(close=False)
                self._engine = new_engine(self.url, self.seconds)
                self._process = os.getpid()
            return self._engine

    def _failure_of(self, error: Exception) -> StoreDownError:
        """The error to raise for a failed use. Unless it is a defect of ours, the database counts as down from now."""
        is_down = isinstance(error, SQLAlchemyError | OutOfTimeError | OSError | sqlite3.Error)
        if not is_down or _is_defect(error):
            logs.failed(error)
            return UnwritableError(type(error).__name__)
        self._failed(error)
        return StoreDownError(type(error).__name__, _message_of(error))

    def _failed(self, error: BaseException) -> None:
        if self._down_since is None:
            logs.store_down(type(error).__name__)
        self._down_since = self.clock()
        # The database may have been restored, or replaced by an empty one, or its key by another. Only then are tables
        # and key looked at again.
        self._current = self._current and not (_is_schema_missing(error) or isinstance(error, WrongKeyError))
        # A connection that was interrupted in use is not used again.
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None


def _message_of(error: BaseException) -> str:
    """The message of the database in one line, without the statement and its values."""
    if isinstance(error, OutOfTimeError):
        return "it did not answer in time"
    return " ".join(str(getattr(error, "orig", None) or error).split()) or type(error).__name__


def _close_abandoned_connections() -> None:
    """Close the connections of an interrupted use: cycles of errors and frames refer to them, which only the garbage
    collector frees, and until then they keep their locks."""
    gc.collect()


def _is_defect(error: BaseException) -> bool:
    """Whether the database refused a statement, and would refuse it again."""
    return isinstance(error, DataError | IntegrityError | ProgrammingError) and not _is_schema_missing(error)


def _is_schema_missing(error: BaseException) -> bool:
    """Whether tables, columns, a schema or rights are missing."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in _POSTGRESQL_NO_SUCH or str(cause).startswith(_SQLITE_NO_SUCH)
