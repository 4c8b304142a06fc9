"""Each token once: its id is kept until it has expired, in the shared store, or else in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cds_service.config import MAX_REMEMBERED_TOKENS
from cds_service.errors import NotAdmittedError
from cds_service.trust.token import Admitted

FirstUse = Callable[[str, str, datetime], bool | None]
"""Tenant, id and until when: whether it is the first use; None where the shared store cannot tell."""


@dataclass(slots=True)
class ReplayGuard:
    """Refuses a token that was used before.

    Without the shared store each process remembers for itself: a token could then be used once in each of them, which
    ``shared`` tells, and readiness with it.
    """

    first_use: FirstUse
    shared: bool = True
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, tenant: str, token: Admitted, now: float) -> None:
        """Use a token.

        Raises:
            NotAdmittedError: it was used before, or more tokens are in use than can be remembered.
        """
        until = datetime.fromtimestamp(token.until, UTC)
        known = self.first_use(tenant, token.identity, until)
        self.shared = known is not None
        # Remembered here as well: the store may go away between two uses.
        if not self._first_here((tenant, token.identity), token.until, now) or known is False:
            raise NotAdmittedError("used before")

    def _first_here(self, name: tuple[str, str], until: int, now: float) -> bool:
        with self._lock:
            if name in self._seen and self._seen[name] > now:
                return False
            if len(self._seen) >= MAX_REMEMBERED_TOKENS:
                self._seen = {key: end for key, end in self._seen.items() if end > now}
                if len(self._seen) >= MAX_REMEMBERED_TOKENS:
                    raise NotAdmittedError("too many tokens in use")
            self._seen[name] = until
            return True
