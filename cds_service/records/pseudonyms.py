"""Pseudonyms for patients, users and request bodies in the store: keyed hashes (HMAC-SHA-256).

Nobody without the key can find out by trying which patient a pseudonym stands for. From each key several others are
derived, for the pseudonyms, for the links of the chain and for the id by which the key is told, so that none reveals
anything of the others.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cds_service.records.database import create_private, replace_private

MIN_KEY_LENGTH = 32
"""The least number of characters of a key."""
_ID_LENGTH = 12
_EMPTY_LINES = re.compile(r"\n\s*\n")


class KeyFileError(ValueError):
    """The key file cannot be used. The message repeats nothing of its content."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The pseudonyms and links that one key makes. ``key_id`` names the key and reveals nothing of it."""

    _names: bytes
    _links: bytes
    key_id: str

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
    """The pseudonyms that a key makes.

    Raises:
        KeyFileError: the text is too short to be a secret.
    """
    secret = key.strip().encode()
    if len(secret) < MIN_KEY_LENGTH:
        raise KeyFileError(
            f"must hold a secret of at least {MIN_KEY_LENGTH} characters, such as `openssl rand -hex 32`"
        )
    names, links, identity = (
        hmac.new(secret, purpose, hashlib.sha256).digest() for purpose in (b"names", b"links", b"id")
    )
    return Pseudonyms(names, links, identity.hex()[:_ID_LENGTH])


def read_key_file(file: Path) -> tuple[Pseudonyms, ...]:
    """The pseudonyms that the keys of a key file make: one key, or several with an empty line between them.

    Raises:
        KeyFileError: the file cannot be read, or holds no secret.
    """
    try:
        keys = _EMPTY_LINES.split(file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"cannot be read: {getattr(error, 'strerror', None) or 'not text'}") from None
    return tuple({each.key_id: each for each in map(pseudonyms_of, keys)}.values())


def read_or_create_key_file(file: Path) -> tuple[Pseudonyms, ...]:
    """As :func:`read_key_file`. A missing file is created with a new secret, readable by its owner alone.

    Raises:
        KeyFileError: the file cannot be read or created, or holds no secret.
    """
    if not file.exists():
        try:
            create_private(file, _new_key())
        except OSError as error:
            raise KeyFileError(f"cannot be made: {error.strerror}") from None
    return read_key_file(file)


def append_new_key(file: Path) -> None:
    """Put a new key behind those of a key file. Its other readers see the whole file, as it was or as it is then.

    Raises:
        KeyFileError: the file cannot be read or replaced, or holds no secret.
    """
    read_key_file(file)
    try:
        replace_private(file, f"{file.read_text(encoding='utf-8').strip()}\n\n{_new_key()}")
    except OSError as error:
        raise KeyFileError(f"cannot be written: {error.strerror}") from None


def _new_key() -> str:
    return secrets.token_hex(MIN_KEY_LENGTH) + "\n"
