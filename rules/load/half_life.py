"""How long an agent acts: its half-life in hours, active metabolites included."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from rules.assessment_facts import Acting
from rules.knowledge.agent import Agent
from rules.knowledge.figure import Figure, Verification


def half_life(agent: Agent) -> Figure | None:
    """The longer of parent and active metabolite, None without a verified figure: an unverified one decides nothing."""
    if agent.half_life is None:
        return None
    figures = [
        figure
        for figure in (agent.half_life.parent, agent.half_life.active_metabolite)
        if figure is not None and figure.verification is not Verification.UNVERIFIED
    ]
    return max(figures, key=lambda figure: figure.high, default=None)


def is_short_acting(agent: Agent, hours: Fraction) -> bool:
    """Whether the agent's half-life is known and at most so many hours."""
    figure = half_life(agent)
    return figure is not None and figure.high <= hours


def acting(agents: Iterable[Agent], hours: Fraction) -> Acting | None:
    """Whether agents taken together act for a short or a long time; what acts short decides, as its end is felt first.

    None where none is known to act short and one is not known.
    """
    taken = list(agents)
    if any(is_short_acting(agent, hours) for agent in taken):
        return Acting.SHORT
    return Acting.LONG if taken and all(half_life(agent) is not None for agent in taken) else None
