"""The record as the rules read it: every regimen with its product, daily dose, route and window, agent by agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rules.assessment import NotCountedReason, Standing
from rules.daily_dose import DailyDose, NoDailyDose, read_dose
from rules.knowledge import Knowledge
from rules.knowledge.entries import Agent
from rules.model import Kind, Patient, Regimen
from rules.product import NotRelevant, Product, UnknownProduct, resolve
from rules.route import Way, way_of
from rules.window import Window, window_of

_STOPPING = frozenset({"stopped", "cancelled", "ended"})
_OVER = frozenset({"completed", "stopped", "cancelled", "ended", "draft", "not-taken", "intended", "declined"})
_DISPENSE_NEVER_LEFT = frozenset({"cancelled", "declined", "stopped", "preparation", "unfulfilled", "not-done"})
_NOT_AN_ORDER = frozenset({"proposal", "option"})


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One agent of one regimen; ``companions`` are the other agents of its product."""

    regimen: Regimen
    product: Product
    agent: Agent
    dose: DailyDose | NoDailyDose
    way: Way
    window: Window
    companions: tuple[Agent, ...] = ()

    @property
    def source(self) -> str:
        """The resource it was read from."""
        return self.regimen.source

    @property
    def single(self) -> bool:
        """Whether it is a single or procedural dose, and so no daily use."""
        return isinstance(self.dose, NoDailyDose) and self.dose.single

    @property
    def standing(self) -> Standing:
        """On record, or among the orders being written."""
        return Standing.ORDERED if self.regimen.draft else Standing.CURRENT

    @property
    def order(self) -> tuple[bool, date, str, str]:
        """Record before drafts, older before newer, then by name: the same in whatever order records were sent."""
        return (self.regimen.draft, self.window.start or date.min, self.regimen.source, self.agent.id)


@dataclass(frozen=True, slots=True)
class Nameless:
    """A regimen whose product could not be told."""

    regimen: Regimen
    product: UnknownProduct


@dataclass(frozen=True, slots=True)
class Record:
    """All that was read: entries of our agents, nameless products, and how many medications are not relevant."""

    entries: tuple[Entry, ...]
    nameless: tuple[Nameless, ...]
    not_relevant: int


def read_record(patient: Patient, knowledge: Knowledge, on: date) -> Record:
    """Read every regimen of the patient: product, dose on the day, route, window."""
    entries: list[Entry] = []
    nameless: list[Nameless] = []
    not_relevant = 0
    for regimen in sorted(patient.regimens, key=lambda regimen: (regimen.draft, regimen.source)):
        product = resolve(regimen.medication, knowledge)
        if isinstance(product, NotRelevant):
            not_relevant += 1
        elif isinstance(product, UnknownProduct):
            nameless.append(Nameless(regimen, product))
        else:
            read = list(_entries(regimen, product, knowledge, on))
            entries.extend(read)
            not_relevant += not read
    return Record(tuple(sorted(entries, key=lambda entry: entry.order)), tuple(nameless), not_relevant)


def _entries(regimen: Regimen, product: Product, knowledge: Knowledge, on: date) -> Iterable[Entry]:
    way = way_of(regimen, product, knowledge)
    if not way.exposes:
        return
    default_start = on if regimen.draft else None
    dose = read_dose(regimen, product, knowledge, on)
    window = window_of(regimen, dose, default_start)
    if regimen.draft and window.start is not None and window.start > on:
        dose = read_dose(regimen, product, knowledge, window.start)
    agents = [knowledge.agents[name] for name in dict.fromkeys(part.agent for part in product.ingredients)]
    for agent in agents:
        companions = tuple(other for other in agents if other is not agent)
        yield Entry(regimen, product, agent, dose, way, window, companions)


def is_stopping(regimen: Regimen) -> bool:
    """Whether a draft stops an order rather than writing one."""
    return regimen.draft and regimen.status in _STOPPING


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
    if regimen.intent in _NOT_AN_ORDER or (regimen.intent == "plan" and not regimen.reported):
        return NotCountedReason.NOT_ACTIVE
    if regimen.kind is Kind.DISPENSE:
        return NotCountedReason.NOT_ACTIVE if regimen.status in _DISPENSE_NEVER_LEFT else None
    if regimen.draft:
        return NotCountedReason.NOT_ACTIVE if regimen.status in _STOPPING else None
    if historic:
        return NotCountedReason.NOT_ACTIVE if regimen.status in {"cancelled", "draft", "intended"} else None
    if regimen.status == "on-hold":
        return NotCountedReason.ON_HOLD
    return NotCountedReason.NOT_ACTIVE if regimen.status in _OVER else None
