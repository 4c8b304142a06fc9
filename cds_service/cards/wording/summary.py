"""The summary of a card: one sentence with the drug, the harm and the number.

Every finding that can lead a card has its clause here: plain, brief, without blame. Every figure comes from the
assessment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from cds_service.cards.wording.phrases import (
    FOR_ANOTHER_PATIENT,
    THIS_ORDER,
    Facts,
    Subject,
    capitalised,
    conditions,
    duration,
    listed,
    load_figure,
    number,
    percent,
    texts,
)
from cds_service.working.numbers import shown
from rules.assessment import Band, Load, Met
from rules.findings import ONLY_IF_TAKEN
from rules.knowledge import Knowledge

MAX_SUMMARY_LENGTH = 139


def summary(finding: Met, subject: Subject, load: Load | None, knowledge: Knowledge) -> str:
    """The summary of a card that ``finding`` leads, in up to 139 characters.

    Args:
        finding: the finding.
        subject: the agents ordered, or those in the load.
        load: the load to add; None for none.
        knowledge: what the load is judged by.
    """
    lead = clause(finding, subject)
    if load is None:
        return lead
    number_text = load_figure(load, knowledge)
    for text in (f"{lead}; {number_text}", f"{clause(finding, THIS_ORDER)}; {number_text}", lead):
        if len(text) <= MAX_SUMMARY_LENGTH:
            return text
    return lead[: MAX_SUMMARY_LENGTH - 1].rstrip() + "…"


def clause(finding: Met, subject: Subject) -> str:
    """A finding in half a sentence, for a summary."""
    build = CLAUSES.get(finding.id)
    text = build(finding.facts, subject) if build is not None else f"{capitalised(subject.text)}: {finding.title}"
    possible = Subject.of(texts(finding.facts, ONLY_IF_TAKEN))
    if not possible.names:
        return text
    return f"{text}, if {possible.text} {'are' if possible.plural else 'is'} still taken"


def _opioid_clause(facts: Facts, _subject: Subject) -> str:
    text = f"{capitalised(listed(texts(facts, 'sedatives'), 2))} together with {listed(texts(facts, 'opioids'), 2)}"
    mme = facts.get("mme")
    if not isinstance(mme, Fraction):
        return text
    return f"{text} ({'' if facts.get('mme_complete') else 'at least '}{shown(mme)} MME/day)"


def _several_clause(facts: Facts, subject: Subject) -> str:
    agents = texts(facts, "agents")
    if facts.get("only_if_both_continue"):
        others = [agent for agent in agents if agent not in subject.names] or agents
        are = "are" if len(others) > 1 else "is"
        return f"{capitalised(subject.text)} ordered while {listed(others, 2)} {are} still active"
    return f"{capitalised(listed(agents, 3))} together"


def _abrupt_clause(facts: Facts, subject: Subject) -> str:
    used = Subject.of(texts(facts, "agents")) if texts(facts, "agents") else subject
    agents = used.text
    match facts["kind"]:
        case "stops":
            return f"This order stops {agents} after {duration(facts)} of use"
        case "stopped":
            were = "were" if used.plural else "was"
            return f"{capitalised(agents)} {were} stopped after {duration(facts)} of use, with no new order"
        case "out-of-supply":
            late = number(facts, "out_of_supply_days")
            ago = f"{shown(late)} {'day' if late == 1 else 'days'} ago"
            return f"{capitalised(agents)} ran out {ago} after {duration(facts)} of use, with no new order"
        case "missing-at-discharge":
            are = "are" if used.plural else "is"
            return f"{capitalised(agents)}, used for {duration(facts)}, {are} not among the orders going home"
        case _:
            return f"Benzodiazepine load falls by {percent(facts)} ({agents}, used for {duration(facts)})"


def _hazard_clause(facts: Facts, subject: Subject) -> str:
    return f"New {_new(facts, subject)} with {conditions(facts, 2)} on record"


def _pregnancy_clause(facts: Facts, subject: Subject) -> str:
    return f"New {_new(facts, subject)} in pregnancy"


def _new(facts: Facts, subject: Subject) -> str:
    return listed(texts(facts, "new"), 2) or subject.text


def _potency_clause(facts: Facts, _subject: Subject) -> str:
    agents = texts(facts, "new") or texts(facts, "agents")
    kind = "a high-potency benzodiazepine" if len(agents) == 1 else "high-potency benzodiazepines"
    return f"New {listed(agents, 2)}, {kind}"


def _depressants_clause(facts: Facts, _subject: Subject) -> str:
    return f"{shown(number(facts, 'count'))} CNS-active medicines together: {listed(texts(facts, 'cns_active'), 4)}"


def _oxybate_clause(facts: Facts, _subject: Subject) -> str:
    oxybate = listed(texts(facts, "oxybate"))
    return f"{capitalised(listed(texts(facts, 'sedatives')))} with {oxybate}: a labelled contraindication"


def _long_term_clause(facts: Facts, _subject: Subject) -> str:
    agents = capitalised(listed(texts(facts, "agents"), 2))
    if facts.get("may_still_be_taken"):
        return f"{agents} used for {duration(facts)}; supply ended on {facts['until']}"
    return f"{agents} in use for {duration(facts)}"


def _load_clause(facts: Facts, subject: Subject) -> str:
    start = f"{capitalised(subject.text)} {'put' if subject.plural else 'puts'} the sedative load"
    if facts["band"] == Band.LOW:
        return f"{start} above this site's threshold"
    at_least = "" if facts.get("complete") else "at least "
    text = f"{start} in {at_least}ASAM's {facts['band']} dose band"
    return f"{text}, not by every table" if facts.get("band_depends_on_table") else text


def _escalation_clause(facts: Facts, subject: Subject) -> str:
    # The subject is the agents, not one order: the rise is that of all orders together.
    raises = "raise" if subject.plural else "raises"
    return f"{capitalised(subject.text)} {raises} the benzodiazepine load by {percent(facts)}"


def _incomplete_clause(facts: Facts, subject: Subject) -> str:
    elsewhere = texts(facts, FOR_ANOTHER_PATIENT)
    if elsewhere:
        return f"{capitalised(listed(elsewhere, 2))} is drafted for another patient; not counted"
    ordered, on_record = texts(facts, "ordered"), texts(facts, "on_record")
    if facts.get("out_of_time"):
        beside = f"; {listed(on_record, 2)} on record" if on_record else ""
        return f"{capitalised(listed(ordered, 2)) or 'An order'}{beside}: the load could not be worked out in time"
    if ordered and facts.get("no_history"):
        return f"{capitalised(listed(ordered, 2))} ordered, and the patient's other orders could not be read"
    if ordered:
        return f"{capitalised(listed(ordered, 2))} ordered beside a medication that could not be identified"
    if on_record:
        are = "is" if len(on_record) == 1 else "are"
        return f"An order could not be identified, and {listed(on_record, 2)} {are} on record"
    return f"{capitalised(subject.text)}: not everything could be read"


CLAUSES: Mapping[str, Callable[[Facts, Subject], str]] = {
    "concurrent-opioid": _opioid_clause,
    "multiple-sedative-hypnotics": _several_clause,
    "abrupt-change": _abrupt_clause,
    "oxybate": _oxybate_clause,
    "dose-escalation": _escalation_clause,
    "respiratory-disease": _hazard_clause,
    "substance-use": _hazard_clause,
    "past-overdose": _hazard_clause,
    "pregnancy": _pregnancy_clause,
    "high-potency": _potency_clause,
    "concurrent-depressants": _depressants_clause,
    "long-term-use": _long_term_clause,
    "total-load": _load_clause,
    "incomplete-picture": _incomplete_clause,
}
"""The clauses by finding. The subject is used where a finding does not name the agents itself."""
