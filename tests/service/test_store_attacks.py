"""Does anything that is sent, kept or configured badly cost a card, an answer, a record or the truth of one?"""

from __future__ import annotations

import gc
import json
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from caller import ES384, ISSUER, public, tenants_file, token
from ehr import ANSWERED, assert_outcome, cards, lorazepam, sign
from stores import await_true, client_with, forty_stored_at_once, is_settled, judged, store_of, store_settings

from cds_service.__main__ import main
from cds_service.app import CALL_STORE
from cds_service.config import PREFIX, Settings
from cds_service.config.limits import STORE_RETRY_SECONDS
from cds_service.records import chain
from cds_service.records import store as stored
from cds_service.records.audit_event import audit_event
from cds_service.records.configured_store import with_default_store
from cds_service.records.database import Database, StoreDownError, database_url
from cds_service.records.report import performance
from cds_service.records.retention import purge
from cds_service.records.schema import answers, metadata, tokens
from cds_service.records.store import DatabaseCallStore
from cds_service.trust.tenant import OPEN_TENANT

FEEDBACK = "/cds-services/benzo-order-sign/feedback"
IN_POSTGRESQL = pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
"""Of what only a server has."""


def changed(settings: Settings, *statements: str) -> None:
    """Change the database behind the service's back."""
    address = str(settings.store)
    if "://" in address:
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    with closing(sqlite3.connect(address)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def override(card: str, **more: Any) -> dict[str, Any]:
    return {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": ANSWERED,
        "overrideReason": {"reason": {"code": "palliative"}},
    } | more


def number_of(store: DatabaseCallStore, table: Any) -> int:
    return len(store.database.use(lambda c: c.execute(table.select()).all()))


# -- what is sent ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00.000001+00:01"]
)
def test_a_time_that_no_calendar_holds_is_refused(settings, moment):
    response = client_with(settings).post(FEEDBACK, json={"feedback": [override("x", outcomeTimestamp=moment)]})
    assert assert_outcome(response, 400, "structure")["expression"] == ["feedback[0].outcomeTimestamp"]


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31T23:59:59Z", "2026-11-22T10:05:31.123456789Z"])
def test_a_time_that_a_calendar_holds_is_taken(settings, store, moment):
    response = client_with(settings).post(FEEDBACK, json={"feedback": [override("x", outcomeTimestamp=moment)]})
    assert response.json == {"received": 1}
    assert number_of(store, answers) == 1


def test_a_batch_of_ten_thousand_answers_is_kept_and_the_store_stays_up(settings, store):
    http = client_with(settings)
    items = [override(f"card-{number}") for number in range(9_999)] + [override("card-1")]
    assert http.post(FEEDBACK, json={"feedback": items}).json == {"received": 10_000}

    def is_written() -> bool:
        ready = http.get("/health/ready").json
        assert ready["store"] == "up"
        return bool(ready["unsaved"] == 0)

    await_true(is_written)
    assert number_of(store, answers) == 9_999


def test_an_answer_of_thousands_of_reasons_is_few_rows(settings, store):
    reasons = [{"reason": {"code": f"code-{number}"}} for number in range(9_000)]
    item = override("x", overrideReason=reasons)
    assert client_with(settings).post(FEEDBACK, json={"feedback": [item]}).json == {"received": 1}
    assert number_of(store, answers) == 1


@pytest.mark.parametrize("odd", ["\x00", "p\x1f1", "x" * 100_000, "é" * 300, "'; DROP TABLE cards; --"])
def test_what_stands_for_an_id_is_kept_by_name_whatever_it_is(settings, store, odd):
    http = client_with(settings)
    body = sign(lorazepam(subject={"reference": f"Patient/{odd}"}), hookInstance=odd)
    body["context"] |= {"patientId": odd, "userId": f"Practitioner/{odd}"}
    response = http.post("/cds-services/benzo-order-sign", json=body)
    assert response.status_code == 200
    assert http.post(FEEDBACK, json={"feedback": [override(odd)]}).status_code == 200
    verified = store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms))
    assert (verified.rows, verified.broken) == (1, "")
    assert number_of(store, answers) == 1


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_tables_of_a_later_version_cost_no_card_and_are_left_alone(settings, command, store):
    assert len(cards(client_with(settings), sign(lorazepam()))) == 1
    changed(settings, "UPDATE alembic_version SET version_num = '9999'")
    http = client_with(settings)  # the older program, started again
    assert len(cards(http, sign(lorazepam()))) == 1
    ready = http.get("/health/ready").json
    assert (ready["status"], ready["store"], ready["unsaved"]) == ("degraded", "down", 1)
    status, words = command("store", "upgrade")
    assert (status, "another version of the program" in words) == (2, True)
    changed(settings, "UPDATE alembic_version SET version_num = '0003'")
    await_true(lambda: is_settled(http))
    assert store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms)).rows == 2


