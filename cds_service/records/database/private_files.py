"""Files that their owner alone can read: the file of a store, its key, and what is written beside them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_OWNER_ONLY = 0o600


def create_private(file: Path, text: str) -> None:
    """Create a file with a text. If another process has created it meanwhile, it stays as it is.

    Raises:
        OSError: it cannot be created.
    """
    temporary = _written(file, text)
    try:
        # A link: another process sees the whole file or none.
        with suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def replace_private(file: Path, text: str) -> None:
    """Put a file with a text in the place of another, or where none is. Readers see the whole of either.

    Raises:
        OSError: it cannot be written.
    """
    temporary = _written(file, text)
    try:
        if file.exists() and os.geteuid() == 0:
            # Whoever read the file before can read it still.
            os.chown(temporary, file.stat().st_uid, file.stat().st_gid)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _written(file: Path, text: str) -> Path:
    """A new file beside another one, with a text that is on the disk."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w", encoding="utf-8"
        ) as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
