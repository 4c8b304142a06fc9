"""From milligrams a day of one agent to diazepam-equivalents, by a named table and its declared fallbacks."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.agent import Agent
from rules.knowledge.figure import Figure, Table, Verification
from rules.knowledge.knowledge import Knowledge
from rules.numbers.memo import memoised
from rules.numbers.quantity import DiazepamEquivalent, MilligramsPerDay


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The figure that a table gives for an agent; ``by_fallback`` if it is not the table's own."""

    figure: Figure
    by_fallback: bool


def in_load(agent: Agent) -> bool:
    """Whether the agent belongs to the classes that the load is the sum of."""
    return agent.agent_class.in_load


@memoised
def equivalence(agent: Agent, table: Table) -> Equivalence | None:
    """The first figure for the agent among the table's sources; an unverified one is passed over. None: no figure."""
    for sources, by_fallback in ((table.own, False), (table.fallback, True)):
        for source in sources:
            figure = agent.equivalents.get(source)
            if figure is not None and figure.verification is not Verification.UNVERIFIED:
                return Equivalence(figure, by_fallback)
    return None


def to_diazepam(dose: MilligramsPerDay, figure: Figure, knowledge: Knowledge) -> DiazepamEquivalent:
    """Convert a daily dose: ``used`` and ``high`` by the smaller printed mg (the higher load), ``low`` by the other."""
    basis = knowledge.policy.equivalence_basis.value
    return DiazepamEquivalent(
        dose.used * basis / figure.low,
        dose.low * basis / figure.high,
        dose.high * basis / figure.low,
    )
