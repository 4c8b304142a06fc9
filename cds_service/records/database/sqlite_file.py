"""The file of a store in SQLite: for its owner alone, and the same one for as long as the service runs."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cds_service.records.database.errors import StoreDownError

_OWNER_ONLY, _OTHERS = 0o600, 0o077
_COMPANIONS = ("", "-wal", "-shm")

FileIdentity = tuple[int, int]
"""The device and the number of a file on it."""


class FileGoneError(StoreDownError):
    """The file of the store is not there any more, or cannot be written."""

    def __init__(self, why: str) -> None:
        super().__init__(type(self).__name__, why)


@dataclass(slots=True)
class SqliteFile:
    """The file of a store. ``was_replaced``: another file has taken the place of the store that was used first."""

    path: Path
    was_replaced: bool = False
    _identity: FileIdentity | None = None

    def open(self) -> None:
        """Create the file if none was in use yet, and take the rights of others to it away.

        SQLite gives the files that it puts beside it the same rights.

        Raises:
            FileGoneError: it was there, and is no more.
            OSError: it cannot be created.
        """
        if self._identity is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))
        for name in _COMPANIONS:
            file = self.path.with_name(self.path.name + name)
            # Another user's file stays as it is; `config check` tells.
            with suppress(OSError):
                mode = file.stat().st_mode
                if mode & _OTHERS:
                    file.chmod(mode & ~_OTHERS & 0o7777)

    def remember(self) -> None:
        """Take the file that is there for the store from now on: its tables were found or made."""
        self._identity = self._identity_now()

    def take_note(self) -> bool:
        """Whether another file has taken the place of the store, since this was asked last.

        Raises:
            FileGoneError: the store is gone, and no other file, or an empty one, is there.
        """
        if self._identity is None:
            return False
        now = self._identity_now()
        if now == self._identity:
            return False
        self._identity, self.was_replaced = now, True
        return True

    def require_writable(self) -> None:
        """Check the rights of the file and its folder, in which SQLite writes beside it.

        Raises:
            FileGoneError: this process cannot write them.
        """
        for path in (self.path, self.path.parent):
            if not os.access(path, os.W_OK):
                raise FileGoneError(f"{path} cannot be written")

    def rights_of_others(self) -> str:
        """What others could do with the file or its folder, and how that is mended; empty where nothing."""
        for path, mode in ((self.path.parent, 0o700), (self.path, _OWNER_ONLY)):
            with suppress(OSError):
                if path.stat().st_mode & _OTHERS:
                    return f"others can read {path}: chmod {mode:o} {path}"
        return ""

    def _identity_now(self) -> FileIdentity:
        try:
            status = self.path.stat()
        except OSError as error:
            raise FileGoneError(f"{self.path}: {error.strerror}") from None
        if not status.st_size:
            raise FileGoneError(f"{self.path} is empty")
        return status.st_dev, status.st_ino
