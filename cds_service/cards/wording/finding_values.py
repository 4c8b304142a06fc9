"""The values of a finding's messages: its facts, and what only some findings have, worked out from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import cast

from cds_service.cards.wording.facts import (
    Facts,
    Subject,
    agents_named,
    agents_of,
    condition,
    conditions_of,
    duration,
    is_use_disorder_today,
    number,
    quoted,
    recorded,
    texts,
    told,
)
from cds_service.cards.wording.loads import band_bounds
from cds_service.cards.wording.wording import Wording
from rules.assessment import Met
from rules.assessment_facts import ConditionOnRecord, CountedBy, Prescribed
from rules.findings.case.present import BENZODIAZEPINE
from rules.knowledge import Agent
from rules.load.equivalence import equivalence

_GABAPENTINOID = "gabapentinoid"
_GLUCURONIDATION = "glucuronidation"


def values_of(finding: Met, subject: Subject, wording: Wording) -> dict[str, object]:
    """Every value that the finding's messages may declare."""
    facts = finding.facts
    values: dict[str, object] = {**facts, "title": finding.title}
    values["subject"] = wording.listed(subject.names, 2) or wording.say(f"phrases.{subject.phrase}", {})
    if "conditions" in facts:
        values["conditions"] = tuple(condition(on_record, wording) for on_record in conditions_of(facts))
    if "prescribed_by" in facts:
        values.update(prescribers_of(facts))
    if "days" in facts:
        values["duration"] = duration(facts, wording)
    further = FURTHER_VALUES.get(finding.id)
    if further is not None:
        values.update(further(facts, subject, wording))
    return values


def prescribers_of(facts: Facts) -> dict[str, object]:
    """Who ordered which, where all of them are named; else only how many they are, since references tell nothing."""
    orders = cast("Sequence[Prescribed]", facts["prescribed_by"])
    of_one_agent = len({order.agent for order in orders}) == 1
    named = tuple(quoted(order.by if of_one_agent else str(order)) for order in orders)
    is_named = all(order.is_named for order in orders)
    return {"prescribed_by": named if is_named else (), "prescribers": len({order.by for order in orders}) or None}


