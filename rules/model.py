"""What is known of a patient, in neutral terms: the input of :func:`rules.assess`.

A reader (the FHIR reader, a table of stories) fills these types; nothing here knows FHIR. Every field that a source may
leave out is optional, and what is absent stays ``None`` or empty: the rules decide what absence means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.numbers.memo import HashedOnce, hashed_once


class CodeSystem(StrEnum):
    """The code systems that the knowledge base knows; a code in any other system carries only its display."""

    RXNORM = "rxnorm"
    SNOMED = "snomed"
    ATC = "atc"
    NDC = "ndc"
    ICD10CM = "icd-10-cm"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of a known system (``system`` is None for any other), with its display as sent."""

    system: CodeSystem | None
    code: str | None
    display: str | None = None


@hashed_once
@dataclass(frozen=True, slots=True)
class Quantity(HashedOnce):
    """A number with its unit as sent: ``unit`` the words, ``code`` the coded unit where there is one."""

    value: Fraction
    unit: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class IngredientEntry:
    """An ingredient of a medication that the source lists itself; ``strength`` per ``per`` of the product."""

    codings: tuple[Coding, ...]
    text: str | None = None
    strength: Quantity | None = None
    per: Quantity | None = None


@hashed_once
@dataclass(frozen=True, slots=True)
class Medication(HashedOnce):
    """What was ordered, as named by the source: codings first, then free text, then its own list of ingredients."""

    codings: tuple[Coding, ...] = ()
    text: str | None = None
    ingredients: tuple[IngredientEntry, ...] = ()
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A range of days, either end of which may be unknown; both ends belong to it."""

    start: date | None = None
    end: date | None = None


NO_PERIOD = Period()
"""A period of which neither end is known."""


@hashed_once
@dataclass(frozen=True, slots=True)
class Timing(HashedOnce):
    """When a dose is taken: FHIR's ``Timing`` with its names kept, numbers exact, ``bounds`` split in two."""

    frequency: Fraction | None = None
    frequency_max: Fraction | None = None
    period: Fraction | None = None
    period_max: Fraction | None = None
    period_unit: str | None = None
    when: tuple[str, ...] = ()
    time_of_day: tuple[str, ...] = ()
    day_of_week: tuple[str, ...] = ()
    count: Fraction | None = None
    count_max: Fraction | None = None
    duration: Fraction | None = None
    duration_unit: str | None = None
    bounds: Period = NO_PERIOD
    bounds_days: Fraction | None = None
    bounds_days_max: Fraction | None = None
    events: tuple[date, ...] = ()
    code: str | None = None
    code_text: str | None = None


@dataclass(frozen=True, slots=True)
class DoseEntry:
    """One stated dose: a quantity or a range, or a rate (infusion, inhaled gas). ``kind`` is how the source calls it
    (``ordered``, ``calculated``, ``admin-amount`` ...)."""

    kind: str | None = None
    low: Quantity | None = None
    high: Quantity | None = None
    is_rate: bool = False


@dataclass(frozen=True, slots=True)
class MaximumDose:
    """A written upper limit: ``amount`` per ``period_days`` days; ``period_stated``: its source says for how long."""

    amount: Quantity
    period_days: Fraction
    period_stated: bool = True


class _Dated(HashedOnce):
    """Remembers the line without dates that a dated line was made of: its hash is worked out already."""

    __slots__ = ("_undated",)

    if TYPE_CHECKING:
        _undated: Dosage


@hashed_once
@dataclass(frozen=True, slots=True)
class Dosage(_Dated):
    """One line of dosing instructions. ``sequence`` numbers that are equal run together, increasing ones follow.

    ``maximum`` are upper limits over a time, ``single_maximum`` the most for one administration. ``instructions`` are
    what the source says in words beside the text: to the patient, and additional ones. ``text_too_long``: a text was
    sent that is longer than what is read.
    """

    text: str | None = None
    sequence: int | None = None
    doses: tuple[DoseEntry, ...] = ()
    timing: Timing | None = None
    as_needed: bool = False
    as_needed_for: str | None = None
    maximum: tuple[MaximumDose, ...] = ()
    single_maximum: Quantity | None = None
    route: str | None = None
    route_codes: tuple[Coding, ...] = ()
    instructions: tuple[str, ...] = ()
    text_too_long: bool = False

    def within(self, bounds: Period) -> Dosage:
        """The line for a period; it must have no dates yet."""
        dated = self.replaced(timing=(self.timing or Timing()).replaced(bounds=bounds))
        object.__setattr__(dated, "_undated", self)
        return dated

    @property
    def undated(self) -> Dosage:
        """The line without the days that it is for."""
        if self.timing is None or self.timing.bounds == NO_PERIOD:
            return self
        try:
            return self._undated
        except AttributeError:
            return self.replaced(timing=self.timing.replaced(bounds=NO_PERIOD))


