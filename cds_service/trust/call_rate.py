"""The rate of a tenant's calls: beyond its limit calls are refused, so that one tenant cannot keep all processes busy.

Each process counts for itself, in a window that slides over a minute.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from cds_service.errors import TooManyCallsError


@dataclass(frozen=True, slots=True)
class CallRate:
    """Counts the calls of tenants in one process."""

    _limiter: SlidingWindowCounterRateLimiter = field(
        default_factory=lambda: SlidingWindowCounterRateLimiter(MemoryStorage())
    )

    def require(self, tenant: str, calls_per_minute: int) -> None:
        """Refuse a call of a tenant that has called too often; nothing is counted.

        Raises:
            TooManyCallsError: so many of its calls were admitted within a minute already.
        """
        limit = RateLimitItemPerMinute(calls_per_minute)
        if not self._limiter.test(limit, tenant):
            resets_at = self._limiter.get_window_stats(limit, tenant).reset_time
            raise TooManyCallsError(tenant, max(1, math.ceil(resets_at - time.time())))

    def count(self, tenant: str, calls_per_minute: int) -> None:
        """Count a call of a tenant that was admitted."""
        self._limiter.hit(RateLimitItemPerMinute(calls_per_minute), tenant)
