"""Records that wait in a process for the store: bounded, and counted where another process can read their number.

A process that is killed takes its waiting records along. Their number survives it in a file, so that whoever notices
its end can tell how many were lost.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cds_service.config.limits import MAX_UNSAVED_CALLS
from cds_service.config.server_variables import UNSAVED_FOLDER
from cds_service.records.call_rows import CallRows
from cds_service.records.database import Row

Record = CallRows | tuple[Row, ...]
"""One call, or some rows of answers: what is written in one transaction."""


@dataclass(slots=True)
class WaitingRecords:
    """The records that wait, the oldest first. Threads may share it. ``size``: the calls and answers in them."""

    size: int = 0
    _waiting: deque[Record] = field(default_factory=deque)
    _told: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, record: Record) -> int:
        """Let a record wait. Returns how many calls and answers are lost for it: the oldest, where too many wait."""
        with self._lock:
            before = self.size
            self._waiting.append(record)
            self._count(size_of(record))
            while self.size > MAX_UNSAVED_CALLS and len(self._waiting) > 1:
                self._count(-size_of(self._waiting.popleft()))
            return before + size_of(record) - self.size

    def take(self) -> Record | None:
        """Take the oldest record in hand; None where there is none. It still counts until it is :meth:`done`."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def done(self, record: Record) -> None:
        """A record in hand need not wait any more."""
        with self._lock:
            self._count(-size_of(record))

    def put_back(self, record: Record) -> None:
        """A record in hand waits again, as the oldest."""
        with self._lock:
            self._waiting.appendleft(record)

    def clear(self) -> int:
        """Give up all of them. Returns the number of calls and answers in them."""
        with self._lock:
            lost = self.size
            self._waiting.clear()
            self._count(-lost)
            return lost

    def _count(self, more: int) -> None:
        """Count, and write the number for other processes."""
        self.size += more
        folder = os.environ.get(UNSAVED_FOLDER)
        if folder is not None and self.size != self._told:
            # Where it cannot be written, as on a full disk, too few are told if this process is killed.
            with suppress(OSError):
                _count_file(Path(folder), os.getpid()).write_text(str(self.size), encoding="ascii")
            self._told = self.size


def size_of(record: Record) -> int:
    """The number of calls or answers in a record."""
    return 1 if isinstance(record, CallRows) else len(record)


def lost_in(process: int) -> int:
    """The number of calls and answers that waited in a process that has ended. It is told once."""
    folder = os.environ.get(UNSAVED_FOLDER)
    if folder is None:
        return 0
    file = _count_file(Path(folder), process)
    try:
        number = int(file.read_text(encoding="ascii") or 0)
        file.unlink()
    except (OSError, ValueError):
        return 0
    return number


def _count_file(folder: Path, process: int) -> Path:
    return folder / f"unsaved-{process}"
