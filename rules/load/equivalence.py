"""From milligrams a day of one agent to diazepam-equivalents, by a named table and its declared fallbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from rules.knowledge.agent import Agent
from rules.knowledge.figure import Figure, Table, Verification
from rules.knowledge.knowledge import Knowledge
from rules.numbers.memo import memoised
from rules.numbers.quantity import DiazepamEquivalent, MilligramsPerDay
from rules.timeline.presence import Presence
from rules.timeline.record import RecordEntry

EquivalentsOf = Callable[[RecordEntry], Mapping[str, DiazepamEquivalent]]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The figure that a table gives for an agent; ``by_fallback`` if it is not the table's own."""

    figure: Figure
    by_fallback: bool


@memoised
def equivalence(agent: Agent, table: Table) -> Equivalence | None:
    """The first figure for the agent among the table's sources, None without one; an unverified one is passed over."""
    for sources, by_fallback in ((table.own, False), (table.fallback, True)):
        for source in sources:
            figure = agent.equivalents.get(source)
            if figure is not None and figure.verification is not Verification.UNVERIFIED:
                return Equivalence(figure, by_fallback)
    return None


def to_equivalent(dose: MilligramsPerDay, figure: Figure, knowledge: Knowledge) -> DiazepamEquivalent:
    """Convert a daily dose: ``used`` and ``high`` by the smaller printed mg (the higher load), ``low`` by the other."""
    basis = knowledge.policy.equivalence_basis.value
    return DiazepamEquivalent(
        dose.used * basis / figure.low,
        dose.low * basis / figure.high,
        dose.high * basis / figure.low,
    )


def equivalents_by(knowledge: Knowledge) -> EquivalentsOf:
    """A function of an entry: its load by table id, for every table that has a figure. Each entry is worked out once.

    The load is empty for agents of other classes, doses that are not in milligrams, routes without equivalence, and
    rescue products.
    """

    @cache
    def equivalents_of(entry: RecordEntry) -> Mapping[str, DiazepamEquivalent]:
        dose, administration = entry.milligrams, entry.administration
        in_load = entry.agent.agent_class.in_load and administration.equivalent and not administration.rescue
        if dose is None or not in_load:
            return {}
        found = {name: equivalence(entry.agent, table) for name, table in knowledge.tables.items()}
        return {
            name: to_equivalent(dose, equivalent.figure, knowledge)
            for name, equivalent in found.items()
            if equivalent is not None
        }

    return equivalents_of


def equivalent_of(presence: Presence, table: str, equivalents_of: EquivalentsOf) -> DiazepamEquivalent | None:
    """The load of what counts by a table, by its id, from the low reading on; None without a dose or a figure."""
    part = equivalents_of(presence.entry).get(table)
    low = equivalents_of(presence.low_of).get(table) if presence.low_of is not None else None
    return part if part is None or low is None else part.with_low(low.low)
