"""The record as the rules read it: every regimen with its product, daily dose, route and window, agent by agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from rules.assessment_lines import NotCountedReason, Standing
from rules.knowledge.agent import Agent
from rules.knowledge.knowledge import Knowledge
from rules.knowledge.policy import ConcurrencyPolicy
from rules.model import Medication, Patient, RecordKind, Regimen
from rules.numbers.quantity import DiazepamEquivalent, MilligramsPerDay
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.reading.dosage.route import Administration, administration_of
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.resolve import resolve
from rules.timeline.instructions import Instructions
from rules.timeline.window import Coverage, Window, first_day, window_of

_STOPPING = frozenset({"stopped", "cancelled", "ended"})
_OVER = frozenset({"completed", "stopped", "cancelled", "ended", "draft", "not-taken", "intended", "declined"})
_DISPENSE_NEVER_LEFT = frozenset({"cancelled", "declined", "stopped", "preparation", "unfulfilled", "not-done"})
_NOT_AN_ORDER = frozenset({"proposal", "option"})
_NOT_COVERED = {
    Coverage.LAPSED: NotCountedReason.LAPSED,
    Coverage.NOT_YET_STARTED: NotCountedReason.NOT_YET_STARTED,
}


@dataclass(frozen=True, slots=True, eq=False)
class RecordEntry:
    """One agent of one regimen; ``companions`` are the other agents of its product.

    ``equivalents`` is where :mod:`rules.load.total` notes what it has converted by a table, once for all who ask.
    """

    regimen: Regimen
    product: Product
    agent: Agent
    instructions: Instructions
    administration: Administration
    companions: tuple[Agent, ...] = ()
    equivalents: dict[str, DiazepamEquivalent | None] = field(default_factory=dict, repr=False)

    @property
    def source(self) -> str:
        """The resource it was read from."""
        return self.regimen.source

    @property
    def dose(self) -> DailyDose | NoDailyDose:
        """What is taken in a day, or why that cannot be said."""
        return self.instructions.dose

    @property
    def start(self) -> date | None:
        """The first day it covers, None where it has no date."""
        return self.instructions.start

    @property
    def window(self) -> Window:
        """The days that it covers."""
        return self.instructions.window

    @property
    def single(self) -> bool:
        """Whether it is a single or procedural dose, and so no daily use."""
        return isinstance(self.dose, NoDailyDose) and self.dose.single

    @property
    def daily_use(self) -> bool:
        """Whether it is something taken day by day, known dose or not: no single dose and no rescue product."""
        return not (self.single or self.administration.rescue)

    @property
    def milligrams(self) -> MilligramsPerDay | None:
        """The agent's milligrams a day, None where they are not known (or it is a patch)."""
        return self.dose.by_agent.get(self.agent.id) if isinstance(self.dose, DailyDose) else None

    @property
    def dose_is_partial(self) -> bool:
        """Whether more may be taken than was read."""
        return isinstance(self.dose, DailyDose) and self.dose.partly_read

    @property
    def standing(self) -> Standing:
        """On record, or among the orders being written."""
        return Standing.ORDERED if self.regimen.draft else Standing.CURRENT

    @property
    def order(self) -> tuple[bool, date, str, str]:
        """Record before drafts, older before newer, then by name: the same in whatever order records were sent."""
        return (self.regimen.draft, self.start or date.min, self.regimen.source, self.agent.id)


@dataclass(frozen=True, slots=True)
class UnidentifiedProduct:
    """A regimen whose product could not be told."""

    regimen: Regimen
    product: UnknownProduct
    window: Window

    def absence(self, on: date, policy: ConcurrencyPolicy) -> NotCountedReason | None:
        """Why it is not in force on the day, None if it is: what it holds is then unknown."""
        reason = exclusion(self.regimen)
        if reason is not None or self.regimen.draft:
            return reason
        return _NOT_COVERED.get(self.window.coverage(on, policy))


@dataclass(frozen=True, slots=True)
class MedicationRecord:
    """All that was read: entries of our agents, nameless products, and how many medications are not relevant."""

    entries: tuple[RecordEntry, ...]
    unidentified: tuple[UnidentifiedProduct, ...]
    not_relevant: int

    def in_doubt(self, on: date, policy: ConcurrencyPolicy, *, drafts: bool) -> bool:
        """Whether a product that could not be told is in force on the day, or (with ``drafts``) being ordered."""
        return any(
            item.absence(on, policy) is None and (drafts or not item.regimen.draft) for item in self.unidentified
        )


