"""The public keys of a tenant: from the file, or from the address that the file gives, and from nowhere else."""

from __future__ import annotations

import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson
import requests
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds_service.config import KEYS_DEADLINE_SECONDS, KEYS_FRESH_SECONDS, KEYS_MAX_BYTES, KEYS_PAUSE_SECONDS
from cds_service.trust.known_keys import PUBLISHED

PublicKey = ECKey | RSAKey
_MEMBERS = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}
_PRIVATE = frozenset({"d", "k"})
_SIGNING = "sig"
_MIN_RSA_BITS = 2048
_PART = 8_192


class NoKeyError(Exception):
    """There is no key to check a token by; the message is one of our own words."""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One public key with the name it is called by, and the algorithm it is for where the set says so."""

    identity: str
    key: PublicKey
    algorithm: str | None = None


class KeyRing(Protocol):
    """The keys of one tenant."""

    def key(self, identity: str) -> TrustedKey:
        """The key of that name.

        Raises:
            NoKeyError: there is none, or the keys cannot be reached.
        """
        ...

    def age(self) -> float | None:
        """How many seconds ago the keys were fetched; None where they never were, or need not be."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """Keys that are written in the tenants' file."""

    keys: Mapping[str, TrustedKey]

    def key(self, identity: str) -> TrustedKey:
        """The key of that name."""
        if identity not in self.keys:
            raise NoKeyError("no key of that name")
        return self.keys[identity]

    def age(self) -> float | None:
        """None: they do not age."""
        return None


@dataclass(slots=True)
class FetchedKeys:
    """Keys at an address: kept for a while, fetched once more for a name that is not among them, never in a storm.

    A fetch that fails leaves the keys that were fetched before in use. ``authorities``: a file of those that the
    address's certificate may be of, None for the well-known ones.
    """

    address: str
    development: bool = False
    authorities: Path | None = None
    clock: Callable[[], float] = time.monotonic
    _kept: Mapping[str, TrustedKey] = field(default_factory=dict)
    _fetched_at: float | None = None
    _tried_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, identity: str) -> TrustedKey:
        """The key of that name, fetched if need be."""
        now = self.clock()
        stale = self._fetched_at is None or now - self._fetched_at > KEYS_FRESH_SECONDS
        if (stale or identity not in self._kept) and self._may_try(now):
            self._fetch(now)
        if identity in self._kept:
            return self._kept[identity]
        raise NoKeyError("no key of that name" if self._fetched_at is not None else "the keys could not be fetched")

    def age(self) -> float | None:
        """How many seconds ago the keys were fetched; None where they never were."""
        return None if self._fetched_at is None else self.clock() - self._fetched_at

    def _may_try(self, now: float) -> bool:
        with self._lock:
            if self._tried_at is not None and now - self._tried_at < KEYS_PAUSE_SECONDS:
                return False
            self._tried_at = now
            return True

    def _fetch(self, now: float) -> None:
        try:
            listed = orjson.loads(_body_of(self.address, self.authorities))
        except (requests.RequestException, orjson.JSONDecodeError, NoKeyError):
            return
        keys = listed.get("keys") if isinstance(listed, dict) else None
        if isinstance(keys, list):
            self._kept = trusted(keys, development=self.development)
            self._fetched_at = now


def trusted(listed: Iterable[object], *, development: bool = False) -> dict[str, TrustedKey]:
    """The usable public keys of a set, by name.

    Left out are keys without a name, of another use or type, RSA keys below 2048 bits, and, outside development, keys
    whose private half is published.
    """
    found: dict[str, TrustedKey] = {}
    for item in listed:
        key = _trusted(item, development) if isinstance(item, dict) else None
        if key is not None:
            found.setdefault(key.identity, key)
    return found


def refused(listed: Iterable[object]) -> list[str]:
    """Whose the keys of a set are that anybody can sign with."""
    made = [_imported(item) for item in listed if isinstance(item, dict)]
    return [PUBLISHED[key.thumbprint()] for key in made if key is not None and key.thumbprint() in PUBLISHED]


def has_private_half(listed: Iterable[object]) -> bool:
    """Whether a set holds what only the signer may have."""
    return any(isinstance(item, dict) and _PRIVATE & item.keys() for item in listed)


def _trusted(item: dict[str, Any], development: bool) -> TrustedKey | None:
    identity, use = item.get("kid"), item.get("use", _SIGNING)
    key = _imported(item)
    if key is None or use != _SIGNING or not isinstance(identity, str) or not identity:
        return None
    if not development and key.thumbprint() in PUBLISHED:
        return None
    algorithm = item.get("alg")
    return TrustedKey(identity, key, algorithm if isinstance(algorithm, str) else None)


def _imported(item: dict[str, Any]) -> PublicKey | None:
    """The public half of a key; private members, certificates and addresses in it are not looked at."""
    kind = item.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        return None
    try:
        public = {name: item[name] for name in _MEMBERS[kind]}
        # Before it is imported: the library would warn of it in words of its own.
        if kind == "RSA" and _bits(public["n"]) < _MIN_RSA_BITS:
            return None
        return ECKey.import_key(public) if kind == "EC" else RSAKey.import_key(public)
    except (KeyError, ValueError, TypeError, JoseError):
        return None


def _bits(number: str) -> int:
    """The bits of a number as keys have it written (base64url, without its end)."""
    return int.from_bytes(urlsafe_b64decode(f"{number}==")).bit_length()


def _body_of(address: str, authorities: Path | None) -> bytes:
    """The answer at an address: no redirects, no proxy or password of the environment, bounded in size and time."""
    until = time.monotonic() + KEYS_DEADLINE_SECONDS
    parts: list[bytes] = []
    with requests.Session() as session:
        session.trust_env = False
        session.verify = True if authorities is None else str(authorities)
        with session.get(
            address,
            timeout=KEYS_DEADLINE_SECONDS,
            allow_redirects=False,
            stream=True,
            headers={"Accept": "application/json"},
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise NoKeyError("the keys could not be fetched")
            for part in answer.iter_content(_PART):
                parts.append(part)
                if sum(map(len, parts)) > KEYS_MAX_BYTES or time.monotonic() > until:
                    raise NoKeyError("the keys could not be fetched")
    return b"".join(parts)
