"""The files of the policy, read as one: what stood in each of them at one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cds_service.config import Settings
from cds_service.config.policy_file import FileContent, read_file
from cds_service.trust.tenant_file import TenantFileError, key_files

_DIGEST_CHARACTERS = 12


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
        return self.content(path).whole()

    def content(self, path: Path) -> FileContent:
        """What could be read of a file."""
        return self.contents.get(str(path), FileContent())

    def text(self, path: Path | None) -> str | None:
        """The text of a file; None where there is no such file in the configuration.

        Raises:
            OSError: it could not be read.
            UnicodeDecodeError: it is not UTF-8.
        """
        return None if path is None else self.content(path).text()


def read_files(settings: Settings) -> PolicyFiles:
    """The files that the settings name, and the files of keys that the tenants' file names."""
    named = [path for path in (settings.site_policy, settings.card_wording, settings.tenants) if path is not None]
    contents = {str(path): read_file(path) for path in named}
    if settings.tenants is not None:
        contents |= {str(path): read_file(path) for path in _key_files(settings.tenants, contents)}
    return PolicyFiles(contents)


def _key_files(tenants: Path, contents: Mapping[str, FileContent]) -> Iterator[Path]:
    try:
        yield from key_files(contents[str(tenants)].text(), tenants.parent)
    except (OSError, TenantFileError, UnicodeDecodeError):
        return  # the file itself is refused
