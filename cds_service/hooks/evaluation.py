"""One call, judged: what came out of it, before anybody decides how much of that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cds_service.cards.cards import Card
from cds_service.cards.invocation import Invocation
from cds_service.services import Service
from cds_service.trust.tenant import Mode, Tenant
from rules.assessment import Assessment


class Verdict(StrEnum):
    """What becomes of a card."""

    SHOWN = "shown"
    SHADOWED = "shadowed"  # the tenant evaluates without showing
    SNOOZED = "snoozed"  # answered before, and nothing has become worse
    REPEATED = "repeated"  # shown unchanged a moment ago


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a call came to.

    ``assessment`` is None where the call holds nothing to speak of. ``cards`` are those without the findings that the
    tenant does not show; ``would_fire`` are the ids of all findings that raise a card, those included. ``reached`` says
    of each key of the record where it came from: ``prefetch``, ``fetched``, ``missing``.
    """

    tenant: Tenant
    service: Service
    invocation: Invocation
    assessment: Assessment | None = None
    cards: tuple[Card, ...] = ()
    would_fire: frozenset[str] = frozenset()
    reached: Mapping[str, str] = field(default_factory=dict)

    def of_call(self, hook_instance: str) -> Evaluation:
        """What another call of the same content comes to: the same, under its own name."""
        invocation = replace(self.invocation, hook_instance=hook_instance)
        return replace(self, invocation=invocation, cards=tuple(card.of_call(invocation) for card in self.cards))

    @property
    def shadowed(self) -> bool:
        """Whether nothing of it is shown."""
        return self.tenant.mode_of(self.service.id) is not Mode.ON

    def with_verdicts(self, decided: Mapping[str, Verdict]) -> tuple[tuple[Card, Verdict], ...]:
        """Every card with what becomes of it; ``decided`` are the verdicts of topics that memory has something on."""
        if self.shadowed:
            return tuple((card, Verdict.SHADOWED) for card in self.cards)
        return tuple((card, decided.get(card.topic, Verdict.SHOWN)) for card in self.cards)


def shown(cards: Iterable[tuple[Card, Verdict]]) -> list[dict[str, Any]]:
    """The bodies of the cards that are shown."""
    return [card.body for card, verdict in cards if verdict is Verdict.SHOWN]
