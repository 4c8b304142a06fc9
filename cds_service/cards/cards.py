"""From an assessment to the cards of one call: which appear, how loud they are, and how each is put together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from cds_service.cards.extension import assessment_extension
from cds_service.cards.invocation import Invocation
from cds_service.cards.occasion import OF_DECREASE, OF_LONG_TERM, Occasion, occasion_of
from cds_service.cards.options import Offered, options
from cds_service.cards.situation import CallSituation, situation_of
from cds_service.cards.suggestions import (
    Suggestion,
    override_reasons,
    standard_reasons,
    suggestions_on_long_term_use,
    suggestions_on_orders,
    with_uuids,
)
from cds_service.cards.wording.detail import detail, priority
from cds_service.cards.wording.facts import Subject
from cds_service.cards.wording.markdown import without_markup
from cds_service.cards.wording.summary import summary
from cds_service.cards.wording.wording import Wording
from cds_service.config.limits import MAX_EXTENSION_BYTES, MAX_SUGGESTIONS
from cds_service.trust.tenant import MARKDOWN, CardDialect, CardText
from cds_service.working.assessment_json import without_empty
from rules.assessment import Assessment, Met, Severity

# The topics of cards. EHRs key acknowledgement and lock-out on these codes, so they never change.
TOPIC_SYSTEM = "urn:org.benzo-cds:card-topic"
SEDATIVE_LOAD = "sedativeLoad"
LONG_TERM_USE = "longTermUse"

_INCOMPLETE = "incomplete-picture"
# The findings of the other topic that a card on long-term use speaks of too, in this order.
_BESIDE_LONG_TERM = ("concurrent-opioid", "abrupt-change", "older-adult", "mental-health")
_LAST = "total-load"
_ASSESSMENT = "org.benzo-cds.assessment"
# Not at each reason: there 3.0 has FHIR's Coding, whose extensions are of another form than those of CDS Hooks.
_STANDARD_REASONS = "org.benzo-cds.standard-reasons"
# How Epic is told that a detail is plain text; other EHRs ignore it.
_CONTENT_TYPE = "com.epic.cdshooks.card.detail.content-type"


@dataclass(frozen=True, slots=True)
class Topic:
    """The subject of a card: its code, the words that EHRs show for it, and its guideline (a key of the knowledge)."""

    code: str
    display: str
    guideline: str


TOPICS = (
    Topic(SEDATIVE_LOAD, "Sedative load with this order", "sedative-load"),
    Topic(LONG_TERM_USE, "Long-term use and taper", "long-term-use"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A card, with its topic and the ids of the findings that raise it and that it speaks of.

    ``body`` is the card as CDS Hooks has it. ``beside``: the members that differ where the card before it is shown too,
    as that one's sections and suggestions are not repeated.
    """

    topic: str
    raised_by: tuple[str, ...]
    speaks_of: tuple[str, ...]
    body: dict[str, Any]
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def indicator(self) -> str:
        """``info``, ``warning`` or ``critical``."""
        return str(self.body["indicator"])

    def of_call(self, invocation: Invocation) -> Card:
        """The same card as the answer to another call of the same content."""
        identity = _uuid(self.topic, invocation)
        changes: dict[str, Any] = {"uuid": identity}
        beside = dict(self.beside)
        if "suggestions" in self.body:
            changes["suggestions"] = with_uuids(self.body["suggestions"], identity)
            if "suggestions" in beside:
                labels = {suggestion["label"] for suggestion in beside["suggestions"]}
                beside["suggestions"] = [item for item in changes["suggestions"] if item["label"] in labels]
        return replace(self, body=self.body | changes, beside=beside)

    def shown_beside(self) -> dict[str, Any]:
        """The card as it is shown after another one."""
        body: dict[str, Any] = {**self.body, **self.beside}
        if body.get("suggestions") == []:
            del body["suggestions"], body["selectionBehavior"]
        return body


