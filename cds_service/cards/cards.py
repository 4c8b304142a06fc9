"""From an assessment to the cards of one invocation: which appear, how loud, and how they are put together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cds_service.cards.detail import detail
from cds_service.cards.dialect import in_dialect
from cds_service.cards.invocation import Invocation
from cds_service.cards.occasion import (
    CONVERSATION,
    OF_DECREASE,
    OF_LONG_TERM,
    Occasion,
    is_for_patient,
    is_wrong_patient_draft,
    occasion_of,
)
from cds_service.cards.suggestions import named, override_reasons, suggestions
from cds_service.cards.wording.phrases import listed, load_figure
from cds_service.cards.wording.summary import clause
from cds_service.trust.dialect import MARKDOWN, CardDialect
from cds_service.working.assessment_json import concerning, without_empty
from rules.assessment import Assessment, Met, Severity
from rules.knowledge import Knowledge

# The two subjects of cards; EHRs key acknowledgement and lock-out on the code, so it never changes.
TOPIC_SYSTEM = "urn:org.benzo-cds:card-topic"
SEDATIVE_LOAD = "sedativeLoad"
LONG_TERM_USE = "longTermUse"
MAX_SUMMARY_LENGTH = 139
INCOMPLETE = "incomplete-picture"

_INFO_AT_MOST = frozenset({*CONVERSATION, "medication-refill"})
# What else a card on long-term use says where it holds, in this order.
_BESIDE_LONG_TERM = ("concurrent-opioid", "abrupt-change", "older-adult", "mental-health")
_LAST = "total-load"


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


@dataclass(frozen=True, slots=True)
class Card:
    """A card with what it is about: its topic, and the ids of the findings that raise it and that it speaks of.

    ``body`` is the card as CDS Hooks has it.
    """

    topic: str
    raised_by: tuple[str, ...]
    speaks_of: tuple[str, ...]
    body: dict[str, Any]

    @property
    def indicator(self) -> str:
        """How loud it is: ``info``, ``warning`` or ``critical``."""
        return str(self.body["indicator"])

    def of_call(self, invocation: Invocation) -> Card:
        """The same card as the answer to another call of the same content."""
        identity = _identity(self.topic, invocation)
        told: dict[str, Any] = {"uuid": identity}
        if "suggestions" in self.body:
            told["suggestions"] = named(self.body["suggestions"], identity)
        return replace(self, body=self.body | told)


def cards_for(
    assessment: Assessment,
    invocation: Invocation,
    knowledge: Knowledge,
    hidden: Collection[str] = (),
    dialect: CardDialect = MARKDOWN,
) -> tuple[Card, ...]:
    """The cards, at most two; none where nothing raises one. ``hidden`` findings raise none and are not spoken of;
    ``dialect`` is what the EHR can show.

    One alone on opening a chart, and for orders that change nothing (a plain renewal): there the card on long-term use
    says what the other would.
    """
    if hidden:
        kept = tuple(finding for finding in assessment.findings if finding.id not in hidden)
        assessment = replace(assessment, findings=kept)
    occasion = occasion_of(assessment, invocation.hook, knowledge)
    raising = tuple(f for f in assessment.findings if (f.raises or is_wrong_patient_draft(f)) and occasion.touches(f))
    about = {topic.code: tuple(f for f in raising if _topic(f) == topic.code) for topic in TOPICS}
    if about[LONG_TERM_USE] and (occasion.conversation or occasion.unchanged):
        about = {LONG_TERM_USE: (*about[LONG_TERM_USE], *about[SEDATIVE_LOAD])}
    drawn = []
    for topic in TOPICS:
        raised = about.get(topic.code)
        if raised:
            findings = _sharpened(topic, assessment, raised)
            body = _body(topic, findings, assessment, occasion, invocation, knowledge, dialect)
            drawn.append(Card(topic.code, _ids(raised), _ids(findings), in_dialect(body, dialect)))
    return tuple(drawn)


def _ids(findings: Iterable[Met]) -> tuple[str, ...]:
    return tuple(finding.id for finding in findings)


def _topic(finding: Met) -> str:
    return LONG_TERM_USE if finding.id in OF_LONG_TERM else SEDATIVE_LOAD


def _sharpened(topic: Topic, assessment: Assessment, raising: tuple[Met, ...]) -> tuple[Met, ...]:
    """The findings of a card: those that raise it, those that only sharpen it, and what is said of every card."""
    own = [finding for finding in raising if _topic(finding) == topic.code and finding.id != INCOMPLETE]
    others = [f for f in assessment.findings if _topic(f) == topic.code and f not in own and f.id != INCOMPLETE]
    if topic.code == LONG_TERM_USE:
        held = by_id(assessment.findings)
        joined = [finding for finding in raising if finding not in own]
        beside = by_id([*(held[name] for name in _BESIDE_LONG_TERM if name in held), *joined]).values()
        before, after = [f for f in beside if f.id != _LAST], [f for f in beside if f.id == _LAST]
        others = [*others[:1], *before, *others[1:], *after]
    last = [finding for finding in assessment.findings if finding.id == INCOMPLETE]
    # What raises a card leads it; what is not known does so where nothing else raised it.
    return (*own, *others, *last) if own else (*last, *others)


def _body(
    topic: Topic,
    findings: tuple[Met, ...],
    assessment: Assessment,
    occasion: Occasion,
    invocation: Invocation,
    knowledge: Knowledge,
    dialect: CardDialect,
) -> dict[str, Any]:
    identity = _identity(topic.code, invocation)
    guideline = knowledge.suggestions.guidelines[_guideline(topic, findings, knowledge)]
    offered = suggestions(topic.code, identity, findings, assessment, invocation, knowledge)
    card: dict[str, Any] = {
        "uuid": identity,
        "summary": summary(findings, assessment, knowledge),
        "indicator": _indicator(topic, findings, occasion),
        "detail": detail(
            findings,
            assessment,
            knowledge,
            offers=[item["actions"][0]["description"] for item in offered],
            as_table=dialect.orders_as_table,
        ),
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
    # CDS Hooks forbids empty members.
    cleaned: dict[str, Any] = without_empty(card)
    return cleaned


def _identity(topic: str, invocation: Invocation) -> str:
    return str(uuid5(NAMESPACE_URL, f"{invocation.service_id}|{invocation.hook_instance}|{topic}"))


def _guideline(topic: Topic, findings: Iterable[Met], knowledge: Knowledge) -> str:
    """The guideline of the finding that leads the card, where it has one of its own; else the topic's."""
    lead = next(iter(findings))
    return lead.id if lead.id in knowledge.suggestions.guidelines else topic.guideline


