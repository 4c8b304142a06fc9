"""The public keys of a tenant: those of the tenants' file, or of the address that the file gives."""

from __future__ import annotations

import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson
import requests
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from urllib3.exceptions import HTTPError

from cds_service.config.limits import KEYS_DEADLINE_SECONDS, KEYS_MAX_AGE_SECONDS, KEYS_MAX_BYTES, KEYS_REFETCH_SECONDS
from cds_service.timed_connections import TimedAdapter
from cds_service.waiting import begun, wait_for

PublicKey = ECKey | RSAKey
_MEMBERS = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}
_PRIVATE = frozenset({"d", "k"})
_SIGNING = "sig"
_MIN_RSA_BITS = 2048
_CHUNK_BYTES = 8_192

COMPROMISED_KEYS: Mapping[str, str] = {
    "s9fOe-KDYD1myZ8YCzleUqJQgrYZL49kVijBxhnZvZc": "the public CDS Hooks sandbox",
    "WUEVfFenRfMtdDhwPUzCCfmqEN45h61hdHclwVoqfes": "the public CDS Hooks sandbox, an earlier key",
    "RBFgQFFUIf4hfG8iUUZrf3vFZ_V2r3YRGPx9nKJXk5M": "Inferno's test kits (elliptic curve)",
    "Q7fgcIzqt0bVAKsWaw_FyUFSDDpOTfsGdGtjJmAnzFY": "Inferno's test kits (RSA)",
}
"""The keys whose private halves are published, by RFC 7638 thumbprint (SHA-256), each with its owner: anybody can sign
with them. Computed on 2026-11-23 from the keys in the repositories cds-hooks/sandbox and
inferno-framework/davinci-crd-test-kit."""


class NoKeyError(Exception):
    """There is no key to verify a token with. The message quotes nothing of the token."""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One public key with its ``kid``, and the algorithm that it is restricted to, if the set gives one."""

    identity: str
    key: PublicKey
    algorithm: str | None = None


class KeyRing(Protocol):
    """The keys of one tenant."""

    def key(self, identity: str) -> TrustedKey:
        """The key of a ``kid``.

        Raises:
            NoKeyError: there is none, or the keys cannot be fetched.
        """
        ...

    def age(self) -> float | None:
        """Seconds since the keys were fetched; None if they never were, or are not fetched."""
        ...

    def fetches(self) -> tuple[int, int]:
        """How many fetches of this process succeeded, and how many failed."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """The keys that stand in the tenants' file."""

    keys: Mapping[str, TrustedKey]

    def key(self, identity: str) -> TrustedKey:
        """The key of a ``kid``."""
        if identity not in self.keys:
            raise NoKeyError("no key of that name")
        return self.keys[identity]

    def age(self) -> float | None:
        """None: they are not fetched."""
        return None

    def fetches(self) -> tuple[int, int]:
        """No fetch: they are not fetched."""
        return 0, 0


@dataclass(slots=True)
class FetchedKeys:
    """The keys at an address: fetched again after ``KEYS_MAX_AGE_SECONDS`` or for an unknown ``kid``, but at most once
    in ``KEYS_REFETCH_SECONDS``.

    Where a fetch fails, the keys fetched before stay in use. ``authorities``: a PEM file of the certificate authorities
    to trust; None for the well-known ones.
    """

    address: str
    development: bool = False
    authorities: Path | None = None
    clock: Callable[[], float] = time.monotonic
    _keys: Mapping[str, TrustedKey] = field(default_factory=dict)
    _fetched_at: float | None = None
    _tried_at: float | None = None
    _succeeded: int = 0
    _failed: int = 0
    _fetching: Future[None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, identity: str) -> TrustedKey:
        """The key of a ``kid``, fetched if necessary."""
        now = self.clock()
        stale = self._fetched_at is None or now - self._fetched_at > KEYS_MAX_AGE_SECONDS
        begins = (stale or identity not in self._keys) and self._may_try(now)
        if begins:
            self._fetching = begun(lambda: self._fetch(now))
        # Another call may have begun to fetch them a moment ago.
        fetching = self._running()
        if fetching is not None and (begins or identity not in self._keys):
            wait_for((fetching,), KEYS_DEADLINE_SECONDS)
        if identity in self._keys:
            return self._keys[identity]
        raise NoKeyError("no key of that name" if self._fetched_at is not None else "the keys could not be fetched")

    def age(self) -> float | None:
        """Seconds since the keys were fetched; None if they never were."""
        return None if self._fetched_at is None else self.clock() - self._fetched_at

    def fetches(self) -> tuple[int, int]:
        """How many fetches of this process succeeded, and how many failed."""
        return self._succeeded, self._failed

    def _running(self) -> Future[None] | None:
        """The fetch that has not ended; a slow address has one at most."""
        return None if self._fetching is None or self._fetching.done() else self._fetching

    def _may_try(self, now: float) -> bool:
        with self._lock:
            is_too_soon = self._tried_at is not None and now - self._tried_at < KEYS_REFETCH_SECONDS
            if is_too_soon or self._running() is not None:
                return False
            self._tried_at = now
            return True

    def _fetch(self, now: float) -> None:
        try:
            listed = orjson.loads(_body_of(self.address, self.authorities))
        except (requests.RequestException, HTTPError, orjson.JSONDecodeError, NoKeyError):
            self._failed += 1
            return
        keys = listed.get("keys") if isinstance(listed, dict) else None
        if not isinstance(keys, list):
            self._failed += 1
            return
        self._keys = trusted_keys(keys, development=self.development)
        self._fetched_at = now
        self._succeeded += 1


