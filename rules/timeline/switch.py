"""A possible switch: a new order whose load is near that of an order of another agent of its class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from rules.knowledge.policy import ConcurrencyPolicy
from rules.numbers.quantity import PERCENT
from rules.timeline.presence import Presences
from rules.timeline.record import RecordEntry

POSSIBLE_SWITCH = "possible-switch"
EquivalentOf = Callable[[RecordEntry], Fraction | None]


def possible_switches(
    presences: Presences, policy: ConcurrencyPolicy, equivalent_of: EquivalentOf
) -> tuple[tuple[str, str], ...]:
    """The drafts that may take the place of an order of another agent of their class, as (draft, order) sources.

    A draft may where its load is within ``switch_percent`` of the order's; the order then counts in the additive
    reading alone. Two as-needed orders are no switch: both may be taken. ``equivalent_of`` is an entry's load by the
    default table, in mg/d diazepam-equivalent, None if none.
    """
    current = [
        entry
        for entry, presence in presences.items()
        if presence.additive and not entry.regimen.draft and entry.agent.agent_class.in_load
    ]
    agents = {entry.agent.id for entry in current}
    share = policy.switch_percent.value * PERCENT
    near: list[tuple[Fraction, RecordEntry, RecordEntry]] = []
    for draft, presence in presences.items():
        if not (draft.regimen.draft and presence.additive and draft.agent.id not in agents):
            continue
        drafted = equivalent_of(draft)
        for entry in current if drafted is not None else ():
            taken = equivalent_of(entry)
            if drafted is None or taken is None or entry.agent.agent_class.id != draft.agent.agent_class.id:
                continue
            if draft.dose.as_needed and entry.dose.as_needed:
                continue
            if abs(drafted - taken) <= taken * share:
                near.append((abs(drafted - taken), draft, entry))
    switches: dict[RecordEntry, RecordEntry] = {}
    # The nearest pair first; an order can be switched once, so a second draft near it adds to it.
    for _, draft, entry in sorted(near, key=_nearest):
        if draft not in switches and entry not in switches.values():
            switches[draft] = entry
            presences[entry] = replace(presences[entry], replacement=False).assuming(POSSIBLE_SWITCH)
            presences[draft] = presences[draft].assuming(POSSIBLE_SWITCH)
    return tuple(sorted((draft.source, entry.source) for draft, entry in switches.items()))


def _nearest(pair: tuple[Fraction, RecordEntry, RecordEntry]) -> tuple[object, ...]:
    difference, draft, entry = pair
    return (difference, draft.order, entry.order)
