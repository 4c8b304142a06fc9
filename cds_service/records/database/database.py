"""The database of the store, SQLite or PostgreSQL, with its schema kept up to date.

Every use of it returns or raises :class:`StoreDownError` in bounded time, in any thread. After a failure the database
is not asked for a while (``STORE_RETRY_SECONDS``), so that calls do not wait for a server that is down. Where it is
watched (:mod:`cds_service.records.watch`), they do not ask it at all until the watch has found it up.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError

from cds_service import logs
from cds_service.config.limits import STORE_RETRY_SECONDS
from cds_service.records.database.engines import POSTGRESQL, SQLITE, begin, is_read_only, new_engine
from cds_service.records.database.errors import BusyError, StoreDownError, UnwritableError, WrongKeyError
from cds_service.records.database.migration import has_tables, migrate
from cds_service.records.database.sqlite_file import SqliteFile

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
        password_file: holds the password of a server's user; it is read at each connect.
        watched: whether a watch finds out when the database is up again.
        must_exist: whether its tables are brought up to date, and never made.
    """

    url: URL
    seconds: float
    prepare: Callable[[Connection], None] = field(default=lambda _connection: None)
    password_file: Path | None = None
    clock: Callable[[], float] = time.monotonic
    watched: bool = False
    must_exist: bool = False
    file: SqliteFile | None = field(default=None, init=False)
    _engine: Engine | None = field(default=None, init=False)
    _process: int = field(default=0, init=False)
    _current: bool = field(default=False, init=False)
    _down_since: float | None = field(default=None, init=False)
    _refuses_writing: bool = field(default=False, init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)

    def __post_init__(self) -> None:
        """Tell a file from a server."""
        if self.url.get_backend_name() == SQLITE:
            self.file = SqliteFile(Path(str(self.url.database)))

    @property
    def redacted_address(self) -> str:
        """The address without passwords, in the user part and in the query."""
        secrets = {name: "hidden" for name in self.url.query if "password" in name.lower()}
        return self.url.update_query_dict(secrets).render_as_string(hide_password=True)

    def use(self, work: Callable[[Connection], T], *, writes: bool = False, tries: bool = False) -> T:
        """The result of ``work``, run in one transaction. The first use creates or upgrades the tables.

        Args:
            work: what to do with the connection.
            writes: whether it writes.
            tries: whether the database is asked however recently it failed.

        Raises:
            StoreDownError: the work failed or took too long, or the database was down a moment ago.
        """
        if self._paused and not tries:
            raise StoreDownError("down")
        try:
            result = self._use(work, writes, self.seconds)
        except (UnwritableError, BusyError, BrokenPipeError):  # the last is of the reader of a command's output
            raise
        except StoreDownError as error:
            self._failed(error, writes)
            raise
        except Exception as error:  # whatever it is, it must not cost a card
            raise self._failure_of(error, writes) from None
        # A database that refuses to be written may still be read.
        if self._down_since is not None and (writes or not self._refuses_writing):
            self._down_since, self._refuses_writing = None, False
            logs.store_back()
        return result

    def long_read(self, work: Callable[[Connection], T], seconds: float) -> T:
        """The result of ``work``, which reads many rows and may take ``seconds``.

        A failure here does not mark the database as down: calls go on using it.

        Raises:
            StoreDownError: the work failed or took too long, or the database was down a moment ago.
        """
        if self._paused:
            raise StoreDownError("down")

        def read(connection: Connection) -> T:
            if connection.dialect.name == POSTGRESQL:
                connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * _MILLISECONDS)}"))
            return work(connection)

        try:
            return self._use(read, writes=False, seconds=seconds)
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            raise StoreDownError(type(error).__name__, _message_of(error)) from None

    def upgrade(self) -> None:
        """Create the tables, or upgrade them.

        Raises:
            OtherTablesError: they belong to another version of the program.
            WrongKeyError: the store is written with another key.
            StoreDownError: the database could not do it.
        """
        try:
            self._upgrade()
        except StoreDownError as error:
            self._failed(error, writes=True)
            raise
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            self._failed(error, writes=True)
            raise StoreDownError(type(error).__name__, _message_of(error)) from None

    def failure(self) -> StoreDownError | None:
        """Why the database cannot be used now; None if it can."""
        try:
            self.use(lambda connection: connection.execute(text("SELECT 1")).first())
        except StoreDownError as error:
            return error
        return None

    def require_writable(self, connection: Connection) -> None:
        """Check that the database can be written, without writing.

        Raises:
            StoreDownError: it cannot.
        """
        if self.file is not None:
            self.file.require_writable()
        elif is_read_only(connection):
            raise StoreDownError("ReadOnly", "it can only be read")

    @property
    def is_down(self) -> bool:
        """Whether its last use failed."""
        return self._down_since is not None

    def close(self) -> None:
        """Close the connections: before the process forks, and at the end."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    @property
    def _paused(self) -> bool:
        if self._down_since is None:
            return False
        return self.watched or self.clock() - self._down_since < STORE_RETRY_SECONDS

    def _use(self, work: Callable[[Connection], T], writes: bool, seconds: float) -> T:
        self._notice_replaced_file()
        if not self._current:
            self._upgrade()
        with self._begun(writes, seconds) as connection:
            return work(connection)

    def _upgrade(self) -> None:
        with self._begun(writes=True, seconds=self.seconds) as connection:
            # Nobody would look for the record in a file that took the place of the store.
            must_exist = self.must_exist or (self.file is not None and self.file.was_replaced)
            if must_exist and not has_tables(connection):
                raise StoreDownError("NoStore", f"{self.url.database} is no store")
            migrate(connection)
            self.prepare(connection)
        if self.file is not None:
            self.file.remember()
        self._current = True

    def _notice_replaced_file(self) -> None:
        """Close what is still open of a file in whose place another stands, so that nothing is written there."""
        if self.file is not None and self.file.take_note():
            logs.store_file_replaced()
            self._current = False
            self.close()

    @contextmanager
    def _begun(self, writes: bool, seconds: float) -> Iterator[Connection]:
        with self._engine_here().begin() as connection:
            begin(connection, writes=writes, seconds=seconds)
            yield connection

    def _engine_here(self) -> Engine:
        """The engine of this process. Connections must not be shared with the process that it was forked from."""
        with self._lock:
            if self._engine is None or self._process != os.getpid():
                if self._engine is not None:
                    self._engine.dispose(close=False)
                if self.file is not None:
                    self.file.open()
                self._engine = new_engine(self.url, self.seconds, self.password_file)
                self._process = os.getpid()
            return self._engine

    def _failure_of(self, error: Exception, writes: bool) -> StoreDownError:
        """The error to raise for a failed use. Unless it is a defect of ours, the database counts as down from now."""
        if isinstance(error, NoFreeConnectionError):
            return BusyError(type(error).__name__, "all connections of this process are in use")
        if not isinstance(error, SQLAlchemyError | OSError | sqlite3.Error) or _is_defect(error):
            logs.failed(error)
            return UnwritableError(type(error).__name__)
        self._failed(error, writes)
        return StoreDownError(type(error).__name__, _message_of(error))

    def _failed(self, error: BaseException, writes: bool) -> None:
        if self._down_since is None:
            logs.store_down(type(error).__name__)
        self._down_since = self.clock()
        self._refuses_writing = self._refuses_writing or writes
        # The database may have been restored, or replaced by an empty one, or its key by another. Only then are tables
        # and key looked at again.
        self._current = self._current and not (_is_schema_missing(error) or isinstance(error, WrongKeyError))
        # A connection that failed in use is not used again.
        self.close()


def _message_of(error: BaseException) -> str:
    """The message of the database in one line, without the statement and its values."""
    return " ".join(str(getattr(error, "orig", None) or error).split()) or type(error).__name__


def _is_defect(error: BaseException) -> bool:
    """Whether the database refused a statement, and would refuse it again."""
    return isinstance(error, DataError | IntegrityError | ProgrammingError) and not _is_schema_missing(error)


def _is_schema_missing(error: BaseException) -> bool:
    """Whether tables, columns, a schema or rights are missing."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in _POSTGRESQL_NO_SUCH or str(cause).startswith(_SQLITE_NO_SUCH)