def _of_opioids(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    treatment = texts(facts, "treatment_of_opioid_use_disorder")
    risks = cast("Sequence[ConditionOnRecord]", facts.get("risk_conditions") or ())
    return {
        "other_opioids": tuple(name for name in texts(facts, "opioids") if name not in treatment),
        "risk_conditions": tuple(condition(risk, wording) for risk in risks),
    }


def _of_several(facts: Facts, subject: Subject, _wording: Wording) -> dict[str, object]:
    agents = texts(facts, "agents")
    return {"others": tuple(agent for agent in agents if agent not in subject.names) or agents}


def _of_depressants(facts: Facts, _subject: Subject, _wording: Wording) -> dict[str, object]:
    return {
        "gabapentinoid": _GABAPENTINOID in texts(facts, "classes"),
        "by_beers": facts.get("counted_by") is CountedBy.BEERS_2023,
        "is_many": number(facts, "count") >= number(facts, "threshold"),
    }


def _of_additive(facts: Facts, _subject: Subject, _wording: Wording) -> dict[str, object]:
    new = texts(facts, "new")
    beside = tuple(name for name in (*texts(facts, "others"), *texts(facts, "sedatives")) if name not in new)
    if beside:
        return {"beside": beside}
    sedatives = texts(facts, "sedatives")
    return {"new": tuple(name for name in new if name not in sedatives), "beside": sedatives}


def _of_breathing(facts: Facts, _subject: Subject, _wording: Wording) -> dict[str, object]:
    return {"beside": (*texts(facts, "opioids"), *texts(facts, "sedatives"))}


def _of_substances(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    opioid, sedative = recorded(facts, "opioid_use_disorder"), recorded(facts, "sedative_use_disorder")
    alcohol, stimulant = recorded(facts, "alcohol_use_disorder"), recorded(facts, "stimulant_use_disorder")
    return {
        "alcohol": told(facts, "alcohol_use_disorder", wording),
        "alcohol_is_current": alcohol is not None and not alcohol.in_remission,
        "opioid": told(facts, "opioid_use_disorder", wording),
        "opioid_dependence": opioid is not None and opioid.may_be_prescribed,
        "sedative": told(facts, "sedative_use_disorder", wording),
        "sedative_dependence": sedative is not None and sedative.may_be_prescribed,
        "sedative_words": quoted(sedative.words) if sedative is not None else "",
        "stimulant": told(facts, "stimulant_use_disorder", wording),
        "stimulant_words": quoted(stimulant.words) if stimulant is not None else "",
        "treatable": is_use_disorder_today(facts),
    }


def _of_mind(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    return {
        "ptsd": told(facts, "ptsd", wording),
        "depression": told(facts, "depression", wording),
        "suicidal": told(facts, "suicidal_ideation", wording),
    }


def _of_load(_facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    low, moderate = band_bounds(wording.knowledge)
    threshold = wording.knowledge.findings["total-load"].parameters.get("site_threshold")
    return {"low": low, "used": moderate, "site_threshold": None if threshold is None else threshold.value}


def _of_potency(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    agents = agents_of(facts, wording)
    meanings = tuple(filter(None, (milligram_meaning(agent, wording) for agent in agents)))
    return {"meanings": meanings, "meaning": _milligrams_in(agents[0], wording) if len(agents) == 1 else None}


def milligram_meaning(agent: Agent, wording: Wording) -> str | None:
    """One milligram of an agent in diazepam-equivalents of the default table; None without a figure."""
    per_milligram = _milligrams_in(agent, wording)
    if per_milligram is None:
        return None
    return wording.say("phrases.milligram", {"agent": agent.name, "amount": Fraction(1), "equivalent": per_milligram})


def _milligrams_in(agent: Agent, wording: Wording) -> Fraction | None:
    """The milligrams of diazepam that one milligram of an agent is held equal to."""
    knowledge = wording.knowledge
    found = equivalence(agent, knowledge.tables[knowledge.default_table])
    return None if found is None else knowledge.policy.equivalence_basis.value / found.figure.low


def _of_escalation(_facts: Facts, subject: Subject, wording: Wording) -> dict[str, object]:
    named = agents_named(subject.names, wording.knowledge)
    raising = tuple(agent.name for agent in named if agent.agent_class.id == BENZODIAZEPINE)
    return {"subject": wording.listed(raising, 2)} if raising else {}


def _of_fall(_facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    return {"within_days": wording.knowledge.findings["abrupt-change"].parameters["look_back_days"].value}


def _of_doses(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    return {"half_lives": tuple(_half_life(agent, wording) for agent in agents_of(facts, wording))}


def _half_life(agent: Agent, wording: Wording) -> str:
    if agent.half_life is None or agent.half_life.parent is None:
        return agent.name
    parent = agent.half_life.parent
    return wording.say("phrases.half_life", {"agent": agent.name, "low": parent.low, "used": parent.high})


def _of_long_term(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    first = wording.knowledge.findings["long-term-use"].parameters["first_days"].value
    return {"within_months": number(facts, "beyond_days") <= first, **_of_class(facts, wording)}


def _of_class(facts: Facts, wording: Wording) -> dict[str, object]:
    """Whether a benzodiazepine is among the agents: guidelines on them do not cover Z-drugs."""
    return {"benzodiazepine": any(agent.agent_class.id == BENZODIAZEPINE for agent in agents_of(facts, wording))}


def _of_age(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    return _of_class(facts, wording)


def _of_taper(facts: Facts, _subject: Subject, _wording: Wording) -> dict[str, object]:
    return {"because": tuple(dict.fromkeys((*texts(facts, "because"), *texts(facts, "setting_because"))))}


def _of_liver(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    lasting = tuple(agent.name for agent in agents_of(facts, wording) if _has_active_metabolite(agent))
    others = tuple(
        agent.name
        for agent in wording.knowledge.agents.values()
        if agent.agent_class.id == BENZODIAZEPINE
        and (agent.metabolism or "").startswith(_GLUCURONIDATION)
        and not _has_active_metabolite(agent)
    )
    return {"active_metabolites": lasting, "alternatives": others if lasting else ()}


def _has_active_metabolite(agent: Agent) -> bool:
    return agent.half_life is not None and agent.half_life.active_metabolite is not None


FURTHER_VALUES: Mapping[str, Callable[[Facts, Subject, Wording], dict[str, object]]] = {
    "concurrent-opioid": _of_opioids,
    "multiple-sedative-hypnotics": _of_several,
    "concurrent-depressants": _of_depressants,
    "dose-escalation": _of_escalation,
    "additive-sedative": _of_additive,
    "gabapentinoid-breathing": _of_breathing,
    "substance-use": _of_substances,
    "mental-health": _of_mind,
    "total-load": _of_load,
    "high-potency": _of_potency,
    "interdose-withdrawal": _of_doses,
    "long-term-use": _of_long_term,
    "abrupt-change": _of_fall,
    "older-adult": _of_age,
    "taper-referral": _of_taper,
    "liver-disease": _of_liver,
}
