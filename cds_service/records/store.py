"""The memory that is kept in a database. No failure of it costs a card: what cannot be written waits in the process,
what cannot be read is taken to be unknown."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial

from sqlalchemy import Connection, delete, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite
from sqlalchemy.exc import IntegrityError

from cds_service import logs
from cds_service.cards import Card
from cds_service.config import LONGEST_TOKEN_LIFE, MOST_UNSAVED, REPEAT_SECONDS
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.hooks.feedback import Feedback
from cds_service.records import chain
from cds_service.records.answer_rows import codes_that_lead_to, rows_of
from cds_service.records.database import Database, Row, StoreDownError, UnwritableError
from cds_service.records.engines import SQLITE
from cds_service.records.entries import Kept, fingerprint, kept_of, patient_name, said_by, said_then, user_name
from cds_service.records.memory import StoreStatus
from cds_service.records.moments import written
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, cards, checkpoints, tokens
from cds_service.records.snooze import stays_away
from cds_service.trust.tenant import Tenant
from rules.knowledge.guidance import LeadsTo

_OVERRIDDEN = "overridden"
_SIGN, _SELECT = "order-sign", "order-select"
_INFO = "info"
_PER_CENT = 100
# How many of the records that waited are written with one call, and how many rows of answers in one transaction.
_AT_ONCE = 10
_ROWS_AT_ONCE = 100
# What makes two answers the same, as the table has it.
_SAME_ANSWER = ("tenant", "card", "outcome", "answered_at", "reason")
# So many of the latest cards of a patient are looked through for an answer.
_MOST_CARDS = 500
# With every so many tokens that are used, more of those that have expired are forgotten.
_FORGET_EVERY = 500
_FORGOTTEN_AT_ONCE = 1_000


@dataclass(slots=True)
class StoredMemory:
    """What is kept of calls, in a database. ``program`` is the version of this program."""

    database: Database
    names: Pseudonyms
    program: str
    _tokens_used: int = 0
    _waiting: deque[Kept | tuple[Row, ...]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def verdicts(self, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:
        """The topics of cards that are snoozed for the patient, or were shown to the user a moment ago."""
        if not evaluation.cards or evaluation.shadowed:
            return {}
        with self._forgiven():
            return self.database.use(partial(self._verdicts, evaluation=evaluation, at=at))
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
        with self._forgiven():
            self._keep(kept_of(evaluation, cards, at, milliseconds, received, self.program, self.names))

    def feedback(self, tenant: Tenant, service: str, items: Sequence[Feedback], at: datetime) -> None:  # noqa: ARG002
        """Keep the answers to cards, now or once the store is back."""
        with self._forgiven():
            told = rows_of(tenant, items, at, self.names)
            # The same twice in one batch is one row.
            rows = list({tuple(row[name] for name in _SAME_ANSWER): row for row in reversed(told)}.values())
            # In parts: what is written at once is to be done in time, however much was sent.
            self._keep(*(tuple(rows[start : start + _ROWS_AT_ONCE]) for start in range(0, len(rows), _ROWS_AT_ONCE)))

    def first_use(self, tenant: str, identity: str, until: datetime) -> bool | None:
        """Whether the id of a token was not seen before by any process; None where the store is down."""
        with self._forgiven():
            row = {
                "tenant": tenant,
                "identity": self.names.of("token", tenant, identity),
                "until": round(until.timestamp()),
            }
            first = self.database.use(partial(_use_token, row=row), writes=True)
            self._tokens_used += 1
            if self._tokens_used % _FORGET_EVERY == 0:
                with self._forgiven():
                    self._forget_tokens()
            return first
        return None

    def status(self) -> StoreStatus:
        """How the store is, asked now."""
        with self._forgiven():
            self.database.use(lambda connection: connection.execute(select(checkpoints).limit(1)).first())
            # One that can be read and not written is of no use.
            if self._write_waiting():
                return StoreStatus.UP
        return StoreStatus.DOWN

    def unsaved(self) -> int:
        """How many records this process holds until the store is back."""
        with self._lock:
            return sum(map(_size, self._waiting))

    @contextmanager
    def _forgiven(self) -> Iterator[None]:
        """Let no failure out: the caller goes on without what it asked for."""
        try:
            yield
        except StoreDownError:
            pass
        except Exception as error:  # a defect of ours must not cost a card either
            logs.failed(error)

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

    def _keep(self, *parts: Kept | tuple[Row, ...]) -> None:
        """Write what there is, as far as it is done in time; the rest waits."""
        end = time.monotonic() + self.database.seconds
        for what in parts:
            try:
                if time.monotonic() > end:
                    raise StoreDownError("slow")
                self.database.use(partial(self._write, what=what), writes=True)
            except UnwritableError:
                logs.not_kept(_size(what))
            except StoreDownError:
                self._wait(what)
        self._write_waiting()

    def _forget_tokens(self) -> None:
        """Remove some of the tokens that have expired. Not at once: the clocks of the machines that share a store
        differ."""
        before = int(time.time()) - LONGEST_TOKEN_LIFE
        self.database.use(partial(forget_tokens, before=before, most=_FORGOTTEN_AT_ONCE), writes=True)

    def _write(self, connection: Connection, what: Kept | tuple[Row, ...]) -> None:
        if isinstance(what, Kept):
            chain.append(connection, what, self.names)
            return
        in_sqlite = connection.dialect.name == SQLITE
        # What was told before is left as it is.
        new = (insert_in_sqlite if in_sqlite else insert_in_postgresql)(answers)
        connection.execute(new.on_conflict_do_nothing(), list(what))

    def _wait(self, what: Kept | tuple[Row, ...]) -> None:
        lost = 0
        with self._lock:
            self._waiting.append(what)
            held = sum(map(_size, self._waiting))
            while held - lost > MOST_UNSAVED and len(self._waiting) > 1:
                lost += _size(self._waiting.popleft())
        if lost:
            logs.not_kept(lost)

    def _write_waiting(self) -> bool:
        """Write some of what waited, as far as it is done in time; its place in the chain is that of the moment it is
        written. Returns whether nothing stood in the way."""
        end = time.monotonic() + self.database.seconds
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            with self._lock:
                if not self._waiting or time.monotonic() > end:
                    break
                what = self._waiting.popleft()
            try:
                self.database.use(partial(self._write, what=what), writes=True)
            except UnwritableError:
                logs.not_kept(_size(what))
            except StoreDownError:
                with self._lock:
                    self._waiting.appendleft(what)
                return False
        return True

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
        since = written(at - timedelta(days=float(days)))
        # First the patient's cards, then their answers: in one query the answers of a whole tenant may be gone through.
        shown = connection.execute(
            select(cards)
            .where(
                cards.c.tenant == tenant.id,
                cards.c.patient == patient_name(evaluation, self.names),
                cards.c.topic == card.topic,
                cards.c.at >= since,
                cards.c.verdict == Verdict.SHOWN,
            )
            .order_by(cards.c.at.desc())
            .limit(_MOST_CARDS)
        ).all()
        if not shown:
            return False
        answered = connection.execute(
            select(answers.c.card)
            .where(
                answers.c.tenant == tenant.id,
                answers.c.card.in_({each.uuid for each in shown}),
                answers.c.outcome == _OVERRIDDEN,
                answers.c.reason.in_(codes_that_lead_to(LeadsTo.SNOOZE, knowledge)),
                answers.c.received_at >= since,
                # An answer of tomorrow is of a clock that was wrong.
                answers.c.received_at <= written(at),
            )
            .order_by(answers.c.received_at.desc(), answers.c.id.desc())
            .limit(1)
        ).scalar()
        # A call that was made again has the same card again, and may have said something else: which, nobody can tell.
        then = [said_then(each) for each in shown if each.uuid == answered]
        now, rise = said_by(card, evaluation, self.names), policy.rise_percent.value / _PER_CENT
        return bool(then) and all(stays_away(now, each, rise) for each in then)

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
                cards.c.at <= written(at),
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


def forget_tokens(connection: Connection, before: int, most: int) -> int:
    """Forget some of the tokens that have expired before a second of the Unix clock; returns how many."""
    expired = select(tokens.c.tenant, tokens.c.identity).where(tokens.c.until < before).limit(most)
    return connection.execute(delete(tokens).where(tuple_(tokens.c.tenant, tokens.c.identity).in_(expired))).rowcount


def _size(what: Kept | tuple[Row, ...]) -> int:
    """How many records it is."""
    return 1 if isinstance(what, Kept) else len(what)
