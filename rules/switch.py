"""A possible switch: a new order whose load is near that of an order of another agent of its class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from rules.knowledge.policy import ConcurrencyPolicy
from rules.place import Places
from rules.quantity import PERCENT
from rules.record import Entry

EquivalentOf = Callable[[Entry], Fraction | None]


def possible_switches(
    places: Places, policy: ConcurrencyPolicy, equivalent_of: EquivalentOf
) -> tuple[tuple[str, str], ...]:
    """A draft whose load is near that of one current order of another agent of its class may take its place."""
    current = [
        e for e, place in places.items() if place.additive and not e.regimen.draft and e.agent.agent_class.in_load
    ]
    switches: list[tuple[str, str]] = []
    for draft, place in list(places.items()):
        mine = equivalent_of(draft) if draft.regimen.draft and place.additive else None
        if mine is None or any(entry.agent.id == draft.agent.id for entry in current):
            continue
        near = [
            entry
            for entry in current
            if entry.agent.agent_class.id == draft.agent.agent_class.id
            and _within(mine, equivalent_of(entry), policy.switch_percent.value * PERCENT)
        ]
        if near:
            closest = min(near, key=lambda entry: (abs((equivalent_of(entry) or mine) - mine), entry.order))
            places[closest] = replace(places[closest], replacement=False).assuming("possible-switch")
            places[draft] = places[draft].assuming("possible-switch")
            switches.append((draft.source, closest.source))
    return tuple(switches)


def _within(mine: Fraction, its: Fraction | None, share: Fraction) -> bool:
    return its is not None and abs(mine - its) <= its * share
