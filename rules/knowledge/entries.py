"""The types of the knowledge base: what a figure, an agent, a product, a table and a policy are.

They are frozen, and hold no values of their own: every value comes from the data files beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from rules.assessment import Severity
from rules.model import CodeSystem

# How a product releases its drug.
IMMEDIATE = "immediate"
EXTENDED = "extended"
RELEASES = (IMMEDIATE, EXTENDED)


class Verification(StrEnum):
    """How far a figure was checked. An ``unverified`` one decides no card on its own."""

    READ = "read"
    SECONDARY = "secondary-copy"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Source:
    """A publication that figures are cited to. ``url`` is absolute; ``read_at`` says which copy was read.

    ``short`` is how a card names it.
    """

    id: str
    title: str
    publisher: str
    year: str
    short: str
    url: str
    read_at: str
    verification: Verification


@dataclass(frozen=True, slots=True)
class Figure:
    """A published number or range, its unit, where it was printed, how far it was verified and when last reviewed.

    ``where`` is the table, recommendation or page in the source. ``bounds`` are the smallest and largest value that a
    site may set instead (None: not for a site to set).
    """

    low: Fraction
    high: Fraction
    unit: str
    source: str
    verification: Verification
    reviewed: date
    where: str = ""
    bounds: tuple[Fraction, Fraction] | None = None

    @property
    def value(self) -> Fraction:
        """The single value; a range has none.

        Raises:
            ValueError: the figure is a range.
        """
        if self.low != self.high:
            raise ValueError(f"a range has no single value: {self.low} to {self.high}")
        return self.low


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


class Per(StrEnum):
    """What a strength is stated for."""

    UNIT = "unit"
    MILLILITRE = "mL"
    HOUR = "h"
    ACTUATION = "actuation"
    GRAM = "g"


@dataclass(frozen=True, slots=True)
class Strength:
    """Milligrams of one agent per ``per``."""

    milligrams: Fraction
    per: Per


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An agent of ours in a product; ``strength`` None where only the agent is known."""

    agent: str
    strength: Strength | None


@dataclass(frozen=True, slots=True)
class ProductEntry:
    """A product as the code list has it: agents with strengths, form, route and release.

    ``route`` is one of the routes of ``forms.yaml``, None if the code says none; ``package_millilitres`` the volume of
    one countable unit (a 2 mL syringe) where the name says it. ``release`` is ``immediate`` or ``extended``.
    """

    code: str
    term_type: str
    name: str
    ingredients: tuple[Ingredient, ...]
    form: str | None
    route: str | None
    release: str
    package_millilitres: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A named choice of equivalence sources, in order: the first that has a figure for an agent gives it."""

    id: str
    name: str
    own: tuple[str, ...]
    fallback: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingPolicy:
    """What the site decides of one finding, and what the finding's page says.

    ``raises``: it may raise a card on its own, at most at ``severity``. ``parameters`` are its thresholds.
    """

    id: str
    title: str
    on: bool
    raises: bool
    severity: Severity
    parameters: Mapping[str, Figure]
    references: tuple[str, ...]
    page: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Concept:
    """A condition the findings ask for: its codes, names for entries that carry no code, and when it expires.

    ``prefixes`` are ICD-10-CM categories, without the dot, that every longer code belongs to. ``expires`` is the number
    of days after which an entry no longer counts (None: never). ``despite_remission``: it counts in remission, said so;
    ``remission_prefixes`` are the codes that say so themselves. ``except_names`` are longer names that hold one of
    ``names`` and mean something else; a name with `` + `` is said where each of its parts is. ``needs_date``: an entry
    without a date does not count. ``not_with``: an entry of one of these concepts is none of this one.
    """

    id: str
    name: str
    prefixes: tuple[str, ...]
    excluded_prefixes: tuple[str, ...]
    codes: frozenset[tuple[CodeSystem, str]]
    names: tuple[str, ...]
    expires: Figure | None
    despite_remission: bool
    unverified: frozenset[tuple[CodeSystem, str]] = frozenset()
    remission_prefixes: tuple[str, ...] = ()
    except_names: tuple[str, ...] = ()
    source: str = ""
    names_verified: bool = True
    needs_date: bool = False
    not_with: tuple[str, ...] = ()
