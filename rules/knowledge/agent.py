"""Agents and their classes: what is known of a depressant (or a reversal agent), each figure with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rules.knowledge.figure import Figure, Verification
from rules.model import CodeSystem


@dataclass(frozen=True, slots=True)
class Code:
    """A code that stands for an agent or a condition, with where it was read."""

    system: CodeSystem
    code: str
    source: str
    verification: Verification


@dataclass(frozen=True, slots=True)
class AgentClass:
    """A class of CNS-active agents.

    ``in_load``: its agents enter the diazepam-equivalent load. ``opioid``: they enter the MME axis. ``reversal``: they
    reverse opioids and depress nothing. ``depressant``: they count as CNS-active. ``traits`` are the class-wide
    attributes that findings ask for.
    """

    id: str
    name: str
    plural: str
    in_load: bool
    opioid: bool
    reversal: bool
    depressant: bool
    traits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MorphineFactor:
    """MME for each unit a day of an opioid by ``route`` (``oral``, ``transdermal``); ``factor.unit`` names the unit."""

    route: str
    factor: Figure


@dataclass(frozen=True, slots=True)
class HalfLife:
    """Elimination half-life in hours of the parent and of its longest active metabolite (None: none significant)."""

    parent: Figure | None
    active_metabolite: Figure | None


@dataclass(frozen=True, slots=True, eq=False)
class Agent:
    """A depressant (or a reversal agent), by its generic name.

    ``equivalents`` maps a source id to the mg that the source holds equal to 10 mg of oral diazepam; ``substitution``
    likewise for withdrawal-substitution figures only. ``traits`` are the attributes that findings ask for; an agent has
    those of its class as well.
    """

    id: str
    name: str
    agent_class: AgentClass
    names: tuple[str, ...]
    codes: tuple[Code, ...]
    traits: frozenset[str]
    half_life: HalfLife | None
    duration_class: str | None
    metabolism: str | None
    equivalents: Mapping[str, Figure] = field(default_factory=dict)
    substitution: Figure | None = None
    morphine_factors: tuple[MorphineFactor, ...] = ()

    def has(self, trait: str) -> bool:
        """Whether the agent or its class has the trait."""
        return trait in self.traits or trait in self.agent_class.traits
