"""The words of the cards: for every finding a clause for the summary and a sentence for the detail.

Plain, brief, without blame; options, not orders. Every figure comes from the assessment or from the knowledge base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import cast

from cds_service.figures import shown
from rules.assessment import Load, Met
from rules.equivalence import equivalence
from rules.knowledge import Knowledge

Facts = Mapping[str, object]

UNIT = "mg/day diazepam-equivalent"
DO_NOT_STOP = "Do not stop abruptly"


def listed(words: Iterable[str], most: int = 3) -> str:
    """Words as a list in prose; beyond ``most`` the rest is counted."""
    items = [word for word in words if word]
    if len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def capitalised(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def texts(facts: Facts, key: str) -> tuple[str, ...]:
    """A fact that is a list of words."""
    return tuple(str(word) for word in cast("Sequence[object]", facts.get(key) or ()))


def number(facts: Facts, key: str) -> Fraction:
    """A fact that is a number."""
    value = facts[key]
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise TypeError(f"{key} is not a number")
    return Fraction(value)


def percent(facts: Facts, key: str = "percent") -> str:
    """A percentage, whole."""
    return f"{shown(number(facts, key))} %"


def days(facts: Facts) -> str:
    """How long something was taken: days, or whole months where that reads better."""
    return ("at least " if facts.get("at_least") else "") + f"{shown(number(facts, 'days'))} days"


def load_figure(load: Load, knowledge: Knowledge) -> str:
    """A load in words, "at least" where it is not complete; never a number where nothing could be read."""
    if load.used is None:
        return "sedative load not known"
    at_least = "" if load.complete else "at least "
    return f"{at_least}{shown(load.used, band_bounds(knowledge))} {UNIT}"


def band_bounds(knowledge: Knowledge) -> tuple[Fraction, Fraction]:
    """The figures that a rounded load must not cross."""
    bands = knowledge.policy.bands
    return bands.low_up_to.value, bands.moderate_up_to.value


def _opioid_clause(facts: Facts, subject: str) -> str:
    del subject
    return f"{capitalised(listed(texts(facts, 'sedatives'), 2))} together with {listed(texts(facts, 'opioids'), 2)}"


def _several_clause(facts: Facts, subject: str) -> str:
    agents = texts(facts, "agents")
    if facts.get("only_if_both_continue"):
        return f"{capitalised(subject)}: another sedative-hypnotic is still active ({listed(agents, 3)})"
    return f"{capitalised(listed(agents, 3))} together"


def _abrupt_clause(facts: Facts, subject: str) -> str:
    agents = listed(texts(facts, "agents"), 2) or subject
    match facts["kind"]:
        case "stops":
            return f"This order stops {agents} after {days(facts)} of use"
        case "stopped":
            return f"{capitalised(agents)} was stopped after {days(facts)} of use, with no new order"
        case "out-of-supply":
            late = shown(number(facts, "out_of_supply_days"))
            return f"{capitalised(agents)} ran out {late} days ago after {days(facts)} of use, with no new order"
        case "missing-at-discharge":
            return f"{capitalised(agents)}, used for {days(facts)}, is not among the orders going home"
        case _:
            return f"{capitalised(agents)}: the benzodiazepine load falls by {percent(facts)}"


Clause = Callable[[Facts, str], str]

CLAUSES: Mapping[str, Clause] = {
    "concurrent-opioid": _opioid_clause,
    "multiple-sedative-hypnotics": _several_clause,
    "abrupt-change": _abrupt_clause,
    "oxybate": lambda f, s: f"{capitalised(listed(texts(f, 'sedatives')))} with {listed(texts(f, 'oxybate'))}: "
    "contraindicated on its label",
    "dose-escalation": lambda f, s: f"{capitalised(s)} order raises the benzodiazepine load by {percent(f)}",
    "respiratory-disease": lambda f, s: f"New {s} with {listed(texts(f, 'conditions'), 2)} on record",
    "substance-use": lambda f, s: f"New {s} with {listed(texts(f, 'conditions'), 2)} on record",
    "past-overdose": lambda f, s: f"New {s} after {listed(texts(f, 'conditions'), 2)}",
    "pregnancy": lambda f, s: f"New {s} in pregnancy",
    "high-potency": lambda f, s: f"New {listed(texts(f, 'new') or texts(f, 'agents'), 2)}, a high-potency benzodiazepine",
    "concurrent-depressants": lambda f, s: f"{capitalised(s)}: {shown(number(f, 'count'))} CNS-active drugs together",
    "long-term-use": lambda f, s: f"{capitalised(listed(texts(f, 'agents'), 2))} in use for {days(f)}",
    "total-load": lambda f, s: f"{capitalised(s)}: {f['band']} withdrawal-risk band",
}


def clause(finding: Met, subject: str) -> str:
    """The finding in half a line for a summary; ``subject`` names what is ordered or taken."""
    build = CLAUSES.get(finding.id)
    return build(finding.facts, subject) if build is not None else f"{capitalised(subject)}: {finding.title}"


def sentence(finding: Met, knowledge: Knowledge) -> str:
    """The finding in one sentence for the detail of a card."""
    build = SENTENCES.get(finding.id)
    return build(finding.facts, knowledge) if build is not None else f"{finding.title}."


def _opioid_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
    parts = [f"{capitalised(listed(texts(facts, 'opioids')))} with {listed(texts(facts, 'sedatives'))} adds up in "
             "slowing breathing"]
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


def _several_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
    if facts.get("only_if_both_continue"):
        return (f"{capitalised(listed(texts(facts, 'agents')))} are both on record. If the new order replaces the earlier "
                "one, the earlier order is still active: it can be discontinued.")
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


def _load_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
    text = f"The load is in the {facts['band']} withdrawal-risk band (ASAM 2025)"
    if facts.get("band_depends_on_table"):
        text += "; the band depends on the conversion table"
    return text + "."


def _depressants_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
    text = f"With {listed(texts(facts, 'others'), 4)}: {shown(number(facts, 'count'))} CNS-active drugs in all, which add to sedation and falls."
    if texts(facts, "severe"):
        text += f" {capitalised(listed(texts(facts, 'severe')))} with a benzodiazepine has caused collapse and slowed breathing."
    return text


def _hazard_sentence(meaning: str) -> Callable[[Facts, Knowledge], str]:
    def build(facts: Facts, knowledge: Knowledge) -> str:
        del knowledge
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


def _substance_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
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


def _older_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
    also = f", with {listed(texts(facts, 'with'))} on record" if texts(facts, "with") else ""
    return f"Age {shown(number(facts, 'age'))}{also}: falls, fractures and confusion are more frequent."


def _interdose_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
    text = f"{capitalised(listed(texts(facts, 'agents')))}: short-acting; withdrawal can occur between doses."
    if texts(facts, "possibly_withdrawal"):
        text += f" {capitalised(listed(texts(facts, 'possibly_withdrawal')))} on record may be withdrawal, not a new illness."
    return text


def _long_term_sentence(facts: Facts, knowledge: Knowledge) -> str:
    del knowledge
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
    text = (f"After {days(facts)} of use a sudden change can cause withdrawal, seizures included. Usual reductions are "
            f"{low}-{high} % every {weeks_low}-{weeks_high} weeks.")
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
    "oxybate": lambda f, k: "The label of oxybate contraindicates sedative-hypnotics: breathing can be slowed severely.",
    "dose-escalation": lambda f, k: (
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