def trusted_keys(listed: Iterable[object], *, development: bool = False) -> dict[str, TrustedKey]:
    """The usable public keys of a JSON Web Key set by ``kid``.

    Keys without a ``kid``, of another use or type, RSA keys below 2048 bits, keys whose private half stands in the set
    and, outside development, compromised keys are left out.
    """
    keys: dict[str, TrustedKey] = {}
    for item in listed:
        key = _trusted(item, development) if isinstance(item, dict) else None
        if key is not None:
            keys.setdefault(key.identity, key)
    return keys


def compromised_key_owners(listed: Iterable[object]) -> list[str]:
    """The owners of the compromised keys of a set, as :data:`COMPROMISED_KEYS` names them."""
    keys = [_imported(item) for item in listed if isinstance(item, dict)]
    thumbprints = [key.thumbprint() for key in keys if key is not None]
    return [COMPROMISED_KEYS[thumbprint] for thumbprint in thumbprints if thumbprint in COMPROMISED_KEYS]


def has_private_half(listed: Iterable[object]) -> bool:
    """Whether a set holds a private or a symmetric key."""
    return any(isinstance(item, dict) and _is_private(item) for item in listed)


def _trusted(item: dict[str, Any], development: bool) -> TrustedKey | None:
    identity, use = item.get("kid"), item.get("use", _SIGNING)
    key = _imported(item)
    if key is None or use != _SIGNING or not isinstance(identity, str) or not identity:
        return None
    # Whoever reads the set could sign with it.
    if _is_private(item):
        return None
    if not development and key.thumbprint() in COMPROMISED_KEYS:
        return None
    algorithm = item.get("alg")
    return TrustedKey(identity, key, algorithm if isinstance(algorithm, str) else None)


def _is_private(item: dict[str, Any]) -> bool:
    return any(item.get(name) is not None for name in _PRIVATE)


def _imported(item: dict[str, Any]) -> PublicKey | None:
    """The public half of a key; None if it cannot be used. Other members of it are ignored."""
    kind = item.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        return None
    try:
        public = {name: item[name] for name in _MEMBERS[kind]}
        # Checked before the import, which would log a warning.
        if kind == "RSA" and _bits(public["n"]) < _MIN_RSA_BITS:
            return None
        return ECKey.import_key(public) if kind == "EC" else RSAKey.import_key(public)
    except (KeyError, ValueError, TypeError, JoseError):
        return None


def _bits(number: str) -> int:
    """The number of bits of a number in base64url without padding."""
    return int.from_bytes(urlsafe_b64decode(f"{number}==")).bit_length()


def _body_of(address: str, authorities: Path | None) -> bytes:
    """The body at an address: without redirects, proxies or passwords of the environment, bounded in size and time."""
    deadline = time.monotonic() + KEYS_DEADLINE_SECONDS
    chunks: list[bytes] = []
    with requests.Session() as session:
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, TimedAdapter())
        session.verify = True if authorities is None else str(authorities)
        with session.get(
            address,
            timeout=KEYS_DEADLINE_SECONDS,
            allow_redirects=False,
            stream=True,
            headers={"Accept": "application/json"},
        ) as response:
            if response.status_code != requests.codes.ok:
                raise NoKeyError("the keys could not be fetched")
            # The deadline is checked with whatever has come: a server may send one byte a second.
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                chunks.append(chunk)
                if sum(map(len, chunks)) > KEYS_MAX_BYTES or time.monotonic() > deadline:
                    raise NoKeyError("the keys could not be fetched")
    return b"".join(chunks)
