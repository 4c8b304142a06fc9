"""Protection against replay: the shared store and each process keep the ids of used tokens until these expire."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cds_service.config.limits import MAX_REMEMBERED_TOKENS
from cds_service.errors import NotAdmittedError
from cds_service.trust.token import VerifiedToken

FirstUse = Callable[[str, str, datetime], bool | None]
"""Of a tenant and a token's id, stored until a time: whether this is its first use; None if the store cannot tell."""


@dataclass(slots=True)
class ReplayGuard:
    """Refuses a token that was used before.

    ``shared`` is False while the shared store is down. Each process then has only its own memory, and a token could be
    used once in each of them; readiness reports it.
    """

    first_use: FirstUse
    shared: bool = True
    _used: dict[str, dict[str, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, tenant: str, token: VerifiedToken, now: float) -> None:
        """Use a token at a second of the Unix clock.

        Raises:
            NotAdmittedError: it was used before, or more tokens are in use than are remembered.
        """
        # First in this process: the store may go down between two uses, and repeated replays do not reach it.
        if not self._is_first_in_process(tenant, token, now):
            raise NotAdmittedError("used before")
        until = datetime.fromtimestamp(token.until, UTC)
        is_first = self.first_use(tenant, token.identity, until)
        self.shared = is_first is not None
        if is_first is False:
            raise NotAdmittedError("used before")

    def _is_first_in_process(self, tenant: str, token: VerifiedToken, now: float) -> bool:
        with self._lock:
            # Each tenant has a memory of its own: one that uses too many tokens shuts no other out.
            used = self._used.setdefault(tenant, {})
            if used.get(token.identity, 0) > now:
                return False
            if len(used) >= MAX_REMEMBERED_TOKENS:
                used = self._used[tenant] = {identity: end for identity, end in used.items() if end > now}
                if len(used) >= MAX_REMEMBERED_TOKENS:
                    raise NotAdmittedError("too many tokens in use")
            used[token.identity] = token.until
            return True