def read_record(patient: Patient, knowledge: Knowledge, on: date) -> MedicationRecord:
    """Read every regimen of the patient: product, dose on the day, route, window."""
    entries: list[RecordEntry] = []
    unidentified: list[UnidentifiedProduct] = []
    not_relevant = 0
    products: dict[Medication, Product | UnknownProduct | NotRelevant] = {}
    for regimen in sorted(patient.regimens, key=lambda regimen: (regimen.draft, regimen.source)):
        if regimen.medication not in products:
            products[regimen.medication] = resolve(regimen.medication, knowledge)
        product = products[regimen.medication]
        if isinstance(product, NotRelevant):
            not_relevant += 1
        elif isinstance(product, UnknownProduct):
            unidentified.append(
                UnidentifiedProduct(regimen, product, window_of(regimen, first_day(regimen), lambda: None))
            )
        else:
            read = list(_entries(regimen, product, knowledge, on))
            entries.extend(read)
            not_relevant += not read
    drafts = {e.source: e.regimen for e in entries if e.regimen.draft and exclusion(e.regimen) is None}
    kept = [entry for entry in entries if not _is_unsigned(entry, drafts.get(entry.source), on)]
    return MedicationRecord(tuple(sorted(kept, key=lambda entry: entry.order)), tuple(unidentified), not_relevant)


def _is_unsigned(entry: RecordEntry, draft: Regimen | None, on: date) -> bool:
    """Whether an entry on record is a draft itself, which the record holds already although nobody has signed it.

    It has the draft's id and was written today; without a date it says the same as the draft. An earlier order of the
    draft's id is what the draft changes.
    """
    regimen = entry.regimen
    if draft is None or regimen.draft or exclusion(regimen) is not None:
        return False
    written = regimen.authored_on or entry.start
    return written >= on if written is not None else regimen.dosages == draft.dosages


def _entries(regimen: Regimen, product: Product, knowledge: Knowledge, on: date) -> Iterable[RecordEntry]:
    administration = administration_of(regimen, product, knowledge)
    if not administration.exposes:
        return
    instructions = Instructions(regimen, product, knowledge, on)
    agents = [knowledge.agents[name] for name in dict.fromkeys(part.agent for part in product.ingredients)]
    for agent in agents:
        companions = tuple(other for other in agents if other is not agent)
        yield RecordEntry(regimen, product, agent, instructions, administration, companions)


def is_stopping(regimen: Regimen) -> bool:
    """Whether a draft stops an order rather than writing one: a stop, or an instruction not to give it any more."""
    if not regimen.draft or regimen.another_patient or regimen.intent in _NOT_AN_ORDER:
        return False
    return regimen.status in _STOPPING or (regimen.do_not_perform and regimen.status != "entered-in-error")


def exclusion(regimen: Regimen, *, historic: bool = False) -> NotCountedReason | None:
    """Why a record can not count whatever its dates, None if it can.

    ``historic`` asks whether it may have counted on an earlier day: an order that is over or on hold now may have.
    """
    if regimen.another_patient:
        return NotCountedReason.WRONG_PATIENT
    if regimen.do_not_perform:
        return NotCountedReason.DO_NOT_PERFORM
    if regimen.status == "entered-in-error" or regimen.taken is False or regimen.status == "not-taken":
        return NotCountedReason.NOT_ACTIVE
    planned = regimen.intent == "plan" and not (regimen.reported or regimen.draft)
    if planned or regimen.intent in _NOT_AN_ORDER:
        return NotCountedReason.NOT_ACTIVE
    if regimen.kind is RecordKind.DISPENSE:
        return NotCountedReason.NOT_ACTIVE if regimen.status in _DISPENSE_NEVER_LEFT else None
    if regimen.draft:
        return NotCountedReason.NOT_ACTIVE if regimen.status in _STOPPING else None
    if historic:
        return NotCountedReason.NOT_ACTIVE if regimen.status in {"cancelled", "draft", "intended"} else None
    if regimen.status == "on-hold":
        return NotCountedReason.ON_HOLD
    return NotCountedReason.NOT_ACTIVE if regimen.status in _OVER else None
