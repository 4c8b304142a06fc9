"""The lines of an assessment: each record of one of our agents, in the load, beside it, or not counted and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rules.numbers.quantity import DiazepamEquivalent, MicrogramsPerHour, MilligramsPerDay, MorphineEquivalent, Range

# What words of the instructions gave that stopped their reading.
NOT_UNDERSTOOD = "not understood"


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
    PLAN_NOT_REPORTED = "plan-not-reported"


class Certainty(StrEnum):
    """Whether an agent of the record is taken on a day, as far as the record tells; apart from whether it is counted.

    ``POSSIBLE``: it may still be taken. It adds nothing to the load, which is then incomplete, and a finding that holds
    only through it is met at most as information.
    """

    CERTAIN = "certain"
    POSSIBLE = "possible"
    NONE = "none"


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


class Basis(StrEnum):
    """What a dose was held against to see whether it is plausible."""

    LABELLED = "labelled-maximum"
    DAILY_DOSE = "defined-daily-dose"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An implausibly large dose: ``amount`` is more than ``at_most``, both in ``unit``.

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
class Evidence:
    """Words of the instructions, which begin at ``start`` of them (in characters), and what they ``gave``."""

    words: str
    start: int
    gave: str


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

    ``certainty``: whether the agent is taken all the same.
    ``read_from``, where the dose is what is missing: the words of ``sig`` that stopped the reading, or what they gave.
    ``until_now``: it counted until the discharge, or the order being written, that is judged here. ``requesters``: who
    ordered the copies of a duplicate, where several did.
    """

    source: str
    agent: str
    agent_class: str
    certainty: Certainty
    reason: NotCountedReason
    text: str
    standing: Standing = Standing.CURRENT
    product: str = ""
    sig: str = ""
    read_from: tuple[Evidence, ...] = ()
    until_now: bool = False
    requesters: tuple[str, ...] = ()

    @property
    def present(self) -> bool:
        """Whether the agent is taken, or may be."""
        return self.certainty is not Certainty.NONE

    @property
    def full_text(self) -> str:
        """The text, with the requesters of a duplicate."""
        return f"{self.text} ({', '.join(self.requesters)})" if self.requesters else self.text


class OpioidExclusion(StrEnum):
    """Why a present opioid adds no MME. The first three have none by their nature.

    ``NO_FACTOR``: the dose may be read, and the table in use has no factor for the agent.
    """

    PARTIAL_AGONIST = "partial-agonist"
    TREATMENT = "opioid-use-disorder-treatment"
    SINGLE_DOSE = "single-dose"
    DOSE_UNKNOWN = "dose-unknown"
    NO_FACTOR = "no-factor"
    NO_FACTOR_FOR_ROUTE = "no-factor-for-route"


@dataclass(frozen=True, slots=True)
class OpioidContribution:
    """One opioid order with its factor, and the MME a day that it comes to.

    ``permits``: the dose is the most that an as-needed order or a range permits.
    """

    source: str
    agent: str
    product: str
    standing: Standing
    daily_dose: MilligramsPerDay | MicrogramsPerHour
    factor: Fraction
    mme: MorphineEquivalent
    reference: str
    read_as: str = ""
    permits: bool = False


@dataclass(frozen=True, slots=True)
class OpioidExcluded:
    """A present opioid that adds no MME, and why.

    ``daily_dose`` is what was read, though it has no factor. ``older_factors`` are the least and the most that tables
    no longer in use hold it for, in MME a mg; None without one.
    """

    source: str
    agent: str
    standing: Standing
    reason: OpioidExclusion
    text: str
    daily_dose: MilligramsPerDay | MicrogramsPerHour | None = None
    older_factors: Range | None = None
