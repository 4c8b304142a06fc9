"""The gaps section of a card: what was not known or not counted, and what the service never sees."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.cards.wording.load_section import is_renewal
from cds_service.cards.wording.phrases import MAX_REASON_LENGTH, listed, quoted, uncapitalised
from rules.assessment import Assessment, NotSupplied
from rules.assessment_lines import Certainty, NotCounted, NotCountedReason, NotInLoadReason
from rules.knowledge import Knowledge

NEVER_SEEN = "Not seen here: other pharmacies, the PDMP, opioid treatment programmes."
_NOTHING = "Nothing of what was sent."
_DOSES = "doses"
_ENZYME = "CYP3A4"
# Orders that are over or were never given are history, not gaps.
_HISTORY = frozenset({NotCountedReason.NOT_ACTIVE})
_DATA = {
    "patient": "the patient's data",
    "medicationRequests": "medication orders",
    "medicationStatements": "medicines as the patient tells them",
    "medicationDispenses": "dispensing records",
    "conditions": "the problem list",
    "prefetch": "the record",
    "doses": "doses",
}
_BESIDE_LOAD = {
    NotInLoadReason.NO_PUBLISHED_EQUIVALENCE: "not converted, as no equivalence is published: {}",
    NotInLoadReason.SUBSTITUTION_ONLY: "not in the total, with figures for withdrawal only: {}",
    NotInLoadReason.ROUTE_WITHOUT_EQUIVALENCE: "not in the total, as its route has no equivalence: {}",
    NotInLoadReason.RESCUE_PRODUCT: "not in the total, as a rescue product: {}",
}


class GapsSection:
    """The gaps, each said once, and what is never seen."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._gaps = list(dict.fromkeys(_gaps(assessment, knowledge)))
        self._never_seen = _never_seen(assessment, knowledge)

    def lines(self, most: int) -> Iterator[str]:
        """The lines, with at most so many gaps; the others are counted."""
        yield from self._gaps[:most]
        if len(self._gaps) > most:
            yield f"and {len(self._gaps) - most} more"
        yield self._never_seen if self._gaps else f"{_NOTHING} {self._never_seen}"


def _gaps(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    # What may still be taken comes first: of many gaps the last are only counted.
    for line in sorted(assessment.not_counted, key=lambda line: line.certainty is not Certainty.POSSIBLE):
        if line.reason not in _HISTORY and not is_renewal(line):
            yield _not_counted(line)
    load = assessment.with_order or assessment.load
    for table in load.by_table.values():
        for agent in table.missing:
            yield f"{knowledge.agents[agent].name}: no figure in the tables"
    for finding in assessment.findings:
        if finding.id == "incomplete-picture":
            yield from _not_supplied(finding.facts.get("missing"))
    yield from _beside_load(assessment, knowledge)
    yield from _not_judged(assessment, knowledge)


def _not_counted(line: NotCounted) -> str:
    name = quoted(line.product) or "A medication"
    # Without the requesters of a duplicate: only their references are known here.
    not_in_total = ", so it adds nothing to the total" if line.reason is NotCountedReason.DOSE_UNKNOWN else ""
    return f"{name}: {quoted(line.text, MAX_REASON_LENGTH)}{not_in_total}"


def _not_supplied(missing: object) -> Iterator[str]:
    for item in missing if isinstance(missing, tuple) else ():
        if isinstance(item, NotSupplied):
            data = _DATA.get(item.what, quoted(item.what))
            if item.what == _DOSES:
                yield f"{data} {item.why}"
                continue
            yield f"{data} not supplied ({quoted(item.why, MAX_REASON_LENGTH)})"


def _beside_load(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    """The agents that are never converted into the load, by why; those with a line of their own are left out."""
    shown = {line.source for line in assessment.opioid.contributions}
    shown |= {line.source for line in assessment.opioid.excluded}
    for reason, words in _BESIDE_LOAD.items():
        agents = {
            knowledge.agents[line.agent].name
            for line in assessment.not_in_load
            if line.reason is reason and line.source not in shown and not knowledge.classes[line.agent_class].reversal
        }
        if agents:
            yield words.format(listed(sorted(agents), 5))
    for excluded in assessment.opioid.excluded:
        yield f"{knowledge.agents[excluded.agent].name} adds no MME: {excluded.text}"


def _not_judged(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    """The findings that could not be judged, grouped by the missing data."""
    titles_by_reason: dict[str, list[str]] = {}
    for item in assessment.considered:
        if item.result == "not-judged" and item.id in knowledge.findings and knowledge.findings[item.id].on:
            title = uncapitalised(knowledge.findings[item.id].title)
            titles_by_reason.setdefault(item.why or "", []).append(title)
    for why, titles in titles_by_reason.items():
        yield f"not judged: {listed(titles, 2)} ({why})"


def _never_seen(assessment: Assessment, knowledge: Knowledge) -> str:
    affected = listed(sorted(_metabolised_agents(assessment, knowledge)))
    return f"{NEVER_SEEN} Not checked: {_ENZYME} inhibitors ({affected})." if affected else NEVER_SEEN


def _metabolised_agents(assessment: Assessment, knowledge: Knowledge) -> set[str]:
    """The names of the agents of the load, present today, that the enzyme metabolises."""
    present = {
        line.agent for line in assessment.lines if line.agent and (not isinstance(line, NotCounted) or line.present)
    }
    agents = (knowledge.agents[agent] for agent in present)
    return {
        agent.name
        for agent in agents
        if agent.agent_class.in_load and agent.metabolism is not None and _ENZYME in agent.metabolism
    }
