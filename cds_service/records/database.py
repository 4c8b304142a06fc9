"""The database of the store: SQLite or PostgreSQL, its schema kept up to date, and no use of it without an end.

A use either comes to something or raises :class:`StoreDownError`, in bounded time. After a failure the database is left
alone for a while, so that calls do not wait for what is not there.
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
from importlib.resources import as_file, files
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from cds_service import logs
from cds_service.config import STORE_PAUSE_SECONDS
from cds_service.errors import OutOfTimeError
from cds_service.hooks.time_limit import within
from cds_service.records.engines import POSTGRESQL, SQLITE, begin, engine_of, lock

T = TypeVar("T")

_MILLISECONDS = 1000
# One migration at a time, whoever starts first.
_MIGRATION_LOCK = "benzo-cds migrations"
# What SQLite says where a table or a column is not there.
_NO_SUCH = ("no such table", "no such column")
# What PostgreSQL says where tables, columns, a schema or rights are not there: its operator is to mend that, and until
# then it is as good as down.
_TO_BE_MENDED = frozenset({"42P01", "42703", "3F000", "42501"})


class StoreDownError(Exception):
    """The database did not do what it was asked; the cause is of the kind named. ``why`` is what the database said, for
    whoever runs a command: a log of calls must not have it."""

    def __init__(self, kind: str, why: str | None = None) -> None:
        super().__init__(kind)
        self.why = why or kind


class UnwritableError(StoreDownError):
    """The database is there, and will never do what it was asked: a defect of ours."""


class OtherTablesError(StoreDownError):
    """The tables are those of another version of the program, and are left alone."""


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
        """The address without a password, wherever it stands there."""
        secrets = {name: "hidden" for name in self.url.query if "password" in name.lower()}
        return self.url.update_query_dict(secrets).render_as_string(hide_password=True)

    def use(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """What the work comes to, in one transaction. The tables are made, or brought up to date, on the first use.

        Raises:
            StoreDownError: it did not, or did not in time, or the database was down a moment ago.
        """
        if self._paused:
            raise StoreDownError("down")
        try:
            found = self._in_time(lambda: self._use(work, writes))
        except (StoreDownError, BrokenPipeError):  # the second is of who reads our output, not of the database
            raise
        except Exception as error:  # whatever it is, it must not cost a card
            failure, given_up = self._failure_of(error), isinstance(error, OutOfTimeError)
        else:
            if self._down_since is not None:
                self._down_since = None
                logs.store_back()
            return found
        # Out here, where nothing holds on to the error and what it went through any more.
        if given_up:
            _let_go()
        raise failure

    def look(self, work: Callable[[Connection], T], seconds: float) -> T:
        """What the work comes to, which reads much and may take so long: that it does not says nothing of the database,
        and the calls of prescribers go on using it.

        Raises:
            StoreDownError: it did not, or not in time, or the database was down a moment ago.
        """
        if self._paused:
            raise StoreDownError("down")

        def patiently() -> T:
            if not self._current:
                self.upgrade()
            with self._begun(writes=False) as connection:
                if connection.dialect.name == POSTGRESQL:
                    connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * _MILLISECONDS)}"))
                return work(connection)

        try:
            return within(seconds, patiently)
        except (SQLAlchemyError, OutOfTimeError, OSError, sqlite3.Error) as error:
            failure = StoreDownError(type(error).__name__, _said(error))
        _let_go()
        raise failure

    def upgrade(self) -> None:
        """Make the tables, or bring them up to date.

        Raises:
            StoreDownError: they could not be.
        """
        try:
            with self._begun(writes=True) as connection:
                _upgrade(connection)
            self._current = True
        except CommandError:
            # It cannot find the step that the tables stand at: they are of a later version, or of nobody's.
            other = OtherTablesError("its tables are those of another version of the program")
            self._failed(other)
            raise other from None
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

    @property
    def _paused(self) -> bool:
        return self._down_since is not None and self.clock() - self._down_since < STORE_PAUSE_SECONDS

    def _in_time(self, work: Callable[[], T]) -> T:
        """What the work comes to, in time. A file waits for nothing but its lock, and for that no longer than it was
        told: work on it is not broken off, which could leave the lock with nobody."""
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
        """The engine of this process: connections cannot be shared with the process that it was born of."""
        with self._lock:
            if self._engine is None or self._process != os.getpid():
                if self._engine is not None:
                    self._engine.dispose(close=False)
                self._engine = engine_of(self.url, self.seconds)
                self._process = os.getpid()
            return self._engine

    def _failure_of(self, error: Exception) -> StoreDownError:
        """What a failed use is to be called; a database that is down is left alone from now on."""
        down = isinstance(error, SQLAlchemyError | OutOfTimeError | OSError | sqlite3.Error) and not _is_defect(error)
        if not down:
            logs.failed(error)
            return UnwritableError(type(error).__name__)
        self._failed(error)
        return StoreDownError(type(error).__name__, _said(error))

    def _failed(self, error: BaseException) -> None:
        if self._down_since is None:
            logs.store_down(type(error).__name__)
        self._down_since = self.clock()
        # Restored, or new and empty: its tables are to be made. To look takes time, and is for such a failure alone.
        self._current = self._current and not _is_to_be_mended(error)
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


def _let_go() -> None:
    """Close what is left of a use that was broken off. It hangs in rings of errors and frames that only the collector
    takes apart, and until then a connection keeps its locks."""
    gc.collect()


def _is_defect(error: BaseException) -> bool:
    """Whether the database refused what it was asked for good, and would refuse it again."""
    if not isinstance(error, DataError | IntegrityError | ProgrammingError):
        return False
    return not _is_to_be_mended(error)


def _is_to_be_mended(error: BaseException) -> bool:
    """Whether tables, columns, a schema or rights are not there."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in _TO_BE_MENDED or str(cause).startswith(_NO_SUCH)


def _upgrade(connection: Connection) -> None:
    lock(connection, _MIGRATION_LOCK)
    with as_file(files("cds_service.records") / "migrations") as folder:
        steps = Config()
        steps.set_main_option("script_location", str(folder).replace("%", "%%"))
        steps.attributes["connection"] = connection
        command.upgrade(steps, "head")


Row = dict[str, Any]
