"""Is the record of calls complete, whole, and telling: the chain, the report, what is purged, what is exported?"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from ehr import ANSWERED, cards, logged, lorazepam, order, post, prefetch, sign
from fhir.resources.R4B.auditevent import AuditEvent
from stores import client_with, forty_stored_at_once, judged, store_settings

from cds_service.__main__ import main
from cds_service.config import PREFIX, Settings
from cds_service.hooks.feedback import read_feedback
from cds_service.records import chain
from cds_service.records.report import doubted_records, performance
from cds_service.records.retention import PurgeCounts, purge

OXYCODONE = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
TODAY = (datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=24))


def calls(http: Any, number: int, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """So many calls, each with an instance of its own; returns their cards."""
    made_cards = []
    for index in range(number):
        made_cards += cards(
            http, (body or sign(lorazepam())) | {"hookInstance": f"d1577c69-dfbe-44ad-ba6d-3e05e953{index:04}"}
        )
    return made_cards


def tampered(settings: Settings, *statements: str) -> None:
    """Change the database behind the service's back, its triggers off."""
    address = str(settings.store)
    if "://" in address:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("ALTER TABLE evaluations DISABLE TRIGGER ALL")
            for statement in statements:
                connection.execute(statement)
        return
    with sqlite3.connect(address) as connection:
        for name in ("evaluations_stay", "evaluations_last"):
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


# -- the chain -------------------------------------------------------------------------------------------------------


def test_the_chain_of_many_calls_is_unbroken(settings, command):
    calls(client_with(settings), 5)
    status, printed = command("audit", "verify")
    assert status == 0
    assert "open: 5 rows, unbroken; head open:5:" in printed


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE evaluations SET service = 'benzo-patient-view' WHERE sequence = 3", "row 3 is not as it was written"),
        ("UPDATE evaluations SET cards = '[]' WHERE sequence = 1", "row 1 is not as it was written"),
        ("UPDATE evaluations SET at = '2020-01-01T00:00:00.000000Z' WHERE sequence = 5", "row 5 is not as it was"),
        ("DELETE FROM evaluations WHERE sequence = 2", "row 2 is missing"),
        ("DELETE FROM evaluations WHERE sequence = 1", "row 1 is missing"),
    ],
)
def test_a_change_behind_our_back_is_named(settings, command, statement, where):
    calls(client_with(settings), 5)
    tampered(settings, statement)
    status, printed = command("audit", "verify")
    assert status == 1
    assert where in printed


def test_rows_cut_off_at_the_end_are_seen_by_the_head_that_was_kept(settings, command):
    calls(client_with(settings), 3)
    head = command("audit", "verify")[1].split("head ")[1].strip()
    assert command("audit", "verify", "--expect", head)[0] == 0
    tables = ("card_findings", "cards", "fired", "evaluations")
    tampered(settings, *(f"DELETE FROM {table} WHERE sequence = 3" for table in tables))
    assert command("audit", "verify")[0] == 0
    status, printed = command("audit", "verify", "--expect", head)
    assert status == 1
    assert f"Not in the record: {head}" in printed


def test_who_has_no_key_cannot_make_a_chain(settings, tmp_path, monkeypatch, command):
    calls(client_with(settings), 2)
    other = tmp_path / "other.key"
    other.write_text("f" * 64, encoding="utf-8")
    monkeypatch.setenv(f"{PREFIX}STORE_KEY_FILE", str(other))
    status, printed = command("audit", "verify")
    assert (status, "it is written with key " in printed) == (2, True)


def test_calls_at_the_same_time_make_one_chain(settings, store):
    """No place twice, none left out."""
    verified = forty_stored_at_once(settings, store)
    assert (verified.rows, verified.sequence, verified.broken) == (40, 40, "")


# -- the report ------------------------------------------------------------------------------------------------------


