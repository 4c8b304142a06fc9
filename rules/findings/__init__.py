"""The findings: one judgement a module, its file name the finding's id. They are found by listing this folder.

Each module has ``judge(case)``, which answers with :class:`rules.assessment.Met` or with
:class:`rules.assessment.Considered` (not met, exempt, or not judged and why).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case
from rules.findings.case.change import increases
from rules.findings.case.exemptions import exemption_from
from rules.findings.case.present import agent_names
from rules.findings.case.results import (
    BIRTH_DATE_IN_PART,
    ORDERS_NOT_SUPPLIED,
    TURNED_OFF,
    UNDER_AGE,
    exempt,
    not_judged,
)
from rules.findings.case.taper import has_begun, has_new_condition

__all__ = ["JUDGES", "NOT_SOFTENED_BY_SWITCH", "ONLY_IF_TAKEN", "judge_all"]

Judge = Callable[[Case], Met | Considered]

JUDGES: Mapping[str, Judge] = {
    module.name.replace("_", "-"): import_module(f"{__name__}.{module.name}").judge
    for module in sorted(iter_modules(__path__), key=lambda module: module.name)
    if not module.ispkg
}
# The fact of a finding that holds only if these agents, which may still be taken, are.
ONLY_IF_TAKEN = "only_if_taken"

# What a possible switch of agent does not soften: both may be taken until the earlier order is ended.
NOT_SOFTENED_BY_SWITCH = frozenset(
    {"concurrent-opioid", "older-adult", "respiratory-disease", "gabapentinoid-breathing"}
)

# What is of several sedatives together.
OF_SEVERAL = frozenset({"multiple-sedative-hypnotics"})

# What they say rests on earlier use: whether a drug is new, for how long it was taken, how much of it.
RESTING_ON_HISTORY = frozenset(
    (
        *("high-potency", "long-term-use", "interdose-withdrawal", "dose-escalation", "abrupt-change"),
        *("taper-under-way", "taper-referral"),
    )
)


def judge_all(case: Case) -> tuple[tuple[Met, ...], tuple[Considered, ...]]:
    """Every finding's result: those met, most severe first, and the others in the order of their ids."""
    met: list[Met] = []
    considered: list[Considered] = []
    adult = case.knowledge.policy.age.adult.value
    if case.age is None:
        considered.append(not_judged(UNDER_AGE, case.why_no_age))
    elif case.age.least < adult <= case.age.most:
        considered.append(not_judged(UNDER_AGE, BIRTH_DATE_IN_PART))
    exemption = _exemption(case)
    for finding, judge in JUDGES.items():
        if not case.knowledge.findings[finding].on:
            considered.append(not_judged(finding, TURNED_OFF))
        elif exemption is not None:
            considered.append(exempt(finding, exemption))
        elif finding in RESTING_ON_HISTORY and not case.unknowns.history_supplied:
            considered.append(not_judged(finding, ORDERS_NOT_SUPPLIED))
        else:
            result = _judged(judge, case)
            by = exemption_from(case, finding, partial(_holds, judge)) if isinstance(result, Met) else None
            if by is not None:
                considered.append(exempt(finding, by))
            elif isinstance(result, Met):
                met.append(result)
            else:
                considered.append(result)
    if case.taper is not None and _hides_nothing(met, case):
        met = [replace(found, raises=False) if _is_quiet(found, case) else found for found in met]
    severities = tuple(reversed(Severity))
    met.sort(key=lambda found: (severities.index(found.severity), not found.raises, found.id))
    return tuple(met), tuple(considered)


def _holds(judge: Judge, case: Case) -> bool:
    return isinstance(_judged(judge, case), Met)


def _judged(judge: Judge, case: Case) -> Met | Considered:
    """The result of a finding; one that holds only if what may still be taken is taken is met as information."""
    result = judge(case)
    if isinstance(result, Met) or not case.may_be_taken:
        return result
    possibly = judge(case.widened)
    if not isinstance(possibly, Met):
        return result
    may_be_taken = agent_names(case.may_be_taken)
    named = {name for names in possibly.facts.values() if isinstance(names, tuple) for name in names}
    facts = {**possibly.facts, ONLY_IF_TAKEN: tuple(name for name in may_be_taken if name in named) or may_be_taken}
    return replace(possibly, severity=Severity.INFO, facts=facts)


def _is_quiet(found: Met, case: Case) -> bool:
    """Whether a finding raises no card beside a taper on pace: one of the use and the load that the taper ends.

    None beside an order that is no step of it, nor where the sedatives are of several prescribers, or one is new.
    """
    if not case.knowledge.findings[found.id].quiet_in_taper:
        return False
    ordered = (entry.agent.agent_class for entry in case.drafts)
    if any(each.depressant and not each.in_load for each in ordered) or increases(case):
        return False
    return found.id not in OF_SEVERAL or not (found.facts["prescribed_by"] or has_begun(case))


def _hides_nothing(met: Iterable[Met], case: Case) -> bool:
    """Whether a taper may be met with silence: all conditions are known, and none that may warn is new."""
    concepts = {
        concept
        for found in met
        if case.knowledge.findings[found.id].raises
        for concept in cast("Iterable[str]", found.facts.get("concepts", ()))
    }
    return case.unknowns.why_conditions_unknown is None and not has_new_condition(case, concepts)


def _exemption(case: Case) -> str | None:
    """What exempts from every finding: an age under the policy's, or care at the end of life."""
    if case.age is not None and case.age.most < case.knowledge.policy.age.adult.value:
        return UNDER_AGE
    concepts = case.knowledge.concepts
    return next((concept for concept in sorted(case.exempting) if concepts[concept].silences), None)
