"""What agents with only withdrawal-substitution figures come to: shown apart, in the total only if the site adds it."""

from __future__ import annotations

from collections.abc import Iterable

from rules.assessment import Substitution
from rules.knowledge.figure import Figure, Verification
from rules.knowledge.knowledge import Knowledge
from rules.load.equivalence import in_load, to_diazepam
from rules.numbers.quantity import ZERO, DiazepamEquivalent
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry


def substitution(counted: Iterable[Presence], knowledge: Knowledge) -> Substitution:
    """The sum of the substitution figures of what counts, and whose they are."""
    parts = [(place.entry.agent.id, part) for place in counted if (part := _substituted(place.entry, knowledge))]
    return Substitution(sum((part.used for _, part in parts), ZERO), tuple(sorted({agent for agent, _ in parts})))


def _substituted(entry: RecordEntry, knowledge: Knowledge) -> DiazepamEquivalent | None:
    """An entry's load by its substitution figure."""
    figure, dose = entry.agent.substitution, entry.milligrams
    if figure is None or dose is None or in_load(entry.agent) or not entry.administration.equivalent:
        return None
    return to_diazepam(dose, figure, knowledge)


def added(counted: Iterable[Presence], knowledge: Knowledge, *, verified: bool = False) -> DiazepamEquivalent:
    """What substitution figures add to the total: nothing unless the site adds them. ``verified``: by such alone."""
    places = counted if knowledge.policy.include_substitution else ()
    parts = (
        _substituted(place.entry, knowledge)
        for place in places
        if not verified or _is_verified(place.entry.agent.substitution)
    )
    return sum((part for part in parts if part is not None), DiazepamEquivalent.none())


def _is_verified(figure: Figure | None) -> bool:
    return figure is not None and figure.verification is not Verification.UNVERIFIED


def substitution_known(counted: Iterable[Presence], knowledge: Knowledge) -> bool:
    """Whether every substitution figure that the site adds could be worked out."""
    return not knowledge.policy.include_substitution or all(
        _substituted(place.entry, knowledge) is not None and not place.entry.dose_is_partial
        for place in counted
        if place.entry.agent.substitution is not None and not in_load(place.entry.agent) and place.entry.daily_use
    )