def answer(http: Any, card: dict[str, Any], code: str | None) -> None:
    """An override with a reason, or, without one, an accepted suggestion."""
    item: dict[str, Any] = {"card": card["uuid"], "outcomeTimestamp": ANSWERED}
    if code is None:
        item |= {"outcome": "accepted", "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}]}
    else:
        item |= {"outcome": "overridden", "overrideReason": {"reason": {"code": code}} if code else None}
    assert http.post("/cds-services/benzo-order-sign/feedback", json={"feedback": [item]}).status_code == 200


def test_the_report_tells_what_became_of_each_finding(settings, store, command):
    """Five calls with an opioid, by hand: two accepted, one overridden with a reason, one without, one unanswered; the
    same answer twice counts once. Two calls without an opioid, which `concurrent-opioid` is judged in and not met."""
    http = client_with(settings)
    made_cards = calls(http, 5, sign(lorazepam(), prefetch=prefetch(OXYCODONE)))
    for card, code in zip(made_cards, [None, None, "short-course", ""], strict=False):
        answer(http, card, code)
    answer(http, made_cards[0], None)
    for index in range(2):
        post(http, sign(lorazepam()) | {"hookInstance": f"d1577c69-dfbe-44ad-ba6d-3e05e954{index:04}"})
    found = store.database.use(lambda c: performance(c, ["concurrent-opioid", "oxybate"], *TODAY))
    opioid = next(each for each in found if each.finding == "concurrent-opioid")
    assert (opioid.evaluated, opioid.would_fire, opioid.shown) == (7, 5, 5)
    assert (opioid.accepted, opioid.overridden, opioid.unanswered) == (
        2,
        {"no reason given": 1, "short-course": 1},
        1,
    )
    assert opioid.knowledge.startswith("2026.")
    assert opioid.median is not None
    assert opioid.p95 is not None
    assert 0 < opioid.median <= opioid.p95
    oxybate = next(each for each in found if each.finding == "oxybate")
    assert (oxybate.evaluated, oxybate.would_fire, oxybate.shown, oxybate.median) == (7, 0, 0, None)
    status, table = command("report")
    assert status == 0
    line = next(line for line in table.splitlines() if " concurrent-opioid " in line)
    assert line.split()[3:9] == ["7", "5", "5", "2", "2", "1"]
    assert "overridden because: no reason given 1, short-course 1" in table
    assert "oxybate" in table.splitlines()[-1]
    status, printed = command("report", "--json", "--since", "2026-01-01")
    assert next(row for row in json.loads(printed) if row["finding"] == "concurrent-opioid")["accepted"] == 2


def test_an_answer_counts_for_the_tenant_that_gave_it(settings, store):
    """The uuid of a card follows from the call: where two EHRs send the same one, it is the same."""
    body = sign(lorazepam())
    (card,) = cards(client_with(settings), body)
    call = judged(settings, body, "other")
    assert [each.body["uuid"] for each in call.cards] == [card["uuid"]]
    now = datetime.now(UTC)
    store.record_call(call, call.with_verdicts({}), now, 1.0, b"")
    item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": ANSWERED}
    store.record_feedback(call.tenant, "benzo-order-sign", read_feedback({"feedback": [item]}), now)
    found = store.database.use(lambda c: performance(c, ["high-potency"], *TODAY))
    by_tenant = {each.tenant: (each.shown, dict(each.overridden), each.unanswered) for each in found}
    assert by_tenant == {"open": (1, {}, 1), "other": (1, {"no reason given": 1}, 0)}


def test_a_report_names_its_first_and_its_last_day(command):
    command("store", "upgrade")
    status, printed = command("report", "--since", "2026-01-01", "--until", "2026-01-31")
    assert (status, printed.splitlines()[0].startswith("From 2026-01-01 to 2026-01-31, by")) == (0, True)
    status, printed = command("report", "--since", "9999-12-31", "--until", "9999-12-31")
    assert (status, printed.splitlines()[0].startswith("From 9999-12-31 to 9999-12-31, by")) == (0, True)
    status, printed = command("report", "--since", "2026-02-01", "--until", "2026-01-31")
    assert (status, printed) == (2, "benzo-cds: --since 2026-02-01 is after the last day, 2026-01-31\n")


def test_a_report_of_nothing_says_so(command):
    command("store", "upgrade")
    status, printed = command("report", "--since", "2020-01-01", "--until", "2020-01-31")
    assert (status, "No call was judged" in printed) == (0, True)


def test_a_doubted_record_is_on_the_list(settings, store, command):
    http = client_with(settings)
    (card,) = cards(http, sign(lorazepam()))
    answer(http, card, "record-differs")
    answer(http, card, "record-differs")
    (found,) = store.database.use(lambda c: doubted_records(c, ["record-differs"], *TODAY))
    assert (found.card, found.service) == (card["uuid"], "benzo-order-sign")
    status, printed = command("store", "doubts")
    assert status == 0
    assert json.loads(printed)["card"] == card["uuid"]
    assert "p1" not in json.loads(printed)["patient"]


def test_a_patient_whom_one_knows_is_found_in_the_store_by_the_name_there(settings, command, monkeypatch):
    http = client_with(settings)
    (card,) = cards(http, sign(lorazepam()))
    answer(http, card, "record-differs")
    monkeypatch.setattr("sys.stdin", StringIO("p1\n\nPatient/p1\nPatient/p2\n"))
    status, printed = command("store", "names")
    one, same, other = printed.split()
    assert status == 0
    assert json.loads(command("store", "doubts")[1])["patient"] == one == same != other
    monkeypatch.setattr("sys.stdin", StringIO("p1\n"))
    assert command("store", "names", "--tenant", "general")[1].split() not in ([one], [other])


# -- what is purged, and what is exported ----------------------------------------------------------------------------


def test_what_is_old_is_purged_and_the_chain_goes_on(settings, store, command):
    http = client_with(settings)
    calls(http, 3)
    between = datetime.now(UTC)
    head = command("audit", "verify")[1].split("head ")[1].strip()
    calls(http, 2)

    def purged(before: datetime) -> PurgeCounts:
        return store.database.use(lambda c: purge(c, before, datetime.now(UTC), store.pseudonyms), writes=True)

    gone = purged(between)
    assert (gone.evaluations, gone.answers) == (3, 0)
    status, printed = command("audit", "verify", "--expect", head)
    assert (status, "open: 2 rows after 3 purged, unbroken; head open:5:" in printed) == (0, True)
    # Nothing more is old; and when all is, the next call follows the last that went.
    assert (
        store.database.use(lambda c: purge(c, between, datetime.now(UTC), store.pseudonyms), writes=True).evaluations
        == 0
    )
    far = datetime.now(UTC) + timedelta(days=1)
    assert (
        store.database.use(lambda c: purge(c, far, datetime.now(UTC), store.pseudonyms), writes=True).evaluations == 2
    )
    calls(http, 1)
    status, printed = command("audit", "verify")
    assert (status, "open: 1 rows after 5 purged, unbroken; head open:6:" in printed) == (0, True)
    assert store.database.use(lambda c: [row["sequence"] for row in chain.rows_of(c, "open")]) == [6]


def test_the_purge_command_keeps_what_is_to_be_kept(settings, command):
    calls(client_with(settings), 2)
    assert command("store", "purge") == (0, "Older than 2192 days: 0 calls and 0 answers; 0 expired tokens.\n")


@pytest.mark.parametrize("days", ["0", "-5", "36501", "x"])
def test_a_purge_of_no_number_of_days_is_refused(settings, command, days, capsys):
    calls(client_with(settings), 1)
    with pytest.raises(SystemExit) as ended:
        command("store", "purge", f"--older-than={days}")
    assert ended.value.code == 2
    assert "must be a number of days, 1 to 36500" in capsys.readouterr().err
    assert command("audit", "verify")[1].startswith("open: 1 rows")


def test_a_reader_that_has_seen_enough_is_no_fault_of_the_store(settings, command, monkeypatch):
    calls(client_with(settings), 1)
    assert command("audit", "export")[0] == 0

    def closed(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", closed)
    monkeypatch.setattr("sys.stderr", StringIO())
    with logged() as lines:
        assert main(["audit", "export"]) == 0
    assert lines == []


@pytest.mark.parametrize(
    "command", [("report",), ("audit", "verify"), ("audit", "export"), ("store", "purge"), ("store", "doubts")]
)
def test_a_file_that_is_not_there_is_no_empty_record(command, tmp_path, monkeypatch, capsys):
    for name, value in {f"{PREFIX}STORE": tmp_path / "x" / "records.sqlite3", "XDG_STATE_HOME": tmp_path}.items():
        monkeypatch.setenv(name, str(value))
        assert main(command) == 2
        assert "there is no store " in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
        monkeypatch.delenv(name)


def test_the_record_is_exported_as_audit_events(settings, command):
    (card,) = calls(client_with(settings), 1, sign(lorazepam(), prefetch=prefetch(OXYCODONE)))
    status, printed = command("audit", "export")
    assert status == 0
    (line,) = printed.splitlines()
    event = AuditEvent.model_validate_json(line)
    assert event.action == "E"
    assert "p1" not in line
    details = {each["type"]: each["valueString"] for each in json.loads(line)["entity"][1]["detail"]}
    assert "concurrent-opioid" in details["findings"]
    assert details["cards"] == "sedativeLoad (warning, shown)"
    status, printed = command("audit", "export", "--rows")
    assert json.loads(printed)["cards"].startswith(f'[["{card["uuid"]}"')


def test_a_store_that_cannot_be_used_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(f"{PREFIX}STORE", "postgresql://somebody:hunter2@127.0.0.1:1/none")
    monkeypatch.setenv(f"{PREFIX}STORE_KEY_FILE", str(tmp_path / "none.key"))
    assert main(["audit", "verify"]) == 2
    assert "STORE_KEY_FILE: cannot be read" in capsys.readouterr().err
    (tmp_path / "none.key").write_text("0123456789abcdef" * 2, encoding="utf-8")
    assert main(["audit", "verify"]) == 2
    printed = capsys.readouterr().err
    assert "cannot be used" in printed
    assert "onnection refused" in printed
    assert "hunter2" not in printed


def test_why_the_store_is_down_is_said_at_the_start_in_its_own_words(tmp_path):
    address = "postgresql://somebody:hunter2@127.0.0.1:1/none"
    with logged() as lines:
        client_with(store_settings(address, tmp_path))
    logged_events = [json.loads(line) for line in lines]
    assert [each["event"] for each in logged_events] == ["store down", "store down at start"]
    assert "onnection refused" in logged_events[1]["why"]
    assert "hunter2" not in "".join(lines)


def test_the_store_is_brought_up_to_date(command):
    assert "up to date" in command("store", "upgrade")[1]
    assert command("store", "upgrade")[0] == 0
