"""For every finding the sentence that the detail of a card says of it.

Plain, brief, without blame; options, not orders. Every figure comes from the assessment or from the knowledge base.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from cds_service.figures import shown
from cds_service.phrases import Facts, capitalised, days, listed, number, percent, texts
from rules.assessment import Met
from rules.equivalence import equivalence
from rules.knowledge import Knowledge


def sentence(finding: Met, knowledge: Knowledge) -> str:
    """The finding in one sentence for the detail of a card."""
    build = SENTENCES.get(finding.id)
    return build(finding.facts, knowledge) if build is not None else f"{finding.title}."


def _opioid_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    parts = [
        f"{capitalised(listed(texts(facts, 'opioids')))} with {listed(texts(facts, 'sedatives'))} adds up in "
        "slowing breathing"
    ]
    mme = facts.get("mme")
    if isinstance(mme, Fraction):
        at_least = "" if facts.get("mme_complete") else "at least "
        parts.append(f"opioids {at_least}{shown(mme)} MME/day")
    elif not facts.get("mme_complete"):
        parts.append("opioid dose not known")
    if texts(facts, "risk_conditions"):
        parts.append(f"risk is higher with {listed(texts(facts, 'risk_conditions'))}")
    text = "; ".join(parts) + "."
    if texts(facts, "treatment_of_opioid_use_disorder"):
        protected = listed(texts(facts, "treatment_of_opioid_use_disorder"))
        text += f" {capitalised(protected)} as treatment of opioid use disorder is best kept going."
    if facts.get("softened_by"):
        text += f" Noted: {facts['softened_by']}."
    return text


def _several_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    if facts.get("only_if_both_continue"):
        return f"{capitalised(listed(texts(facts, 'agents')))} would be taken together if both continue."
    return f"{capitalised(listed(texts(facts, 'agents')))} are taken together; sedation and dependence add up."


def _potency_sentence(facts: Facts, knowledge: Knowledge) -> str:
    meanings = []
    for agent in knowledge.agents.values():
        if agent.name in texts(facts, "agents"):
            meaning = milligram_meaning(agent.id, knowledge)
            if meaning:
                meanings.append(meaning)
    return f"High potency: {'; '.join(meanings)}." if meanings else "A high-potency benzodiazepine."


def milligram_meaning(agent: str, knowledge: Knowledge) -> str | None:
    """What one milligram of an agent means in diazepam, by the default table."""
    table = knowledge.tables[knowledge.default_table]
    found = equivalence(knowledge.agents[agent], table)
    if found is None:
        return None
    per_milligram = knowledge.policy.equivalence_basis.value / found.figure.low
    return f"1 mg {knowledge.agents[agent].name} is about {shown(per_milligram)} mg diazepam-equivalent"


def _load_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    text = f"The load is in the {facts['band']} withdrawal-risk band (ASAM 2025)"
    if facts.get("band_depends_on_table"):
        text += "; the band depends on the conversion table"
    return text + "."


def _depressants_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    count = shown(number(facts, "count"))
    text = (
        f"With {listed(texts(facts, 'others'), 4)}: {count} CNS-active drugs in all, which add to sedation and falls."
    )
    if texts(facts, "severe"):
        severe = capitalised(listed(texts(facts, "severe")))
        text += f" {severe} with a benzodiazepine has caused collapse and slowed breathing."
    return text


def _hazard_sentence(meaning: str) -> Callable[[Facts, Knowledge], str]:
    def build(facts: Facts, _knowledge: Knowledge) -> str:
        remission = texts(facts, "in_remission")
        said = f" ({listed(remission)} in remission)" if remission else ""
        return f"{capitalised(listed(texts(facts, 'conditions')))} on record{said}: {meaning}."

    return build


_USE_DISORDERS = {
    "alcohol-use-disorder": "alcohol adds to sedation and to the risk of withdrawal seizures",
    "opioid-use-disorder": "sedatives raise the risk of overdose; treatment for opioid use disorder is best kept going",
    "sedative-use-disorder": "an earlier use disorder with the same class",
    "stimulant-use-disorder": "two substances, two separate plans",
}


def _substance_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    remission = set(texts(facts, "in_remission"))
    pairs = zip(texts(facts, "concepts"), texts(facts, "conditions"), strict=True)
    return " ".join(
        f"{capitalised(name)}{' (in remission)' if name in remission else ''}: {_USE_DISORDERS[concept]}."
        for concept, name in pairs
    )


def _mental_sentence(facts: Facts, knowledge: Knowledge) -> str:
    text = f"{capitalised(listed(texts(facts, 'conditions')))} on record."
    concepts = texts(facts, "concepts")
    if "ptsd" in concepts:
        text += " For post-traumatic stress, guidelines advise against benzodiazepines."
    if "suicidal-ideation" in concepts:
        contact = knowledge.suggestions.contacts.get("lifeline-988")
        text += f" {contact.label}: {contact.reach}." if contact is not None else ""
    return text


def _older_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    also = f", with {listed(texts(facts, 'with'))} on record" if texts(facts, "with") else ""
    return f"Age {shown(number(facts, 'age'))}{also}: falls, fractures and confusion are more frequent."


def _interdose_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    text = f"{capitalised(listed(texts(facts, 'agents')))}: short-acting; withdrawal can occur between doses."
    if texts(facts, "possibly_withdrawal"):
        symptoms = capitalised(listed(texts(facts, "possibly_withdrawal")))
        text += f" {symptoms} on record may be withdrawal, not a new illness."
    return text


def _long_term_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    review = f"Guidelines advise a review at least every {shown(number(facts, 'review_months'))} months."
    text = f"Continuous use for {days(facts)} (since {facts['since']}); physical dependence is to be expected. {review}"
    if facts.get("may_still_be_taken"):
        text += f" The supply ended on {facts['until']}; it may still be taken."
    return text


def _taper_sentence(facts: Facts, knowledge: Knowledge) -> str:
    low, high = _figure(knowledge, "taper_reduction_percent")
    weeks_low, weeks_high = _figure(knowledge, "taper_interval_weeks")
    most, _ = _figure(knowledge, "taper_limit_percent")
    per, _ = _figure(knowledge, "taper_limit_weeks")
    reasons = tuple(dict.fromkeys((*texts(facts, "because"), *texts(facts, "setting_because"))))
    because = f" ({listed(reasons, 4)})" if reasons else ""
    return (
        f"A supervised taper may be worth discussing{because}; setting to consider: {facts['setting']}. Usual pace: "
        f"{low}-{high} % every {weeks_low}-{weeks_high} weeks, not over {most} % per {per} weeks."
    )


def _abrupt_sentence(facts: Facts, knowledge: Knowledge) -> str:
    low, high = _figure(knowledge, "taper_reduction_percent")
    weeks_low, weeks_high = _figure(knowledge, "taper_interval_weeks")
    text = (
        f"After {days(facts)} of use a sudden change can cause withdrawal, seizures included. Usual reductions are "
        f"{low}-{high} % every {weeks_low}-{weeks_high} weeks."
    )
    if facts["kind"] == "missing-at-discharge":
        text = f"None of the discharge orders continues it. {text}"
    if facts.get("may_still_be_taken"):
        text += f" The supply ended on {facts['until']}; it may still be taken."
    return text


def _figure(knowledge: Knowledge, name: str) -> tuple[str, str]:
    figure = knowledge.guidance[name]
    return shown(figure.low), shown(figure.high)


SENTENCES: Mapping[str, Callable[[Facts, Knowledge], str]] = {
    "concurrent-opioid": _opioid_sentence,
    "multiple-sedative-hypnotics": _several_sentence,
    "high-potency": _potency_sentence,
    "total-load": _load_sentence,
    "concurrent-depressants": _depressants_sentence,
    "oxybate": lambda _f, _k: (
        "The label of oxybate contraindicates sedative-hypnotics: breathing can be slowed severely."
    ),
    "dose-escalation": lambda f, _k: (
        f"The benzodiazepine load rises by {percent(f)}. Tolerance or withdrawal between doses may be what is felt."
    ),
    "respiratory-disease": _hazard_sentence("breathing can be slowed further"),
    "past-overdose": _hazard_sentence("a further overdose is more likely"),
    "pregnancy": _hazard_sentence("benefit and risk are to be weighed for both, and stopping suddenly is a risk too"),
    "liver-disease": _hazard_sentence("agents that are oxidised in the liver accumulate"),
    "substance-use": _substance_sentence,
    "mental-health": _mental_sentence,
    "older-adult": _older_sentence,
    "interdose-withdrawal": _interdose_sentence,
    "long-term-use": _long_term_sentence,
    "taper-referral": _taper_sentence,
    "abrupt-change": _abrupt_sentence,
}
