"""A taper is under way: the load steps down within pace."""

from __future__ import annotations

from rules.assessment import Considered, Met
from rules.findings.case.case import Case
from rules.findings.case.pace import in_load, level_on
from rules.findings.case.present import agent_names, sedatives_of
from rules.findings.case.results import not_judged, not_met
from rules.findings.case.taper import why_not_judged

ID = "taper-under-way"


def judge(case: Case) -> Met | Considered:
    """Met when the orders of the last weeks, the order being written, or the steps that one states lower the load, none
    of them too fast."""
    taper = case.taper
    taken = sedatives_of((*case.now.present, *case.sedatives))
    if taper is not None:
        facts = {
            "agents": agent_names(taken),
            "evidence": taper.evidence,
            "before": taper.before,
            "after": taper.after,
            "percent": taper.percent,
        }
        return case.met(ID, facts)
    why = why_not_judged(case)
    if taken and why is not None:
        return not_judged(ID, why)
    if taken and any(level_on(case, view, in_load) is None for view in (case.now, case.view)):
        return not_judged(ID, "a daily dose is not known, or has no published equivalent")
    return not_met(ID)
