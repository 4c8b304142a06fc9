"""Reads the medication record of a patient: every regimen with its product and route, its dose when it is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from rules.knowledge.agent import Agent
from rules.knowledge.knowledge import Knowledge
from rules.model import Medication, Patient, RecordKind, Regimen
from rules.numbers.memo import LazyValues, lazy
from rules.reading.condition.purpose import purposes_of
from rules.reading.dosage.daily_dose import Administration, DailyDose, NoDailyDose
from rules.reading.dosage.reconcile import remembered_daily_dose
from rules.reading.dosage.route import administration_of, reaches_brain
from rules.reading.dosage.text import words_of
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.purpose import purposes_of_product
from rules.reading.product.resolve import resolve
from rules.timeline.course import course_of
from rules.timeline.record import MedicationRecord, RecordEntry, UnidentifiedProduct
from rules.timeline.window import Course, first_day, window_of


def read_record(patient: Patient, knowledge: Knowledge, on: date) -> MedicationRecord:
    """Read every regimen of the patient. ``on`` is the day judged.

    An order on record that is one of the drafts, not signed yet, is left out.
    """
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
            course = course_of(regimen, None, knowledge)
            window = window_of(regimen, first_day(regimen, on), course, lambda: None, on)
            unidentified.append(UnidentifiedProduct(regimen, product, window))
        else:
            read = list(_entries(regimen, product, knowledge, on))
            entries.extend(read)
            # What only counts in older adults is otherwise as any other drug.
            not_relevant += all(entry.agent.agent_class.counts_only for entry in read)
    drafts: dict[tuple[str, str], Regimen] = {
        (entry.source, entry.agent.id): entry.regimen
        for entry in entries
        if entry.regimen.draft and entry.exclusion is None
    }
    signed = [entry for entry in _in_context(entries) if not _is_unsigned(entry, drafts, on)]
    signed.sort(key=lambda entry: entry.order)
    return MedicationRecord(tuple(signed), tuple(unidentified), not_relevant)


def _in_context(entries: list[RecordEntry]) -> Iterator[RecordEntry]:
    """The entries, each with what other records tell of it: its latest dispense, and whether it is a step of a plan.

    The steps of a plan begin one after another; orders of one day may have one identifier because one hand wrote them.
    """
    fills: dict[tuple[str, str], list[RecordEntry]] = defaultdict(list)
    steps: dict[tuple[str | None, str], set[date | None]] = defaultdict(set)
    for entry in entries:
        regimen = entry.regimen
        if regimen.kind is RecordKind.DISPENSE and entry.start is not None and entry.exclusion is None:
            for order in regimen.references or ("",):
                fills[entry.agent.id, order].append(entry)
        elif regimen.plan is not None and not regimen.draft:
            steps[regimen.plan, entry.agent.id].add(entry.start)
    for entry in entries:
        agent, regimen = entry.agent.id, entry.regimen
        of_order = (*fills.get((agent, entry.source), ()), *fills.get((agent, ""), ()))
        days = [fill.start for fill in of_order if fill.start is not None]
        planned = regimen.kind is RecordKind.REQUEST and len(steps[regimen.plan, agent]) > 1
        if regimen.kind is RecordKind.REQUEST and (days or planned):
            yield replace(entry, dispensed=max(days, default=None), fills=of_order, planned=planned)
        else:
            yield entry


def _is_unsigned(entry: RecordEntry, drafts: Mapping[tuple[str, str], Regimen], on: date) -> bool:
    """Whether an entry on record is the draft itself, which the EHR stored before anybody signed it.

    It has the draft's id and an agent of it, and was written today, or has no date and the draft's dosage. The draft
    changes an earlier order with its id.
    """
    regimen = entry.regimen
    draft = next(
        (drafts[entry.source, agent] for agent in sorted(entry.agents) if (entry.source, agent) in drafts), None
    )
    if draft is None or regimen.draft or entry.exclusion is not None:
        return False
    written = regimen.authored_on or entry.start
    return written >= on if written is not None else regimen.dosages == draft.dosages


@dataclass(frozen=True, slots=True, eq=False)
class _RegimenReading(LazyValues):
    """What a regimen says of its product, each part read once, when it is first asked for."""

    regimen: Regimen
    product: Product
    knowledge: Knowledge
    _doses: dict[date, DailyDose | NoDailyDose] = field(default_factory=dict)

    def dose_on(self, day: date) -> DailyDose | NoDailyDose:
        """The dose of a day."""
        if day not in self._doses:
            dose = remembered_daily_dose(self.regimen, self.product, self.knowledge, day)
            assumed = tuple(self._course.assumptions(dose))
            self._doses[day] = replace(dose, assumptions=(*dose.assumptions, *assumed)) if assumed else dose
        return self._doses[day]

    def administered(self) -> Administration:
        """How it is given."""
        return self._administration

    def course_of(self) -> Course:
        """How long it lasts."""
        return self._course

    def purposes_of(self, agent: Agent, route: str) -> frozenset[str]:
        """What an agent of it is for."""
        return self._purposes | purposes_of_product(self.regimen.medication, self.product, agent, route)

    @lazy
    def _administration(self) -> Administration:
        return administration_of(self.regimen, self.product, self.knowledge)

    @lazy
    def _course(self) -> Course:
        return course_of(self.regimen, self.product, self.knowledge)

    @lazy
    def _purposes(self) -> frozenset[str]:
        return purposes_of(self.regimen.reasons, words_of(self.regimen.dosages), self.knowledge)


def _entries(regimen: Regimen, product: Product, knowledge: Knowledge, on: date) -> Iterator[RecordEntry]:
    """An entry for each agent of the product; none where the agents do not reach the brain (a skin cream)."""
    if not reaches_brain(product, knowledge):
        return
    start = first_day(regimen, on) or (on if regimen.draft else None)
    reading = _RegimenReading(regimen, product, knowledge)
    agents = [knowledge.agents[name] for name in dict.fromkeys(part.agent for part in product.ingredients)]
    for agent in (*agents, *(knowledge.agents[name] for name in product.also_holds)):
        companions = tuple(other for other in agents if other is not agent) if agent in agents else ()
        yield RecordEntry(
            regimen,
            product,
            agent,
            companions,
            reading.administered,
            on,
            start,
            reading.dose_on,
            reading.course_of,
            partial(reading.purposes_of, agent),
        )
