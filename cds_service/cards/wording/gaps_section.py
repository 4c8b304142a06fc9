"""The gaps section of a card: what was not known or not counted, and what the service never sees."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.cards.wording.facts import quoted
from cds_service.cards.wording.load_section import is_renewal
from cds_service.cards.wording.markdown import MAX_REASON_LENGTH
from cds_service.cards.wording.wording import Wording, uncapitalised
from rules.assessment import Assessment
from rules.assessment_facts import IN_PART, NOT_SUPPLIED, REST_NOT_READ, NotSupplied
from rules.assessment_lines import Certainty, NotCounted, NotCountedReason, NotInLoadReason
from rules.knowledge import Knowledge

_DOSES, _SELECTIONS = "doses", "selections"
_ENZYME = "CYP3A4"
# Orders that are over or were never given are history, not gaps; what could not be read has no name to list.
_SHOWN_APART = frozenset({NotCountedReason.NOT_ACTIVE, NotCountedReason.UNREADABLE})


class GapsSection:
    """The gaps, each said once, and what is never seen."""

    def __init__(self, assessment: Assessment, wording: Wording) -> None:
        self._wording = wording
        self._gaps = list(dict.fromkeys(_gaps(assessment, wording)))
        agents = tuple(sorted(_metabolised_agents(assessment, wording.knowledge)))
        self._never_seen = wording.say("gaps.never_seen", {"agents": agents, "name": _ENZYME})

    def lines(self, most: int) -> Iterator[str]:
        """The lines, with at most so many gaps; the others are counted."""
        yield from self._gaps[:most]
        if len(self._gaps) > most:
            yield self._wording.say("gaps.more", {"count": len(self._gaps) - most})
        yield self._never_seen


def _gaps(assessment: Assessment, wording: Wording) -> Iterator[str]:
    # Of many gaps the last are only counted: what nobody could look at comes first, then what may still be taken.
    for finding in assessment.findings:
        if finding.id == "incomplete-picture":
            yield from _not_supplied(finding.facts.get("missing"), wording)
    for line in sorted(assessment.not_counted, key=lambda line: line.certainty is not Certainty.POSSIBLE):
        if line.reason not in _SHOWN_APART and not is_renewal(line) and not _is_counted_elsewhere(line):
            yield _not_counted(line, wording)
    yield from _not_read(assessment, wording)
    load = assessment.with_order or assessment.load
    for table in load.by_table.values():
        for agent in table.missing:
            yield wording.say("gaps.no_figure", {"agent": wording.knowledge.agents[agent].name})
    yield from _beside_load(assessment, wording)
    yield from _not_judged(assessment, wording)


def _not_read(assessment: Assessment, wording: Wording) -> Iterator[str]:
    """How many records could not be read, the medicines first: why is a matter of IT."""
    unread = [line for line in assessment.not_counted if line.reason is NotCountedReason.UNREADABLE]
    medicines = sum(line.present for line in unread)
    for name, count in (("medicines_not_read", medicines), ("others_not_read", len(unread) - medicines)):
        if count:
            yield wording.say(f"gaps.{name}", {"count": count})


def _is_counted_elsewhere(line: NotCounted) -> bool:
    """Whether a record says again what one that counts says, such as a dispense under an order: nothing is missing."""
    return line.reason is NotCountedReason.DUPLICATE and not line.requesters


def _not_counted(line: NotCounted, wording: Wording) -> str:
    # Without the requesters of a duplicate: only their references are known here.
    values = {"product": quoted(line.product), "text": quoted(line.text, MAX_REASON_LENGTH)}
    unknown = line.reason is NotCountedReason.DOSE_UNKNOWN
    return wording.say("gaps.dose-unknown" if unknown else "gaps.not_counted", values)


def _not_supplied(missing: object, wording: Wording) -> Iterator[str]:
    for item in missing if isinstance(missing, tuple) else ():
        if isinstance(item, NotSupplied):
            if item.what == _DOSES:
                yield wording.say("gaps.not_worked_out", {"why": item.why})
                continue
            if item.what == _SELECTIONS:
                yield wording.say("gaps.selections", {})
                continue
            name = wording.say_of(f"data.{item.what}", {}) or quoted(item.what)
            why = "" if item.why in (NOT_SUPPLIED, IN_PART) else quoted(item.why, MAX_REASON_LENGTH)
            in_part = item.why in (IN_PART, REST_NOT_READ)
            yield wording.say("gaps.not_supplied", {"name": name, "in_part": in_part, "why": why})


def _beside_load(assessment: Assessment, wording: Wording) -> Iterator[str]:
    """The agents that are never converted into the load, by why; those with a line of their own are left out."""
    knowledge = wording.knowledge
    shown = {line.source for line in assessment.opioid.contributions}
    shown |= {line.source for line in assessment.opioid.excluded}
    # An opioid that the orders end or replace has its part in the MME of before.
    shown |= {line.source for line in assessment.opioid_before.contributions} if assessment.opioid_before else set()
    for reason in NotInLoadReason:
        agents = {
            knowledge.agents[line.agent].name
            for line in assessment.not_in_load
            if line.reason is reason and line.source not in shown and not knowledge.classes[line.agent_class].reversal
        }
        if agents:
            yield wording.say(f"gaps.{reason}", {"agents": tuple(sorted(agents))})
    for excluded in assessment.opioid.excluded:
        yield wording.say("gaps.no_mme", {"agent": knowledge.agents[excluded.agent].name, "text": excluded.text})


def _not_judged(assessment: Assessment, wording: Wording) -> Iterator[str]:
    """The findings that could not be judged, grouped by the missing data."""
    findings = wording.knowledge.findings
    titles_by_reason: dict[str, list[str]] = {}
    for item in assessment.considered:
        if item.result == "not-judged" and item.id in findings and findings[item.id].on:
            titles_by_reason.setdefault(item.why or "", []).append(uncapitalised(findings[item.id].title))
    for why, titles in titles_by_reason.items():
        yield wording.say("gaps.not_judged", {"items": tuple(titles), "why": why})


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
