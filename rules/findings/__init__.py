"""The findings: one judgement a module, its file name the finding's id. They are found by listing this folder.

Each module has ``judge(case)``, which answers with :class:`rules.assessment.Met` or with
:class:`rules.assessment.Considered` (not met, exempt, or not judged and why).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import iter_modules

from rules.assessment import Considered, Met, Severity
from rules.findings.case.case import Case, exempt, not_judged

Judge = Callable[[Case], Met | Considered]

JUDGES: Mapping[str, Judge] = {
    module.name.replace("_", "-"): import_module(f"{__name__}.{module.name}").judge
    for module in sorted(iter_modules(__path__), key=lambda module: module.name)
    if not module.ispkg
}
UNDER_AGE = "under-18"
_SILENCING = ("hospice", "palliative-care")


def judge_all(case: Case) -> tuple[tuple[Met, ...], tuple[Considered, ...]]:
    """Every finding's result: those met, loudest first, and the others in the order of their ids."""
    met: list[Met] = []
    considered: list[Considered] = []
    adult = case.knowledge.policy.age.adult.value
    if case.age is None:
        considered.append(not_judged(UNDER_AGE, "no birth date"))
    elif case.age.least < adult <= case.age.most:
        considered.append(not_judged(UNDER_AGE, "the birth date is known in part"))
    for finding, judge in JUDGES.items():
        result = _judge(finding, judge, case)
        (met if isinstance(result, Met) else considered).append(result)  # type: ignore[arg-type]
    loudness = tuple(reversed(Severity))
    met.sort(key=lambda found: (loudness.index(found.severity), not found.raises, found.id))
    return tuple(met), tuple(considered)


def _judge(finding: str, judge: Judge, case: Case) -> Met | Considered:
    if not case.knowledge.findings[finding].on:
        return not_judged(finding, "turned off by the site")
    if case.age is not None and case.age.most < case.knowledge.policy.age.adult.value:
        return exempt(finding, UNDER_AGE)
    for concept in _SILENCING:
        if case.exempted_by(concept):
            return exempt(finding, concept)
    return judge(case)
