"""The memory that is kept in a database. No failure of it costs a card: what cannot be written waits in the process,
what cannot be read is taken to be unknown."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Insert, Table, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_in_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite

from cds_service import logs
from cds_service.cards.cards import Card
from cds_service.config import MAX_TOKEN_SECONDS, MAX_UNSAVED_CALLS
from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.hooks.feedback import Feedback
from cds_service.records import chain
from cds_service.records.call_store import StoreStatus
from cds_service.records.database import Database, Row, StoreDownError, UnwritableError
from cds_service.records.earlier_cards import EarlierCards
from cds_service.records.engines import POSTGRESQL, SQLITE
from cds_service.records.entries import Kept, kept_of
from cds_service.records.override_rows import rows_of
from cds_service.records.pseudonyms import Pseudonyms
from cds_service.records.schema import answers, checkpoints, tokens
from cds_service.trust.tenant import Tenant

# How many of the records that waited are written with one call, and how many rows of answers in one transaction.
_AT_ONCE = 10
_ROWS_AT_ONCE = 100
# What makes two answers the same, as the table has it.
_SAME_ANSWER = ("tenant", "card", "outcome", "answered_at", "reason")
# With every so many tokens that are used, more of those that have expired are forgotten.
_FORGET_EVERY = 500
_FORGOTTEN_AT_ONCE = 1_000


def _new(table: Table) -> Mapping[str, Insert]:
    """By database, what writes a row that is not there yet, and leaves one that is as it is. Built once: to build a
    statement takes longer than to execute it."""
    made = {
        SQLITE: insert_in_sqlite(table).on_conflict_do_nothing(),
        POSTGRESQL: insert_in_postgresql(table).on_conflict_do_nothing(),
    }
    # How many rows were written is not always told otherwise.
    return {name: new.execution_options(preserve_rowcount=True) for name, new in made.items()}


_NEW_TOKEN, _NEW_ANSWER = _new(tokens), _new(answers)


@dataclass(slots=True)
class DatabaseCallStore:
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
            return self.database.use(lambda connection: EarlierCards(connection, evaluation, at, self.names).verdicts())
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
        before = int(time.time()) - MAX_TOKEN_SECONDS
        self.database.use(partial(forget_tokens, before=before, most=_FORGOTTEN_AT_ONCE), writes=True)

    def _write(self, connection: Connection, what: Kept | tuple[Row, ...]) -> None:
        if isinstance(what, Kept):
            chain.append(connection, what, self.names)
            return
        connection.execute(_NEW_ANSWER[connection.dialect.name], list(what))

    def _wait(self, what: Kept | tuple[Row, ...]) -> None:
        lost = 0
        with self._lock:
            self._waiting.append(what)
            held = sum(map(_size, self._waiting))
            while held - lost > MAX_UNSAVED_CALLS and len(self._waiting) > 1:
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


def _use_token(connection: Connection, row: Row) -> bool:
    return connection.execute(_NEW_TOKEN[connection.dialect.name], row).rowcount > 0


def forget_tokens(connection: Connection, before: int, most: int) -> int:
    """Forget some of the tokens that have expired before a second of the Unix clock; returns how many."""
    expired = select(tokens.c.tenant, tokens.c.identity).where(tokens.c.until < before).limit(most)
    return connection.execute(delete(tokens).where(tuple_(tokens.c.tenant, tokens.c.identity).in_(expired))).rowcount


def _size(what: Kept | tuple[Row, ...]) -> int:
    """How many records it is."""
    return 1 if isinstance(what, Kept) else len(what)