def _indicator(topic: Topic, findings: Iterable[Met], occasion: Occasion) -> str:
    """A warning needs a finding that may warn and an order that begins or increases what it is about, or a stop or
    steep cut of established use."""
    if occasion.hook in _INFO_AT_MOST:
        return Severity.INFO.value
    order = tuple(Severity)
    loud = [
        finding.severity
        for finding in findings
        if finding.raises
        and _topic(finding) == topic.code
        and (finding.id in OF_DECREASE or (occasion.touches(finding) and occasion.worsens(finding)))
    ]
    return max((*loud, Severity.INFO), key=order.index).value


def summary(findings: tuple[Met, ...], assessment: Assessment, knowledge: Knowledge) -> str:
    """One sentence of up to 139 characters that names the drug and the number."""
    subject = _subject(assessment, knowledge)
    lead = clause(findings[0], subject)
    if findings[0].id == INCOMPLETE:
        return lead
    load = assessment.with_order or assessment.load
    number = load_figure(load, knowledge)
    for text in (f"{lead}; {number}", f"{clause(findings[0], 'this order')}; {number}", lead):
        if len(text) <= MAX_SUMMARY_LENGTH:
            return text
    return lead[: MAX_SUMMARY_LENGTH - 1].rstrip() + "…"


def _subject(assessment: Assessment, knowledge: Knowledge) -> str:
    """What the card is about: the depressants being ordered, else those in the load."""
    ordered = sorted({line.agent for line in assessment.lines if line.standing == "ordered" and is_for_patient(line)})
    agents = ordered or sorted({line.agent for line in assessment.contributions})
    return listed((knowledge.agents[agent].name for agent in agents), 2) or "sedatives"


def by_id(findings: Iterable[Met]) -> Mapping[str, Met]:
    """Findings by their ids."""
    return {finding.id: finding for finding in findings}
