"""The memory that is kept in a database. No failure of it costs a card: what cannot be written waits in the process,
what cannot be read is taken to be unknown."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial

import orjson
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite
from sqlalchemy.exc import IntegrityError

from cds_service import logs
from cds_service.cards import Card
from cds_service.config import MOST_UNSAVED, REPEAT_SECONDS
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.hooks.feedback import Feedback
from cds_service.records import chain
from cds_service.records.answer_rows import codes_that_lead_to, rows_of
from cds_service.records.database import SQLITE, Database, Row, StoreDownError, UnwritableError
from cds_service.records.entries import Kept, fingerprint, kept_of, load_of, patient_name, user_name
from cds_service.records.memory import StoreStatus
from cds_service.records.moments import written
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, cards, checkpoints, tokens
from cds_service.records.snooze import Said, stays_away
from cds_service.trust.tenant import Tenant
from rules.knowledge.guidance import LeadsTo

_OVERRIDDEN = "overridden"
_SIGN, _SELECT = "order-sign", "order-select"
_INFO = "info"
_PER_CENT = 100
# How many of the records that waited are written with one call.
_AT_ONCE = 10


@dataclass(slots=True)
class StoredMemory:
    """What is kept of calls, in a database. ``program`` is the version of this program."""

    database: Database
    names: Pseudonyms
    program: str
    _waiting: deque[Kept | tuple[Row, ...]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def verdicts(self, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:
        """The topics of cards that are snoozed for the patient, or were shown to the user a moment ago."""
        if not evaluation.cards or evaluation.shadowed:
            return {}
        try:
            return self.database.use(partial(self._verdicts, evaluation=evaluation, at=at))
        except StoreDownError:
            return {}

    def remember(
        self,
        evaluation: Evaluation,
        cards: Sequence[tuple[Card, Verdict]],
        at: datetime,
        milliseconds: float,
        received: bytes,
    ) -> None:
        """Add a call to the record of its tenant, now or once the store is back."""
        self._keep(kept_of(evaluation, cards, at, milliseconds, received, self.program, self.names))

    def feedback(self, tenant: Tenant, service: str, items: Sequence[Feedback], at: datetime) -> None:  # noqa: ARG002
        """Keep the answers to cards, now or once the store is back."""
        rows = tuple(rows_of(tenant, items, at, self.names))
        if rows:
            self._keep(rows)

    def first_use(self, tenant: str, identity: str, until: datetime) -> bool | None:
        """Whether the id of a token was not seen before by any process; None where the store is down."""
        row = {
            "tenant": tenant,
            "identity": self.names.of("token", tenant, identity),
            "until": round(until.timestamp()),
        }
        try:
            return self.database.use(partial(_use_token, row=row), writes=True)
        except StoreDownError:
            return None

    def status(self) -> StoreStatus:
        """How the store is, asked now."""
        try:
            self.database.use(lambda connection: connection.execute(select(checkpoints).limit(1)).first())
        except StoreDownError:
            return StoreStatus.DOWN
        self._write_waiting()
        return StoreStatus.UP

    def unsaved(self) -> int:
        """How many records this process holds until the store is back."""
        return len(self._waiting)

    def finish(self, seconds: float) -> None:
        """Write what waits before the process ends; what cannot be is lost, and said."""
        until = time.monotonic() + seconds
        while self._waiting and time.monotonic() < until:
            before = len(self._waiting)
            self._write_waiting()
            if len(self._waiting) == before:
                break
        if self._waiting:
            logs.not_kept(len(self._waiting))

    # -- writing -----------------------------------------------------------------------------------------------------

    def _keep(self, what: Kept | tuple[Row, ...]) -> None:
        try:
            self.database.use(partial(self._write, what=what), writes=True)
        except UnwritableError:
            logs.not_kept(1)
        except StoreDownError:
            self._wait(what)
        else:
            self._write_waiting()

    def _write(self, connection: Connection, what: Kept | tuple[Row, ...]) -> None:
        if isinstance(what, Kept):
            chain.append(connection, what, self.names)
            return
        in_sqlite = connection.dialect.name == SQLITE
        # What was told before is left as it is.
        new = (insert_in_sqlite if in_sqlite else insert_in_postgresql)(answers)
        connection.execute(new.on_conflict_do_nothing(), list(what))

    def _wait(self, what: Kept | tuple[Row, ...]) -> None:
        with self._lock:
            full = len(self._waiting) >= MOST_UNSAVED
            if full:
                self._waiting.popleft()
            self._waiting.append(what)
        if full:
            logs.not_kept(1)

    def _write_waiting(self) -> None:
        """Write some of what waited; its place in the chain is that of the moment it is written."""
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            with self._lock:
                if not self._waiting:
                    break
                what = self._waiting.popleft()
            try:
                self.database.use(partial(self._write, what=what), writes=True)
            except UnwritableError:
                logs.not_kept(1)
            except StoreDownError:
                with self._lock:
                    self._waiting.appendleft(what)
                return

    # -- reading -----------------------------------------------------------------------------------------------------

    def _verdicts(self, connection: Connection, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:
        found = {}
        for card in evaluation.cards:
            if self._snoozed(connection, card, evaluation, at):
                found[card.topic] = Verdict.SNOOZED
            elif self._repeated(connection, card, evaluation, at):
                found[card.topic] = Verdict.REPEATED
        return found

    def _snoozed(self, connection: Connection, card: Card, evaluation: Evaluation, at: datetime) -> bool:
        tenant, knowledge = evaluation.tenant, evaluation.tenant.knowledge
        policy = knowledge.policy.snooze
        days = policy.days.value if tenant.snooze_days is None else Fraction(tenant.snooze_days)
        if not days:
            return False
        answered = connection.execute(
            select(cards.c.load, cards.c.complete, cards.c.speaks_of)
            .join(answers, (answers.c.tenant == cards.c.tenant) & (answers.c.card == cards.c.uuid))
            .where(
                cards.c.tenant == tenant.id,
                cards.c.patient == patient_name(evaluation, self.names),
                cards.c.topic == card.topic,
                answers.c.outcome == _OVERRIDDEN,
                answers.c.reason.in_(codes_that_lead_to(LeadsTo.SNOOZE, knowledge)),
                answers.c.received_at >= written(at - timedelta(days=float(days))),
            )
            .order_by(answers.c.received_at.desc(), cards.c.sequence.desc())
            .limit(1)
        ).first()
        if answered is None:
            return False
        load, complete = load_of(evaluation.assessment)
        then = None if answered.load is None else Fraction(answered.load)
        return stays_away(
            Said(load, complete, card.speaks_of),
            Said(then, answered.complete, orjson.loads(answered.speaks_of)),
            policy.rise_percent.value / _PER_CENT,
        )

    def _repeated(self, connection: Connection, card: Card, evaluation: Evaluation, at: datetime) -> bool:
        user = user_name(evaluation, self.names)
        if evaluation.service.hook != _SIGN or card.indicator != _INFO or not user:
            return False
        shown = connection.execute(
            select(cards.c.sequence)
            .where(
                cards.c.tenant == evaluation.tenant.id,
                cards.c.patient == patient_name(evaluation, self.names),
                cards.c.topic == card.topic,
                cards.c.user == user,
                cards.c.service == evaluation.service.id.replace(_SIGN, _SELECT),
                cards.c.verdict == Verdict.SHOWN,
                cards.c.fingerprint == fingerprint(card, evaluation, self.names),
                cards.c.at >= written(at - timedelta(seconds=REPEAT_SECONDS)),
            )
            .limit(1)
        ).first()
        return shown is not None


def _use_token(connection: Connection, row: Row) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(tokens), row)
    except IntegrityError:
        return False
    return True


def forget_tokens(connection: Connection, before: int) -> int:
    """Forget the tokens that have expired before a second of the Unix clock; returns how many."""
    return connection.execute(delete(tokens).where(tokens.c.until < before)).rowcount
