"""Cards that are not shown now: the patient's card was answered, or the user was shown it, and nothing is worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from cds_service.cards.cards import Card
from cds_service.cards.occasion import CONVERSATION, OF_DECREASE
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.records.call_rows import (
    CardSnapshot,
    fingerprint,
    patient_pseudonym,
    snapshot_of,
    stored_snapshot,
    user_pseudonym,
)
from cds_service.records.database import Row
from cds_service.records.feedback_rows import last_answered, reason_codes_leading_to
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, cards
from cds_service.records.timestamps import format_timestamp
from rules.assessment import Severity
from rules.knowledge import OverrideEffect

_OVERRIDDEN = "overridden"
_SIGN, _SELECT = "order-sign", "order-select"
_PER_CENT = 100
_WHOLE = 1
_NO_RISE = Fraction(0)
_SEVERITIES = [severity.value for severity in Severity]
# So many of the latest cards of a patient are searched for an answer.
_MAX_CARDS = 500
# So many of the latest answers to them are searched for one that is younger than its card.
_MAX_ANSWERS = 20
# So many of the latest cards that a user was shown of a patient are compared with the one of now.
_MAX_SHOWN = 50

# Statements are built once, here: building one takes longer than executing it.
_SHOWN = (
    cards.c.tenant == bindparam("tenant"),
    cards.c.patient == bindparam("patient"),
    cards.c.topic == bindparam("topic"),
    cards.c.at >= bindparam("since"),
    cards.c.verdict == Verdict.SHOWN.value,
)


def _latest(*columns: ColumnElement[Any]) -> Select[Any]:
    return select(*columns).where(*_SHOWN).order_by(cards.c.at.desc()).limit(_MAX_CARDS)


# An expression, not the column itself: with the column SQLite would use its index and read the answers of the whole
# tenant.
_received = answers.c.received_at.concat("")
_ANSWERED = (
    select(answers.c.card, answers.c.answered_at, answers.c.received_at)
    .where(
        answers.c.tenant == bindparam("tenant"),
        answers.c.card.in_(select(_latest(cards.c.uuid).subquery().c.uuid)),
        answers.c.outcome == _OVERRIDDEN,
        answers.c.reason.in_(bindparam("reasons", expanding=True)),
        _received >= bindparam("since"),
        # An answer from the future was stored by a machine whose clock was wrong.
        _received <= bindparam("now"),
    )
    .order_by(_received.desc(), answers.c.id.desc())
    .limit(_MAX_ANSWERS)
)
_latest_cards = _latest(*cards.c).subquery()
_ANSWERED_CARDS = select(_latest_cards).where(
    _latest_cards.c.uuid == bindparam("answered"), _latest_cards.c.at <= bindparam("until")
)
_PATIENTS_ANSWERED = (
    select(cards.c.patient)
    .where(cards.c.tenant == bindparam("tenant"), cards.c.uuid == bindparam("answered"))
    .distinct()
    .limit(2)
)
_SHOWN_TO_USER = (
    select(*cards.c)
    .where(*_SHOWN, cards.c.user == bindparam("user"), cards.c.at <= bindparam("now"))
    .order_by(cards.c.at.desc())
    .limit(_MAX_SHOWN)
)


@dataclass(frozen=True, slots=True)
class CardSuppression:
    """Decides which cards of a call are suppressed, from the cards stored of the patient before ``at``."""

    connection: Connection
    evaluation: Evaluation
    at: datetime
    pseudonyms: Pseudonyms

    def verdicts(self) -> Mapping[str, Verdict]:
        """The topics that are suppressed: snoozed for the patient, or shown to the user before."""
        verdicts = {}
        for card in self.evaluation.cards:
            if self._is_snoozed(card):
                verdicts[card.topic] = Verdict.SNOOZED
            elif self._is_repeated(card):
                verdicts[card.topic] = Verdict.REPEATED
        return verdicts

    def _is_snoozed(self, card: Card) -> bool:
        tenant, knowledge = self.evaluation.tenant, self.evaluation.tenant.knowledge
        policy = knowledge.policy.snooze
        days = policy.days.value if tenant.snooze_days is None else Fraction(tenant.snooze_days)
        if not days:
            return False
        parameters = self._parameters(card, timedelta(days=float(days)))
        reasons = reason_codes_leading_to(OverrideEffect.SNOOZE, knowledge)
        now, rise = snapshot_of(card, self.evaluation, self.pseudonyms), policy.rise_percent.value / _PER_CENT
        for answer in self.connection.execute(_ANSWERED, parameters | {"reasons": reasons}).all():
            earlier = self._answered_cards(answer, parameters)
            if earlier:
                # Calls of the same hookInstance have cards of the same uuid, which may differ. Nothing tells which of
                # them was answered, so the card must be no worse than any.
                return all(is_no_worse(now, snapshot, rise) for snapshot in earlier)
        return False

    def _answered_cards(self, answer: Any, parameters: Row) -> list[CardSnapshot]:
        """What the cards said that an answer may be to: none that were shown after it, and none at all where cards of
        its uuid were shown for several patients."""
        named = parameters | {
            "answered": answer.card,
            "until": last_answered(answer.answered_at, answer.received_at),
        }
        if len(self.connection.execute(_PATIENTS_ANSWERED, named).all()) > 1:
            return []
        return [stored_snapshot(row) for row in self.connection.execute(_ANSWERED_CARDS, named)]

    def _is_repeated(self, card: Card) -> bool:
        """Whether the user was shown the card, and nothing is worse or new: on opening a chart in the policy's days,
        whatever the hook was; before signing in its minutes, of the same orders when they were selected."""
        user, hook = user_pseudonym(self.evaluation, self.pseudonyms), self.evaluation.service.hook
        policy = self.evaluation.tenant.knowledge.policy.repeat
        if hook in CONVERSATION:
            period = timedelta(days=float(policy.chart_days.value))
        elif hook == _SIGN and card.indicator != Severity.CRITICAL:
            period = timedelta(minutes=float(policy.order_minutes.value))
        else:
            return False
        if not (user and period):
            return False
        rows = self.connection.execute(_SHOWN_TO_USER, self._parameters(card, period) | {"user": user})
        # The same call again, whose answer may have been lost, has the same answer.
        shown = [row for row in rows if row.uuid != card.body["uuid"]]
        if hook == _SIGN and shown:
            selected = self.evaluation.service.id.replace(_SIGN, _SELECT)
            orders = fingerprint(card, self.evaluation, self.pseudonyms)
            shown = [row for row in shown if (row.service, row.fingerprint) == (selected, orders)]
        if not shown:
            return False
        now = snapshot_of(card, self.evaluation, self.pseudonyms)
        return any(is_no_worse(now, stored_snapshot(row), _NO_RISE) for row in shown)

    def _parameters(self, card: Card, period: timedelta) -> Row:
        """The parameters of the statements for the topic of a card, in the period before the call."""
        return {
            "tenant": self.evaluation.tenant.id,
            "patient": patient_pseudonym(self.evaluation, self.pseudonyms),
            "topic": card.topic,
            "since": format_timestamp(self.at - period),
            "now": format_timestamp(self.at),
        }


def is_no_worse(now: CardSnapshot, answered: CardSnapshot, rise: Fraction) -> bool:
    """Whether an earlier card, or the answer to it, covers a card now.

    It does not if the card is more severe; if a finding, an agent, a condition or something unread is new; if the load,
    or an amount outside it, has risen by the share ``rise`` or more; if the load is by another table, so that a rise
    cannot be told; if something known then is unknown now; or if a card about a decrease finds that the load has fallen
    by that share again.
    """
    if answered.table not in (None, now.table):
        return False
    if _SEVERITIES.index(now.indicator) > _SEVERITIES.index(answered.indicator):
        return False
    if set(now.speaks_of) - set(answered.speaks_of) or set(now.hazards) - set(answered.hazards):
        return False
    if any(_has_risen(amount, answered.amounts.get(name), rise) for name, amount in now.amounts.items()):
        return False
    if answered.complete and not now.complete:
        return False
    return not _has_risen(now.load, answered.load, rise) and not (
        OF_DECREASE & set(now.speaks_of) and _has_fallen(now.load, answered.load, rise)
    )


def _has_risen(now: Fraction | None, then: Fraction | None, rise: Fraction) -> bool:
    """Whether an amount has risen by the share, or is known only now or only then."""
    if now is None or then is None:
        return now is not then
    # From zero, any amount is a rise.
    return now > then and now >= then * (_WHOLE + rise)


def _has_fallen(now: Fraction | None, then: Fraction | None, fall: Fraction) -> bool:
    return now is not None and then is not None and now < then and now <= then * (_WHOLE - fall)
