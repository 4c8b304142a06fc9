"""For every finding the half line that a card's summary leads with.

Plain, brief, without blame; options, not orders. Every figure comes from the assessment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cds_service.figures import shown
from cds_service.phrases import Facts, capitalised, days, listed, number, percent, texts
from rules.assessment import Met


def _opioid_clause(facts: Facts, _subject: str) -> str:
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
    "oxybate": lambda f, _s: (
        f"{capitalised(listed(texts(f, 'sedatives')))} with {listed(texts(f, 'oxybate'))}: contraindicated on its label"
    ),
    "dose-escalation": lambda f, s: f"{capitalised(s)} order raises the benzodiazepine load by {percent(f)}",
    "respiratory-disease": lambda f, s: f"New {s} with {listed(texts(f, 'conditions'), 2)} on record",
    "substance-use": lambda f, s: f"New {s} with {listed(texts(f, 'conditions'), 2)} on record",
    "past-overdose": lambda f, s: f"New {s} after {listed(texts(f, 'conditions'), 2)}",
    "pregnancy": lambda _f, s: f"New {s} in pregnancy",
    "high-potency": lambda f, _s: (
        f"New {listed(texts(f, 'new') or texts(f, 'agents'), 2)}, a high-potency benzodiazepine"
    ),
    "concurrent-depressants": lambda f, s: f"{capitalised(s)}: {shown(number(f, 'count'))} CNS-active drugs together",
    "long-term-use": lambda f, _s: f"{capitalised(listed(texts(f, 'agents'), 2))} in use for {days(f)}",
    "total-load": lambda f, s: f"{capitalised(s)}: {f['band']} withdrawal-risk band",
}


def clause(finding: Met, subject: str) -> str:
    """The finding in half a line for a summary; ``subject`` names what is ordered or taken."""
    build = CLAUSES.get(finding.id)
    return build(finding.facts, subject) if build is not None else f"{capitalised(subject)}: {finding.title}"
