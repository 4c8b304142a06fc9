"""The reasons of findings that rest on a condition or on age: what makes a sedative more hazardous here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cds_service.cards.wording.phrases import (
    Facts,
    agents_named,
    capitalised,
    condition,
    conditions,
    conditions_of,
    listed,
    number,
    texts,
)
from cds_service.working.numbers import shown
from rules.findings.case.present import BENZODIAZEPINE
from rules.knowledge import Agent, Knowledge

Sentences = tuple[str, ...]
Reason = Callable[[Facts, Knowledge], Sentences]


def _hazard(meaning: str) -> Reason:
    def build(facts: Facts, _knowledge: Knowledge) -> Sentences:
        return (f"{capitalised(conditions(facts))} on record: {meaning}.",)

    return build


# A use disorder is a reason for more care, never for less.
_USE_DISORDERS = {
    "alcohol-use-disorder": "together with alcohol an overdose can be fatal (FDA 2020), and stopping either suddenly "
    "can cause seizures",
    "opioid-use-disorder": "together with opioids an overdose can be fatal (FDA 2020); treatment of opioid use "
    "disorder is best kept going",
    "sedative-use-disorder": "with this class of medicine itself; its code may also stand for physical dependence on a "
    "prescribed medicine",
    "stimulant-use-disorder": "each substance needs its own plan of care",
}


def _substance_use(facts: Facts, _knowledge: Knowledge) -> Sentences:
    pairs = zip(texts(facts, "concepts"), conditions_of(facts), strict=True)
    return tuple(
        f"{capitalised(condition(on_record))} on record: {_USE_DISORDERS[concept]}." for concept, on_record in pairs
    )


def _mental_health(facts: Facts, knowledge: Knowledge) -> Sentences:
    sentences = [f"{capitalised(conditions(facts))} on record."]
    concepts = texts(facts, "concepts")
    if "ptsd" in concepts:
        sentences.append(
            "In post-traumatic stress VA/DoD advises against benzodiazepines, and ASAM 2025 says to consider a taper "
            "strongly."
        )
    contact = knowledge.suggestions.contacts.get("lifeline-988")
    if "suicidal-ideation" in concepts and contact is not None:
        sentences.append(f"{contact.label}: {contact.reach}.")
    return tuple(sentences)


def _older_adult(facts: Facts, knowledge: Knowledge) -> Sentences:
    also = f", with {listed(texts(facts, 'with'))} on record" if texts(facts, "with") else ""
    risk = f"Age {shown(number(facts, 'age'))}{also}: sedatives are a known risk for falls"
    if not any_benzodiazepine(agents_named(texts(facts, "agents"), knowledge)):
        return (f"{risk}.",)
    older = shown(knowledge.policy.age.older.value)
    return (
        f"{risk}; from {older} on, ASAM 2025 generally advises tapering a benzodiazepine unless there is a compelling "
        "reason not to.",
    )


def any_benzodiazepine(agents: tuple[Agent, ...]) -> bool:
    """Whether a benzodiazepine is among the agents: guidelines on them do not cover Z-drugs."""
    return any(agent.agent_class.id == BENZODIAZEPINE for agent in agents)


def _liver_disease(facts: Facts, knowledge: Knowledge) -> Sentences:
    lasting = [
        agent.name
        for agent in agents_named(texts(facts, "agents"), knowledge)
        if agent.half_life is not None and agent.half_life.active_metabolite is not None
    ]
    examples = f" ({listed(lasting)} here)" if lasting else ""
    return (
        f"{capitalised(conditions(facts))} on record: clearance may be slower.",
        f"Agents with active metabolites{examples} can build up; those without are an alternative (NHS SPS).",
    )


HAZARD_REASONS: Mapping[str, Reason] = {
    "respiratory-disease": _hazard("sedatives can slow or weaken breathing further"),
    "past-overdose": _hazard("with opioids, alcohol or other substances a sedative overdose can be fatal (FDA 2020)"),
    "pregnancy": _hazard(
        "benefit and risk are to be weighed for both (ASAM 2025), and stopping suddenly is a risk too"
    ),
    "liver-disease": _liver_disease,
    "substance-use": _substance_use,
    "mental-health": _mental_health,
    "older-adult": _older_adult,
}
