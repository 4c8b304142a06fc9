"""Does a store that fails, hangs or is killed cost a card, an answer or a record?"""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, public, tenants_file, token
from database_server import NOT_THERE, database_server, program
from ehr import ANSWERED, cards, logged, lorazepam, sign
from load import Load
from served import Served, served
from sqlalchemy import Connection
from stores import app_with, await_true, client_with, is_settled, key_file, store_of, store_settings

from cds_service.app import CALL_STORE
from cds_service.config import Settings
from cds_service.records import chain, waiting_records
from cds_service.records.database import database, engines

FEEDBACK = "/cds-services/benzo-order-sign/feedback"


def override(card: dict[str, Any]) -> dict[str, Any]:
    reason = {"reason": {"code": "palliative"}}
    feedback = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": ANSWERED}
    return {"feedback": [feedback | {"overrideReason": reason}]}


def kept(settings: Settings) -> tuple[int, str]:
    """How many calls the store holds, and where its chain is broken."""
    # As the commands do: nobody waits for it as a prescriber does for a card.
    store = store_of(settings.model_copy(update={"store_seconds": 60.0}))
    status = store.database.use(lambda c: chain.verify(c, "open", store.pseudonyms))
    return status.rows, status.broken


def test_a_store_that_another_has_locked_costs_no_card_and_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = store_settings(str(tmp_path / "records.sqlite3"), tmp_path, store_seconds=0.2)
    http = client_with(settings)
    (card,) = cards(http, sign(lorazepam()))
    tries: list[bool] = []

    def counted(connection: Connection, *, writes: bool, seconds: float) -> None:
        tries.append(writes)
        engines.begin(connection, writes=writes, seconds=seconds)

    with (
        sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None) as other,
        logged() as lines,
        monkeypatch.context() as patched,
    ):
        other.execute("BEGIN EXCLUSIVE")
        patched.setattr(database, "begin", counted)
        patched.setattr(database, "STORE_RETRY_SECONDS", 1e9)
        for _ in range(5):
            assert len(cards(http, sign(lorazepam()))) == 1
        assert http.post(FEEDBACK, json=override(card)).json == {"received": 1}
        # Read once and written once: the lock is waited for once, not with each use.
        assert tries == [False, True]
        ready = http.get("/health/ready").json
        assert (ready["status"], ready["store"], ready["unsaved"]) == ("degraded", "down", 6)
        assert [json.loads(line)["event"] for line in lines if "store" in line] == ["store down"]
        other.execute("ROLLBACK")
    await_true(lambda: is_settled(http))
    assert http.get("/health/ready").json["status"] == "ready"
    assert kept(settings) == (6, "")
    assert cards(http, sign(lorazepam())) == []  # the answer was kept as well: it snoozes


def test_a_store_that_is_not_there_at_the_start_is_used_once_it_is(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").mkdir()
    settings = store_settings(str(tmp_path / "records.sqlite3"), tmp_path)
    http = client_with(settings)
    assert len(cards(http, sign(lorazepam()))) == 1
    assert http.get("/health/ready").json["store"] == "down"
    (tmp_path / "records.sqlite3").rmdir()
    await_true(lambda: is_settled(http))
    assert kept(settings) == (1, "")


def test_what_waits_is_bounded_and_what_is_lost_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_records, "MAX_UNSAVED_CALLS", 3)
    (tmp_path / "records.sqlite3").mkdir()
    http = client_with(store_settings(str(tmp_path / "records.sqlite3"), tmp_path))
    with logged() as lines:
        for _ in range(5):
            assert len(cards(http, sign(lorazepam()))) == 1
    assert http.get("/health/ready").json["unsaved"] == 3
    assert [json.loads(line)["event"] for line in lines].count("records lost") == 2


def test_a_file_that_is_no_database_costs_no_card(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite3"
    file.write_bytes(b"no database" * 1000)
    http = client_with(store_settings(str(file), tmp_path))
    for _ in range(3):
        assert len(cards(http, sign(lorazepam()))) == 1
    assert http.get("/health/ready").json["store"] == "down"
    assert file.read_bytes() == b"no database" * 1000


def test_what_waits_is_written_before_the_process_ends(tmp_path: Path) -> None:
    settings = store_settings(str(tmp_path / "records.sqlite3"), tmp_path, store_seconds=0.2)
    app = app_with(settings)
    with sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None, check_same_thread=False) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(25):
            cards(app.test_client(), sign(lorazepam()))
        # While another has it, and with the pause after the failure not over yet.
        threading.Timer(1, other.execute, ["ROLLBACK"]).start()
        app.extensions[CALL_STORE].flush(60)
    assert kept(settings) == (25, "")


