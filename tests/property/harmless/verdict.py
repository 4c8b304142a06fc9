"""What became of the warnings of a request after harmless changes: they stand, they are told, or nothing says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

import orjson

from cds_service.app import create_app, parts_of
from cds_service.cards.cards import Card
from cds_service.config import Settings
from cds_service.hooks.evaluation import Evaluation
from cds_service.records.call_store import NoCallStore
from harmless import Keeps
from harmless.requests import Request

INCOMPLETE = "incomplete-picture"
WARNS = frozenset({"warning", "critical"})
# Findings that rest on how much is taken, or for how long.
OF_AMOUNT = frozenset({"total-load", "abrupt-change", "dose-escalation"})
# Findings that warn of what is new: whether it is, the earlier orders tell. All others rest on what is taken.
OF_NEW = frozenset({"past-overdose", "pregnancy", "respiratory-disease", "substance-use"})
_GAPS = re.compile(r"\*\*Not known or not counted\*\*(?P<gaps>.*?)(?:\n\n\*\*|\Z)", re.DOTALL)
_NO_GAPS = "Nothing of what was sent."


@dataclass(frozen=True)
class Answer:
    """The findings of a call with their severities, its cards, and the findings that each speaks of."""

    findings: Mapping[str, str]
    cards: tuple[Card, ...]

    @property
    def warnings(self) -> frozenset[str]:
        """The findings that warn on a card that warns."""
        shown = {finding for card in self.cards if card.indicator in WARNS for finding in card.speaks_of}
        return frozenset(finding for finding in shown if self.findings[finding] in WARNS)

    @property
    def shown(self) -> frozenset[str]:
        return frozenset(finding for card in self.cards for finding in card.speaks_of)

    @property
    def names_gap(self) -> bool:
        """Whether a card says that the picture is incomplete, and what was not read."""
        if INCOMPLETE not in self.findings:
            return False
        found = (_GAPS.search(card.body.get("detail", "")) for card in self.cards)
        return any(match is not None and _NO_GAPS not in match["gaps"] for match in found)


class Outcome(StrEnum):
    STANDS = "every warning stands"
    MET = "told: every finding met, one of them as information"
    GAP = "told: a card names what could not be read"
    CARD = "told: a card without what rests on amounts or on history that the change took away"


class _LastCall(NoCallStore):
    """A store that keeps the last call alone, in memory."""

    evaluation: Evaluation | None = None

    def record_call(self, evaluation: Evaluation, *_: object) -> None:
        _LastCall.evaluation = evaluation


class Service:
    """The service in this process, at its hooks; it keeps nothing from one call to the next but what code memoises."""

    def __init__(self) -> None:
        settings = Settings(remember_seconds=0, store="none")
        self._on = date.min
        made = replace(parts_of(settings), call_store=_LastCall(), clock=lambda _zone: self._on)
        self._client = create_app(settings, parts=made).test_client()

    def answer(self, body: dict[str, Any], hook: str, on: date) -> Answer:
        """The answer to a request on a day; an answer other than 200 is a failure of the test."""
        self._on, _LastCall.evaluation = on, None
        reply = self._client.post(
            f"/cds-services/benzo-{hook}", data=orjson.dumps(body), content_type="application/json"
        )
        assert reply.status_code == 200, reply.get_data(as_text=True)
        evaluation = _LastCall.evaluation
        assert evaluation is not None
        assert len(reply.get_json()["cards"]) == len(evaluation.cards)
        findings = evaluation.assessment.findings if evaluation.assessment is not None else ()
        return Answer({finding.id: finding.severity.value for finding in findings}, evaluation.cards)


def verdict(before: Answer, after: Answer, keeps: Keeps, request: Request) -> Outcome:
    """What became of the warnings.

    Raises:
        AssertionError: a warning that should stand does not, or one is gone in silence.
    """
    outcome = Outcome.STANDS
    for finding in sorted(before.warnings):
        if finding in after.warnings:
            continue
        of_amount = finding in OF_AMOUNT or request.adds_to_itself
        stands = keeps is Keeps.EVERYTHING or (keeps is Keeps.PRESENCE and not of_amount and finding not in OF_NEW)
        assert not stands, f"{request.name}: {finding} no longer warns: {_told(after)}"
        if finding in after.shown:
            outcome = Outcome.MET if outcome is Outcome.STANDS else outcome
        elif after.names_gap:
            outcome = Outcome.GAP
        else:
            told = of_amount and after.cards
            assert told, f"{request.name}: {finding} is gone in silence: {_told(after)}"
            outcome = Outcome.CARD
    return outcome


def _told(answer: Answer) -> str:
    cards = [f"{card.indicator}: {card.body['summary']}" for card in answer.cards]
    return f"findings {dict(answer.findings)}; cards {cards or 'none'}"
