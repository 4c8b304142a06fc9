"""From an assessment to the cards of one invocation: which appear, how loud, and how they are put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cds_service.assessment_json import concerning
from cds_service.clauses import clause
from cds_service.detail import detail
from cds_service.hooks.request import Invocation
from cds_service.phrases import listed, load_figure
from cds_service.suggestions import override_reasons, suggestions
from rules.assessment import Assessment, Met
from rules.knowledge import Knowledge
from rules.knowledge.entries import Severity

# The two subjects of cards; EHRs key acknowledgement and lock-out on the code, so it never changes.
TOPIC_SYSTEM = "urn:org.benzo-cds:card-topic"
SEDATIVE_LOAD = "sedativeLoad"
LONG_TERM_USE = "longTermUse"
LONGEST_SUMMARY = 139

_OF_LONG_TERM = frozenset({"long-term-use", "taper-referral", "interdose-withdrawal"})
_AT_MOST_INFO = frozenset({"patient-view", "encounter-start", "medication-refill"})
_OF_DECREASE = frozenset({"abrupt-change"})
_CONVERSATION = frozenset({"patient-view", "encounter-start"})


@dataclass(frozen=True, slots=True)
class Topic:
    """A card's subject, the words EHRs show for it, and the guideline it cites (a key of the knowledge base)."""

    code: str
    display: str
    guideline: str


TOPICS = (
    Topic(SEDATIVE_LOAD, "Sedative load with this order", "sedative-load"),
    Topic(LONG_TERM_USE, "Long-term use and taper", "long-term-use"),
)


def cards_for(assessment: Assessment, invocation: Invocation, knowledge: Knowledge) -> list[dict[str, Any]]:
    """The cards, at most two (one on opening a chart); none where nothing raises one."""
    cards = []
    for topic in TOPICS:
        findings = tuple(finding for finding in assessment.findings if _topic(finding) == topic.code)
        if any(finding.raises for finding in findings) and _concerned(topic, assessment, invocation):
            cards.append(_card(topic, _sharpened(topic, assessment, findings), assessment, invocation, knowledge))
    if invocation.hook in _CONVERSATION and len(cards) > 1:
        return cards[1:]
    return cards


def _topic(finding: Met) -> str:
    return LONG_TERM_USE if finding.id in _OF_LONG_TERM else SEDATIVE_LOAD


def _concerned(topic: Topic, assessment: Assessment, invocation: Invocation) -> bool:
    """Order hooks speak only of what the orders change: long-term use only where they hold a sedative-hypnotic."""
    if topic.code != LONG_TERM_USE or invocation.hook in _CONVERSATION:
        return True
    return bool(drafted_in_load(assessment))


def drafted_in_load(assessment: Assessment) -> tuple[str, ...]:
    """The agents among the orders being written that belong to the load's classes."""
    classes = set(assessment.load.components)
    return tuple(
        sorted({line.agent for line in assessment.lines if line.standing == "ordered" and line.agent_class in classes})
    )


def _sharpened(topic: Topic, assessment: Assessment, own: tuple[Met, ...]) -> tuple[Met, ...]:
    """The topic's findings; those that only sharpen stand behind those that raise the card."""
    raising = [finding for finding in own if finding.raises]
    others = [finding for finding in own if not finding.raises]
    if topic.code == LONG_TERM_USE:
        wanted = ("concurrent-opioid", "abrupt-change", "older-adult", "mental-health")
        shared = [finding for name in wanted for finding in assessment.findings if finding.id == name]
        others = [*others[:1], *shared, *others[1:]]
    others += [f for f in assessment.findings if f.id == "incomplete-picture" and f not in others]
    return (*raising, *others)


def _card(
    topic: Topic, findings: tuple[Met, ...], assessment: Assessment, invocation: Invocation, knowledge: Knowledge
) -> dict[str, Any]:
    identity = uuid5(NAMESPACE_URL, f"{invocation.service_id}|{invocation.hook_instance}|{topic.code}")
    guideline = knowledge.suggestions.guidelines[_guideline(topic, findings, knowledge)]
    offered = suggestions(topic.code, str(identity), findings, assessment, invocation, knowledge)
    card: dict[str, Any] = {
        "uuid": str(identity),
        "summary": summary(findings, assessment, knowledge),
        "indicator": _indicator(topic, findings, assessment, invocation),
        "detail": detail(findings, assessment, knowledge, offers=[item["label"] for item in offered]),
        "source": {
            "label": guideline.label,
            "url": guideline.url,
            "topic": {"system": TOPIC_SYSTEM, "code": topic.code, "display": topic.display},
        },
    }
    if offered:
        card["suggestions"] = offered
        card["selectionBehavior"] = "any"
    card["overrideReasons"] = override_reasons(knowledge)
    card["links"] = [{"label": guideline.label, "url": guideline.url, "type": "absolute"}]
    card["extension"] = {"org.benzo-cds.assessment": concerning(assessment, {finding.id for finding in findings})}
    return card


def _guideline(topic: Topic, findings: Iterable[Met], knowledge: Knowledge) -> str:
    """The guideline of the finding that leads the card, where it has one of its own; else the topic's."""
    lead = next(iter(findings))
    return lead.id if lead.id in knowledge.suggestions.guidelines else topic.guideline


def _indicator(topic: Topic, findings: Iterable[Met], assessment: Assessment, invocation: Invocation) -> str:
    """A warning needs a finding that may warn and new or increased exposure, or a stop or steep cut of an old one."""
    if invocation.hook in _AT_MOST_INFO:
        return Severity.INFO.value
    order = tuple(Severity)
    loud = [
        finding.severity
        for finding in findings
        if finding.raises and _topic(finding) == topic.code and (assessment.increases or finding.id in _OF_DECREASE)
    ]
    return max((*loud, Severity.INFO), key=order.index).value


def summary(findings: tuple[Met, ...], assessment: Assessment, knowledge: Knowledge) -> str:
    """One sentence of up to 139 characters that names the drug and the number."""
    subject = _subject(assessment, knowledge)
    lead = clause(findings[0], subject)
    load = assessment.with_order or assessment.load
    number = load_figure(load, knowledge)
    for text in (f"{lead}; {number}", f"{clause(findings[0], 'this order')}; {number}", lead):
        if len(text) <= LONGEST_SUMMARY:
            return text
    return lead[: LONGEST_SUMMARY - 1].rstrip() + "…"


def _subject(assessment: Assessment, knowledge: Knowledge) -> str:
    """What the card is about: the depressants being ordered, else those in the load."""
    ordered = sorted({line.agent for line in assessment.lines if line.standing == "ordered" and line.agent})
    agents = ordered or sorted({line.agent for line in assessment.contributions})
    return listed((knowledge.agents[agent].name for agent in agents), 2) or "sedatives"


def by_id(findings: Iterable[Met]) -> Mapping[str, Met]:
    """Findings by their ids."""
    return {finding.id: finding for finding in findings}
