"""The files of the policy, read as one: what stood in each of them at one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from errno import EFBIG
from os import strerror
from pathlib import Path

from cds_service.config import Settings
from cds_service.config.limits import POLICY_FILE_MAX_BYTES
from cds_service.trust.tenant_file import TenantFileError, key_files

_DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class FileContent:
    """What could be read of a file. ``problem``: why it is not the whole of it, None where it is."""

    read: bytes
    problem: str | None = None


UNREAD = FileContent(b"", "cannot be read")


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """The contents of the files by path."""

    contents: Mapping[str, FileContent]

    @property
    def digest(self) -> str:
        """The same for the same contents."""
        whole = hashlib.sha256()
        for path, content in sorted(self.contents.items()):
            whole.update(f"{path}\0{content.problem}\0{len(content.read)}\0".encode() + content.read)
        return whole.hexdigest()[:_DIGEST_CHARACTERS]

    def read(self, path: Path) -> bytes:
        """The bytes of a file.

        Raises:
            OSError: it could not be read.
        """
        content = self.contents.get(str(path), UNREAD)
        if content.problem is not None:
            raise OSError(0, content.problem)
        return content.read

    def beginning(self, path: Path) -> bytes:
        """What could be read of a file that is refused: of one that is too large its beginning."""
        return self.contents.get(str(path), UNREAD).read

    def text(self, path: Path | None) -> str | None:
        """The text of a file; None where there is no such file in the configuration.

        Raises:
            OSError: it could not be read.
            UnicodeDecodeError: it is not UTF-8.
        """
        return None if path is None else self.read(path).decode("utf-8")


def read_files(settings: Settings) -> PolicyFiles:
    """The files that the settings name, and the files of keys that the tenants' file names."""
    named = [path for path in (settings.site_policy, settings.card_wording, settings.tenants) if path is not None]
    contents = {str(path): _content(path) for path in named}
    if settings.tenants is not None:
        contents |= {str(path): _content(path) for path in _key_files(settings.tenants, contents)}
    return PolicyFiles(contents)


def _key_files(tenants: Path, contents: Mapping[str, FileContent]) -> Iterator[Path]:
    listed = contents[str(tenants)]
    if listed.problem is None:
        try:
            yield from key_files(listed.read.decode("utf-8"), tenants.parent)
        except (TenantFileError, UnicodeDecodeError, RecursionError):
            return  # the file itself is refused


def _content(path: Path) -> FileContent:
    try:
        # Opening what is no file, such as a pipe, could wait without end.
        if not path.is_file():
            path.stat()
            return FileContent(b"", "is no file")
        with path.open("rb") as file:
            content = file.read(POLICY_FILE_MAX_BYTES + 1)
    except OSError as error:
        return FileContent(b"", error.strerror) if error.strerror else UNREAD
    too_large = len(content) > POLICY_FILE_MAX_BYTES
    return FileContent(content[:POLICY_FILE_MAX_BYTES], strerror(EFBIG) if too_large else None)
