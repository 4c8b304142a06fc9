"""The values that facts of findings hold, beside names, numbers and dates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from rules.numbers.text import decimal_text

NOT_SUPPLIED, IN_PART = "not supplied", "supplied only in part"
NOT_READ, REST_NOT_READ = "could not be read this time", "the rest could not be read this time"
"""Why data are missing that were asked for where they stand: a failure of the moment, not what a client never sends."""
"""Why data is missing, where no more is of use to who reads a card: how it came to be is a matter of IT."""


class TaperSetting(StrEnum):
    """Where a taper is best supervised: a fact of ``taper-referral``."""

    INPATIENT = "specialist or inpatient care"
    SPECIALIST = "specialist care"
    ADDICTION_MEDICINE = "addiction medicine"
    PRIMARY_CARE = "pharmacist or primary care"


class Acting(StrEnum):
    """How long agents act, by their half-lives with active metabolites: a fact of ``abrupt-change``."""

    SHORT = "short"
    LONG = "long"


class TaperEvidence(StrEnum):
    """What shows that a taper is under way: a fact of ``taper-under-way``.

    ``STEP``: an order being written is a step of it. ``STATED``: an order states the steps to come. ``ORDERS``: the
    orders of the last weeks step down.
    """

    STEP = "step"
    STATED = "stated"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class StoppedDose:
    """What was taken of an agent in a day, in milligrams: a fact of ``abrupt-change``."""

    agent: str
    milligrams: Fraction

    def __str__(self) -> str:
        return f"{self.agent} {decimal_text(self.milligrams)} mg a day"


class AbruptChange(StrEnum):
    """How established use changes: the fact ``kind`` of ``abrupt-change``."""

    MISSING_AT_DISCHARGE = "missing-at-discharge"
    STOPS = "stops"
    STOPPED = "stopped"
    OUT_OF_SUPPLY = "out-of-supply"
    CUT = "cut"


class CountedBy(StrEnum):
    """By which classes CNS-active drugs are counted: a fact of ``concurrent-depressants``.

    ``HOUSE``: the depressants that are known here; no guideline that was read sets a number for them.
    """

    BEERS_2023 = "beers-2023"
    HOUSE = "benzo-cds-policy"


@dataclass(frozen=True, slots=True)
class ConditionOnRecord:
    """A condition that a finding rests on: a fact of the findings about hazards.

    Renderings without a wording of their own show it as ``name, in remission``. ``is_dependence``: the record says
    dependence, which is not told as a use disorder. ``may_be_prescribed``: it may come of a medicine taken as
    prescribed. ``words`` are those of the record on a use disorder or dependence, where they do not judge.
    """

    name: str
    in_remission: bool = False
    is_dependence: bool = False
    may_be_prescribed: bool = False
    words: str = ""

    def __str__(self) -> str:
        return f"{self.name}, in remission" if self.in_remission else self.name


@dataclass(frozen=True, slots=True)
class Prescribed:
    """Who ordered an agent, by name or else by reference: a fact where several prescribers order what is combined."""

    agent: str
    by: str
    is_named: bool = False

    def __str__(self) -> str:
        return f"{self.agent} by {self.by}"


@dataclass(frozen=True, slots=True)
class NotSupplied:
    """Data that the judgement asked for and did not get: a fact of ``incomplete-picture``.

    ``what`` is a prefetch key or another part of a request, ``why`` the reason in words. Renderings show both as
    ``what: why``.
    """

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"
