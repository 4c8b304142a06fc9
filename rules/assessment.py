"""What :func:`rules.assess` returns: the judgement with its whole working.

Cards, pages, screening rows and the audit are renderings of these types. Amounts are exact; a rendering rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from rules.evidence import Evidence, Instructed
from rules.knowledge.entries import Severity
from rules.quantity import DiazepamEquivalent, MicrogramsPerHour, MilligramsPerDay, MorphineEquivalent


class NotCountedReason(StrEnum):
    """Why a record of one of our agents adds nothing to the load. Some of them leave the agent present."""

    DOSE_UNKNOWN = "dose-unknown"
    PRODUCT_UNKNOWN = "product-unknown"
    LAPSED = "lapsed"
    NOT_YET_STARTED = "not-yet-started"
    NOT_ACTIVE = "not-active"
    ON_HOLD = "on-hold"
    DO_NOT_PERFORM = "do-not-perform"
    DUPLICATE = "duplicate"
    RENEWAL = "renewal"
    REPLACED = "replaced"
    NOT_A_DAILY_REGIMEN = "not-a-daily-regimen"
    WRONG_PATIENT = "wrong-patient"
    UNREADABLE = "unreadable"


class NotInLoadReason(StrEnum):
    """Why a present agent has no place in the diazepam-equivalent load."""

    NO_PUBLISHED_EQUIVALENCE = "no-published-equivalence"
    SUBSTITUTION_ONLY = "substitution-only"
    ROUTE_WITHOUT_EQUIVALENCE = "route-without-equivalence"
    RESCUE_PRODUCT = "rescue-product"


class Standing(StrEnum):
    """Whether a contribution is on record already or belongs to the orders being written."""

    CURRENT = "current"
    ORDERED = "ordered"


class Band(StrEnum):
    """ASAM 2025 withdrawal-risk band of a daily load."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Basis(StrEnum):
    """What a dose was held against to see whether it is plausible."""

    LABELLED = "labelled-maximum"
    DAILY_DOSE = "defined-daily-dose"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A dose as read that is beyond what anybody takes: ``amount`` is more than ``at_most`` ``unit``.

    ``agent`` is empty where it is the number of units of a whole product. ``text`` says it in plain words, with the
    figure it was held against, which is from ``source``.
    """

    agent: str
    text: str
    amount: Fraction
    unit: str
    at_most: Fraction
    basis: Basis
    source: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """One order's part in the load: what was read, how, and by which figure it was converted.

    ``read_from``: which words of ``sig`` gave what.
    """

    source: str
    requester: str | None
    standing: Standing
    agent: str
    agent_class: str
    product: str
    sig: str
    read_as: str
    daily_dose: MilligramsPerDay
    equivalent: DiazepamEquivalent
    reference: str
    assumptions: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    read_from: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class NotInLoad:
    """A present agent that is named beside the load and not converted into it."""

    source: str
    agent: str
    agent_class: str
    present: bool
    reason: NotInLoadReason
    standing: Standing
    product: str = ""
    sig: str = ""
    read_as: str = ""
    daily_dose: MilligramsPerDay | MicrogramsPerHour | None = None
    assumptions: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    read_from: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A record that adds nothing; ``agent`` is empty where the product is unknown.

    ``read_from``, where the dose is what is missing: the words of ``sig`` that stopped the reading, or what they gave.
    ``until_now``: it counted until the discharge, or the order being written, that is judged here.
    """

    source: str
    agent: str
    agent_class: str
    present: bool
    reason: NotCountedReason
    text: str
    standing: Standing = Standing.CURRENT
    product: str = ""
    instructions: Instructed | None = field(default=None, repr=False)
    read_from: tuple[Evidence, ...] = ()
    until_now: bool = False

    @property
    def sig(self) -> str:
        """The words of the instructions."""
        return "" if self.instructions is None else self.instructions.sig


@dataclass(frozen=True, slots=True)
class TableTotal:
    """The load by one table; ``fallback``: agents whose figure is from its fallbacks, ``missing``: without any."""

    used: Fraction | None
    band: Band | None
    fallback: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Substitution:
    """The load of agents that have only withdrawal-substitution figures, kept apart from the load."""

    used: Fraction
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """A total in mg/d diazepam-equivalent. ``used`` None: nothing readable. ``high`` None: not complete.

    ``if_replaced``: the known part, were every newer order to replace the earlier one of its agent.
    """

    used: Fraction | None
    low: Fraction
    high: Fraction | None
    complete: bool
    band: Band | None
    components: Mapping[str, Fraction]
    substitution: Substitution
    by_table: Mapping[str, TableTotal]
    if_replaced: Fraction = Fraction(0)

    @property
    def band_is_minimum(self) -> bool:
        """Whether the true band may be higher than the one given."""
        return not self.complete


@dataclass(frozen=True, slots=True)
class OpioidContribution:
    """One opioid order with its factor."""

    source: str
    agent: str
    product: str
    standing: Standing
    daily_dose: MilligramsPerDay | MicrogramsPerHour
    factor: Fraction
    mme: MorphineEquivalent
    reference: str
    read_as: str = ""


@dataclass(frozen=True, slots=True)
class OpioidExcluded:
    """A present opioid that adds no MME, and why."""

    source: str
    agent: str
    standing: Standing
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class OpioidLoad:
    """The opioid axis, with the orders being written included."""

    present: bool
    used: Fraction | None
    low: Fraction
    high: Fraction | None
    complete: bool
    contributions: tuple[OpioidContribution, ...]
    excluded: tuple[OpioidExcluded, ...]


class Pattern(StrEnum):
    """How steadily something is used."""

    CONTINUOUS = "continuous"
    INTERMITTENT = "intermittent"


@dataclass(frozen=True, slots=True)
class Exposure:
    """The stretch of use that reaches the day judged: ``days`` elapsed since it began; ``at_least`` if it may have
    begun earlier."""

    since: date
    days: int
    at_least: bool
    pattern: Pattern
    until: date
    out_of_supply_days: int = 0


@dataclass(frozen=True, slots=True)
class Met:
    """The finding holds. ``facts`` are the values its wording needs, keyed in lower case."""

    id: str
    severity: Severity
    raises: bool
    title: str
    facts: Mapping[str, object] = field(default_factory=dict)
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Considered:
    """A finding that is not met: ``not-met``, ``exempt`` (by what) or ``not-judged`` (why)."""

    id: str
    result: str
    why: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole judgement on one day.

    ``new_starts`` are the sources of drafts that begin something: no renewal, dose change, possible switch, treatment
    of opioid use disorder or anti-seizure agent. ``increases``: the orders being written begin or increase exposure.
    ``concepts``: the conditions on record that findings ask for.
    """

    knowledge_version: str
    table: str
    on: date
    reference: str | None
    age: int | None
    load: Load
    with_order: Load | None
    contributions: tuple[Contribution, ...]
    not_in_load: tuple[NotInLoad, ...]
    not_counted: tuple[NotCounted, ...]
    opioid: OpioidLoad
    exposure: Mapping[str, Exposure | None]
    findings: tuple[Met, ...]
    considered: tuple[Considered, ...]
    not_relevant: int
    new_starts: tuple[str, ...] = ()
    concepts: frozenset[str] = frozenset()
    increases: bool = False

    @property
    def lines(self) -> tuple[Contribution | NotInLoad | NotCounted, ...]:
        """Every record of one of our agents, wherever it stands."""
        return (*self.contributions, *self.not_in_load, *self.not_counted)