def cards_for(
    assessment: Assessment,
    invocation: Invocation,
    wording: Wording,
    hidden: Collection[str] = (),
    dialect: CardDialect = MARKDOWN,
) -> tuple[Card, ...]:
    """The cards of a call, at most two.

    On opening a chart, and for orders that change nothing (a plain renewal), there is at most one: the card on
    long-term use then says what the other would.

    Args:
        assessment: the assessment of the patient with the draft orders.
        invocation: the call.
        wording: the words, and the knowledge that the assessment was judged by.
        hidden: findings that raise no card and are not spoken of.
        dialect: what the EHR can show.
    """
    if hidden:
        findings = tuple(finding for finding in assessment.findings if finding.id not in hidden)
        assessment = replace(assessment, findings=findings)
    occasion = occasion_of(assessment, invocation.hook, wording.knowledge)
    situation = situation_of(assessment, occasion, wording.knowledge)
    call = _Call(assessment, occasion, situation, invocation, wording, dialect)
    raising = occasion.raising(assessment.findings)
    by_topic = {topic.code: tuple(f for f in raising if _topic(f) == topic.code) for topic in TOPICS}
    if by_topic[LONG_TERM_USE] and (occasion.conversation or occasion.unchanged):
        by_topic = {LONG_TERM_USE: (*by_topic[LONG_TERM_USE], *by_topic[SEDATIVE_LOAD])}
    cards: list[Card] = []
    for topic in TOPICS:
        raised_by = by_topic.get(topic.code)
        if raised_by:
            findings = _spoken_of(topic, assessment, raised_by)
            suggestions = call.suggestions(topic, findings)
            body = _body(topic, findings, suggestions, call)
            cards.append(Card(topic.code, _ids(raised_by), _ids(findings), body))
            if len(cards) > 1:
                said = cards[0].speaks_of
                beside = {"detail": call.detail(findings, suggestions, said)}
                further = [finding for finding in findings if finding.id not in said]
                if further:
                    beside["summary"] = call.summary(further[0])
                cards[1] = replace(cards[1], beside=beside | _further_suggestions(*cards))
    return tuple(cards)


def _further_suggestions(first: Card, second: Card) -> dict[str, Any]:
    """The suggestions of a second card that the first one does not make; empty if there is no difference."""
    labels = {suggestion["label"] for suggestion in first.body.get("suggestions", ())}
    own = second.body.get("suggestions", [])
    further = [suggestion for suggestion in own if suggestion["label"] not in labels]
    return {"suggestions": further} if len(further) < len(own) else {}


def _ids(findings: Iterable[Met]) -> tuple[str, ...]:
    return tuple(finding.id for finding in findings)


def _topic(finding: Met) -> str:
    return LONG_TERM_USE if finding.id in OF_LONG_TERM else SEDATIVE_LOAD


