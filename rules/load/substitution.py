"""What agents with only withdrawal-substitution figures come to: shown apart, in the total only if the site adds it."""

from __future__ import annotations

from collections.abc import Iterable

from rules.assessment import Substitution
from rules.knowledge.figure import Figure, Verification
from rules.knowledge.knowledge import Knowledge
from rules.load.equivalence import to_equivalent
from rules.numbers.quantity import ZERO, DiazepamEquivalent
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry

NOTHING = DiazepamEquivalent.none()


def substitution(counted: Iterable[Presence], knowledge: Knowledge) -> Substitution:
    """The sum of the substitution figures of what counts, in mg/d diazepam-equivalent, and the agents they are of."""
    parts = [(presence.entry.agent.id, part) for presence in counted if (part := _of_entry(presence.entry, knowledge))]
    return Substitution(sum([part.used for _, part in parts], ZERO), tuple(sorted({agent for agent, _ in parts})))


def added(counted: Iterable[Presence], knowledge: Knowledge, *, verified: bool = False) -> DiazepamEquivalent:
    """What substitution figures add to the total: nothing unless the site adds them. ``verified``: by such alone."""
    if not knowledge.policy.include_substitution:
        return NOTHING
    parts = [
        _of_entry(presence.entry, knowledge)
        for presence in counted
        if not verified or _is_verified(presence.entry.agent.substitution)
    ]
    return sum([part for part in parts if part is not None], NOTHING)


def is_known(counted: Iterable[Presence], knowledge: Knowledge) -> bool:
    """Whether every substitution figure that the site adds could be worked out."""
    return not knowledge.policy.include_substitution or all(
        _of_entry(presence.entry, knowledge) is not None and not presence.entry.dose_is_partial
        for presence in counted
        if presence.entry.agent.substitution is not None
        and not presence.entry.agent.agent_class.in_load
        and presence.entry.daily_use
    )


def _of_entry(entry: RecordEntry, knowledge: Knowledge) -> DiazepamEquivalent | None:
    """An entry's load by its substitution figure, None without one."""
    figure = entry.agent.substitution
    if figure is None or entry.agent.agent_class.in_load or not entry.administration.equivalent:
        return None
    return None if entry.milligrams is None else to_equivalent(entry.milligrams, figure, knowledge)


def _is_verified(figure: Figure | None) -> bool:
    return figure is not None and figure.verification is not Verification.UNVERIFIED
