"""Regular use of a short-acting agent: withdrawal between two doses."""

from __future__ import annotations

from rules.assessment import Considered, Met, Pattern
from rules.findings.case.case import Case
from rules.findings.case.half_life import half_life, is_short_acting
from rules.findings.case.present import agent_names
from rules.findings.case.results import BY_ANTI_SEIZURE, exempt, not_judged, not_met, not_used_long_enough

ID = "interdose-withdrawal"
SYMPTOMS = ("anxiety", "panic", "insomnia", "palpitations", "tremor")


def judge(case: Case) -> Met | Considered:
    """Met when a present agent's half-life, active metabolites included, is short and its class is taken regularly."""
    parameters = case.knowledge.findings[ID].parameters
    hours = parameters["half_life_hours"].value
    short = [entry for entry in case.sedatives if is_short_acting(entry.agent, hours)]
    if not short:
        unknown = [entry for entry in case.sedatives if half_life(entry.agent) is None]
        return not_judged(ID, f"no verified half-life of {unknown[0].agent.name}") if unknown else not_met(ID)
    judged = [entry for entry in short if entry.agent.id not in case.anti_seizure_agents]
    if not judged:
        return exempt(ID, BY_ANTI_SEIZURE)
    # Only the use of short-acting agents counts, not years of a longer-acting one.
    entries = [entry for entry in case.record.entries if is_short_acting(entry.agent, hours)]
    classes = dict.fromkeys(entry.agent.agent_class.id for entry in judged)
    uses = [use for agent_class in classes if (use := case.exposure(entries, agent_class)) is not None]
    steady = [use for use in uses if use.pattern is Pattern.CONTINUOUS]
    longest = max(steady, key=lambda use: use.days, default=None)
    if longest is None:
        return not_met(ID)
    if longest.days <= parameters["regular_days"].value:
        return not_used_long_enough(ID, longest)
    symptoms = tuple(case.conditions[concept].name for concept in SYMPTOMS if concept in case.conditions)
    # What is ordered today has not been taken regularly; it is named only where nothing else is.
    taken = [entry for entry in judged if not entry.regimen.draft] or judged
    return case.met(ID, {"agents": agent_names(taken), "days": longest.days, "possibly_withdrawal": symptoms})
