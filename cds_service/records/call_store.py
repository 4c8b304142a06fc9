"""The store of calls as the service uses it, and a store that keeps nothing.

No failure of a store may cost a card or an answer: no method raises. :meth:`CallStore.status` tells how the store is.
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
    """How the store is."""

    NONE = "none"  # none is configured
    UP = "up"
    DOWN = "down"  # calls are answered without it


class Misfit(StrEnum):
    """Why an answer is to no card that was shown. It is stored, and snoozes nothing."""

    UNKNOWN = "unknown-card"  # no card of that uuid was shown, or it is no longer kept
    OLDER = "older-than-card"
    SEVERAL_PATIENTS = "several-patients"  # cards of that uuid were shown for several


class CallStore(Protocol):
    """What is stored of calls. No method raises."""

    def verdicts(self, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:
        """The topics of the cards that are not to be shown now, each as snoozed or as repeated."""
        ...

    def record_call(
        self,
        evaluation: Evaluation,
        cards: Sequence[tuple[Card, Verdict]],
        at: datetime,
        milliseconds: float,
        received: bytes,
    ) -> None:
        """Store a call for the audit, the report and the verdicts on later calls.

        Args:
            evaluation: what the call came to.
            cards: its cards, each with its verdict.
            at: when it was answered.
            milliseconds: how long that took.
            received: the body of the request, of which only a digest is stored.
        """
        ...

    def record_feedback(
        self, tenant: Tenant, service: str, items: Sequence[Feedback], at: datetime
    ) -> Mapping[Misfit, int]:
        """Store the answers to cards, received ``at``. An answer that is stored already changes nothing.

        Returns:
            How many of them are to no card that was shown, and why; empty where that cannot be told.
        """
        ...

    def first_use(self, tenant: str, identity: str, until: datetime) -> bool | None:
        """Whether a token's id is new; it is stored until ``until``. None where the store cannot tell."""
        ...

    def status(self) -> StoreStatus:
        """How the store is now."""
        ...

    def watch(self) -> None:
        """Ask the store how it is from now on, in a thread of its own of the process that answers calls."""
        ...

    def unsaved(self) -> int:
        """The number of records that wait in this process for the store."""
        ...

    def lost(self) -> int:
        """The number of records that this process has lost."""
        ...

    def lost_with(self, process: int) -> int:
        """Log how many records waited in a process that was killed, and return it."""
        ...

    def flush(self, seconds: float) -> None:
        """Write the waiting records before the process ends, for at most ``seconds``; the rest is lost and logged."""
        ...


@dataclass(frozen=True, slots=True)
class NoCallStore:
    """A store that keeps nothing."""

    def verdicts(self, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:  # noqa: ARG002
        """Empty: nothing is known of earlier calls."""
        return {}

    def record_call(
        self,
        evaluation: Evaluation,
        cards: Sequence[tuple[Card, Verdict]],
        at: datetime,
        milliseconds: float,
        received: bytes,
    ) -> None:
        """Store nothing."""

    def record_feedback(
        self,
        tenant: Tenant,  # noqa: ARG002
        service: str,  # noqa: ARG002
        items: Sequence[Feedback],  # noqa: ARG002
        at: datetime,  # noqa: ARG002
    ) -> Mapping[Misfit, int]:
        """Store nothing."""
        return {}

    def first_use(self, tenant: str, identity: str, until: datetime) -> bool | None:  # noqa: ARG002
        """None: unknown."""
        return None

    def status(self) -> StoreStatus:
        """No store is configured."""
        return StoreStatus.NONE

    def watch(self) -> None:
        """There is nothing to ask."""

    def unsaved(self) -> int:
        """0."""
        return 0

    def lost(self) -> int:
        """0."""
        return 0

    def lost_with(self, process: int) -> int:  # noqa: ARG002
        """0."""
        return 0

    def flush(self, seconds: float) -> None:
        """Nothing waits."""