def test_what_cannot_be_written_before_the_end_is_said_to_be_lost(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").mkdir()
    app = app_with(store_settings(str(tmp_path / "records.sqlite3"), tmp_path))
    cards(app.test_client(), sign(lorazepam()))
    with logged() as lines:
        app.extensions[CALL_STORE].flush(0.5)
    assert [(each["event"], each.get("number")) for each in map(json.loads, lines)][-1] == ("records lost", 1)


# -- the running service -----------------------------------------------------------------------------------------------


def count_cards(running: Served) -> int:
    text = running.get("/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("benzo_cds_cards_total{")]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines if 'verdict="shown"' in line))


@pytest.mark.skipif(program("initdb") is None, reason=NOT_THERE)
def test_a_database_killed_under_load_loses_no_card_and_no_record(tmp_path: Path) -> None:
    """Killed and never back: every call is answered with its card, by every worker."""
    with database_server() as server:
        address = server.address("killed")
        with served(tmp_path, store=address, store_key_file=str(key_file(tmp_path))) as running:
            load = Load(running, callers=4)
            load.until(40)
            server.process.kill()
            load.until(load.answered + 80)
            load.end()
            assert load.wrong == []
            assert running.get("/health/ready").json()["store"] == "down"
            assert count_cards(running) == load.answered
            log = running.printed()
    assert "Traceback" not in log
    assert "store down" in log


@pytest.mark.skipif(program("initdb") is None, reason=NOT_THERE)
def test_a_database_that_stands_still_delays_few_calls_and_loses_no_record(tmp_path: Path) -> None:
    """Stopped with its connections open: nothing is refused, nothing answered. A call waits for it once in a while."""
    with database_server() as server:
        address = server.address("still")
        settings = {"store": address, "store_key_file": str(key_file(tmp_path)), "store_seconds": 0.5}
        with served(tmp_path, **settings) as running:
            load = Load(running, callers=2)
            load.until(20)
            server.pause()
            load.until(load.answered + 40)
            # Nobody waits for the server as long as a caller would.
            assert load.slowest < 30
            server.go_on()
            load.until(load.answered + 20)
            load.end()
            assert load.wrong == []

            def is_written() -> bool:
                for _ in range(8):  # whoever is asked how the store is writes what waits there
                    running.get("/health/ready")
                return kept(store_settings(address, tmp_path))[0] >= load.answered

            await_true(is_written)
            # A transaction that was given up may have been committed all the same: its call stands there once.
            assert kept(store_settings(address, tmp_path)) == (load.answered, "")


def test_a_service_that_is_stopped_writes_what_waits(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite3"
    settings = {"store": str(file), "store_key_file": str(key_file(tmp_path)), "store_seconds": 0.2}
    with served(tmp_path, workers=1, **settings) as running:
        with sqlite3.connect(file, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert running.post("/cds-services/benzo-order-sign", sign(lorazepam())).status_code == 200
            other.execute("ROLLBACK")
        running.terminate()
        running.process.wait(120)
    assert kept(store_settings(str(file), tmp_path)) == (1, "")


def test_workers_share_one_chain(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite3"
    with served(tmp_path, store=str(file), store_key_file=str(key_file(tmp_path)), workers=4) as running:
        load = Load(running, callers=8)
        load.until(200)
        load.end()
        assert load.wrong == []
        assert len({*running.workers()}) == 4
    # A process writes what waits before it ends.
    assert kept(store_settings(str(file), tmp_path)) == (load.answered, "")


def test_a_token_is_good_once_across_workers(tmp_path: Path) -> None:
    """Replayed 40 times on connections of their own, over four processes: one is admitted."""
    tenants = tenants_file(tmp_path, general={"keys": public(ES384)})
    file = tmp_path / "records.sqlite3"
    with served(
        tmp_path,
        tenants=str(tenants),
        development=True,
        store=str(file),
        store_key_file=str(key_file(tmp_path)),
        workers=4,
    ) as running:
        header = {"Authorization": token(), "Connection": "close"}
        statuses = [
            running.post("/cds-services/benzo-order-sign", sign(lorazepam()), headers=header).status_code
            for _ in range(40)
        ]
        assert sorted(statuses) == [200] + [401] * 39
        assert running.get("/health/ready").json()["replay"] == "shared"
