"""The case that a finding judges: the record on the day, with and without the orders being written, and what is known.

A finding asks the case; it does not look at resources, windows or dates itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from rules.assessment import Considered, Exposure, Load, Met, OpioidLoad, Pattern, Severity, Taper
from rules.assessment_facts import Prescribed
from rules.findings.case.age import Age, is_believed
from rules.findings.case.conditions import PatientCondition
from rules.findings.case.indications import Indications
from rules.findings.case.present import (
    Entries,
    benzodiazepines_of,
    cns_active_of,
    depressants_of,
    opioids_of,
    prescribed_by,
    sedatives_of,
)
from rules.findings.case.results import (
    BIRTH_DATE_TO_COME,
    BY_RESCUE,
    BY_SINGLE_DOSE,
    NO_BIRTH_DATE,
    exempt,
    not_judged,
    not_met,
)
from rules.findings.case.unknowns import Unknowns
from rules.knowledge.figure import Table
from rules.knowledge.knowledge import Knowledge
from rules.load.equivalence import EquivalentsOf
from rules.load.total import replacement_load
from rules.model import Patient
from rules.numbers.memo import LazyValues, lazy
from rules.timeline.exposure import exposure
from rules.timeline.record import MedicationRecord, RecordEntry
from rules.timeline.status import is_stopping
from rules.timeline.view import View


@dataclass(frozen=True, slots=True)
class Case(LazyValues):
    """Everything that a finding may ask.

    ``ordered``, ``load_ordered`` and ``opioid_ordered`` are None where no order is being written. ``look_back`` gives
    the record as it was so many days ago, ``look_back_at_sedatives`` those of it that the load is the sum of, in less
    time; ``taper_of`` the taper of a case. ``equivalents_of`` gives an entry's load by every table. ``exempting`` are
    those of the ``conditions`` that may exempt from a finding or soften it.
    ``condition_entries`` is every entry that the patient has or ever had, ``standing_conditions`` those that stand.
    """

    patient: Patient
    knowledge: Knowledge
    on: date
    age: Age | None
    record: MedicationRecord
    now: View
    ordered: View | None
    look_back: Callable[[int], View]
    look_back_at_sedatives: Callable[[int], View]
    equivalents_of: EquivalentsOf
    load_now: Load
    load_ordered: Load | None
    opioid_now: OpioidLoad
    opioid_ordered: OpioidLoad | None
    conditions: Mapping[str, PatientCondition]
    condition_history: Mapping[str, PatientCondition]
    exempting: frozenset[str]
    condition_entries: tuple[PatientCondition, ...]
    standing_conditions: tuple[PatientCondition, ...]
    earliest_record: date | None
    taper_of: Callable[[Case], Taper | None]
    at_discharge: bool = False

    @lazy
    def view(self) -> View:
        """The record with the orders being written, if any are."""
        return self.ordered or self.now

    @lazy
    def load(self) -> Load:
        """The load of :attr:`view`."""
        return self.load_ordered or self.load_now

    @lazy
    def opioid(self) -> OpioidLoad:
        """The opioids of :attr:`view`."""
        return self.opioid_ordered or self.opioid_now

    @lazy
    def default_table(self) -> Table:
        """The table that the load is worked out by."""
        return self.knowledge.tables[self.knowledge.default_table]

    def replacement_load(
        self,
        view: View,
        table: Table | None = None,
        *,
        agent_class: str | None = None,
        without: Collection[str] = frozenset(),
    ) -> Fraction:
        """The load of a view's replacement reading (mg/d diazepam-equivalent), by the default table unless given.

        Of one class if ``agent_class`` names it; ``without`` some agents.
        """
        return replacement_load(
            view.counted,
            table or self.default_table,
            self.equivalents_of,
            self.knowledge,
            agent_class=agent_class,
            without=without,
        )

    @lazy
    def may_be_taken(self) -> Entries:
        """The CNS depressants of :attr:`view` that may still be taken and do not count."""
        return depressants_of(self.view.possible)

    @lazy
    def widened(self) -> Case:
        """The case as it is if all that may still be taken is taken."""
        return replace(
            self,
            now=replace(self.now, widened=True),
            ordered=replace(self.ordered, widened=True) if self.ordered is not None else None,
        )

    def without(self, entries: frozenset[RecordEntry]) -> Case:
        """The case as it is without some entries."""
        return replace(
            self,
            now=replace(self.now, left_out=entries),
            ordered=replace(self.ordered, left_out=entries) if self.ordered is not None else None,
        )

    @lazy
    def why_no_age(self) -> str:
        """Why :attr:`age` is None."""
        return NO_BIRTH_DATE if is_believed(self.patient, self.on) else BIRTH_DATE_TO_COME

    # -- who is present ------------------------------------------------------------------------------------------

    @lazy
    def sedatives(self) -> Entries:
        """Present entries of the classes that the load is the sum of, rescue products and single doses left out."""
        return sedatives_of(self.view.present)

    @lazy
    def sedatives_if_replaced(self) -> Entries:
        """The same, in the replacement reading."""
        return sedatives_of(self.view.present_if_replaced)

    @lazy
    def opioids(self) -> Entries:
        """Present opioid entries, single and procedural doses left out."""
        return opioids_of(self.view.present)

    @lazy
    def opioids_if_replaced(self) -> Entries:
        """The same, in the replacement reading."""
        return opioids_of(self.view.present_if_replaced)

    @lazy
    def depressants(self) -> Entries:
        """Every present CNS depressant, rescue products and single doses left out."""
        return depressants_of(self.view.present)

    def prescribed_by(self, entries: Iterable[RecordEntry]) -> tuple[Prescribed, ...]:
        """Who ordered which of the entries that count, where several prescribers did; copies and renewals left out."""
        counted = {presence.entry for presence in self.view.counted}
        return prescribed_by(entry for entry in entries if entry in counted)

    @lazy
    def cns_active(self) -> Entries:
        """Every present entry that the criterion for older adults counts, those that only count among them."""
        return cns_active_of(self.view.present)

    def has_unknown_dose(self, view: View) -> bool:
        """Whether the load of the benzodiazepines present is not known in full, so that its change is not known."""
        tables = self.knowledge.tables
        return any(
            entry.dose_is_partial or len(self.equivalents_of(entry)) < len(tables)
            for entry in benzodiazepines_of(view.present_if_replaced)
        )

    # -- what the orders change ----------------------------------------------------------------------------------

    @lazy
    def drafts(self) -> Entries:
        """Entries of the orders being written that give something (renewals included, stops not)."""
        present = self.ordered.present if self.ordered is not None else ()
        return tuple(entry for entry in present if entry.regimen.draft)

    @lazy
    def stops(self) -> Entries:
        """Entries of the orders being written that stop an order."""
        return tuple(entry for entry in self.record.entries if is_stopping(entry.regimen))

    @lazy
    def taper(self) -> Taper | None:
        """The taper that is under way, or that the orders being written continue; None where there is none."""
        return self.taper_of(self)

    # -- use over time -------------------------------------------------------------------------------------------

    def exposure(self, entries: Iterable[RecordEntry], agent_class: str) -> Exposure | None:
        """The use of a class by some entries of the record."""
        return exposure(entries, agent_class, self.earliest_record, self.knowledge.policy, self.on)

    @lazy
    def uses(self) -> Mapping[str, Exposure | None]:
        """The use on record of each class that the load is the sum of, by the class's id."""
        return self._uses_by(self.record.entries)

    @lazy
    def longest_use(self) -> Exposure | None:
        """The longest continuous use of one of these classes; else the longest of any pattern."""
        return _longest(self.uses)

    @lazy
    def longest_use_without_anti_seizure(self) -> Exposure | None:
        """The same, of agents that are not taken against seizures."""
        treated = self.indications.anti_seizure_agents
        if not treated:
            return self.longest_use
        return _longest(self._uses_by([entry for entry in self.record.entries if entry.agent.id not in treated]))

    def _uses_by(self, entries: Collection[RecordEntry]) -> Mapping[str, Exposure | None]:
        classes = self.knowledge.classes.items()
        return {name: self.exposure(entries, name) for name, agent_class in classes if agent_class.in_load}

    def within_grace(self, use: Exposure) -> bool:
        """Whether the use rests on an order that is in force or in its days of grace, not on one that has lapsed."""
        return use.out_of_supply_days <= self.knowledge.policy.concurrency.grace_days.value

    @lazy
    def of_late(self) -> View:
        """The record now; where the supply of the sedatives ended some days ago and is not yet called out of supply, as
        it was on its last day: an order that follows then begins nothing."""
        use, days = self.longest_use, self.knowledge.policy.concurrency.out_of_supply_days.value
        if use is None or sedatives_of(self.now.present) or not 0 < use.out_of_supply_days <= days:
            return self.now
        return self.look_back(use.out_of_supply_days)

    # -- what orders are for -------------------------------------------------------------------------------------

    @lazy
    def indications(self) -> Indications:
        """What the orders on record and being written are for."""
        return Indications(
            self.knowledge,
            self.record.entries,
            self.view.present,
            self.on,
            frozenset(self.conditions),
            self.exempting,
            self.unknowns.why_conditions_unknown is not None,
        )

    @lazy
    def monitored(self) -> frozenset[RecordEntry]:
        """The depressants that are given by vein or as an infusion where the patient is watched: during a stay, or
        where nothing is said of the setting."""
        return frozenset(
            entry
            for entry in depressants_of(self.view.present)
            if entry.administration.by_vein and (entry.of_stay or entry.regimen.setting is None)
        )

    # -- what is not known ---------------------------------------------------------------------------------------

    @lazy
    def unknowns(self) -> Unknowns:
        """What was not identified, not read or not supplied."""
        policy = self.knowledge.policy.concurrency
        return Unknowns(self.patient, self.record, policy, self.on, self.view.viewpoint.on)

    @lazy
    def why_no_daily_use(self) -> str | None:
        """By which exemption the sedatives that are present are no daily use; None if there are none such."""
        for entry in self.view.present:
            if entry.agent.agent_class.in_load:
                if entry.administration.rescue:
                    return BY_RESCUE
                if entry.single:
                    return BY_SINGLE_DOSE
        return None

    # -- results -------------------------------------------------------------------------------------------------

    def unmet(self, finding: str, *, only_daily_use_missing: bool, unidentified_could_complete: bool) -> Considered:
        """The result of a finding that needs a sedative in daily use, where not everything that it needs is present.

        Args:
            finding: its id.
            only_daily_use_missing: everything but the daily use is present: the finding is exempt where a sedative is
                present as a rescue product or a single dose.
            unidentified_could_complete: a further medication could complete it: the finding is not judged where one may
                be present that was not identified, read or sent.
        """
        if only_daily_use_missing and self.why_no_daily_use is not None:
            return exempt(finding, self.why_no_daily_use)
        if unidentified_could_complete and self.unknowns.why_unidentified is not None:
            return not_judged(finding, self.unknowns.why_unidentified)
        return not_met(finding)

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


def _longest(uses: Mapping[str, Exposure | None]) -> Exposure | None:
    return max(
        (use for use in uses.values() if use is not None),
        key=lambda use: (use.pattern is Pattern.CONTINUOUS, use.days),
        default=None,
    )
