"""Regular use of a short-acting agent: withdrawal between two doses."""

from __future__ import annotations

from rules.assessment import Considered, Met, Pattern
from rules.findings.case.case import BY_ANTI_SEIZURE, Case, exempt, names, not_judged, not_met
from rules.knowledge.agent import Agent
from rules.knowledge.figure import Figure, Verification

ID = "interdose-withdrawal"
SYMPTOMS = ("anxiety", "panic", "insomnia", "palpitations", "tremor")


def judge(case: Case) -> Met | Considered:
    """Met when a present agent's half-life, active metabolites included, is short and its class is taken regularly."""
    days = case.parameter(ID, "regular_days")
    short = [entry for entry in case.sedatives() if _short(entry.agent, case)]
    if not short:
        unknown = [entry for entry in case.sedatives() if _longest(entry.agent) is None]
        return not_judged(ID, f"no verified half-life of {unknown[0].agent.name}") if unknown else not_met(ID)
    judged = [entry for entry in short if not case.is_anti_seizure(entry.agent)]
    if not judged:
        return exempt(ID, BY_ANTI_SEIZURE)
    # Only what was taken of such agents counts: years of a longer-acting one are no regular use of this one.
    others = frozenset(entry.agent.id for entry in case.record.entries if not _short(entry.agent, case))
    classes = dict.fromkeys(entry.agent.agent_class.id for entry in judged)
    uses = [use for agent_class in classes if (use := case.exposure(agent_class, others)) is not None]
    steady = [use for use in uses if use.pattern is Pattern.CONTINUOUS]
    longest = max(steady, key=lambda use: use.days, default=None)
    if longest is None:
        return not_met(ID)
    if longest.days > days:
        seen = tuple(case.conditions[concept].name for concept in SYMPTOMS if concept in case.conditions)
        # What is ordered today has not been taken regularly; it is named only where nothing else is.
        taken = [entry for entry in judged if not entry.regimen.draft] or judged
        return case.met(ID, {"agents": names(taken), "days": longest.days, "possibly_withdrawal": seen})
    if longest.at_least:
        return not_judged(ID, f"on record for at least {longest.days} days")
    return not_met(ID)


def _short(agent: Agent, case: Case) -> bool:
    longest = _longest(agent)
    return longest is not None and longest.high <= case.parameter(ID, "half_life_hours")


def _longest(agent: Agent) -> Figure | None:
    """The longer of parent and active metabolite; an unverified figure decides nothing."""
    if agent.half_life is None:
        return None
    figures = [
        figure
        for figure in (agent.half_life.parent, agent.half_life.active_metabolite)
        if figure is not None and figure.verification is not Verification.UNVERIFIED
    ]
    return max(figures, key=lambda figure: figure.high, default=None)
