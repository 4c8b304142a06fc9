"""What agents with only withdrawal-substitution figures come to: shown apart, in the total only if the site adds it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction

from rules.assessment import Substitution
from rules.knowledge.figure import Verification
from rules.knowledge.knowledge import Knowledge
from rules.load.equivalence import to_equivalent
from rules.numbers.quantity import ZERO, DiazepamEquivalent
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry

NOTHING = DiazepamEquivalent.none()


@dataclass(frozen=True, slots=True)
class SubstitutionLoad:
    """What the substitution figures of a view come to, in mg/d diazepam-equivalent.

    ``shown`` is their sum, whether the site adds it or not. ``additive`` and ``replacement`` are what they add to the
    total in either reading: nothing unless the site adds them. ``known``: all that the site adds could be worked out.
    """

    shown: Substitution
    additive: DiazepamEquivalent = NOTHING
    replacement: DiazepamEquivalent = NOTHING
    known: bool = True


def substitution_load(counted: Collection[Presence], knowledge: Knowledge) -> SubstitutionLoad:
    """What the substitution figures of what counts come to."""
    parts = [(presence, part) for presence in counted if (part := _of_entry(presence.entry, knowledge)) is not None]
    agents = tuple(sorted({presence.entry.agent.id for presence, _ in parts}))
    shown = Substitution(sum([part.used for _, part in parts], ZERO), agents)
    if not knowledge.policy.include_substitution:
        return SubstitutionLoad(shown)
    worked_out = {presence.entry for presence, _ in parts if not presence.entry.dose_is_partial}
    return SubstitutionLoad(
        shown,
        additive=sum([part for _, part in parts], NOTHING),
        replacement=sum([part for presence, part in parts if presence.replacement], NOTHING),
        known=all(presence.entry in worked_out for presence in counted if _needs_figure(presence.entry)),
    )


def verified_substitution(counted: Iterable[Presence], knowledge: Knowledge) -> Fraction:
    """What verified substitution figures add to a load, at the dose used: nothing unless the site adds them."""
    if not knowledge.policy.include_substitution:
        return ZERO
    entries = [presence.entry for presence in counted]
    figures = [(entry, entry.agent.substitution) for entry in entries]
    verified = [
        entry for entry, figure in figures if figure is not None and figure.verification is not Verification.UNVERIFIED
    ]
    parts = [_of_entry(entry, knowledge) for entry in verified]
    return sum([part.used for part in parts if part is not None], ZERO)


def _needs_figure(entry: RecordEntry) -> bool:
    """Whether an entry in daily use has its place in the total by a substitution figure alone."""
    return entry.agent.substitution is not None and not entry.agent.agent_class.in_load and entry.daily_use


def _of_entry(entry: RecordEntry, knowledge: Knowledge) -> DiazepamEquivalent | None:
    """An entry's load by its substitution figure, None without one."""
    figure = entry.agent.substitution
    if figure is None or entry.agent.agent_class.in_load or not entry.administration.equivalent:
        return None
    return None if entry.milligrams is None else to_equivalent(entry.milligrams, figure, knowledge)
