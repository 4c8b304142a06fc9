"""The evaluation of a call: what came of it, before it is decided which of its cards are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cds_service.cards.cards import Card
from cds_service.cards.invocation import Invocation
from cds_service.hooks.prefetch import IN_ORDER, DataOrigin
from cds_service.services import REQUIRED, Service
from cds_service.trust.tenant import Mode, Tenant
from rules.assessment import Assessment


class Verdict(StrEnum):
    """Whether a card is shown, and why not."""

    SHOWN = "shown"
    SHADOWED = "shadowed"  # the tenant evaluates without showing
    SNOOZED = "snoozed"  # an earlier card was answered, and nothing has become worse
    REPEATED = "repeated"  # the same card was shown a moment ago


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of a call.

    Args:
        tenant: who called.
        service: the service that was called.
        invocation: the call as the cards see it.
        assessment: None where nothing was to be judged.
        cards: the cards without the findings that the tenant does not show.
        would_fire: the ids of all findings that raise a card, shown or not.
        origins: what came under each prefetch key, and from where.
        out_of_time: the judgement did not end in time, and only names were judged.
    """

    tenant: Tenant
    service: Service
    invocation: Invocation
    assessment: Assessment | None = None
    cards: tuple[Card, ...] = ()
    would_fire: frozenset[str] = frozenset()
    origins: Mapping[str, DataOrigin] = field(default_factory=dict)
    out_of_time: bool = False

    def of_call(self, hook_instance: str) -> Evaluation:
        """The same evaluation for another call with the same content, which has its own hookInstance."""
        invocation = replace(self.invocation, hook_instance=hook_instance)
        return replace(self, invocation=invocation, cards=tuple(card.of_call(invocation) for card in self.cards))

    @property
    def oddities(self) -> dict[str, str]:
        """What came under the prefetch keys that is no data, for the log: of required ones also that they are empty."""
        nothing = (DataOrigin.EMPTY, DataOrigin.NULL)
        return {
            key: str(origin)
            for key, origin in self.origins.items()
            if origin not in IN_ORDER or (key in REQUIRED and origin in nothing)
        }

    @property
    def shadowed(self) -> bool:
        """Whether none of its cards is shown."""
        return self.tenant.mode_of(self.service.id) is not Mode.ON

    def with_verdicts(self, suppressed: Mapping[str, Verdict]) -> tuple[tuple[Card, Verdict], ...]:
        """Every card with its verdict. ``suppressed``: the verdicts on the topics that are not to be shown now."""
        if self.shadowed:
            return tuple((card, Verdict.SHADOWED) for card in self.cards)
        return tuple((card, suppressed.get(card.topic, Verdict.SHOWN)) for card in self.cards)


def shown_cards(cards: Iterable[tuple[Card, Verdict]]) -> list[dict[str, Any]]:
    """The bodies of the cards that are shown; a second one does not repeat what the first one shows."""
    shown: list[dict[str, Any]] = []
    for card, verdict in cards:
        if verdict is Verdict.SHOWN:
            shown.append(card.shown_beside() if shown else card.body)
    return shown
