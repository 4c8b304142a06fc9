"""The facts of a finding as the values of its messages: names as words, lengths of time in the usual unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Self, cast

from cds_service.cards.wording.markdown import MAX_LENGTH, escaped
from cds_service.cards.wording.wording import Wording, uncapitalised
from cds_service.working.numbers import plain
from rules.assessment import ConditionOnRecord, CountedBy, Load, Met, Prescribed
from rules.findings import ONLY_IF_TAKEN
from rules.findings.case.present import BENZODIAZEPINE
from rules.knowledge import Agent, Knowledge
from rules.load.equivalence import equivalence

Facts = Mapping[str, object]

FOR_ANOTHER_PATIENT = "for_another_patient"
"""The fact that names the depressants ordered for another patient, which is always said."""
_GABAPENTINOID = "gabapentinoid"
_GLUCURONIDATION = "glucuronidation"
_DAYS_A_YEAR = Fraction(1461, 4)
_MONTHS_A_YEAR = 12
# The usual way to give a length of time: days up to 100 days, months up to 2 years, then years.
_MAX_DAYS, _MAX_YEARS_IN_MONTHS = 100, 2


@dataclass(frozen=True, slots=True)
class Subject:
    """The agents that a card is about. Without names, ``phrase`` stands for them."""

    names: tuple[str, ...] = ()
    phrase: str = "this_order"

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """The agents with these names; "sedatives" where there are none."""
        return cls(tuple(names), "sedatives")


def summary_of(finding: Met, subject: Subject, wording: Wording, figures: str = "") -> str:
    """The first line of a card that the finding leads. ``figures``: the load, where its text gives it a place."""
    values = _values(finding, subject, wording) | {"figures": figures}
    return _possibly("summary", wording.say_of(_summary_message(finding, wording), values), finding, wording)


def gives_figures(finding: Met, wording: Wording) -> bool:
    """Whether the first line of the finding has a place of its own for the figures."""
    return "figures" in wording.language.messages[_summary_message(finding, wording)].values


def _summary_message(finding: Met, wording: Wording) -> str:
    message = f"findings.{finding.id}.summary"
    return message if message in wording.language.messages else "findings.other.summary"


def reason_of(finding: Met, subject: Subject, wording: Wording) -> tuple[str, str]:
    """What is said of a finding: what is never cut where it warns, and what is said where there is room."""
    values = _values(finding, subject, wording)
    message = f"findings.{finding.id}.reason"
    reason = wording.say_of(message if message in wording.language.messages else "findings.other.reason", values)
    if not reason:
        return "", ""
    return _possibly("reason", reason, finding, wording), wording.say_of(f"findings.{finding.id}.more", values)


def brief_of(finding: Met, subject: Subject, wording: Wording) -> str:
    """A finding in a few words, where there is no room for its reason; empty where other sections say it."""
    message = f"findings.{finding.id}.brief"
    if message not in wording.language.messages:
        return uncapitalised(finding.title)
    return wording.say_of(message, _values(finding, subject, wording))


def _possibly(part: str, text: str, finding: Met, wording: Wording) -> str:
    """The text of a finding that holds only if agents that may still be taken are."""
    agents = texts(finding.facts, ONLY_IF_TAKEN)
    return wording.say(f"possibly.{part}", {"text": text, "agents": agents}) if agents else text


def _values(finding: Met, subject: Subject, wording: Wording) -> dict[str, object]:
    facts = finding.facts
    values: dict[str, object] = {**facts, "title": finding.title}
    values["subject"] = wording.listed(subject.names, 2) or wording.say(f"phrases.{subject.phrase}", {})
    if "conditions" in facts:
        values["conditions"] = tuple(condition(on_record, wording) for on_record in conditions_of(facts))
    if "prescribed_by" in facts:
        values.update(_prescribers(facts))
    if "days" in facts:
        values["duration"] = duration(facts, wording)
    further = _FURTHER.get(finding.id)
    if further is not None:
        values.update(further(facts, subject, wording))
    return values


# -- the facts of a finding -------------------------------------------------------------------------------------------


def texts(facts: Facts, key: str) -> tuple[str, ...]:
    """A fact that is a list, as words; empty where it is missing."""
    return tuple(str(word) for word in cast("Sequence[object]", facts.get(key) or ()))


def number(facts: Facts, key: str) -> Fraction:
    """A fact that is a number.

    Raises:
        KeyError: it is missing.
        TypeError: it is not a number.
    """
    value = facts[key]
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise TypeError(f"{key} is not a number")
    return Fraction(value)


def duration(facts: Facts, wording: Wording) -> str:
    """The length of use (fact ``days``) in days, or in whole months or years where that is usual.

    Months and years are rounded down, so that "more than" is true.
    """
    days, at_least = number(facts, "days"), bool(facts.get("at_least"))
    years = days / _DAYS_A_YEAR
    if days <= _MAX_DAYS:
        unit, count = "days", days
    elif years >= _MAX_YEARS_IN_MONTHS:
        unit, count = "years", Fraction(int(years))
    else:
        unit, count = "months", Fraction(int(years * _MONTHS_A_YEAR))
    return wording.say(f"phrases.{unit}", {"count": count, "at_least": at_least})


def conditions_of(facts: Facts) -> tuple[ConditionOnRecord, ...]:
    """The conditions that a finding rests on; an earlier event (an overdose) can be in remission too."""
    in_remission = texts(facts, "in_remission")
    return tuple(
        replace(on_record, in_remission=on_record.in_remission or on_record.name in in_remission)
        for on_record in cast("Sequence[ConditionOnRecord]", facts["conditions"])
    )


def condition(on_record: ConditionOnRecord, wording: Wording) -> str:
    """A condition in a sentence: ``alcohol use disorder (in remission)``."""
    if not on_record.in_remission:
        return on_record.name
    return wording.say("phrases.in_remission", {"name": on_record.name})


def agents_named(names: Iterable[str], knowledge: Knowledge) -> tuple[Agent, ...]:
    """The agents of the knowledge base with these names, in its order."""
    agents = _agents_by_name(knowledge)
    found = sorted(agents[name] for name in set(names) if name in agents)
    return tuple(knowledge.agents[identity] for _, identity in found)


@cache
def _agents_by_name(knowledge: Knowledge) -> Mapping[str, tuple[int, str]]:
    """The position and the id of each agent, by its name."""
    return {agent.name: (position, identity) for position, (identity, agent) in enumerate(knowledge.agents.items())}


def _agents(facts: Facts, wording: Wording) -> tuple[Agent, ...]:
    return agents_named(texts(facts, "agents"), wording.knowledge)


# -- values that only some findings have ------------------------------------------------------------------------------


def _prescribers(facts: Facts) -> dict[str, object]:
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


def _of_depressants(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    older = wording.knowledge.policy.age.older.value
    return {
        "gabapentinoid": _GABAPENTINOID in texts(facts, "classes"),
        "older_age": older,
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
    opioid, sedative = _recorded(facts, "opioid_use_disorder"), _recorded(facts, "sedative_use_disorder")
    alcohol, stimulant = _recorded(facts, "alcohol_use_disorder"), _recorded(facts, "stimulant_use_disorder")
    return {
        "alcohol": _told(facts, "alcohol_use_disorder", wording),
        "alcohol_is_current": alcohol is not None and not alcohol.in_remission,
        "opioid": _told(facts, "opioid_use_disorder", wording),
        "opioid_dependence": opioid is not None and opioid.may_be_prescribed,
        "sedative": _told(facts, "sedative_use_disorder", wording),
        "sedative_dependence": sedative is not None and sedative.may_be_prescribed,
        "sedative_words": quoted(sedative.words) if sedative is not None else "",
        "stimulant": _told(facts, "stimulant_use_disorder", wording),
        "stimulant_words": quoted(stimulant.words) if stimulant is not None else "",
        "treatable": is_use_disorder_today(facts),
    }


def is_use_disorder_today(facts: Facts) -> bool:
    """Whether a use disorder is on record that is neither in remission nor may come of a medicine as prescribed."""
    return any(not (each.in_remission or each.may_be_prescribed) for each in conditions_of(facts))


def _of_mind(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    return {
        "ptsd": _told(facts, "ptsd", wording),
        "depression": _told(facts, "depression", wording),
        "suicidal": _told(facts, "suicidal_ideation", wording),
    }


def _recorded(facts: Facts, key: str) -> ConditionOnRecord | None:
    """A condition that is a fact of its own, None where it is not on record."""
    found = facts.get(key)
    return found if isinstance(found, ConditionOnRecord) else None


def _told(facts: Facts, key: str, wording: Wording) -> str:
    """The same in a sentence; empty where it is not on record."""
    found = _recorded(facts, key)
    return "" if found is None else condition(found, wording)


def _of_load(_facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    low, moderate = band_bounds(wording.knowledge)
    threshold = wording.knowledge.findings["total-load"].parameters.get("site_threshold")
    return {"low": low, "used": moderate, "site_threshold": None if threshold is None else threshold.value}


def _of_potency(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    agents = _agents(facts, wording)
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


def _of_doses(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    return {"half_lives": tuple(_half_life(agent, wording) for agent in _agents(facts, wording))}


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
    return {"benzodiazepine": any(agent.agent_class.id == BENZODIAZEPINE for agent in _agents(facts, wording))}


def _of_age(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    return {"older_age": wording.knowledge.policy.age.older.value, **_of_class(facts, wording)}


def _of_taper(facts: Facts, _subject: Subject, _wording: Wording) -> dict[str, object]:
    return {"because": tuple(dict.fromkeys((*texts(facts, "because"), *texts(facts, "setting_because"))))}


def _of_liver(facts: Facts, _subject: Subject, wording: Wording) -> dict[str, object]:
    lasting = tuple(agent.name for agent in _agents(facts, wording) if _has_active_metabolite(agent))
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


_FURTHER: Mapping[str, Callable[[Facts, Subject, Wording], dict[str, object]]] = {
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
    "older-adult": _of_age,
    "taper-referral": _of_taper,
    "liver-disease": _of_liver,
}


# -- loads ------------------------------------------------------------------------------------------------------------


def load_figure(load: Load, wording: Wording, before: Load | None = None) -> str:
    """A load in words: "at least" where it is not complete, "not known" where nothing could be read.

    "up to" where a dose is a range or as needed, and "from ... to" where it falls from a known one ``before``. Where a
    newer order may replace an earlier one, both totals are given.
    """
    if load.used is None or (load.used == 0 and not load.complete):
        return wording.say("figures.unknown", {})
    if before is not None and before.used is not None and before.complete and load.complete and before.used > load.used:
        return wording.say("figures.fall", {"before": before.used, "used": load.used})
    if load.used == 0:
        return wording.say("figures.none", {})
    if load.if_replaced < load.used:
        values = {"used": load.used, "one": load.if_replaced, "complete": load.complete}
        return wording.say("figures.replaced", values)
    up_to = load.low < load.used
    return wording.say("figures.load", {"used": load.used, "complete": load.complete, "at_least": up_to})


def load_span(load: Load, wording: Wording) -> str:
    """A load with its range, for the load section: ``up to 10 (at least 0) mg/day diazepam-eq``."""
    if not load.used or not load.complete:
        return load_figure(load, wording)
    bounds = band_bounds(wording.knowledge)
    if load.low < load.used == load.if_replaced:
        return wording.say("figures.span", {"low": plain(load.low, bounds), "used": plain(load.used, bounds)})
    return wording.say("figures.load", {"used": load.used, "complete": True, "at_least": load.low < load.if_replaced})


def band_bounds(knowledge: Knowledge) -> tuple[Fraction, Fraction]:
    """The bounds of the dose bands, which no shown load may be rounded across."""
    bands = knowledge.policy.bands
    return bands.low_up_to.value, bands.moderate_up_to.value


def quoted(text: str, longest: int = MAX_LENGTH) -> str:
    """Text from a request, escaped for a card. Parentheses stay: with brackets escaped they have no meaning."""
    return escaped(text, longest).replace("\\(", "(").replace("\\)", ")")
