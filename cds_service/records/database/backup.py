"""Copies of the file of a store in SQLite, made and put back while the service uses it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_OWNER_ONLY = 0o600
_COMPANIONS = ("-wal", "-shm", "-journal")


class BackupError(Exception):
    """A copy could not be made. The message says why."""


def copy_to_new_file(source: Path, target: Path, seconds: float) -> None:
    """Copy a store into a new file, for its owner alone, as the store stands at one moment.

    Args:
        source: the store; the service may write it meanwhile.
        target: the copy; there must be no such file.
        seconds: how long a lock is waited for.

    Raises:
        BackupError: it could not be done; no copy is left behind then.
    """
    if not source.exists():
        raise BackupError(f"{source} is not there")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
    except OSError as error:
        raise BackupError(f"{target}: {error.strerror}") from None
    try:
        copy_over(source, target, seconds)
        with _opened(target, seconds) as copied:
            # One file, without those that SQLite puts beside a store in use.
            copied.execute("PRAGMA journal_mode=DELETE")
            (state,) = copied.execute("PRAGMA quick_check").fetchone()
        if state != "ok":
            raise BackupError(f"{source} is damaged: {state}")
    except BaseException:
        remove_copy(target)
        raise


def copy_over(source: Path, target: Path, seconds: float) -> None:
    """Copy a store over another one in one transaction. Whoever uses that one goes on with what it holds then.

    Raises:
        BackupError: it could not be done; the target is as it was.
    """
    with _opened(source, seconds) as read, _opened(target, seconds) as written:
        read.backup(written)


def remove_copy(copy: Path) -> None:
    """Remove a copy, with what SQLite put beside it."""
    for ending in ("", *_COMPANIONS):
        copy.with_name(copy.name + ending).unlink(missing_ok=True)


@contextmanager
def _opened(file: Path, seconds: float) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(file, timeout=seconds)) as connection:
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{file}: {error}") from None
