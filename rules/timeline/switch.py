"""A possible switch: a new order whose load is near that of an order of another agent of its class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from rules.knowledge.policy import ConcurrencyPolicy
from rules.numbers.quantity import PERCENT
from rules.timeline.presence import Presences
from rules.timeline.record import RecordEntry

EquivalentOf = Callable[[RecordEntry], Fraction | None]


def possible_switches(
    places: Presences, policy: ConcurrencyPolicy, equivalent_of: EquivalentOf
) -> tuple[tuple[str, str], ...]:
    """A draft whose load is near that of one current order of another agent of its class may take its place."""
    current = [
        e for e, place in places.items() if place.additive and not e.regimen.draft and e.agent.agent_class.in_load
    ]
    agents = {entry.agent.id for entry in current}
    share = policy.switch_percent.value * PERCENT
    near: list[tuple[Fraction, RecordEntry, RecordEntry]] = []
    for draft, place in places.items():
        mine = equivalent_of(draft) if draft.regimen.draft and place.additive and draft.agent.id not in agents else None
        for entry in current if mine is not None else ():
            its = equivalent_of(entry)
            if mine is None or its is None or entry.agent.agent_class.id != draft.agent.agent_class.id:
                continue
            if abs(mine - its) <= its * share:
                near.append((abs(mine - its), draft, entry))
    switches: dict[RecordEntry, RecordEntry] = {}
    # The nearest pair first; an order can be switched once, so a second draft near it adds to it.
    for _, draft, entry in sorted(near, key=_nearest):
        if draft not in switches and entry not in switches.values():
            switches[draft] = entry
            places[entry] = replace(places[entry], replacement=False).assuming("possible-switch")
            places[draft] = places[draft].assuming("possible-switch")
    return tuple(sorted((draft.source, entry.source) for draft, entry in switches.items()))


def _nearest(pair: tuple[Fraction, RecordEntry, RecordEntry]) -> tuple[object, ...]:
    difference, draft, entry = pair
    return (difference, draft.order, entry.order)
