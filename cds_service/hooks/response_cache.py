"""The response cache: the evaluations of the latest calls, kept for a short time in the memory of the process.

An EHR repeats a call when a chart is opened again, or when a prescriber who has read a card signs after all: the same
body, with another ``hookInstance`` and another token. An evaluation depends on the request, the tenant and the day
alone, so that it is the same for the same of these. An evaluation of fetched data is not cached: the data may change.
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cds_service.config.limits import RESPONSE_CACHE_MAX_BYTES, RESPONSE_CACHE_MIN_BYTES
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.request import access_of
from cds_service.services import Service
from cds_service.trust.tenant import Tenant

_HOOK_INSTANCE = b'"hookInstance"'
_TOKEN = b'"access_token"'
_SEPARATOR = memoryview(b"\0")
# The text of a member, after its name.
_TEXT_VALUE = re.compile(rb'\s*:\s*"([^"\\]*)"')


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The key of a call: ``digest`` is a keyed hash of all that its evaluation depends on, ``size`` the bytes that it
    counts as. ``hook_instance`` is that of this call and no part of the key."""

    digest: bytes
    size: int
    hook_instance: str


@dataclass(frozen=True, slots=True)
class _CachedEvaluation:
    evaluation: Evaluation
    size: int
    at: float


@dataclass(slots=True)
class ResponseCache:
    """The evaluations of the latest calls.

    They are kept for ``seconds`` (0: not at all), together up to ``max_bytes`` of request bodies, of which a small one
    counts as ``RESPONSE_CACHE_MIN_BYTES``. The oldest is evicted first. The key of the hashes is this object's own.
    """

    seconds: float = 0
    max_bytes: int = RESPONSE_CACHE_MAX_BYTES
    clock: Callable[[], float] = time.monotonic
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _cached: OrderedDict[bytes, _CachedEvaluation] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def key_of(
        self, received: bytes, body: dict[str, Any], tenant: Tenant, service: Service, on: date
    ) -> CacheKey | None:
        """The key of a request: a hash of its bytes without the ``hookInstance`` and the token, of which only counts
        that there is one. None where nothing is cached, or these two cannot be cut out.

        Args:
            received: the body.
            body: the object that was parsed of it.
            tenant: who calls.
            service: the service that is called.
            on: the day that is judged.
        """
        instance = body.get("hookInstance")
        hook_instance = instance.strip() if isinstance(instance, str) else ""
        if not self.seconds or not hook_instance or len(received) > self.max_bytes:
            return None
        token = access_of(body).token
        members = ((_HOOK_INSTANCE, str(instance)), *(((_TOKEN, token),) if token is not None else ()))
        parts = _bytes_without(received, members)
        if parts is None:
            return None
        # The tenant is part of the key: otherwise a fast answer would tell one tenant what another has sent.
        digest = hmac.new(self._secret, f"{tenant.id} {service.id} {on} {token is not None} ".encode(), "sha256")
        for part in parts:
            digest.update(part)
        return CacheKey(digest.digest(), max(len(received), RESPONSE_CACHE_MIN_BYTES), hook_instance)

    def get(self, key: CacheKey, tenant: Tenant) -> Evaluation | None:
        """The cached evaluation, if it was made for the tenant with its current settings."""
        with self._lock:
            self._evict_expired()
            cached = self._cached.get(key.digest)
        # Reading the file of tenants again makes new tenants, even where nothing of them changed.
        return cached.evaluation if cached is not None and cached.evaluation.tenant is tenant else None

    def put(self, key: CacheKey, evaluation: Evaluation) -> None:
        """Cache an evaluation, which must depend on the request alone."""
        with self._lock:
            self._evict_expired()
            self._cached.pop(key.digest, None)
            self._cached[key.digest] = _CachedEvaluation(evaluation, key.size, self.clock())
            # Summed up each time: a stored sum would stay wrong if a call were interrupted here.
            size = sum(cached.size for cached in self._cached.values())
            while size > self.max_bytes:
                _, oldest = self._cached.popitem(last=False)
                size -= oldest.size

    def evict_expired(self) -> None:
        """Evict the evaluations whose time is over, while no call comes that would do so."""
        with self._lock:
            self._evict_expired()

    def _evict_expired(self) -> None:
        expired_before = self.clock() - self.seconds
        while self._cached:
            oldest = next(iter(self._cached))
            if self._cached[oldest].at > expired_before:
                return
            del self._cached[oldest]


def _bytes_without(received: bytes, members: tuple[tuple[bytes, str], ...]) -> list[memoryview] | None:
    """The bytes of a body without the texts of these members; None where one does not stand there exactly once, as it
    was parsed."""
    spans = []
    for name, text in members:
        at = received.find(name)
        written = _TEXT_VALUE.match(received, at + len(name))
        if at < 0 or received.find(name, at + 1) >= 0 or written is None or written.group(1) != text.encode():
            return None
        spans.append(written.span(1))
    view, begin = memoryview(received), 0
    parts: list[memoryview] = []
    for start, end in sorted(spans):
        # A separator, so that no bytes can move from one part to the next.
        parts.extend((view[begin:start], _SEPARATOR))
        begin = end
    return [*parts, view[begin:]]
