"""Entries of the record by the kinds that findings ask for: sedatives, opioids, depressants, benzodiazepines."""

from __future__ import annotations

from collections.abc import Iterable

from rules.assessment_facts import Prescribed
from rules.knowledge.agent import Counted
from rules.timeline.record import RecordEntry

# The class whose sudden stop endangers: thresholds of change are judged on its load alone.
BENZODIAZEPINE = "benzodiazepine"
OXYBATE = "oxybate"
GABAPENTINOID = "gabapentinoid"

Entries = tuple[RecordEntry, ...]


def sedatives_of(entries: Iterable[RecordEntry]) -> Entries:
    """Those of the classes that the load is the sum of, rescue products and single doses left out."""
    return tuple(entry for entry in entries if entry.agent.agent_class.in_load and entry.daily_use)


def opioids_of(entries: Iterable[RecordEntry]) -> Entries:
    """The opioids, single and procedural doses left out."""
    return tuple(entry for entry in entries if entry.agent.agent_class.opioid and not entry.single)


def depressants_of(entries: Iterable[RecordEntry]) -> Entries:
    """The CNS depressants, rescue products and single doses left out."""
    return tuple(entry for entry in entries if entry.agent.agent_class.depressant and entry.daily_use)


def cns_active_of(entries: Iterable[RecordEntry], counted: Counted = Counted.YES) -> Entries:
    """Those that the criterion for older adults counts as CNS-active drugs (or does not, or does not settle).

    Depressants or not; rescue products and single doses left out. Several entries of one agent are one drug.
    """
    return tuple(entry for entry in entries if entry.agent.cns_active.counted is counted and entry.daily_use)


def benzodiazepines_of(entries: Iterable[RecordEntry]) -> Entries:
    """The benzodiazepines, rescue products and single doses left out."""
    return tuple(entry for entry in entries if entry.agent.agent_class.id == BENZODIAZEPINE and entry.daily_use)


def agent_names(entries: Iterable[RecordEntry]) -> tuple[str, ...]:
    """The agents' names, each once, in order."""
    return tuple(sorted({entry.agent.name for entry in entries}))


def prescribed_by(entries: Iterable[RecordEntry]) -> tuple[Prescribed, ...]:
    """Who ordered which agent, by agent and name; nothing where all that is known is of one prescriber."""
    orders = [entry for entry in entries if entry.regimen.requester is not None]
    names = {entry.regimen.requester: entry.regimen.requester_name for entry in orders if entry.regimen.requester_name}
    known = {(entry.agent.name, entry.regimen.requester or "") for entry in orders}
    if len({requester for _, requester in known}) <= 1:
        return ()
    return tuple(
        Prescribed(agent, names.get(requester) or requester, is_named=requester in names)
        for agent, requester in sorted(known)
    )
