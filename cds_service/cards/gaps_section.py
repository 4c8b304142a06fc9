"""What a card says it does not know, did not count and does not check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.cards.load_section import renewals
from cds_service.cards.wording.phrases import agents_named, listed, quoted
from rules.assessment import Assessment, NotSupplied
from rules.assessment_lines import NotCounted, NotCountedReason, NotInLoadReason
from rules.knowledge import Agent, Knowledge

MAX_REASON_LENGTH = 160
NOT_VISIBLE = "Not seen here: other pharmacies, the PDMP, opioid treatment programmes."
_ENZYME = "CYP3A4"
# What is over, or was never given, is history and no gap.
_HISTORY = frozenset({NotCountedReason.NOT_ACTIVE})
_MISSING = {
    "patient": "the patient's data",
    "medicationRequests": "medication orders",
    "medicationStatements": "medicines as the patient tells them",
    "medicationDispenses": "dispensing records",
    "conditions": "the problem list",
    "prefetch": "the record",
}
_BESIDE = {
    NotInLoadReason.NO_PUBLISHED_EQUIVALENCE: "not converted, as no equivalence is published: {}",
    NotInLoadReason.SUBSTITUTION_ONLY: "not in the total, with figures for withdrawal only: {}",
    NotInLoadReason.ROUTE_WITHOUT_EQUIVALENCE: "not in the total, as its route has no equivalence: {}",
    NotInLoadReason.RESCUE_PRODUCT: "not in the total, as a rescue product: {}",
}


class UnknownLines:
    """What was not known or not counted, and what is never seen; each line written once."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._gaps = list(dict.fromkeys(_gaps(assessment, knowledge)))
        self._never_seen = _never_seen(assessment, knowledge)

    def lines(self, most: int) -> Iterator[str]:
        """The lines, with at most so many gaps; what was cut is counted."""
        yield from self._gaps[:most]
        if len(self._gaps) > most:
            yield f"and {len(self._gaps) - most} more"
        nothing = "" if self._gaps else "Nothing of what was sent. "
        yield f"{nothing}{self._never_seen}"


def _gaps(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    said = renewals(assessment)
    for line in assessment.not_counted:
        if line.reason not in _HISTORY and line not in said:
            yield _not_counted(line)
    load = assessment.with_order or assessment.load
    for table in load.by_table.values():
        for agent in table.missing:
            yield f"{knowledge.agents[agent].name}: no figure in the tables"
    for item in assessment.findings:
        if item.id == "incomplete-picture":
            yield from _not_supplied(item.facts.get("missing") or ())
    yield from _beside(assessment, knowledge)
    yield from _not_judged(assessment, knowledge)


def _not_counted(line: NotCounted) -> str:
    name = quoted(line.product) or "A medication"
    # Who wrote a copy is known here by the reference of a resource only.
    text = line.text.split(" (")[0] if line.reason is NotCountedReason.DUPLICATE else line.text
    not_in_total = ", so it adds nothing to the total" if line.reason is NotCountedReason.DOSE_UNKNOWN else ""
    return f"{name}: {quoted(text, MAX_REASON_LENGTH)}{not_in_total}"


def _not_supplied(missing: object) -> Iterator[str]:
    for item in missing if isinstance(missing, tuple) else ():
        if isinstance(item, NotSupplied):
            what = _MISSING.get(item.what, quoted(item.what))
            yield f"{what} not supplied ({quoted(item.why, MAX_REASON_LENGTH)})"


def _beside(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    told = {line.source for line in assessment.opioid.contributions}
    told |= {line.source for line in assessment.opioid.excluded}
    for reason, words in _BESIDE.items():
        agents = {
            knowledge.agents[line.agent].name
            for line in assessment.not_in_load
            if line.reason is reason and line.source not in told and not knowledge.classes[line.agent_class].reversal
        }
        if agents:
            yield words.format(listed(sorted(agents), 5))
    for excluded in assessment.opioid.excluded:
        yield f"{knowledge.agents[excluded.agent].name} adds no MME: {excluded.text}"


def _not_judged(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    """Findings that could not be judged for want of data, by what was wanting."""
    by_reason: dict[str, list[str]] = {}
    for item in assessment.considered:
        if item.result == "not-judged" and item.id in knowledge.findings and knowledge.findings[item.id].on:
            by_reason.setdefault(item.why or "", []).append(_lower(knowledge.findings[item.id].title))
    for why, titles in by_reason.items():
        yield f"not judged: {listed(titles, 2)} ({why})"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _never_seen(assessment: Assessment, knowledge: Knowledge) -> str:
    affected = sorted(agent.name for agent in _by_enzyme(_present(assessment, knowledge), knowledge))
    return f"{NOT_VISIBLE} Not checked: {_ENZYME} inhibitors ({listed(affected)})." if affected else NOT_VISIBLE


def _present(assessment: Assessment, knowledge: Knowledge) -> Iterable[str]:
    for line in assessment.lines:
        if line.agent and (not isinstance(line, NotCounted) or line.present):
            yield knowledge.agents[line.agent].name


def _by_enzyme(names: Iterable[str], knowledge: Knowledge) -> Iterator[Agent]:
    for agent in agents_named(names, knowledge):
        if agent.agent_class.in_load and agent.metabolism is not None and _ENZYME in agent.metabolism:
            yield agent
