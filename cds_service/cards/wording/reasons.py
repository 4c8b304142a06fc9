"""Why a card appeared: for every finding the sentences that the detail says of it.

Plain, brief, without blame; options, not orders. Every figure comes from the assessment or the knowledge base, and
every claim stands in the source that it names or on the finding's page.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from cds_service.cards.wording.hazard_reasons import HAZARD_REASONS, Reason, Sentences, any_benzodiazepine
from cds_service.cards.wording.phrases import (
    FOR_ANOTHER_PATIENT,
    Facts,
    agents_named,
    band_bounds,
    capitalised,
    duration,
    listed,
    number,
    percent,
    texts,
    uncapitalised,
)
from cds_service.working.numbers import exactly, shown
from rules.assessment import Band, Met
from rules.findings import ONLY_IF_TAKEN
from rules.knowledge import Agent, Knowledge
from rules.load.equivalence import equivalence


def sentences(finding: Met, knowledge: Knowledge) -> Sentences:
    """The finding in a few sentences; the first can stand alone."""
    build = REASONS.get(finding.id)
    first, *others = build(finding.facts, knowledge) if build is not None else (f"{finding.title}.",)
    possible = texts(finding.facts, ONLY_IF_TAKEN)
    if possible:
        they_are = "they are" if possible[1:] else "it is"
        first = f"{capitalised(listed(possible))} may still be taken; if {they_are}: {uncapitalised(first)}"
    return first, *others


def _concurrent_opioid(facts: Facts, _knowledge: Knowledge) -> Sentences:
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
    return tuple(parts)


def _mme(facts: Facts) -> str:
    mme = facts.get("mme")
    if isinstance(mme, Fraction):
        return f"; opioids {'' if facts.get('mme_complete') else 'at least '}{shown(mme)} MME/day"
    return "" if facts.get("mme_complete") else "; the opioid dose is not known"


def _multiple_sedative_hypnotics(facts: Facts, _knowledge: Knowledge) -> Sentences:
    agents = capitalised(listed(texts(facts, "agents")))
    if facts.get("only_if_both_continue"):
        return (f"{agents} would be taken together if both continue.",)
    return (f"{agents} are both active: their doses add up in one load, and so can their sedation.",)


def _high_potency(facts: Facts, knowledge: Knowledge) -> Sentences:
    found = agents_named(texts(facts, "agents"), knowledge)
    meanings = [meaning for agent in found if (meaning := milligram_meaning(agent.id, knowledge))]
    potency = f"High potency: {'; '.join(meanings)}." if meanings else "A high-potency benzodiazepine."
    if not texts(facts, "new"):
        return (potency,)
    low, high = _figure(knowledge, "usual_limit_weeks")
    return (
        potency,
        "Physical dependence can develop within days to weeks of steady use, as prescribed (FDA 2020); the "
        f"usual limit is {low} to {high} weeks (ASAM 2025).",
    )


def milligram_meaning(agent: str, knowledge: Knowledge) -> str | None:
    """One milligram of an agent (by its id) in diazepam-equivalents of the default table; None without a figure."""
    table = knowledge.tables[knowledge.default_table]
    found = equivalence(knowledge.agents[agent], table)
    if found is None:
        return None
    per_milligram = knowledge.policy.equivalence_basis.value / found.figure.low
    return f"1 mg {knowledge.agents[agent].name} is about {exactly(per_milligram)} mg diazepam-equivalent"


def _total_load(facts: Facts, knowledge: Knowledge) -> Sentences:
    threshold = knowledge.findings["total-load"].parameters.get("site_threshold")
    parts = []
    if facts["band"] != Band.LOW:
        low, moderate = (shown(bound) for bound in band_bounds(knowledge))
        reach = f"above {moderate}" if facts["band"] == Band.HIGH else f"above {low}, up to {moderate}"
        at_least = "" if facts.get("complete") else "at least "
        text = f"The load is in {at_least}ASAM's {facts['band']} dose band ({reach} mg/day)"
        if facts.get("band_depends_on_table"):
            text += "; the band depends on the conversion table, see below"
        parts.append(f"{text}.")
    if facts.get("over_site_threshold") and threshold is not None:
        parts.append(f"It is above this site's threshold of {exactly(threshold.value)} mg/day.")
    return tuple(parts)


def _concurrent_depressants(facts: Facts, _knowledge: Knowledge) -> Sentences:
    count = shown(number(facts, "count"))
    parts = [
        f"With {listed(texts(facts, 'others'), 4)}: {count} CNS-active medicines in all; their sedation can add up."
    ]
    if "gabapentinoid" in texts(facts, "classes"):
        parts.append("FDA warns of slowed breathing when gabapentinoids meet other CNS depressants (2019).")
    if texts(facts, "severe"):
        severe = capitalised(listed(texts(facts, "severe")))
        parts.append(
            f"{severe} with a benzodiazepine: collapse and stopped breathing have been reported in single cases."
        )
    return tuple(parts)


def _oxybate(facts: Facts, _knowledge: Knowledge) -> Sentences:
    return (
        f"The label of {listed(texts(facts, 'oxybate'))} contraindicates sedative-hypnotics, and warns of slowed "
        "breathing and death with other depressants.",
    )


def _dose_escalation(facts: Facts, _knowledge: Knowledge) -> Sentences:
    return (
        f"The benzodiazepine load rises by {percent(facts)} in established use.",
        "Tolerance, or withdrawal between doses, can look like the illness: worth considering first.",
    )


def _interdose_withdrawal(facts: Facts, knowledge: Knowledge) -> Sentences:
    lives = listed(_half_life(agent) for agent in agents_named(texts(facts, "agents"), knowledge))
    symptoms = listed(texts(facts, "possibly_withdrawal"))
    seen = f"; {symptoms} on record may be that rather than new illness" if symptoms else ""
    return (f"Short half-life ({lives}): withdrawal can occur between doses{seen}.",)


def _half_life(agent: Agent) -> str:
    if agent.half_life is None or agent.half_life.parent is None:
        return agent.name
    low, high = exactly(agent.half_life.parent.low), exactly(agent.half_life.parent.high)
    return f"{agent.name} {low if low == high else f'{low} to {high}'} h"


def _long_term_use(facts: Facts, knowledge: Knowledge) -> Sentences:
    text = f"Continuous use for {duration(facts)} (since {facts['since']})"
    if number(facts, "beyond_days") <= knowledge.findings["long-term-use"].parameters["first_days"].value:
        low, high = _figure(knowledge, "usual_limit_weeks")
        text += f", beyond the usual limit of {low} to {high} weeks"
    likely = "likely" if any_benzodiazepine(agents_named(texts(facts, "agents"), knowledge)) else "possible"
    return (f"{text}: physical dependence is {likely}, an expected effect.", *_supply_ended(facts))


def _supply_ended(facts: Facts) -> Sentences:
    if not facts.get("may_still_be_taken"):
        return ()
    return (f"The supply ended on {facts['until']}; it may still be taken.",)


def _taper_referral(facts: Facts, knowledge: Knowledge) -> Sentences:
    reasons = tuple(dict.fromkeys((*texts(facts, "because"), *texts(facts, "setting_because"))))
    because = f" ({listed(reasons, 4)})" if reasons else ""
    return (
        f"A supervised taper may be worth discussing{because}; setting to consider: {facts['setting']}.",
        _usual_pace(knowledge),
    )


def _abrupt_change(facts: Facts, knowledge: Knowledge) -> Sentences:
    match facts["kind"]:
        case "missing-at-discharge":
            change: Sentences = ("None of the discharge orders continues it.",)
        case "cut":
            change = (f"The benzodiazepine load falls by {percent(facts)}.",)
        case "out-of-supply":
            change = ("The supply is over and no new order is on record.",)
        case "stopped":
            change = ("It was stopped and no new order is on record.",)
        case _:
            change = ()
    return (
        *change,
        f"After {duration(facts)} of use a sudden stop or fast reduction can cause withdrawal, seizures included "
        "(FDA 2020).",
        _usual_pace(knowledge),
        *_supply_ended(facts),
    )


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


def _incomplete_picture(facts: Facts, _knowledge: Knowledge) -> Sentences:
    elsewhere = texts(facts, FOR_ANOTHER_PATIENT)
    if elsewhere:
        return (
            f"The draft order for {listed(elsewhere)} names another patient than this chart's, "
            "so it was not counted here.",
        )
    if facts.get("out_of_time"):
        return (
            "Doses, lengths and the load could not be worked out in time: only the names of the drugs are judged. "
            "Check the doses by hand.",
        )
    if facts.get("no_history"):
        return (
            "Sedatives and opioids on record are not known here: together they slow breathing. Check them by hand.",
        )
    return (
        "What could not be identified may be a sedative or an opioid: together they slow breathing. Check it by hand.",
    )


REASONS: Mapping[str, Reason] = {
    "concurrent-opioid": _concurrent_opioid,
    "multiple-sedative-hypnotics": _multiple_sedative_hypnotics,
    "high-potency": _high_potency,
    "total-load": _total_load,
    "concurrent-depressants": _concurrent_depressants,
    "oxybate": _oxybate,
    "dose-escalation": _dose_escalation,
    "interdose-withdrawal": _interdose_withdrawal,
    "long-term-use": _long_term_use,
    "taper-referral": _taper_referral,
    "abrupt-change": _abrupt_change,
    "incomplete-picture": _incomplete_picture,
    **HAZARD_REASONS,
}
