"""For every finding the half line that a card's summary leads with.

Plain, brief, without blame; options, not orders. Every figure comes from the assessment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from cds_service.cards.wording.phrases import (
    Facts,
    capitalised,
    conditions,
    duration,
    listed,
    number,
    percent,
    several,
    texts,
)
from cds_service.working.numbers import shown
from rules.assessment import Band, Met


def _opioid_clause(facts: Facts, _subject: str) -> str:
    text = f"{capitalised(listed(texts(facts, 'sedatives'), 2))} together with {listed(texts(facts, 'opioids'), 2)}"
    mme = facts.get("mme")
    if not isinstance(mme, Fraction):
        return text
    return f"{text} ({'' if facts.get('mme_complete') else 'at least '}{shown(mme)} MME/day)"


def _several_clause(facts: Facts, subject: str) -> str:
    agents = texts(facts, "agents")
    if facts.get("only_if_both_continue"):
        others = [agent for agent in agents if agent not in subject] or agents
        active = "are" if len(others) > 1 else "is"
        return f"{capitalised(subject)} ordered while {listed(others, 2)} {active} still active"
    return f"{capitalised(listed(agents, 3))} together"


def _abrupt_clause(facts: Facts, subject: str) -> str:
    agents = listed(texts(facts, "agents"), 2) or subject
    were = "were" if several(agents) else "was"
    match facts["kind"]:
        case "stops":
            return f"This order stops {agents} after {duration(facts)} of use"
        case "stopped":
            return f"{capitalised(agents)} {were} stopped after {duration(facts)} of use, with no new order"
        case "out-of-supply":
            late = number(facts, "out_of_supply_days")
            ago = f"{shown(late)} {'day' if late == 1 else 'days'} ago"
            return f"{capitalised(agents)} ran out {ago} after {duration(facts)} of use, with no new order"
        case "missing-at-discharge":
            missing = "are" if several(agents) else "is"
            return f"{capitalised(agents)}, used for {duration(facts)}, {missing} not among the orders going home"
        case _:
            return f"Benzodiazepine load falls by {percent(facts)} ({agents}, used for {duration(facts)})"


def _hazard_clause(facts: Facts, subject: str) -> str:
    return f"New {_new(facts, subject)} with {conditions(facts, 2)} on record"


def _new(facts: Facts, subject: str) -> str:
    return listed(texts(facts, "new"), 2) or subject


def _potency_clause(facts: Facts, _subject: str) -> str:
    agents = texts(facts, "new") or texts(facts, "agents")
    what = "a high-potency benzodiazepine" if len(agents) == 1 else "high-potency benzodiazepines"
    return f"New {listed(agents, 2)}, {what}"


def _long_term_clause(facts: Facts, _subject: str) -> str:
    agents = capitalised(listed(texts(facts, "agents"), 2))
    if facts.get("may_still_be_taken"):
        return f"{agents} used for {duration(facts)}; supply ended on {facts['until']}"
    return f"{agents} in use for {duration(facts)}"


def _load_clause(facts: Facts, subject: str) -> str:
    put = "put" if several(subject) else "puts"
    start = f"{capitalised(subject)} {put} the sedative load"
    if facts["band"] == Band.LOW:
        return f"{start} above this site's threshold"
    at_least = "" if facts.get("complete") else "at least "
    text = f"{start} in {at_least}ASAM's {facts['band']} dose band"
    return f"{text}, not by every table" if facts.get("band_depends_on_table") else text


def _rise_clause(facts: Facts, subject: str) -> str:
    # Of the agents, not of one order: the rise is that of all orders together.
    raises = "raise" if several(subject) else "raises"
    return f"{capitalised(subject)} {raises} the benzodiazepine load by {percent(facts)}"


def _astray_clause(facts: Facts, _subject: str) -> str:
    return f"{capitalised(listed(texts(facts, 'for_another_patient'), 2))} is drafted for another patient; not counted"


Clause = Callable[[Facts, str], str]

CLAUSES: Mapping[str, Clause] = {
    "concurrent-opioid": _opioid_clause,
    "multiple-sedative-hypnotics": _several_clause,
    "abrupt-change": _abrupt_clause,
    "oxybate": lambda f, _s: (
        f"{capitalised(listed(texts(f, 'sedatives')))} with {listed(texts(f, 'oxybate'))}: a labelled contraindication"
    ),
    "dose-escalation": _rise_clause,
    "respiratory-disease": _hazard_clause,
    "substance-use": _hazard_clause,
    "past-overdose": _hazard_clause,
    "pregnancy": lambda f, s: f"New {_new(f, s)} in pregnancy",
    "high-potency": _potency_clause,
    "concurrent-depressants": lambda f, _s: (
        f"{shown(number(f, 'count'))} CNS-active medicines together: {listed(texts(f, 'cns_active'), 4)}"
    ),
    "long-term-use": _long_term_clause,
    "total-load": _load_clause,
    "incomplete-picture": _astray_clause,
}


def clause(finding: Met, subject: str) -> str:
    """The finding in half a line for a summary; ``subject`` names what is ordered or taken."""
    build = CLAUSES.get(finding.id)
    return build(finding.facts, subject) if build is not None else f"{capitalised(subject)}: {finding.title}"
