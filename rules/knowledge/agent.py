"""Agents and their classes: what is known of a depressant, a reversal agent or one that only counts, with sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rules.knowledge.figure import Citation, Figure, Verification
from rules.model import CodeSystem


@dataclass(frozen=True, slots=True)
class Code:
    """A code that stands for an agent or a condition, with where it was read.

    ``combination``: it is of a product with several agents, and may stand with each of them.
    """

    system: CodeSystem
    code: str
    source: str
    verification: Verification
    combination: bool = False


class Counted(StrEnum):
    """Whether a criterion counts an agent; ``NOT_SETTLED``: the copy that was read does not show it."""

    YES = "yes"
    NO = "no"
    NOT_SETTLED = "not-settled"


@dataclass(frozen=True, slots=True)
class CnsActive:
    """Whether the criterion for older adults counts an agent among the CNS-active drugs, and where that was read.

    ``where`` says what was seen: the agent itself, its class, or nothing.
    """

    counted: Counted
    source: str
    verification: Verification
    where: str


@dataclass(frozen=True, slots=True)
class AgentClass:
    """A class of agents.

    ``in_load``: its agents count in the diazepam-equivalent load. ``opioid``: they count in the MME. ``reversal``: they
    reverse opioids and depress nothing. ``depressant``: they depress the central nervous system. ``cns_active``:
    whether they count among the CNS-active drugs of an older adult. ``traits``: attributes that findings ask for and
    all its agents have.
    """

    id: str
    name: str
    plural: str
    in_load: bool
    opioid: bool
    reversal: bool
    depressant: bool
    cns_active: CnsActive
    traits: frozenset[str] = frozenset()

    @property
    def counts_only(self) -> bool:
        """Whether its agents are there to be counted in older adults alone: they are no sedatives and reverse nothing.

        One of them raises nothing, leaves no load incomplete, and is never asked for where it cannot be told.
        """
        return not (self.in_load or self.opioid or self.reversal or self.depressant)


@dataclass(frozen=True, slots=True)
class MorphineFactor:
    """MME a day for each unit (``factor.unit``) a day of an opioid by a route: ``oral``, ``transdermal``."""

    route: str
    factor: Figure


@dataclass(frozen=True, slots=True)
class HalfLife:
    """The elimination half-life in hours of the parent and of its longest-lived active metabolite.

    None: not known, or no significant one.
    """

    parent: Figure | None
    active_metabolite: Figure | None


@dataclass(frozen=True, slots=True)
class ProductPurpose:
    """What products of an agent are for: those with one of the ``names`` or ``codes``, with an agent ``beside`` it, or
    with at least so many milligrams (``least``) a unit or millilitre by any route but those of ``not_by``.

    ``condition`` is the id of a concept.
    """

    condition: str
    source: str
    verification: Verification
    names: frozenset[str] = frozenset()
    codes: frozenset[tuple[CodeSystem, str]] = frozenset()
    beside: frozenset[str] = frozenset()
    least: Figure | None = None
    not_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BrandAgents:
    """The ids of the agents of a brand: those that a number beside its name may be a strength of, and the ``lesser``
    ones beside them, of which no strength is stated."""

    agents: tuple[str, ...]
    lesser: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Agent:
    """A depressant, a reversal agent or one that only counts, by its generic name.

    ``names`` are its other names, brands with a capital letter. ``equivalents`` gives, by source id, the mg that the
    source holds equal to 10 mg of oral diazepam; ``substitution`` is such a figure that was published for substitution
    in withdrawal only. ``older_morphine_factors`` are MME by mouth of tables that are no longer in use, and convert
    nothing. ``purposes`` are what its products are for by themselves. ``traits`` are attributes that findings ask for,
    those of its class among them. ``source`` says where the name and class of a substance were read that is in no list
    of licensed medicines, and ``verification`` how far that was checked. ``own_cns_active``: where it counts otherwise
    than its class. ``label_warning``: where the label speaks of it beside other depressants, with what it says.
    ``observed_for``: how long a patient is watched after each dose.
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
    purposes: tuple[ProductPurpose, ...] = ()
    older_morphine_factors: tuple[Figure, ...] = ()
    source: str | None = None
    verification: Verification = Verification.READ
    own_cns_active: CnsActive | None = None
    label_warning: Citation | None = None
    observed_for: Figure | None = None

    @property
    def cns_active(self) -> CnsActive:
        """Whether it counts among the CNS-active drugs of an older adult: its own entry, else that of its class."""
        return self.own_cns_active or self.agent_class.cns_active

    def has(self, trait: str) -> bool:
        """Whether the agent or its class has the trait."""
        return trait in self.traits or trait in self.agent_class.traits