def _spoken_of(topic: Topic, assessment: Assessment, raising: tuple[Met, ...]) -> tuple[Met, ...]:
    """The findings of a card: those that raise it, those that only sharpen it, and the gaps, which every card names."""
    leading = sorted(
        (finding for finding in raising if _topic(finding) == topic.code and finding.id != _INCOMPLETE),
        # Of what warns the order stands; of the rest what can be acted on comes first.
        key=lambda finding: (
            finding.severity is Severity.INFO,
            finding.severity is Severity.INFO and priority(finding),
        ),
    )
    others = [f for f in assessment.findings if _topic(f) == topic.code and f not in leading and f.id != _INCOMPLETE]
    if topic.code == LONG_TERM_USE:
        met = {finding.id: finding for finding in assessment.findings}
        joined = [finding for finding in raising if finding not in leading]
        beside = {f.id: f for f in (*(met[name] for name in _BESIDE_LONG_TERM if name in met), *joined)}.values()
        before, after = [f for f in beside if f.id != _LAST], [f for f in beside if f.id == _LAST]
        others = [*others[:1], *before, *others[1:], *after]
    incomplete = [finding for finding in assessment.findings if finding.id == _INCOMPLETE]
    # The gaps lead a card only where nothing else raises it, and a stop leads every card that it is on.
    spoken_of = (*leading, *others, *incomplete) if leading else (*incomplete, *others)
    return tuple(sorted(spoken_of, key=lambda finding: finding.id not in OF_DECREASE or not finding.raises))


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that cards are written for."""

    assessment: Assessment
    occasion: Occasion
    situation: CallSituation
    invocation: Invocation
    wording: Wording
    dialect: CardDialect

    def suggestions(self, topic: Topic, findings: tuple[Met, ...]) -> tuple[Suggestion, ...]:
        """All suggestions of a card with these findings; the first ``MAX_SUGGESTIONS`` of them are made."""
        suggested = suggestions_on_long_term_use if topic.code == LONG_TERM_USE else suggestions_on_orders
        return tuple(suggested(findings, self.situation, self.invocation, self.dialect.orders, self.wording))

    def summary(self, lead: Met) -> str:
        """The summary of a card that a finding leads."""
        load = None if lead.id == _INCOMPLETE else self.assessment.with_order or self.assessment.load
        return summary(lead, Subject.of(self.occasion.subject), load, self.assessment.load, self.wording)

    def detail(
        self, findings: tuple[Met, ...], suggestions: tuple[Suggestion, ...], said: Collection[str] | None = None
    ) -> str:
        """The detail of a card; with ``said``, beside a card that says these findings already."""
        made = suggestions[:MAX_SUGGESTIONS]
        offered = Offered(
            others=tuple(suggestion.option for suggestion in made if not suggestion.removes),
            removals=tuple(suggestion.option for suggestion in made if suggestion.removes),
            buttons=tuple(suggestion.option for suggestion in made if suggestion.body is not None),
            left_out=len(suggestions) - len(made),
        )
        text = detail(
            findings,
            Subject.of(self.occasion.subject),
            self.assessment,
            self.wording,
            choices=options(findings, offered, self.situation, self.wording, beside=said is not None),
            as_table=self.dialect.orders_as_table,
            said=said,
        )
        return without_markup(text) if self.dialect.text is CardText.PLAIN else text

    def override_reasons(
        self, topic: Topic, findings: tuple[Met, ...], suggestions: tuple[Suggestion, ...]
    ) -> list[dict[str, Any]]:
        """The answers that fit a card."""
        offers = any(not suggestion.removes for suggestion in suggestions)
        situations = self.situation.of_card(findings, long_term=topic.code == LONG_TERM_USE, offers=offers)
        return override_reasons(situations, self.situation.classes_of(findings), self.wording.knowledge)


def _body(topic: Topic, findings: tuple[Met, ...], suggestions: tuple[Suggestion, ...], call: _Call) -> dict[str, Any]:
    """The card as CDS Hooks has it."""
    identity = _uuid(topic.code, call.invocation)
    lead, knowledge = findings[0], call.wording.knowledge
    # A finding with a guideline of its own cites that one.
    guidelines = knowledge.suggestions.guidelines
    guideline = guidelines[lead.id if lead.id in guidelines else topic.guideline]
    card: dict[str, Any] = {
        "uuid": identity,
        "summary": call.summary(lead),
        "indicator": call.occasion.indicator([finding for finding in findings if _topic(finding) == topic.code]),
        "detail": call.detail(findings, suggestions),
        "source": {
            "label": guideline.label,
            "url": guideline.url,
            "topic": {"system": TOPIC_SYSTEM, "code": topic.code, "display": topic.display},
        },
    }
    filed = [suggestion.body for suggestion in suggestions[:MAX_SUGGESTIONS] if suggestion.body is not None]
    if filed:
        card["suggestions"] = with_uuids(filed, identity)
        card["selectionBehavior"] = "any"
    card["overrideReasons"] = call.override_reasons(topic, findings, suggestions)
    card["links"] = [{"label": guideline.label, "url": guideline.url, "type": "absolute"}]
    # CDS Hooks forbids empty members.
    cleaned: dict[str, Any] = without_empty(card)
    others: dict[str, Any] = {_CONTENT_TYPE: "text/plain"} if call.dialect.text is CardText.PLAIN else {}
    standard = standard_reasons(card["overrideReasons"], knowledge)
    if standard:
        others[_STANDARD_REASONS] = standard
    room = MAX_EXTENSION_BYTES - len(orjson.dumps({_ASSESSMENT: {}, **others}))
    cleaned["extension"] = {_ASSESSMENT: assessment_extension(call.assessment, findings, knowledge, room), **others}
    return cleaned


def _uuid(topic: str, invocation: Invocation) -> str:
    """The card's uuid: the same for the same call, patient and topic."""
    call = (invocation.service_id, invocation.hook_instance, invocation.patient_reference, topic)
    # As JSON, in which no part can run into the next.
    return str(uuid5(NAMESPACE_URL, orjson.dumps(call).decode()))
