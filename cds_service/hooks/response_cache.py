"""Calls that come again: what the last ones came to is remembered for a short time, in the memory of the process.

An EHR calls again when a chart is opened once more, or when a prescriber who has read a card signs after all: the same
body, under another ``hookInstance`` and with another token. A judgement is a function of what was sent, of the tenant
and of the day, so where these are the same, it is. What a FHIR server was asked for is never remembered: it may have
changed.
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

from cds_service.config import RESPONSE_CACHE_MAX_BYTES, RESPONSE_CACHE_MIN_BYTES
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.request import access_of
from cds_service.services import Service
from cds_service.trust.tenant import Tenant

_HOOK_INSTANCE = b'"hookInstance"'
_TOKEN = b'"access_token"'
# The text of a member, from behind its name.
_TEXT = re.compile(rb'\s*:\s*"([^"\\]*)"')


@dataclass(frozen=True, slots=True)
class Content:
    """What a call is remembered by: ``name`` is a keyed hash of all that its answer depends on, ``size`` what it counts
    as in bytes. ``hook_instance`` is no part of it."""

    name: bytes
    size: int
    hook_instance: str


@dataclass(frozen=True, slots=True)
class _Remembered:
    evaluation: Evaluation
    size: int
    at: float


@dataclass(slots=True)
class ResponseCache:
    """What the last calls came to, for ``seconds``; 0: nothing is remembered.

    Of all together no more than ``most`` bytes of bodies, the oldest forgotten first; a small body counts as
    :data:`~cds_service.config.REMEMBERED_LEAST_BYTES`. The key of the hashes is of this object alone, and nothing of it
    is written anywhere.
    """

    seconds: float = 0
    most: int = RESPONSE_CACHE_MAX_BYTES
    clock: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _kept: OrderedDict[bytes, _Remembered] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def content_of(
        self, received: bytes, body: dict[str, Any], tenant: Tenant, service: Service, on: date
    ) -> Content | None:
        """The content of a request: its bytes but for ``hookInstance`` and the token, of which only counts that there
        is one. None where nothing is remembered, or these two cannot be told apart from the rest."""
        name = body.get("hookInstance")
        hook_instance = name.strip() if isinstance(name, str) else ""
        if not self.seconds or not hook_instance or len(received) > self.most:
            return None
        token = access_of(body).token
        cut = _without(received, ((_HOOK_INSTANCE, str(name)), *(((_TOKEN, token),) if token is not None else ())))
        if cut is None:
            return None
        # One tenant must not learn by the time of an answer what another has sent.
        written = hmac.new(self._key, f"{tenant.id} {service.id} {on} {token is not None} ".encode(), "sha256")
        for part in cut:
            written.update(part)
        return Content(written.digest(), max(len(received), RESPONSE_CACHE_MIN_BYTES), hook_instance)

    def recall(self, content: Content, tenant: Tenant) -> Evaluation | None:
        """What the same content came to for the tenant as it is set now; None where it is not known."""
        with self._lock:
            self._forget_old()
            found = self._kept.get(content.name)
        # A file of tenants that was read again makes other tenants, even where nothing of them changed.
        return found.evaluation if found is not None and found.evaluation.tenant is tenant else None

    def remember(self, content: Content, evaluation: Evaluation) -> None:
        """Remember what a content came to. It must be judged by what was sent alone."""
        with self._lock:
            self._forget_old()
            self._kept.pop(content.name, None)
            self._kept[content.name] = _Remembered(evaluation, content.size, self.clock())
            # Counted anew each time: a call that is given up in between leaves no wrong sum behind.
            size = sum(each.size for each in self._kept.values())
            while size > self.most:
                _, oldest = self._kept.popitem(last=False)
                size -= oldest.size

    def forget_old(self) -> None:
        """Forget what is over: for whoever keeps the time where no call comes."""
        with self._lock:
            self._forget_old()

    def _forget_old(self) -> None:
        before = self.clock() - self.seconds
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest].at > before:
                return
            del self._kept[oldest]


def _without(received: bytes, members: tuple[tuple[bytes, str], ...]) -> list[memoryview] | None:
    """The bytes around the texts of these members; None where one is not written once, as it was read."""
    spans = []
    for name, text in members:
        at = received.find(name)
        stated = _TEXT.match(received, at + len(name))
        if at < 0 or received.find(name, at + 1) >= 0 or stated is None or stated.group(1) != text.encode():
            return None
        spans.append(stated.span(1))
    view, begins = memoryview(received), 0
    parts: list[memoryview] = []
    for start, end in sorted(spans):
        # What is cut leaves its two ends behind, so that no byte can move from one part to the next.
        parts.extend((view[begins:start], _CUT))
        begins = end
    return [*parts, view[begins:]]


_CUT = memoryview(b"\0")
