"""What :func:`rules.assess` returns: the judgement with its whole working.

Cards, pages, screening rows and the audit are renderings of these types. Amounts are exact; a rendering rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from rules.assessment_facts import TaperEvidence
from rules.assessment_lines import Contribution, NotCounted, NotInLoad, OpioidContribution, OpioidExcluded


class Severity(StrEnum):
    """How loud a finding may be; the words are CDS Hooks' indicators."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Band(StrEnum):
    """ASAM 2025 withdrawal-risk band of a daily load."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class TableTotal:
    """The load by one table, in mg/d diazepam-equivalent; ``used`` None where no dose could be read.

    ``fallback`` are the agents whose figure is from the table's fallbacks, ``missing`` those without any.
    """

    used: Fraction | None
    band: Band | None
    fallback: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Substitution:
    """What agents with only withdrawal-substitution figures come to (mg/d diazepam-equivalent), apart from the load."""

    used: Fraction
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """A total in mg/d diazepam-equivalent. ``used`` is None where no dose could be read, ``high`` where not complete.

    ``if_replaced``: the known part, were every newer order to replace the earlier one of its agent. ``components`` are
    the parts by class, ``by_table`` the totals by table. ``permits``: a part of it is the most that an as-needed order
    or a range permits, so that the total is "up to".
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
    permits: bool = False

    @property
    def band_is_minimum(self) -> bool:
        """Whether the true band may be higher than ``band``."""
        return not self.complete


@dataclass(frozen=True, slots=True)
class TableRise:
    """How much the load rises by a table that is not the default (mg/d diazepam-equivalent), in the replacement
    reading."""

    table: str
    before: Fraction
    after: Fraction


@dataclass(frozen=True, slots=True)
class RiseAhead:
    """What an order rises to at most by its steps of the days to come: mg a day of an agent, and what that comes to by
    the default table (mg/d diazepam-equivalent) or in MME a day; None where it has none."""

    source: str
    agent: str
    milligrams: Fraction
    equivalent: Fraction | None
    mme: Fraction | None


@dataclass(frozen=True, slots=True)
class OpioidLoad:
    """The present opioids in MME a day.

    ``used`` is None where no MME could be worked out, ``high`` where not complete. ``permits``: a part of it is the
    most that an as-needed order or a range permits.
    """

    present: bool
    used: Fraction | None
    low: Fraction
    high: Fraction | None
    complete: bool
    contributions: tuple[OpioidContribution, ...]
    excluded: tuple[OpioidExcluded, ...]
    permits: bool = False


class Pattern(StrEnum):
    """How steadily something is used."""

    CONTINUOUS = "continuous"
    INTERMITTENT = "intermittent"


@dataclass(frozen=True, slots=True)
class Exposure:
    """The latest episode of use of a class of agents.

    ``days`` are those from ``since`` to the day judged, or to its last day ``until`` where that is longer ago than the
    policy's grace; ``at_least``: it may have begun earlier. ``out_of_supply_days`` are those since ``until`` (0: it
    reaches the day judged).
    """

    since: date
    days: int
    at_least: bool
    pattern: Pattern
    until: date
    out_of_supply_days: int = 0


@dataclass(frozen=True, slots=True)
class Taper:
    """A taper that is under way.

    ``before`` and ``after`` are loads by the default table (mg/d diazepam-equivalent): of steps that are stated, that
    of now and the last; else the largest that it came from, and that of now or with the orders being written.
    ``percent`` is the last fall, or of stated steps all of it.
    """

    evidence: TaperEvidence
    before: Fraction
    after: Fraction
    percent: Fraction


@dataclass(frozen=True, slots=True)
class Met:
    """The finding holds. ``facts`` are the values its wording needs; ``raises``: it may raise a card on its own."""

    id: str
    severity: Severity
    raises: bool
    title: str
    facts: Mapping[str, object] = field(default_factory=dict)
    references: tuple[str, ...] = ()


class Result(StrEnum):
    """What became of a finding that does not hold."""

    NOT_MET = "not-met"
    EXEMPT = "exempt"
    NOT_JUDGED = "not-judged"


@dataclass(frozen=True, slots=True)
class Considered:
    """A finding that does not hold. ``by`` is what exempts from it, ``why`` is why it could not be judged."""

    id: str
    result: Result
    why: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole judgement on one day.

    ``new_starts`` are the sources of drafts that begin something: no renewal, dose change, possible switch, treatment
    of opioid use disorder or anti-seizure agent. ``opioid`` is with the orders being written, ``opioid_before`` without
    them; None where none are. ``rises_elsewhere``: the tables by which a change of agent, about equal by the default
    one, raises the load; ``rises_ahead``: the orders whose dose rises at a later step, which counts by its first.
    ``increases``: the orders being written begin or increase exposure;
    ``treats_alcohol_withdrawal``: one of them treats acute alcohol withdrawal.
    ``taken_over``: the sources of orders on record that one takes over, so that to end them leaves no gap and no cut.
    ``lengths``: for how many days each depressant being ordered is, refills included, by its source.
    ``lacks_reversal``: an opioid is taken outside a stay, or will be, without an overdose reversal medicine on record.
    ``longer_indications``: the ids of the recognised reasons for longer use that all benzodiazepines are given for.
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
    begun: tuple[str, ...] = ()
    new_starts: tuple[str, ...] = ()
    concepts: frozenset[str] = frozenset()
    increases: bool = False
    treats_alcohol_withdrawal: bool = False
    taken_over: frozenset[str] = frozenset()
    lengths: tuple[tuple[str, int | None], ...] = ()
    lacks_reversal: bool = False
    longer_indications: tuple[str, ...] = ()
    opioid_before: OpioidLoad | None = None
    rises_elsewhere: tuple[TableRise, ...] = ()
    rises_ahead: tuple[RiseAhead, ...] = ()

    @property
    def lines(self) -> tuple[Contribution | NotInLoad | NotCounted, ...]:
        """Every record of one of our agents, wherever it stands."""
        return (*self.contributions, *self.not_in_load, *self.not_counted)