def test_rows_that_are_no_longer_readable_cost_no_card(settings):
    http = client_with(settings)
    (card,) = cards(http, sign(lorazepam()))
    assert http.post(FEEDBACK, json={"feedback": [override(card["uuid"])]}).status_code == 200
    assert cards(http, sign(lorazepam())) == []
    for change in ("speaks_of = 'no list'", "speaks_of = '7'", "load = 'much'", "indicator = 'shouting'"):
        changed(settings, f"UPDATE cards SET {change}")
        assert len(cards(http, sign(lorazepam()))) == 1, change


def test_tables_that_are_taken_away_are_made_again_and_no_record_is_lost(settings, store):
    http = client_with(settings)
    assert len(cards(http, sign(lorazepam()))) == 1
    names = [*(table.name for table in reversed(metadata.sorted_tables)), "alembic_version"]
    changed(settings, *(f"DROP TABLE {name}" for name in names))
    if "://" in str(settings.store):
        changed(settings, "DROP FUNCTION evaluations_guard")
    assert len(cards(http, sign(lorazepam()))) == 1
    assert http.get("/health/ready").json["unsaved"] == 1
    await_true(lambda: is_settled(http))
    assert store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms)).rows == 1


# A file has no rights of its own.
@IN_POSTGRESQL
def test_rights_that_are_taken_away_lose_no_record(settings, store):
    http = client_with(settings)
    owner = str(settings.store)
    changed(settings, "CREATE ROLE clerk LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk")
    try:
        clerk = client_with(settings.model_copy(update={"store": owner.replace("postgres@", "clerk@")}))
        assert len(cards(clerk, sign(lorazepam()))) == 1
        ready = clerk.get("/health/ready").json
        assert (ready["store"], ready["unsaved"]) == ("down", 1)
        changed(settings, "GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk")
        changed(settings, "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clerk")
        await_true(lambda: is_settled(clerk))
        assert len(cards(http, sign(lorazepam()))) == 1
        assert store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms)).rows == 2
    finally:
        changed(settings, "DROP OWNED BY clerk", "DROP ROLE clerk")


# The owner of a file can write it.
@IN_POSTGRESQL
def test_a_store_that_can_only_be_read_is_down(settings):
    address = str(settings.store)
    assert len(cards(client_with(settings), sign(lorazepam()))) == 1
    changed(settings, f'ALTER DATABASE "{address.rpartition("/")[2]}" SET default_transaction_read_only = on')
    http = client_with(settings)
    assert len(cards(http, sign(lorazepam()))) == 1
    time.sleep(STORE_RETRY_SECONDS)
    ready = http.get("/health/ready").json
    assert (ready["store"], ready["unsaved"]) == ("down", 1)


# SQLite has one writer.
@IN_POSTGRESQL
def test_no_place_is_given_twice_whatever_isolation_the_server_prefers(settings, store):
    name = str(settings.store).rpartition("/")[2]
    changed(settings, f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'")
    verified = forty_stored_at_once(settings, store)
    assert (verified.rows, verified.broken) == (40, "")


def test_a_defect_of_ours_costs_no_card(settings, monkeypatch):
    """Whatever it raises: in the writing, in the reading, and in the making of what is written."""
    http = client_with(settings)
    for name in ("rows_of_call", "rows_of_feedback", "CardSuppression", "_INSERT_TOKEN"):
        for kind in (RecursionError, UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), OverflowError, KeyError("x")):

            def fails(*_: Any, kind: Any = kind, **__: Any) -> None:
                raise kind

            with monkeypatch.context() as patched:
                patched.setattr(stored, name, fails)
                assert len(cards(http, sign(lorazepam()))) == 1
                assert http.post(FEEDBACK, json={"feedback": [override("x")]}).status_code == 200
    assert http.get("/health/ready").json["store"] == "up"


def test_tokens_that_have_expired_are_forgotten_as_others_are_used(settings, store, monkeypatch):
    monkeypatch.setattr(stored, "_TOKENS_PER_CLEANUP", 10)
    memory = store_of(settings)
    long_ago, soon = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(minutes=5)
    for number in range(9):
        assert memory.first_use("general", f"old-{number}", long_ago) is True
    assert memory.first_use("general", "new", soon) is True
    assert number_of(store, tokens) == 1
    assert memory.first_use("general", "new", soon) is False


