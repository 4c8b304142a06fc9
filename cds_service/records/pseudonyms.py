"""Pseudonyms for patients, users and request bodies in the store: keyed hashes (HMAC-SHA-256).

Nobody without the key can find out by trying which patient a pseudonym stands for. One key file serves a whole store.
Two keys are derived from it, one for pseudonyms and one for the links of the chain, so that neither reveals anything of
the other.
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
"""The least number of characters in a key file."""


class KeyFileError(ValueError):
    """The key file cannot be used. The message repeats nothing of its content."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The pseudonyms and links that one key makes."""

    _names: bytes
    _links: bytes

    def of(self, kind: str, *parts: str) -> str:
        """The pseudonym of something of a kind, 64 hexadecimal characters; empty where all parts are empty."""
        if not any(parts):
            return ""
        return hmac.new(self._names, "\x1f".join((kind, *parts)).encode(), hashlib.sha256).hexdigest()

    def digest(self, kind: str, content: bytes) -> str:
        """The keyed hash of bytes, 64 hexadecimal characters."""
        return hmac.new(self._names, kind.encode() + b"\x1f" + content, hashlib.sha256).hexdigest()

    def link(self, previous: str, content: bytes) -> str:
        """The link of the chain that follows ``previous``. Nobody without the key can compute one."""
        return hmac.new(self._links, previous.encode() + b"\x1f" + content, hashlib.sha256).hexdigest()


def pseudonyms_of(key: str) -> Pseudonyms:
    """The pseudonyms that the text of a key file makes.

    Raises:
        KeyFileError: the text is too short to be a secret.
    """
    secret = key.strip().encode()
    if len(secret) < MIN_KEY_LENGTH:
        raise KeyFileError(
            f"must hold a secret of at least {MIN_KEY_LENGTH} characters, such as `openssl rand -hex 32`"
        )
    return Pseudonyms(*(hmac.new(secret, purpose, hashlib.sha256).digest() for purpose in (b"names", b"links")))


def read_key_file(file: Path) -> Pseudonyms:
    """The pseudonyms that a key file makes.

    Raises:
        KeyFileError: the file cannot be read, or holds no secret.
    """
    try:
        return pseudonyms_of(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"cannot be read: {getattr(error, 'strerror', None) or 'not text'}") from None


def read_or_create_key_file(file: Path) -> Pseudonyms:
    """The pseudonyms that a key file makes. A missing file is created with a new secret, readable by its owner alone.

    Raises:
        KeyFileError: the file cannot be read or created, or holds no secret.
    """
    if not file.exists():
        _create(file)
    return read_key_file(file)


def _create(file: Path) -> None:
    """Write a temporary file and link it, so that another process sees the whole file or none, and only one is used."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(secrets.token_hex(MIN_KEY_LENGTH) + "\n")
        with suppress(FileExistsError):
            os.link(temporary, file)
    except OSError as error:
        raise KeyFileError(f"cannot be made: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
