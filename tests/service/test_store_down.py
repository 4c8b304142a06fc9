"""Does a store that fails, hangs or is killed cost a card, an answer or a record?"""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from caller import ES384, public, tenants_file, token
from database_server import NOT_THERE, database_server, program
from ehr import cards, logged, lorazepam, sign
from load import Load
from served import Served, served
from stores import app_with, client_with, key_file, store_of, store_settings

from cds_service.app import CALL_STORE
from cds_service.config import STORE_RETRY_SECONDS, Settings
from cds_service.records import chain
from cds_service.records import store as stored

FEEDBACK = "/cds-services/benzo-order-sign/feedback"


def override(card: dict[str, Any]) -> dict[str, Any]:
    reason = {"reason": {"code": "palliative"}}
    told = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:05:31Z"}
    return {"feedback": [told | {"overrideReason": reason}]}


def kept(settings: Settings) -> tuple[int, str]:
    """How many calls the store holds, and where its chain is broken."""
    store = store_of(settings)
    # As the commands do: nobody waits for it as a prescriber does for a card.
    store.database.seconds = 60
    told = store.database.use(lambda c: chain.verify(c, "open", store.pseudonyms))
    return told.rows, told.broken


def test_a_store_that_another_has_locked_costs_no_card_and_no_record(tmp_path: Path) -> None:
    settings = store_settings(str(tmp_path / "records.sqlite3"), tmp_path, store_seconds=0.2)
    http = client_with(settings)
    (card,) = cards(http, sign(lorazepam()))
    with sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None) as other, logged() as lines:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        for _ in range(5):
            assert len(cards(http, sign(lorazepam()))) == 1
        assert http.post(FEEDBACK, json=override(card)).json == {"received": 1}
        # One wait for the lock, not one for each use.
        assert time.monotonic() - began < 5
        told = http.get("/health/ready").json
        assert (told["status"], told["store"], told["unsaved"]) == ("degraded", "down", 6)
        assert [json.loads(line)["event"] for line in lines if "store" in line] == ["store down"]
        other.execute("ROLLBACK")
    time.sleep(STORE_RETRY_SECONDS)
    told = http.get("/health/ready").json
    assert (told["status"], told["store"]) == ("ready", "up")
    assert kept(settings) == (6, "")
    assert cards(http, sign(lorazepam())) == []  # the answer was kept as well: it snoozes


def test_a_store_that_is_not_there_at_the_start_is_used_once_it_is(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").mkdir()
    settings = store_settings(str(tmp_path / "records.sqlite3"), tmp_path)
    http = client_with(settings)
    assert len(cards(http, sign(lorazepam()))) == 1
    assert http.get("/health/ready").json["store"] == "down"
    (tmp_path / "records.sqlite3").rmdir()
    time.sleep(STORE_RETRY_SECONDS)
    assert http.get("/health/ready").json["store"] == "up"
    assert kept(settings) == (1, "")


def test_what_waits_is_bounded_and_what_is_lost_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MAX_UNSAVED_CALLS", 3)
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
    with sqlite3.connect(tmp_path / "records.sqlite3", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(25):
            cards(app.test_client(), sign(lorazepam()))
        other.execute("ROLLBACK")
    time.sleep(STORE_RETRY_SECONDS)
    app.extensions[CALL_STORE].flush(5)
    assert kept(settings) == (25, "")


def test_what_cannot_be_written_before_the_end_is_said_to_be_lost(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite3").mkdir()
    app = app_with(store_settings(str(tmp_path / "records.sqlite3"), tmp_path))
    cards(app.test_client(), sign(lorazepam()))
    with logged() as lines:
        app.extensions[CALL_STORE].flush(5)
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
            assert load.slowest < 5
            server.go_on()
            for _ in range(300):
                told = [running.get("/health/ready").json() for _ in range(8)]
                if all((each["store"], each["unsaved"]) == ("up", 0) for each in told):
                    break
                time.sleep(0.1)
            load.end()
            assert load.wrong == []
            settled = store_settings(address, tmp_path)
            rows, broken = kept(settled)
    assert broken == ""
    # A transaction that was given up may have been committed all the same: then its call stands there twice.
    assert load.answered <= rows <= load.answered + 4


def test_a_service_that_is_stopped_writes_what_waits(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite3"
    settings = {"store": str(file), "store_key_file": str(key_file(tmp_path)), "store_seconds": 0.2}
    with served(tmp_path, workers=1, **settings) as running:
        with sqlite3.connect(file, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert running.post("/cds-services/benzo-order-sign", sign(lorazepam())).status_code == 200
            other.execute("ROLLBACK")
        time.sleep(STORE_RETRY_SECONDS)
        running.terminate()
        running.process.wait(30)
    assert kept(store_settings(str(file), tmp_path)) == (1, "")


def test_workers_share_one_chain(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite3"
    with served(tmp_path, store=str(file), store_key_file=str(key_file(tmp_path)), workers=4) as running:
        load = Load(running, callers=8)
        load.until(200)
        load.end()
        assert load.wrong == []
        assert len({*running.workers()}) == 4
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
