"""Other CNS depressants beside a benzodiazepine or Z-drug, and how many CNS-active drugs that makes."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import Considered, Met
from rules.assessment_facts import CountedBy
from rules.findings.case.case import Case
from rules.findings.case.present import (
    BENZODIAZEPINE,
    OXYBATE,
    Entries,
    agent_names,
    cns_active_of,
    depressants_of,
)

ID = "concurrent-depressants"
SEVERE = "severe-with-benzodiazepine"


def judge(case: Case) -> Met | Considered:
    """Met with at least one other depressant (opioids apart), or from the policy's count of CNS-active drugs on.

    It raises a card where the orders begin a depressant and make that count. From the policy's age on the drugs are
    counted by AGS Beers 2023, some of which are no depressants; below it, where no guideline sets a number, the
    depressants are.
    """
    # Oxybate has a finding of its own.
    others = [
        entry
        for entry in case.depressants
        if not entry.agent.agent_class.in_load
        and not entry.agent.agent_class.opioid
        and entry.agent.agent_class.id != OXYBATE
    ]
    counted = _counted(case, case.view.present)
    count, raising = len(agent_names(counted)), case.knowledge.findings[ID].parameters["cns_active_count"].value
    if not case.sedatives or not (others or count >= raising):
        one_present = bool(case.sedatives or others)
        return case.unmet(ID, only_daily_use_missing=bool(others), unidentified_could_complete=one_present)
    benzodiazepines = [entry for entry in case.sedatives if entry.agent.agent_class.id == BENZODIAZEPINE]
    new = _begun(case)
    facts = {
        "others": agent_names(others),
        "classes": tuple(sorted({entry.agent.agent_class.name for entry in others})),
        "new": new,
        "cns_active": agent_names(counted),
        "count": count,
        "counted": agent_names(entry for entry in counted if entry.agent.agent_class.counts_only),
        "counted_by": _counted_by(case),
        "threshold": raising,
        "severe": agent_names(entry for entry in others if benzodiazepines and entry.agent.has(SEVERE)),
        "benzodiazepines": agent_names(benzodiazepines),
        "labelled": agent_names(entry for entry in others if entry.agent.label_warning is not None),
    }
    return case.met(ID, facts, raises=bool(new) and _makes(case, raising))


def _counted_by(case: Case) -> CountedBy:
    is_older = case.age is not None and case.age.least >= case.knowledge.policy.age.older.value
    return CountedBy.BEERS_2023 if is_older else CountedBy.HOUSE


def _counted(case: Case, present: Entries) -> Entries:
    """The drugs that count at the patient's age."""
    return cns_active_of(present) if _counted_by(case) is CountedBy.BEERS_2023 else depressants_of(present)


def _begun(case: Case) -> tuple[str, ...]:
    """The depressants that count and that the orders begin, by name: none that is taken today."""
    taken = {entry.agent.id for entry in case.now.present if entry.daily_use}
    return agent_names(entry for entry in depressants_of(_counted(case, case.drafts)) if entry.agent.id not in taken)


def _makes(case: Case, raising: Fraction) -> bool:
    """Whether the orders raise the count to the policy's or beyond, by the replacement reading."""
    now, ordered = (_counted(case, view.present_if_replaced) for view in (case.now, case.view))
    before, after = len(agent_names(now)), len(agent_names(ordered))
    return after > before and after >= raising
