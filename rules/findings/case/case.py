"""The case a finding judges: the record on the day, with and without the orders being written, and what is known.

A finding asks the case; it does not look at resources, windows or dates itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from rules.assessment import Considered, Exposure, Load, Met, OpioidLoad, Pattern, Severity
from rules.findings.case.conditions import PresentCondition
from rules.knowledge.agent import Agent
from rules.knowledge.knowledge import Knowledge
from rules.load.equivalence import in_load
from rules.load.total import converted
from rules.model import Patient
from rules.timeline.exposure import exposure
from rules.timeline.record import MedicationRecord, RecordEntry, is_stopping
from rules.timeline.view import View

# The class whose sudden stop endangers: thresholds of change are judged on its load alone.
BENZODIAZEPINE = "benzodiazepine"
OXYBATE = "oxybate"
ORDERS = "medicationRequests"
DRAFTS = frozenset({"draftOrders", "medications"})
ANTI_SEIZURE = "anti-seizure"
PRESUMED_ANTI_SEIZURE = "presumed-anti-seizure"
SEIZURE_DISORDER = "seizure-disorder"
ACUTE_ALCOHOL_WITHDRAWAL = "alcohol-withdrawal"

BY_ANTI_SEIZURE = "anti-seizure-treatment"
BY_RESCUE = "rescue-product"
BY_SINGLE_DOSE = "single-dose"
BY_ALCOHOL_WITHDRAWAL = "acute-alcohol-withdrawal"
UNIDENTIFIED = "a medication on record could not be identified"
UNREADABLE = "a record of a medication could not be read"
ORDERS_NOT_SUPPLIED = "the patient's orders were not supplied in full"
CONDITIONS_NOT_SUPPLIED = "the patient's conditions were not supplied"


@dataclass(frozen=True, slots=True)
class Age:
    """Age in completed years on the day, as a range where the birth date is known in part."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a finding may ask. ``ordered`` and ``load_ordered`` are None where no order is being written.

    ``look_back`` makes the record as it was some days ago; ``everything_read`` is false where records were unreadable.
    """

    patient: Patient
    knowledge: Knowledge
    on: date
    age: Age | None
    record: MedicationRecord
    now: View
    ordered: View | None
    look_back: Callable[[], View]
    load_now: Load
    load_ordered: Load | None
    opioid: OpioidLoad
    conditions: Mapping[str, PresentCondition]
    past_conditions: Mapping[str, PresentCondition]
    earliest_record: date | None
    at_discharge: bool = False
    _uses: dict[tuple[str, frozenset[str]], Exposure | None] = field(default_factory=dict, compare=False)
    _earlier: list[View] = field(default_factory=list, compare=False)
    _kinds: dict[tuple[Callable[[RecordEntry], bool], bool], tuple[RecordEntry, ...]] = field(
        default_factory=dict, compare=False
    )

    @property
    def view(self) -> View:
        """The record with the orders being written, if any are."""
        return self.ordered or self.now

    @property
    def earlier(self) -> View:
        """The record as it was some days ago, made when it is first asked for."""
        if not self._earlier:
            self._earlier.append(self.look_back())
        return self._earlier[0]

    @property
    def load(self) -> Load:
        """The load of :attr:`view`."""
        return self.load_ordered or self.load_now

    def parameter(self, finding: str, key: str) -> Fraction:
        """A threshold of a finding, in the unit the policy gives it."""
        return self.knowledge.findings[finding].parameters[key].value

    # -- who is present ------------------------------------------------------------------------------------------

    def sedatives(self, *, replacement: bool = False) -> tuple[RecordEntry, ...]:
        """Present entries of the classes the load is the sum of, rescue products and single doses left out."""
        return self._among(_is_sedative, replacement)

    def opioids(self, *, replacement: bool = False) -> tuple[RecordEntry, ...]:
        """Present opioid entries, single and procedural doses left out."""
        return self._among(_is_opioid, replacement)

    def depressants(self, *, replacement: bool = False) -> tuple[RecordEntry, ...]:
        """Every present CNS-active entry, rescue products and single doses left out."""
        return self._among(_is_depressant, replacement)

    def _among(self, of_kind: Callable[[RecordEntry], bool], replacement: bool) -> tuple[RecordEntry, ...]:
        """The present entries of a kind, sought once for all findings."""
        key = (of_kind, replacement)
        if key not in self._kinds:
            self._kinds[key] = tuple(filter(of_kind, self.view.present(replacement=replacement)))
        return self._kinds[key]

    def why_no_daily_use(self) -> str | None:
        """Why the sedatives that are present are no daily use: by which exemption; None if there are none such."""
        for entry in self.view.present():
            if in_load(entry.agent):
                if entry.administration.rescue:
                    return BY_RESCUE
                if entry.single:
                    return BY_SINGLE_DOSE
        return None

    def why_unidentified(self) -> str | None:
        """Why a further medication may be present that nobody could see; None if everything was sent and read."""
        if self.record.in_doubt(self.view.situation.on, self.knowledge.policy.concurrency, drafts=True):
            return UNIDENTIFIED
        if any(item.medication for item in self.patient.unread):
            return UNREADABLE
        return ORDERS_NOT_SUPPLIED if any(what == ORDERS for what, _ in self.patient.missing) else None

    @property
    def unidentified_in_force(self) -> int:
        """How many products in force could not be told."""
        policy = self.knowledge.policy.concurrency
        return sum(item.absence(self.on, policy) is None for item in self.record.unidentified)

    def dose_unknown_in(self, view: View) -> bool:
        """Whether the load of the benzodiazepines that are present is not known in full, so that no change of it is."""
        tables = self.knowledge.tables.values()
        return any(
            entry.dose_is_partial or any(converted(entry, table, self.knowledge) is None for table in tables)
            for entry in view.present(replacement=True)
            if entry.agent.agent_class.id == BENZODIAZEPINE and entry.daily_use
        )

    # -- what the orders change ----------------------------------------------------------------------------------

    def drafts(self) -> tuple[RecordEntry, ...]:
        """Entries of the orders being written that give something (renewals included, stops not)."""
        present = self.ordered.present() if self.ordered is not None else ()
        return tuple(entry for entry in present if entry.regimen.draft)

    def stops(self) -> tuple[RecordEntry, ...]:
        """Entries of the orders being written that stop an order."""
        return tuple(entry for entry in self.record.entries if is_stopping(entry.regimen))

    # -- use over time -------------------------------------------------------------------------------------------

    def exposure(self, agent_class: str, without: frozenset[str] = frozenset()) -> Exposure | None:
        """The use of a class on record, ``without`` some agents."""
        key = (agent_class, without)
        if key not in self._uses:
            entries = (entry for entry in self.record.entries if entry.agent.id not in without)
            self._uses[key] = exposure(entries, agent_class, self.earliest_record, self.knowledge.policy, self.on)
        return self._uses[key]

    def longest_use(self, without: frozenset[str] = frozenset()) -> Exposure | None:
        """The longest continuous use among the classes the load is the sum of; else the longest of any pattern."""
        uses = [
            use
            for name, agent_class in self.knowledge.classes.items()
            if agent_class.in_load and (use := self.exposure(name, without)) is not None
        ]
        return max(uses, key=lambda use: (use.pattern is Pattern.CONTINUOUS, use.days), default=None)

    def still_supplied(self, use: Exposure) -> bool:
        """Whether the use rests on an order in force, not on one that has lapsed."""
        return use.out_of_supply_days <= self.knowledge.policy.concurrency.grace_days.value

    # -- exemptions ----------------------------------------------------------------------------------------------

    def is_anti_seizure(self, agent: Agent) -> bool:
        """Whether the agent is taken against seizures: with a seizure disorder on record, or presumed so."""
        if agent.has(PRESUMED_ANTI_SEIZURE):
            return True
        return agent.has(ANTI_SEIZURE) and self.exempted_by(SEIZURE_DISORDER)

    def exempted_by(self, concept: str) -> bool:
        """Whether a condition that excuses from a finding is on record; one of an unverified code excuses from none."""
        return concept in self.conditions and not self.conditions[concept].unverified

    def anti_seizure_agents(self) -> frozenset[str]:
        """The agents on record or ordered that are taken against seizures."""
        return frozenset(entry.agent.id for entry in self.record.entries if self.is_anti_seizure(entry.agent))

    @property
    def conditions_supplied(self) -> bool:
        """Whether the problem list was there to be read."""
        return all(what != "conditions" for what, _ in self.patient.missing)

    # -- results -------------------------------------------------------------------------------------------------

    def met(
        self, finding: str, facts: Mapping[str, object], *, severity: Severity | None = None, raises: bool | None = None
    ) -> Met:
        """The finding holds; ``severity`` at most the policy's ceiling, ``raises`` only where the policy lets it."""
        policy = self.knowledge.findings[finding]
        order = tuple(Severity)
        wanted = Severity.INFO if severity is None else severity
        if policy.severity is Severity.CRITICAL and wanted is Severity.WARNING:
            wanted = Severity.CRITICAL
        return Met(
            id=finding,
            severity=min(wanted, policy.severity, key=order.index),
            raises=policy.raises and (raises is None or raises),
            title=policy.title,
            facts=facts,
            references=policy.references,
        )


def _is_sedative(entry: RecordEntry) -> bool:
    return in_load(entry.agent) and entry.daily_use


def _is_opioid(entry: RecordEntry) -> bool:
    return entry.agent.agent_class.opioid and not entry.single


def _is_depressant(entry: RecordEntry) -> bool:
    return entry.agent.agent_class.depressant and entry.daily_use


def not_met(finding: str) -> Considered:
    """The finding was judged and does not hold."""
    return Considered(finding, "not-met")


def not_judged(finding: str, why: str) -> Considered:
    """The finding could not be judged, and why."""
    return Considered(finding, "not-judged", why=why)


def exempt(finding: str, by: str) -> Considered:
    """The finding does not apply, and by what."""
    return Considered(finding, "exempt", by=by)


def names(entries: Iterable[RecordEntry]) -> tuple[str, ...]:
    """The agents' names, each once, in order."""
    return tuple(sorted({entry.agent.name for entry in entries}))