# -- the record --------------------------------------------------------------------------------------------------------


def test_who_has_no_key_cannot_purge_the_record(settings, store, command):
    http = client_with(settings)
    for _ in range(3):
        cards(http, sign(lorazepam()))
    where = "SELECT tenant, sequence, link, at, '' FROM evaluations WHERE sequence = 2"
    changed(
        settings,
        f"INSERT INTO checkpoints (tenant, sequence, link, at, seal) {where}",
        "DELETE FROM evaluations WHERE sequence <= 2",
    )
    status, printed = command("audit", "verify")
    assert (status, "who removed the rows up to 2 did not have the key" in printed) == (1, True)
    # Nor move the place of an honest purge.
    now = datetime.now(UTC)
    store.database.use(lambda c: purge(c, now + timedelta(days=1), now, store.pseudonyms), writes=True)
    assert command("audit", "verify")[0] == 0
    changed(settings, "UPDATE checkpoints SET sequence = 4")
    assert command("audit", "verify")[0] == 1


# SQLite has no TRUNCATE.
@IN_POSTGRESQL
def test_a_record_is_not_emptied_at_one_stroke(settings):
    cards(client_with(settings), sign(lorazepam()))
    with pytest.raises(psycopg.Error, match="append-only"):
        changed(settings, "TRUNCATE evaluations")


def test_two_tenants_with_the_same_instance_are_reported_apart(settings, store, tmp_path):
    """The instance of a hook is the caller's, and a card's uuid comes of it: two tenants may well have the same."""
    blocks = {name: {"keys": public(ES384), "tenant_claim": name} for name in ("north", "south")}
    tenants = tenants_file(tmp_path, **blocks)
    http = client_with(settings.model_copy(update={"tenants": tenants, "development": True}))

    def call(tenant: str, where: str, body: dict[str, Any]) -> Any:
        header = {"Authorization": token(where, iss=ISSUER, tenant=tenant)}
        response = http.post(f"/cds-services{where}", json=body, headers=header)
        assert response.status_code == 200
        return response.json

    made_cards = {name: call(name, "/benzo-order-sign", sign(lorazepam()))["cards"][0] for name in blocks}
    assert made_cards["north"]["uuid"] == made_cards["south"]["uuid"]
    call("north", "/benzo-order-sign/feedback", {"feedback": [override(made_cards["north"]["uuid"])]})
    between = (datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1))
    found = store.database.use(lambda c: performance(c, ["high-potency"], *between))
    by_tenant = {each.tenant: (sum(each.overridden.values()), each.unanswered) for each in found if each.would_fire}
    assert by_tenant == {"north": (1, 0), "south": (0, 1)}


def test_a_long_tenant_has_an_id_for_each_event(settings, store):
    cards(client_with(settings), sign(lorazepam()))
    (row,) = store.database.use(lambda c: list(chain.rows_of(c, OPEN_TENANT)))
    events = [
        json.loads(audit_event(row | {"tenant": "t" * 63, "sequence": number, "link": str(number) * 64}))
        for number in (1, 2)
    ]
    assert len({each["id"] for each in events}) == 2
    assert json.loads(audit_event(row))["id"] == "open-1"