@hashed_once
@dataclass(frozen=True, slots=True)
class Supply(HashedOnce):
    """What is or was dispensed: ``quantity`` units that last ``days`` days, and again ``repeats`` times."""

    quantity: Quantity | None = None
    days: Fraction | None = None
    repeats: Fraction = Fraction(0)


class RecordKind(StrEnum):
    """The kind of a medication record."""

    REQUEST = "request"
    STATEMENT = "statement"
    DISPENSE = "dispense"


class Setting(StrEnum):
    """Where an order is meant to be carried out."""

    INPATIENT = "inpatient"
    DISCHARGE = "discharge"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a medication is said to be for: codes and words, its own or those of the condition that it refers to."""

    codings: tuple[Coding, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Regimen:
    """One record of a medication: an order, a dispense, or somebody's statement.

    ``draft`` marks the orders being written now. ``status`` and ``intent`` keep FHIR's R4 words in lower case (empty:
    not given). ``requester`` refers to who ordered it, ``requester_name`` is how the source calls them. ``ended`` is
    the day on which it was stopped or put on hold, where the record has it. ``asserted_on`` is the day on which
    somebody reported a statement. ``of_open_encounter``: it was ordered in the stay or visit that the call is about,
    and that goes on. ``plan`` names the plan that an order belongs to (a CarePlan, or the identifier of a group of
    orders). ``prior`` is the order that it names as its predecessor; ``references`` are the orders this record itself
    rests on (``basedOn``, ``authorizingPrescription``), all by their ``source``. ``reasons`` are what it is said to be
    for, apart from the words of its dosage. ``notes`` are the codes of what the reader had to assume.
    """

    source: str
    medication: Medication
    kind: RecordKind = RecordKind.REQUEST
    draft: bool = False
    status: str = ""
    intent: str = ""
    do_not_perform: bool = False
    reported: bool = False
    taken: bool | None = None
    another_patient: bool = False
    requester: str | None = None
    setting: Setting | None = None
    dosages: tuple[Dosage, ...] = ()
    authored_on: date | None = None
    asserted_on: date | None = None
    validity: Period = NO_PERIOD
    effective: Period = NO_PERIOD
    ended: date | None = None
    supply: Supply | None = None
    prior: str | None = None
    references: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    of_open_encounter: bool = False
    plan: str | None = None
    reasons: tuple[Reason, ...] = ()
    requester_name: str | None = None


@dataclass(frozen=True, slots=True)
class ConditionEntry:
    """One entry of a problem list, a diagnosis or a coded circumstance; statuses are FHIR's codes, empty if absent.

    ``abated``: it says that it ended, with a day or without. ``of_visit``: it is the diagnosis of a visit (True) or
    stands on the problem list (False). ``remarks`` are the notes on it. ``in_doubt``: not all that was sent of it
    could be read, or it was sent in versions that differ, and nothing says which is the newer.
    """

    source: str
    codings: tuple[Coding, ...] = ()
    text: str | None = None
    clinical_status: str = ""
    verification_status: str = ""
    onset: date | None = None
    abatement: date | None = None
    abated: bool = False
    recorded: date | None = None
    of_visit: bool | None = None
    remarks: tuple[str, ...] = ()
    in_doubt: bool = False
    another_patient: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that was sent and could not be read: where it stood, and why; ``medication`` if it may hold a drug,
    ``condition`` if a condition, ``draft`` if it was among the orders being written, ``of_discharge`` if it is an order
    to go home with."""

    source: str
    why: str
    medication: bool = True
    condition: bool = False
    draft: bool = False
    of_discharge: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything a judgement may rest on.

    ``born`` is the earliest and latest birth date that the record allows (a year alone spans twelve months); None if
    unknown. ``missing`` names data that was asked for and not supplied or supplied in part, as ``(what, why)`` pairs.
    """

    reference: str | None = None
    born: tuple[date, date] | None = None
    sex: str | None = None
    regimens: tuple[Regimen, ...] = ()
    conditions: tuple[ConditionEntry, ...] = ()
    unread: tuple[Unread, ...] = ()
    missing: tuple[tuple[str, str], ...] = field(default=())
