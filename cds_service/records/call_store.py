"""What the service remembers between calls, as the service sees it; and a service that remembers nothing.

No failure of a store may cost a card or an answer: every method returns, and :meth:`CallStore.status` says how it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cds_service.cards.cards import Card
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.hooks.feedback import Feedback
from cds_service.trust.tenant import Tenant


class StoreStatus(StrEnum):
    """How the store is: ``none`` was configured, it is ``up``, or it is ``down`` and calls are answered without it."""

    NONE = "none"
    UP = "up"
    DOWN = "down"


class CallStore(Protocol):
    """What is kept of calls. No method raises."""

    def verdicts(self, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:
        """The topics of cards that are not to be shown now, each with why: snoozed or repeated."""
        ...

    def remember(
        self,
        evaluation: Evaluation,
        cards: Sequence[tuple[Card, Verdict]],
        at: datetime,
        milliseconds: float,
        received: bytes,
    ) -> None:
        """Keep what came of a call: for the audit, for the report, and for the next call. ``received`` is its body, of
        which a digest alone is kept."""
        ...

    def feedback(self, tenant: Tenant, service: str, items: Sequence[Feedback], at: datetime) -> None:
        """Keep the answers to cards; what was kept before changes nothing."""
        ...

    def first_use(self, tenant: str, identity: str, until: datetime) -> bool | None:
        """Whether the id of a token was not seen before, and keep it until then; None where the store is down."""
        ...

    def status(self) -> StoreStatus:
        """How the store is."""
        ...

    def unsaved(self) -> int:
        """How many records this process holds until the store is back."""
        ...

    def finish(self, seconds: float) -> None:
        """Write what waits before the process ends, in so many seconds; what cannot be written is lost, and said."""
        ...


@dataclass(frozen=True, slots=True)
class NoCallStore:
    """A memory that keeps nothing: every call stands for itself."""

    def verdicts(self, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:  # noqa: ARG002
        """None: nothing is known of earlier calls."""
        return {}

    def remember(
        self,
        evaluation: Evaluation,
        cards: Sequence[tuple[Card, Verdict]],
        at: datetime,
        milliseconds: float,
        received: bytes,
    ) -> None:
        """Keep nothing."""

    def feedback(self, tenant: Tenant, service: str, items: Sequence[Feedback], at: datetime) -> None:
        """Keep nothing."""

    def first_use(self, tenant: str, identity: str, until: datetime) -> bool | None:  # noqa: ARG002
        """Unknown."""
        return None

    def status(self) -> StoreStatus:
        """There is none."""
        return StoreStatus.NONE

    def unsaved(self) -> int:
        """None."""
        return 0

    def finish(self, seconds: float) -> None:
        """Nothing waits."""
