"""Does what a call asks of a file stay as little work, however much is kept there of others?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ehr import lorazepam, sign
from sqlalchemy import Connection, insert
from stores import judged, store_of, store_settings

from cds_service.hooks.evaluation import Evaluation, Verdict
from cds_service.records import chain
from cds_service.records.call_rows import rows_of_call
from cds_service.records.schema import answers
from cds_service.records.store import DatabaseCallStore
from cds_service.records.suppression import CardSuppression
from cds_service.trust.tenant import OPEN_TENANT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EARLIER, OTHERS = 5, 2_000


def steps(store: DatabaseCallStore, work: Callable[[Connection], object]) -> int:
    """How many instructions SQLite takes for it."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    def counted(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(step, 1)
        try:
            work(connection)
        finally:
            driver.set_progress_handler(None, 1)

    store.database.use(counted, writes=True)
    return taken


def answers_of_others(connection: Connection) -> None:
    connection.execute(
        insert(answers),
        [
            {
                "tenant": OPEN_TENANT,
                "card": f"of-another-{number}",
                "outcome": "overridden",
                "answered_at": "",
                "received_at": f"2026-11-{number % 20 + 1:02d}T00:00:00.000000Z",
                "reason": "palliative",
                "suggestions": "[]",
            }
            for number in range(OTHERS)
        ],
    )


@pytest.fixture
def store(tmp_path: Path) -> DatabaseCallStore:
    new = store_of(store_settings(str(tmp_path / "records.sqlite3"), tmp_path))
    new.database.upgrade()
    return new


@pytest.fixture
def call(tmp_path: Path, store: DatabaseCallStore) -> Evaluation:
    """A call of a patient who had cards before."""
    one = judged(store_settings("none", tmp_path), sign(lorazepam()))
    for number in range(EARLIER):
        store.record_call(one, one.with_verdicts({}), NOW - timedelta(days=number), 1.0, b"")
    return one


def test_no_call_goes_through_the_answers_of_other_patients(store, call):
    def verdicts(connection: Connection) -> None:
        assert CardSuppression(connection, call, NOW, store.pseudonyms).verdicts() == {}

    before = steps(store, verdicts)
    store.database.use(answers_of_others, writes=True)
    assert steps(store, verdicts) < before + OTHERS // 10


def test_no_call_goes_through_the_record_of_other_calls(store, call, tmp_path):
    other = judged(store_settings("none", tmp_path), sign(lorazepam(), context={"patientId": "p2"}))

    def append(connection: Connection) -> None:
        chain.append(
            connection,
            rows_of_call(call, call.with_verdicts({}), NOW, 1.0, b"", "0", store.pseudonyms),
            store.pseudonyms,
        )

    before = steps(store, append)
    for _ in range(200):
        store.record_call(other, other.with_verdicts({}), NOW, 1.0, b"")
    assert steps(store, append) < before + 200


def test_an_answer_among_those_of_many_others_is_found(store, call):
    store.database.use(answers_of_others, writes=True)
    (card,) = call.cards
    answer = {"card": card.body["uuid"], "received_at": "2026-11-21T00:00:00.000000Z"}
    given = {
        "tenant": OPEN_TENANT,
        "outcome": "overridden",
        "answered_at": "2026-11-21T00:00:00.000000Z",
        "reason": "palliative",
        "suggestions": "[]",
    }
    store.database.use(lambda c: c.execute(insert(answers), given | answer), writes=True)
    found = store.database.use(lambda c: CardSuppression(c, call, NOW, store.pseudonyms).verdicts())
    assert found == {card.topic: Verdict.SNOOZED}