def test_who_reads_the_export_may_stop(settings, monkeypatch, command):
    cards(client_with(settings), sign(lorazepam()))

    def closed(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", closed)
    monkeypatch.setattr(sys.stderr, "close", lambda: None)
    assert command("audit", "export") == (0, "")
    assert command("store", "doubts")[0] == 0


# -- the report --------------------------------------------------------------------------------------------------------


def test_a_report_that_takes_long_leaves_the_store_up(settings, monkeypatch):
    http = client_with(settings)
    cards(http, sign(lorazepam()))

    counting = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1e9) SELECT count(*) FROM n"

    def slow(connection: Any, *_: Any) -> Any:
        connection.exec_driver_sql(counting)

    with monkeypatch.context() as patched:
        patched.setattr("cds_service.review.performance.REPORT_SECONDS", 0.3)
        patched.setattr("cds_service.review.performance.performance", slow)
        assert "cannot be read at the moment" in http.get("/review/performance").text
    assert http.get("/health/ready").json["store"] == "up"
    assert "1 call judged" in " ".join(http.get("/review/performance").text.split())


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    ("since", "until"),
    [("0001-01-01", "9999-12-31"), ("", "0001-01-01"), ("9999-12-31", "9999-12-31"), ("2026-12-01", "2026-01-01")],
)
def test_days_at_the_ends_of_the_calendar_are_days(tmp_path, monkeypatch, capsys, zone, since, until):
    settings = store_settings(str(tmp_path / "records.sqlite3"), tmp_path, timezone=zone)
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    page = http.get(f"/review/performance?since={since}&until={until}")
    assert page.status_code == 200
    assert ("1 call judged" in " ".join(page.text.split())) == (until == "9999-12-31" and since != until)
    for name, value in (("STORE", settings.store), ("STORE_KEY_FILE", settings.store_key_file), ("TIMEZONE", zone)):
        monkeypatch.setenv(PREFIX + name, str(value))
    status = main(["report", *([f"--since={since}"] if since else []), f"--until={until}"])
    printed = capsys.readouterr()
    if since > until:
        assert (status, "is after the last day" in printed.err) == (2, True)
        return
    assert status == 0
    assert f"From {since or '0001-01-01'} to {until}, by" in printed.out


# -- the configuration -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", ["0", "-1", "99999999999999999999", "1e3", "x", "²"])
def test_a_slip_in_the_number_of_days_purges_nothing(days, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["store", "purge", f"--older-than={days}"])
    assert ended.value.code == 2
    assert "must be a number of days" in capsys.readouterr().err


def test_a_password_that_stands_elsewhere_in_the_address_is_not_told(tmp_path):
    address = "postgresql://somebody@127.0.0.1:1/records?password=hunter2&sslpassword=hunter3&sslmode=prefer"
    address_shown = store_of(store_settings(address, tmp_path)).database.redacted_address
    assert "hunter" not in address_shown
    assert "sslmode=prefer" in address_shown
    assert database_url(address).query["password"] == "hunter2"


def test_a_user_without_a_home_has_no_store_and_is_served(monkeypatch):
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert with_default_store(Settings(store=None)).store is None


def test_an_expected_head_that_no_database_can_hold_is_not_in_the_record(settings, command):
    cards(client_with(settings), sign(lorazepam()))
    for place in ("9" * 30, "9" * 5000, "²", "-1", ""):
        status, printed = command("audit", "verify", "--expect", f"open:{place}:x")
        assert (status, "Not in the record" in printed) == (1, True)


def test_the_store_is_down_for_who_asks_while_it_is_left_alone(tmp_path):
    (tmp_path / "records.sqlite3").mkdir()
    database = store_of(store_settings(str(tmp_path / "records.sqlite3"), tmp_path)).database
    for _ in range(2):
        with pytest.raises(StoreDownError):
            database.long_read(lambda c: c, 1.0)


def test_a_call_whose_write_was_given_up_and_done_all_the_same_stands_in_the_record_once(settings, store, monkeypatch):
    evaluation, use = judged(settings, sign(lorazepam())), Database.use

    def done_and_given_up(database: Database, work: Any, *, writes: bool = False) -> None:
        use(database, work, writes=writes)
        raise StoreDownError("OutOfTimeError")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "use", done_and_given_up)
        store.record_call(evaluation, evaluation.with_verdicts({}), datetime.now(UTC), 1.0, b"")
    assert store.unsaved() == 1
    store.flush(60)
    assert store.unsaved() == 0
    assert store.database.use(lambda c: chain.verify(c, OPEN_TENANT, store.pseudonyms)).rows == 1


def test_a_write_that_is_given_up_leaves_no_lock_behind(settings, monkeypatch):
    """What is left of it hangs in rings that the collector may come to in an hour; until then nobody could write."""
    http = client_with(settings.model_copy(update={"store_seconds": 0.1}))
    other, append = store_of(settings), chain.append
    other.database.upgrade()

    def slow(connection: Any, *arguments: Any, **more: Any) -> None:
        append(connection, *arguments, **more)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            chain.head(connection, OPEN_TENANT)

    gc.disable()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(chain, "append", slow)
            patched.setattr("cds_service.records.database.database.STORE_RETRY_SECONDS", 0.0)
            for _ in range(10):
                assert len(cards(http, sign(lorazepam()))) == 1
                assert other.first_use("general", f"{time.monotonic()}", datetime.now(UTC))
    finally:
        gc.enable()
    http.application.extensions[CALL_STORE].database.seconds = 30
    await_true(lambda: is_settled(http))
