"""For every finding the sentence that the detail of a card says of it.

Plain, brief, without blame; options, not orders. Every figure comes from the assessment or from the knowledge base, and
what a sentence claims stands in the source that it names or on the finding's page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from cds_service.cards.wording.hazard_reasons import HAZARDS
from cds_service.cards.wording.phrases import (
    Facts,
    agents_named,
    band_bounds,
    capitalised,
    duration,
    listed,
    number,
    percent,
    texts,
)
from cds_service.working.numbers import exactly, shown
from rules.assessment import Band, Met
from rules.findings.case.case import BENZODIAZEPINE
from rules.knowledge import Agent, Knowledge
from rules.load.equivalence import equivalence


def sentence(finding: Met, knowledge: Knowledge, *, brief: bool = False) -> str:
    """The finding in a few sentences for the detail of a card; ``brief``: the first of them, which can stand alone."""
    build = SENTENCES.get(finding.id)
    text = build(finding.facts, knowledge) if build is not None else f"{finding.title}."
    first, stop, _ = text.partition(". ")
    return first + stop.strip() if brief else text


def _opioid_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    sedatives = listed(texts(facts, "sedatives"))
    protected = texts(facts, "treatment_of_opioid_use_disorder")
    others = [name for name in texts(facts, "opioids") if name not in protected]
    parts = []
    if protected:
        parts.append(
            f"{capitalised(listed(protected))} as treatment of opioid use disorder is best kept going (ASAM 2025), "
            f"though with {sedatives} it can slow or stop breathing (FDA 2016)."
        )
    if others:
        parts.append(
            f"{capitalised(listed(others))} with {sedatives} can slow or stop breathing (FDA 2016){_mme(facts)}."
        )
    if texts(facts, "risk_conditions"):
        parts.append(f"Also on record: {listed(texts(facts, 'risk_conditions'))}, a reason for more caution.")
    if facts.get("reversal_on_record"):
        parts.append("An overdose reversal medicine is on record.")
    else:
        parts.append("No overdose reversal medicine on record; offering one is advised (ASAM 2025).")
    if facts.get("softened_by"):
        parts.append(f"For information only, as {facts['softened_by']} is on record.")
    return " ".join(parts)


def _mme(facts: Facts) -> str:
    mme = facts.get("mme")
    if isinstance(mme, Fraction):
        return f"; opioids {'' if facts.get('mme_complete') else 'at least '}{shown(mme)} MME/day"
    return "" if facts.get("mme_complete") else "; the opioid dose is not known"


def _several_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    agents = capitalised(listed(texts(facts, "agents")))
    if facts.get("only_if_both_continue"):
        return f"{agents} would be taken together if both continue."
    return f"{agents} are both active: their doses add up in one load, and so can their sedation."


def _potency_sentence(facts: Facts, knowledge: Knowledge) -> str:
    found = agents_named(texts(facts, "agents"), knowledge)
    meanings = [meaning for agent in found if (meaning := milligram_meaning(agent.id, knowledge))]
    text = f"High potency: {'; '.join(meanings)}." if meanings else "A high-potency benzodiazepine."
    if not texts(facts, "new"):
        return text
    low, high = _figure(knowledge, "usual_limit_weeks")
    return (
        f"{text} Physical dependence can develop within days to weeks of steady use, as prescribed (FDA 2020); the "
        f"usual limit is {low} to {high} weeks (ASAM 2025)."
    )


def milligram_meaning(agent: str, knowledge: Knowledge) -> str | None:
    """What one milligram of an agent means in diazepam, by the default table."""
    table = knowledge.tables[knowledge.default_table]
    found = equivalence(knowledge.agents[agent], table)
    if found is None:
        return None
    per_milligram = knowledge.policy.equivalence_basis.value / found.figure.low
    return f"1 mg {knowledge.agents[agent].name} is about {exactly(per_milligram)} mg diazepam-equivalent"


def _load_sentence(facts: Facts, knowledge: Knowledge) -> str:
    low, moderate = (shown(bound) for bound in band_bounds(knowledge))
    threshold = knowledge.findings["total-load"].parameters.get("site_threshold")
    parts = []
    if facts["band"] != Band.LOW:
        reach = f"above {moderate}" if facts["band"] == Band.HIGH else f"above {low}, up to {moderate}"
        at_least = "" if facts.get("complete") else "at least "
        text = f"The load is in {at_least}ASAM's {facts['band']} dose band ({reach} mg/day)"
        if facts.get("band_depends_on_table"):
            text += "; the band depends on the conversion table, see below"
        parts.append(f"{text}.")
    if facts.get("over_site_threshold") and threshold is not None:
        parts.append(f"It is above this site's threshold of {exactly(threshold.value)} mg/day.")
    return " ".join(parts)


def _depressants_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    count = shown(number(facts, "count"))
    text = f"With {listed(texts(facts, 'others'), 4)}: {count} CNS-active medicines in all; their sedation can add up."
    if "gabapentinoid" in texts(facts, "classes"):
        text += " FDA warns of slowed breathing when gabapentinoids meet other CNS depressants (2019)."
    if texts(facts, "severe"):
        severe = capitalised(listed(texts(facts, "severe")))
        text += f" {severe} with a benzodiazepine: collapse and stopped breathing have been reported in single cases."
    return text


def _escalation_sentence(facts: Facts, _knowledge: Knowledge) -> str:
    return (
        f"The benzodiazepine load rises by {percent(facts)} in established use. Tolerance, or withdrawal between "
        "doses, can look like the illness: worth considering first."
    )


def _interdose_sentence(facts: Facts, knowledge: Knowledge) -> str:
    lives = listed(_half_life(agent) for agent in agents_named(texts(facts, "agents"), knowledge))
    symptoms = listed(texts(facts, "possibly_withdrawal"))
    seen = f"; {symptoms} on record may be that rather than new illness" if symptoms else ""
    return f"Short half-life ({lives}): withdrawal can occur between doses{seen}."


def _half_life(agent: Agent) -> str:
    if agent.half_life is None or agent.half_life.parent is None:
        return agent.name
    low, high = exactly(agent.half_life.parent.low), exactly(agent.half_life.parent.high)
    return f"{agent.name} {low if low == high else f'{low} to {high}'} h"


def _long_term_sentence(facts: Facts, knowledge: Knowledge) -> str:
    text = f"Continuous use for {duration(facts)} (since {facts['since']})"
    if number(facts, "beyond_days") <= knowledge.findings["long-term-use"].parameters["first_days"].value:
        low, high = _figure(knowledge, "usual_limit_weeks")
        text += f", beyond the usual limit of {low} to {high} weeks"
    likely = "likely" if any_benzodiazepine(texts(facts, "agents"), knowledge) else "possible"
    text += f": physical dependence is {likely}, an expected effect."
    if facts.get("may_still_be_taken"):
        text += f" The supply ended on {facts['until']}; it may still be taken."
    return text


def any_benzodiazepine(names: Iterable[str], knowledge: Knowledge) -> bool:
    """Whether a benzodiazepine is among the agents: guidelines on them do not speak of Z-drugs."""
    return any(agent.agent_class.id == BENZODIAZEPINE for agent in agents_named(names, knowledge))


def _taper_sentence(facts: Facts, knowledge: Knowledge) -> str:
    reasons = tuple(dict.fromkeys((*texts(facts, "because"), *texts(facts, "setting_because"))))
    because = f" ({listed(reasons, 4)})" if reasons else ""
    return (
        f"A supervised taper may be worth discussing{because}; setting to consider: {facts['setting']}. "
        f"{_usual_pace(knowledge)}"
    )


def _abrupt_sentence(facts: Facts, knowledge: Knowledge) -> str:
    told = {
        "missing-at-discharge": "None of the discharge orders continues it.",
        "cut": f"The benzodiazepine load falls by {percent(facts)}." if facts["kind"] == "cut" else "",
        "out-of-supply": "The supply is over and no new order is on record.",
        "stopped": "It was stopped and no new order is on record.",
    }.get(str(facts["kind"]), "")
    text = (
        f"{told} After {duration(facts)} of use a sudden stop or fast reduction can cause withdrawal, seizures "
        f"included (FDA 2020). {_usual_pace(knowledge)}"
    )
    if facts.get("may_still_be_taken"):
        text += f" The supply ended on {facts['until']}; it may still be taken."
    return text.strip()


def _usual_pace(knowledge: Knowledge) -> str:
    low, high = _figure(knowledge, "taper_reduction_percent")
    weeks_low, weeks_high = _figure(knowledge, "taper_interval_weeks")
    most, _ = _figure(knowledge, "taper_limit_percent")
    per, _ = _figure(knowledge, "taper_limit_weeks")
    return (
        f"Usual pace: {low}-{high} % every {weeks_low}-{weeks_high} weeks, typically at most {most} % per {per} weeks "
        "(ASAM 2025)."
    )


def _figure(knowledge: Knowledge, name: str) -> tuple[str, str]:
    figure = knowledge.guidance[name]
    return shown(figure.low), shown(figure.high)


SENTENCES: Mapping[str, Callable[[Facts, Knowledge], str]] = {
    "concurrent-opioid": _opioid_sentence,
    "multiple-sedative-hypnotics": _several_sentence,
    "high-potency": _potency_sentence,
    "total-load": _load_sentence,
    "concurrent-depressants": _depressants_sentence,
    "oxybate": lambda f, _k: (
        f"The label of {listed(texts(f, 'oxybate'))} contraindicates sedative-hypnotics, and warns of slowed breathing "
        "and death with other depressants."
    ),
    "dose-escalation": _escalation_sentence,
    "interdose-withdrawal": _interdose_sentence,
    "long-term-use": _long_term_sentence,
    "taper-referral": _taper_sentence,
    "abrupt-change": _abrupt_sentence,
    "incomplete-picture": lambda f, _k: (
        f"The draft order for {listed(texts(f, 'for_another_patient'))} names another patient than this chart's, so it "
        "was not counted here."
    ),
    **HAZARDS,
}
