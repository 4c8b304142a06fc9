"""Names that stand for patients, users and bodies in the store: keyed hashes, so that nobody without the key can try
out who it may be.

One key file serves the whole store; from it come a key for names and one for the chain of the record, so that neither
says anything of the other.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIN_KEY_LENGTH = 32
"""The fewest characters of a key file."""


class KeyFileError(ValueError):
    """The key file cannot be used."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The names and links that follow from one key."""

    _names: bytes
    _links: bytes

    def of(self, kind: str, *parts: str) -> str:
        """The name, 64 hexadecimal characters, that stands for something of a kind; empty for nothing at all."""
        if not any(parts):
            return ""
        return hmac.new(self._names, "\x1f".join((kind, *parts)).encode(), hashlib.sha256).hexdigest()

    def of_bytes(self, kind: str, content: bytes) -> str:
        """The same of bytes."""
        return hmac.new(self._names, kind.encode() + b"\x1f" + content, hashlib.sha256).hexdigest()

    def link(self, previous: str, content: bytes) -> str:
        """The link of the chain that follows a link: nobody without the key can make one."""
        return hmac.new(self._links, previous.encode() + b"\x1f" + content, hashlib.sha256).hexdigest()


def pseudonyms_of(key: str) -> Pseudonyms:
    """The names that follow from the text of a key file.

    Raises:
        KeyFileError: it is too short to be a secret.
    """
    secret = key.strip().encode()
    if len(secret) < MIN_KEY_LENGTH:
        raise KeyFileError(
            f"must hold a secret of at least {MIN_KEY_LENGTH} characters, such as `openssl rand -hex 32`"
        )
    return Pseudonyms(*(hmac.new(secret, purpose, hashlib.sha256).digest() for purpose in (b"names", b"links")))


def read_key(file: Path) -> Pseudonyms:
    """The names that follow from a key file.

    Raises:
        KeyFileError: it cannot be read, or holds no secret.
    """
    try:
        return pseudonyms_of(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"cannot be read: {getattr(error, 'strerror', None) or 'not text'}") from None


def read_or_make_key(file: Path) -> Pseudonyms:
    """The names that follow from a key file, made with a new secret for its owner alone where there is none.

    Raises:
        KeyFileError: it cannot be read or made, or holds no secret.
    """
    if not file.exists():
        _make(file)
    return read_key(file)


def _make(file: Path) -> None:
    """Written aside and then linked: another process sees the whole file or none, and only one of them is kept."""
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(secrets.token_hex(MIN_KEY_LENGTH) + "\n")
        with suppress(FileExistsError):
            os.link(aside, file)
    except OSError as error:
        raise KeyFileError(f"cannot be made: {error.strerror}") from None
    finally:
        aside.unlink(missing_ok=True)
