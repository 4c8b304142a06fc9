"""Reads a file of the policy, of tenants or of keys: whole, or with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from errno import EFBIG
from os import strerror
from pathlib import Path

from cds_service.config.limits import POLICY_FILE_MAX_BYTES

_UNREAD = "cannot be read"


@dataclass(frozen=True, slots=True)
class FileContent:
    """What could be read of a file. ``problem``: why it is not the whole of it, None where it is."""

    read: bytes = b""
    problem: str | None = _UNREAD

    def whole(self) -> bytes:
        """The bytes of the file.

        Raises:
            OSError: it could not be read.
        """
        if self.problem is not None:
            raise OSError(0, self.problem)
        return self.read

    def text(self) -> str:
        """The text of the file.

        Raises:
            OSError: it could not be read.
            UnicodeDecodeError: it is not UTF-8.
        """
        return self.whole().decode("utf-8")


def read_file(path: Path) -> FileContent:
    """The content of a file; of one that is too large its beginning."""
    try:
        # Opening what is no file, such as a pipe, could wait without end.
        if not path.is_file():
            path.stat()
            return FileContent(problem="is no file")
        with path.open("rb") as file:
            content = file.read(POLICY_FILE_MAX_BYTES + 1)
    except OSError as error:
        return FileContent(problem=error.strerror or _UNREAD)
    except ValueError:  # such as a name with a NUL in it
        return FileContent(problem="no file can have this name")
    too_large = len(content) > POLICY_FILE_MAX_BYTES
    return FileContent(content[:POLICY_FILE_MAX_BYTES], strerror(EFBIG) if too_large else None)


def why_unread(error: OSError | UnicodeDecodeError) -> str:
    """Why a file has no text, in words that follow its name."""
    return "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or _UNREAD
