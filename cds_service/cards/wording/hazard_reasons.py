"""The sentences of the findings that rest on a condition or on age: what makes a sedative more hazardous here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cds_service.cards.wording.phrases import Facts, agents_named, capitalised, conditions, listed, number, texts
from cds_service.working.numbers import shown
from rules.findings.case.case import BENZODIAZEPINE
from rules.knowledge import Knowledge

Sentence = Callable[[Facts, Knowledge], str]


def _hazard_sentence(meaning: str) -> Sentence:
    def build(facts: Facts, _knowledge: Knowledge) -> str:
        return f"{capitalised(conditions(facts))} on record: {meaning}."

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


def _substance_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    remission = set(texts(facts, "in_remission"))
    pairs = zip(texts(facts, "concepts"), texts(facts, "conditions"), strict=True)
    return " ".join(
        f"{capitalised(name)}{' (in remission)' if name in remission else ''} on record: {_USE_DISORDERS[concept]}."
        for concept, name in pairs
    )


def _mental_sentence(facts: Facts, knowledge: Knowledge) -> str:
    text = f"{capitalised(conditions(facts))} on record."
    concepts = texts(facts, "concepts")
    if "ptsd" in concepts:
        text += (
            " In post-traumatic stress VA/DoD advises against benzodiazepines, and ASAM 2025 says to consider a taper "
            "strongly."
        )
    if "suicidal-ideation" in concepts:
        contact = knowledge.suggestions.contacts.get("lifeline-988")
        text += f" {contact.label}: {contact.reach}." if contact is not None else ""
    return text


def _older_sentence(facts: Facts, knowledge: Knowledge) -> str:
    also = f", with {listed(texts(facts, 'with'))} on record" if texts(facts, "with") else ""
    start = f"Age {shown(number(facts, 'age'))}{also}: sedatives are a known risk for falls"
    agents = agents_named(texts(facts, "agents"), knowledge)
    if not any(agent.agent_class.id == BENZODIAZEPINE for agent in agents):
        return f"{start}."
    older = shown(knowledge.policy.age.older.value)
    return (
        f"{start}; from {older} on, ASAM 2025 generally advises tapering a benzodiazepine unless there is a compelling "
        "reason not to."
    )


def _liver_sentence(facts: Facts, knowledge: Knowledge) -> str:
    lasting = [
        agent.name
        for agent in agents_named(texts(facts, "agents"), knowledge)
        if agent.half_life is not None and agent.half_life.active_metabolite is not None
    ]
    having = f" ({listed(lasting)} here)" if lasting else ""
    return (
        f"{capitalised(conditions(facts))} on record: clearance may be slower. Agents with active metabolites{having} "
        "can build up; those without are an alternative (NHS SPS)."
    )


HAZARDS: Mapping[str, Sentence] = {
    "respiratory-disease": _hazard_sentence("sedatives can slow or weaken breathing further"),
    "past-overdose": _hazard_sentence(
        "with opioids, alcohol or other substances a sedative overdose can be fatal (FDA 2020)"
    ),
    "pregnancy": _hazard_sentence(
        "benefit and risk are to be weighed for both (ASAM 2025), and stopping suddenly is a risk too"
    ),
    "liver-disease": _liver_sentence,
    "substance-use": _substance_sentence,
    "mental-health": _mental_sentence,
    "older-adult": _older_sentence,
}
