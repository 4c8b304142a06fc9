"""What the orders being written begin or increase, by the replacement reading."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from rules.findings.case.case import OXYBATE, Case
from rules.load.equivalence import in_load
from rules.load.opioid import PARTIAL_AGONIST, TREATMENT, morphine_of, treats_opioid_use_disorder
from rules.load.total import replacement_load
from rules.model import Setting
from rules.numbers.quantity import ONE, PERCENT, MicrogramsPerHour, MilligramsPerDay
from rules.reading.dosage.daily_dose import DailyDose
from rules.timeline.exposure import exposure
from rules.timeline.record import RecordEntry
from rules.timeline.replacement import names
from rules.timeline.view import View


def new_starts(case: Case, finding: str) -> tuple[RecordEntry, ...]:
    """Sedatives being ordered whose class was not taken in the finding's ``new_start_days``."""
    days = case.parameter(finding, "new_start_days")
    return tuple(
        entry
        for entry in case.drafts()
        if in_load(entry.agent) and entry.daily_use and _unused_for(case, entry.agent.agent_class.id, days)
    )


def removable(case: Case, finding: str) -> tuple[str, ...]:
    """Drafts that begin a class of depressants: what may be left unordered without stopping anything.

    Never a rescue product, an agent against seizures, or what is or may be treatment of opioid use disorder.
    """
    days = case.parameter(finding, "new_start_days")
    return tuple(
        dict.fromkeys(
            entry.source
            for entry in case.drafts()
            if entry.agent.agent_class.depressant
            and not entry.administration.rescue
            and not case.is_anti_seizure(entry.agent)
            and not _may_treat_opioid_use_disorder(case, entry)
            and not _replaces_its_class(case, entry)
            and _unused_for(case, entry.agent.agent_class.id, days)
        )
    )


def increases(case: Case) -> bool:
    """Whether the orders being written begin or increase exposure.

    One agent in place of another of its class, said or plausible, begins nothing; it increases exposure where the load
    rises by more than the tables' spread (``switch_percent``). More of an agent whose dose is not known is not told.
    """
    if case.ordered is None:
        return False
    before = {entry.agent.id for entry in _depressants(case.now)}
    added = [entry for entry in _depressants(case.ordered) if entry.regimen.draft and entry.agent.id not in before]
    switched = {draft for draft, _ in case.ordered.switches}
    instead = [entry for entry in added if entry.source in switched or _replaces_its_class(case, entry)]
    if len(instead) < len(added):
        return True
    unknown = {entry.agent.id for entry in (*_depressants(case.now), *_depressants(case.ordered)) if not _known(entry)}
    room = case.knowledge.policy.concurrency.switch_percent.value if any(in_load(e.agent) for e in instead) else 0
    table = case.knowledge.tables[case.knowledge.default_table]
    load = replacement_load(case.now, table, case.knowledge, without=unknown)
    if replacement_load(case.ordered, table, case.knowledge, without=unknown) > load * (ONE + room * PERCENT):
        return True
    if any(entry.agent.agent_class.opioid for entry in instead) and _morphine(case, case.ordered) > _morphine(
        case, case.now
    ):
        return True
    others = {entry.agent.id for entry in case.drafts() if _adds_by_itself(entry)}
    return any(_amount(case.ordered, agent) > _amount(case.now, agent) for agent in (others & before) - unknown)


def _depressants(view: View) -> tuple[RecordEntry, ...]:
    return tuple(
        entry for entry in view.present(replacement=True) if entry.agent.agent_class.depressant and entry.daily_use
    )


def _unused_for(case: Case, agent_class: str, days: Fraction) -> bool:
    """Whether nothing of the class was taken daily for so long; going home, what the ward gave is no such use."""
    if any(entry.agent.agent_class.id == agent_class and entry.daily_use for entry in case.now.present()):
        return False
    use = case.exposure(agent_class)
    if case.at_discharge:
        entries = [entry for entry in case.record.entries if entry.regimen.setting is not Setting.INPATIENT]
        use = exposure(entries, agent_class, case.earliest_record, case.knowledge.policy, case.on)
    return use is None or use.out_of_supply_days > days


def _replaces_its_class(case: Case, draft: RecordEntry) -> bool:
    """Whether a draft takes the place of an order in force of its class: it names it, or it is stopped too."""
    told = (draft, *case.stops())
    return any(
        entry.agent.agent_class.id == draft.agent.agent_class.id and any(names(each, entry) for each in told)
        for entry in case.now.present()
    )


def _may_treat_opioid_use_disorder(case: Case, entry: RecordEntry) -> bool:
    if treats_opioid_use_disorder(entry, case.conditions):
        return True
    return entry.agent.has(TREATMENT) and (entry.agent.has(PARTIAL_AGONIST) or not case.conditions_supplied)


def _counted(view: View) -> Iterable[RecordEntry]:
    return (place.entry for place in view.counted() if place.replacement)


def _morphine(case: Case, view: View) -> Fraction:
    amounts = (morphine_of(e, case.conditions) for e in _counted(view) if e.agent.agent_class.opioid)
    return sum((amount.used for amount in amounts if amount is not None), Fraction(0))


def _amount(view: View, agent: str) -> Fraction:
    """What is taken of an agent in a day."""
    amounts = (_dose(entry) for entry in _counted(view) if entry.agent.id == agent and entry.daily_use)
    return sum((amount.used for amount in amounts if amount is not None), Fraction(0))


def _adds_by_itself(entry: RecordEntry) -> bool:
    """Whether more of an agent outside the load is more of what a finding may warn of."""
    return entry.daily_use and (entry.agent.agent_class.opioid or entry.agent.agent_class.id == OXYBATE)


def _dose(entry: RecordEntry) -> MilligramsPerDay | MicrogramsPerHour | None:
    if not isinstance(entry.dose, DailyDose):
        return None
    return entry.dose.by_agent.get(entry.agent.id) or entry.dose.by_agent_hourly.get(entry.agent.id)


def _known(entry: RecordEntry) -> bool:
    return _dose(entry) is not None
