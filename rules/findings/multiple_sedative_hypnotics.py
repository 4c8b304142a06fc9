"""Two or more benzodiazepines or Z-drugs together, or one that two prescribers order side by side."""

from __future__ import annotations

from collections import defaultdict

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case
from rules.findings.case.present import Entries, agent_names, sedatives_of
from rules.timeline.record import RecordEntry
from rules.timeline.renewals import of_two_prescribers
from rules.timeline.replacement import INPATIENT_DOSE_UNKNOWN

ID = "multiple-sedative-hypnotics"


def judge(case: Case) -> Met | Considered:
    """Met with two different agents present; by the additive reading alone (a switch under way) it is at most info.

    One agent of two prescribers is information as well, and raises a card where the order adds it.
    """
    together = agent_names(case.sedatives)
    doubled = _of_two_prescribers(case)
    if len(together) <= 1 and not doubled:
        return case.unmet(ID, only_daily_use_missing=bool(together), unidentified_could_complete=bool(together))
    additive_only = len(agent_names(case.sedatives_if_replaced)) <= 1
    facts = {
        "agents": together,
        "only_if_both_continue": additive_only,
        "switches": case.view.switches,
        "two_prescribers": agent_names(doubled),
        # Beside an opioid the finding on it tells who prescribed which.
        "prescribed_by": () if case.opioids else case.prescribed_by(case.sedatives),
    }
    raises = len(together) > 1 or any(entry.regimen.draft for entry in doubled)
    return case.met(ID, facts, severity=Severity.INFO if additive_only else Severity.WARNING, raises=raises)


def _of_two_prescribers(case: Case) -> Entries:
    """The orders of one agent that two prescribers wrote and that are in force together, not one after the other."""
    by_agent: dict[str, list[RecordEntry]] = defaultdict(list)
    # Of home and ward one gives way to the other, whatever its dose.
    counted = [each for each in case.view.counted if INPATIENT_DOSE_UNKNOWN not in each.assumptions]
    for entry in sedatives_of(presence.entry for presence in counted):
        by_agent[entry.agent.id].append(entry)
    policy = case.knowledge.policy.concurrency
    return tuple(entry for orders in by_agent.values() for entry in of_two_prescribers(orders, policy))
