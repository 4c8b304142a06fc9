"""What earlier cards of a patient say against showing one now: an answer that still holds, or the same a moment ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from cds_service.cards.cards import Card
from cds_service.config import REPEAT_SECONDS
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.records.database import Row
from cds_service.records.entries import fingerprint, patient_name, said_by, said_then, user_name
from cds_service.records.moments import written
from cds_service.records.override_rows import codes_that_lead_to
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, cards
from cds_service.records.snooze import stays_away
from rules.knowledge.guidance import LeadsTo

_OVERRIDDEN = "overridden"
_SIGN, _SELECT = "order-sign", "order-select"
_INFO = "info"
_PER_CENT = 100
# So many of the latest cards of a patient are looked through for an answer.
_MAX_CARDS = 500


# The statements are built here, once: to build one takes longer than to execute it.
_SHOWN = (
    cards.c.tenant == bindparam("tenant"),
    cards.c.patient == bindparam("patient"),
    cards.c.topic == bindparam("topic"),
    cards.c.at >= bindparam("since"),
    cards.c.verdict == Verdict.SHOWN.value,
)


def _latest(*columns: ColumnElement[Any]) -> Select[Any]:
    """What is asked for of the latest of them."""
    return select(*columns).where(*_SHOWN).order_by(cards.c.at.desc()).limit(_MAX_CARDS)


# Not the column itself: SQLite would take the index of its moments, and go through the answers of the whole tenant.
_received = answers.c.received_at.concat("")
_ANSWERED = (
    select(answers.c.card)
    .where(
        answers.c.tenant == bindparam("tenant"),
        answers.c.card.in_(select(_latest(cards.c.uuid).subquery().c.uuid)),
        answers.c.outcome == _OVERRIDDEN,
        answers.c.reason.in_(bindparam("reasons", expanding=True)),
        _received >= bindparam("since"),
        # An answer of tomorrow is of a clock that was wrong.
        _received <= bindparam("now"),
    )
    .order_by(_received.desc(), answers.c.id.desc())
    .limit(1)
)
_latest_cards = _latest(*cards.c).subquery()
_SAID = select(_latest_cards).where(_latest_cards.c.uuid == bindparam("answered"))
_THE_SAME = (
    select(cards.c.sequence)
    .where(
        *_SHOWN,
        cards.c.user == bindparam("user"),
        cards.c.service == bindparam("service"),
        cards.c.fingerprint == bindparam("fingerprint"),
        cards.c.at <= bindparam("now"),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class EarlierCards:
    """The cards of the patient of a call that were shown before it."""

    connection: Connection
    evaluation: Evaluation
    at: datetime
    names: Pseudonyms

    def verdicts(self) -> Mapping[str, Verdict]:
        """The topics of cards that are snoozed for the patient, or were shown to the user a moment ago."""
        found = {}
        for card in self.evaluation.cards:
            if self._snoozed(card):
                found[card.topic] = Verdict.SNOOZED
            elif self._repeated(card):
                found[card.topic] = Verdict.REPEATED
        return found

    def _snoozed(self, card: Card) -> bool:
        tenant, knowledge = self.evaluation.tenant, self.evaluation.tenant.knowledge
        policy = knowledge.policy.snooze
        days = policy.days.value if tenant.snooze_days is None else Fraction(tenant.snooze_days)
        if not days:
            return False
        asked = self._of_topic(card, timedelta(days=float(days)))
        reasons = codes_that_lead_to(LeadsTo.SNOOZE, knowledge)
        answered = self.connection.execute(_ANSWERED, asked | {"reasons": reasons}).scalar()
        if answered is None:
            return False
        # A call that was made again has the same card again, and may have said something else: which, nobody can tell.
        then = [said_then(each) for each in self.connection.execute(_SAID, asked | {"answered": answered})]
        now, rise = said_by(card, self.evaluation, self.names), policy.rise_percent.value / _PER_CENT
        return bool(then) and all(stays_away(now, each, rise) for each in then)

    def _repeated(self, card: Card) -> bool:
        user = user_name(self.evaluation, self.names)
        if self.evaluation.service.hook != _SIGN or card.indicator != _INFO or not user:
            return False
        asked = self._of_topic(card, timedelta(seconds=REPEAT_SECONDS)) | {
            "user": user,
            "service": self.evaluation.service.id.replace(_SIGN, _SELECT),
            "fingerprint": fingerprint(card, self.evaluation, self.names),
        }
        return self.connection.execute(_THE_SAME, asked).first() is not None

    def _of_topic(self, card: Card, before: timedelta) -> Row:
        """What the statements are asked with, for the topic of a card and so long before the call."""
        return {
            "tenant": self.evaluation.tenant.id,
            "patient": patient_name(self.evaluation, self.names),
            "topic": card.topic,
            "since": written(self.at - before),
            "now": written(self.at),
        }
