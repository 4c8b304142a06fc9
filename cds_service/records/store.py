"""The call store in a database. No failure of it costs a card: records that cannot be written wait in the process, and
what cannot be read counts as unknown."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Insert, Table, bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite

from cds_service import logs
from cds_service.cards.cards import Card
from cds_service.config.limits import MAX_TOKEN_SECONDS, STORE_CHECK_SECONDS
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.hooks.feedback import Feedback
from cds_service.records import chain
from cds_service.records.call_rows import CallRows, patient_pseudonym, rows_of_call
from cds_service.records.call_store import Misfit, StoreStatus
from cds_service.records.database import POSTGRESQL, SQLITE, Database, Row, StoreDownError, UnwritableError
from cds_service.records.feedback_rows import misfits_of, rows_of_feedback
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, cards, tokens
from cds_service.records.store_keys import StoreKeys
from cds_service.records.suppression import CardSuppression
from cds_service.records.waiting_records import Record, WaitingRecords, lost_in, size_of
from cds_service.records.watch import StoreWatch
from cds_service.trust.tenant import Tenant

# So many waiting records are written with one call, and so many rows of answers in one transaction.
_RECORDS_PER_CALL = 10
_ROWS_PER_TRANSACTION = 100
# The columns by which two answers are the same, as the table's unique constraint has them.
_SAME_ANSWER = ("tenant", "card", "outcome", "answered_at", "reason")
# Before a process ends, the store is tried again after so many seconds.
_FLUSH_RETRY_SECONDS = 0.2
# A question of the watch takes at most so many uses of the database, and the time in which the driver connects.
_WATCH_USES, _CONNECT_SECONDS = 3, 2.0
# After every so many tokens, so many of the expired ones are deleted.
_TOKENS_PER_CLEANUP = 500
_MAX_TOKENS_DELETED = 1_000


def _insert_if_new(table: Table) -> Mapping[str, Insert]:
    """By dialect, the statement that inserts a row unless it is there already. Built once: building a statement takes
    longer than executing it."""
    statements = {
        SQLITE: insert_in_sqlite(table).on_conflict_do_nothing(),
        POSTGRESQL: insert_in_postgresql(table).on_conflict_do_nothing(),
    }
    # Without this option not every driver reports how many rows were inserted.
    return {name: statement.execution_options(preserve_rowcount=True) for name, statement in statements.items()}


_SHOWN_TOPICS = (
    select(cards.c.topic)
    .where(
        cards.c.tenant == bindparam("tenant"),
        cards.c.patient == bindparam("patient"),
        cards.c.verdict == Verdict.SHOWN.value,
    )
    .distinct()
)
_INSERT_TOKEN, _INSERT_ANSWER = _insert_if_new(tokens), _insert_if_new(answers)


@dataclass(slots=True)
class DatabaseCallStore:
    """The store of calls in a database. ``program`` is the version of this program."""

    database: Database
    keys: StoreKeys
    program: str
    _tokens_used: int = 0
    _lost: int = 0
    _waiting: WaitingRecords = field(default_factory=WaitingRecords)
    _watch: StoreWatch | None = None

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Those of the key that the store is written with, as far as this process knows."""
        return self.keys.current

    def verdicts(self, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:
        """The topics of cards that are snoozed for the patient, or were shown to the user a moment ago."""
        if not evaluation.cards or evaluation.shadowed:
            return {}
        with self._no_failure_escapes():
            return self.database.use(lambda connection: self._verdicts(connection, evaluation, at))
        return {}

    def record_call(
        self,
        evaluation: Evaluation,
        cards: Sequence[tuple[Card, Verdict]],
        at: datetime,
        milliseconds: float,
        received: bytes,
    ) -> None:
        """Add a call to the chain of its tenant, now or once the store is back."""
        with self._no_failure_escapes():
            self._save(rows_of_call(evaluation, cards, at, milliseconds, received, self.program, self.pseudonyms))

    def record_feedback(
        self,
        tenant: Tenant,
        service: str,  # noqa: ARG002
        items: Sequence[Feedback],
        at: datetime,
    ) -> Mapping[Misfit, int]:
        """Store the answers to cards, now or once the store is back."""
        with self._no_failure_escapes():
            sent = rows_of_feedback(tenant, items, at, self.pseudonyms)
            # The same answer twice in one batch is one row.
            rows = list({tuple(row[name] for name in _SAME_ANSWER): row for row in reversed(sent)}.values())
            # Each transaction must end in time, however large the batch.
            size = _ROWS_PER_TRANSACTION
            self._save(*(tuple(rows[start : start + size]) for start in range(0, len(rows), size)))
            # A card that waits to be written is not known yet.
            if not self._waiting.size:
                return self.database.use(lambda connection: misfits_of(connection, tenant, items, at, self.pseudonyms))
        return {}

    def first_use(self, tenant: str, identity: str, until: datetime) -> bool | None:
        """Whether the id of a token is new to all processes; None where the store is down."""
        with self._no_failure_escapes():
            row = {"tenant": tenant, "until": round(until.timestamp())}
            is_first = self.database.use(lambda c: self._insert_token(c, row, identity), writes=True)
            self._tokens_used += 1
            if self._tokens_used % _TOKENS_PER_CLEANUP == 0:
                with self._no_failure_escapes():
                    self._delete_expired_tokens()
            return is_first
        return None

    def status(self) -> StoreStatus:
        """How the store is now; where it is watched, how it was a moment ago."""
        is_up = self._is_up() if self._watch is None else self._watch.is_up and not self.database.is_down
        return StoreStatus.UP if is_up else StoreStatus.DOWN

    def watch(self) -> None:
        """Ask the store how it is from now on, in a thread of its own of the process that answers calls."""
        self.database.watched = True
        patience = _WATCH_USES * self.database.seconds + _CONNECT_SECONDS
        self._watch = StoreWatch(lambda: self._is_up(tries=True), STORE_CHECK_SECONDS, patience)
        self._watch.start()

    def unsaved(self) -> int:
        """The number of records that wait in this process for the store."""
        return self._waiting.size

    def lost(self) -> int:
        """The number of records that this process has lost."""
        return self._lost

    def _count_lost(self, number: int) -> None:
        self._lost += number
        logs.not_kept(number)

    @contextmanager
    def _no_failure_escapes(self) -> Iterator[None]:
        """Suppress every failure: the caller goes on without what it asked for."""
        try:
            yield
        except StoreDownError:
            pass
        except Exception as error:  # a defect of ours must not cost a card either
            logs.failed(error)

    def flush(self, seconds: float) -> None:
        """Write the waiting records before the process ends; what cannot be written in time is lost and logged."""
        end = time.monotonic() + seconds
        if self._watch is not None:
            self._watch.stop(seconds)
        # There is no later call to try it with.
        while self._waiting.size and time.monotonic() < end:
            if not self._write_waiting(tries=True):
                time.sleep(_FLUSH_RETRY_SECONDS)
        lost = self._waiting.clear()
        if lost:
            self._count_lost(lost)

    def lost_with(self, process: int) -> int:
        """Log how many records waited in another process, which was killed, and return their number."""
        lost = lost_in(process)
        if lost:
            logs.not_kept(lost)
        return lost

    def _is_up(self, *, tries: bool = False) -> bool:
        """Whether the store can be written now. What waits is written; where nothing does, it is only asked."""
        with self._no_failure_escapes():
            end = time.monotonic() + self.database.seconds
            while self._waiting.size and time.monotonic() < end:
                if not self._write_waiting(tries=tries):
                    return False
            self.database.use(self._look, writes=True, tries=tries)
            return True
        return False

    def _look(self, connection: Connection) -> None:
        self.keys.in_force(connection)
        self.database.require_writable(connection)

    def _verdicts(self, connection: Connection, evaluation: Evaluation, at: datetime) -> Mapping[str, Verdict]:
        """The verdicts by the rows of the key in force, and by those of former keys where it has shown no card yet: an
        answer that was given before the key was replaced still snoozes."""
        self.keys.newest(connection)
        now, *before = self.keys.newest_first()
        verdicts = dict(CardSuppression(connection, evaluation, at, now).verdicts())
        if before:
            parameters = {"tenant": evaluation.tenant.id, "patient": patient_pseudonym(evaluation, now)}
            decided = {*verdicts, *connection.execute(_SHOWN_TOPICS, parameters).scalars()}
            for key in before:
                found = CardSuppression(connection, evaluation, at, key).verdicts()
                verdicts |= {topic: verdict for topic, verdict in found.items() if topic not in decided}
        return verdicts

    def _insert_token(self, connection: Connection, row: Row, identity: str) -> bool:
        """Whether a token is new, by the key in force and by former ones. It is stored by the key in force."""
        self.keys.in_force(connection)
        now, *before = (key.of("token", row["tenant"], identity) for key in self.keys.newest_first())
        if before:
            used = select(tokens.c.until).where(tokens.c.tenant == row["tenant"], tokens.c.identity.in_(before))
            if connection.execute(used).first() is not None:
                return False
        return connection.execute(_INSERT_TOKEN[connection.dialect.name], row | {"identity": now}).rowcount > 0

    def _save(self, *records: Record) -> None:
        """Write the records, as many as can be written in time; the others wait."""
        end = time.monotonic() + self.database.seconds
        for record in records:
            try:
                if time.monotonic() > end:
                    raise StoreDownError("slow")
                self.database.use(partial(self._write, record=record), writes=True)
            except UnwritableError:
                self._count_lost(size_of(record))
            except StoreDownError:
                self._enqueue(record)
        self._write_waiting()

    def _delete_expired_tokens(self) -> None:
        """Delete tokens that expired a while ago: the clocks of the machines that share a store differ."""
        before = int(time.time()) - MAX_TOKEN_SECONDS
        self.database.use(partial(_delete_tokens, before=before, limit=_MAX_TOKENS_DELETED), writes=True)

    def _write(self, connection: Connection, record: Record, *, is_retry: bool = False) -> None:
        if isinstance(record, CallRows):
            chain.append(connection, record, self.keys.in_force(connection), is_retry=is_retry)
            return
        self.keys.in_force(connection)
        connection.execute(_INSERT_ANSWER[connection.dialect.name], list(record))

    def _enqueue(self, record: Record) -> None:
        """Let a record wait; beyond ``MAX_UNSAVED_CALLS`` the oldest are lost and logged."""
        lost = self._waiting.add(record)
        if lost:
            self._count_lost(lost)

    def _write_waiting(self, *, tries: bool = False) -> bool:
        """Write some of the waiting records, as many as can be written in time. A call's place in the chain is that of
        the moment when it is written.

        Returns:
            False where the database failed.
        """
        end = time.monotonic() + self.database.seconds
        for _ in range(_RECORDS_PER_CALL):
            record = self._waiting.take() if time.monotonic() < end else None
            if record is None:
                break
            try:
                self.database.use(partial(self._write, record=record, is_retry=True), writes=True, tries=tries)
            except UnwritableError:
                self._count_lost(size_of(record))
            except BaseException as error:
                self._waiting.put_back(record)
                if isinstance(error, StoreDownError):
                    return False
                raise
            self._waiting.done(record)
        return True


def _delete_tokens(connection: Connection, before: int, limit: int) -> None:
    """Delete up to ``limit`` of the tokens that expired before a second of the Unix clock."""
    expired = select(tokens.c.tenant, tokens.c.identity).where(tokens.c.until < before).limit(limit)
    connection.execute(delete(tokens).where(tuple_(tokens.c.tenant, tokens.c.identity).in_(expired)))
