"""Is what came of calls kept, by both kinds of store, and does an answered card stay away until things become worse?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ehr import ABSENT, ANSWERED, assessment, cards, lorazepam, order, post, prefetch, select, sign
from sqlalchemy import func, text, update
from sqlalchemy import select as select_rows
from stores import client_with, store_of

from cds_service.__main__ import main
from cds_service.config import Settings
from cds_service.records import chain
from cds_service.records.configured_store import StoreSettingError, with_default_store
from cds_service.records.database import StoreDownError
from cds_service.records.schema import answers, evaluations, metadata
from cds_service.records.schema import cards as card_rows
from cds_service.records.store import DatabaseCallStore

# From 2 January; the supply of 330 days lasts until 27 November, five days after the day that is judged.
LONG_USE = {
    "authoredOn": "2026-01-02",
    "dispenseRequest": {"expectedSupplyDuration": {"value": 330, "unit": "d"}},
}


def rows(store: DatabaseCallStore, table: Any) -> list[dict[str, Any]]:
    return store.database.use(lambda c: [dict(row) for row in c.execute(select_rows(table)).mappings()])


def overridden(card: dict[str, Any], code: str = "benefits-outweigh-risks", **more: Any) -> dict[str, Any]:
    return {
        "card": card["uuid"],
        "outcome": "overridden",
        "outcomeTimestamp": ANSWERED,
        "overrideReason": {"reason": {"code": code, "system": "urn:org.benzo-cds:override-reason"}},
    } | more


def answer(http: Any, *items: dict[str, Any]) -> None:
    assert http.post("/cds-services/benzo-order-sign/feedback", json={"feedback": list(items)}).status_code == 200


def another(body: dict[str, Any], instance: str = "b1577c69-dfbe-44ad-ba6d-3e05e953b2ea") -> dict[str, Any]:
    """The same call another time."""
    return body | {"hookInstance": instance}


def test_a_call_is_kept_without_a_name(settings, store):
    (card,) = cards(client_with(settings), sign(lorazepam()))
    (kept,) = rows(store, evaluations)
    assert kept["hook_instance"] == "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
    assert (kept["tenant"], kept["service"], kept["sequence"]) == ("open", "benzo-order-sign", 1)
    assert json.loads(kept["cards"]) == [[card["uuid"], "sedativeLoad", "info", "shown"]]
    assert ["high-potency", "info"] in json.loads(kept["findings"])
    (shown,) = rows(store, card_rows)
    assert (shown["uuid"], shown["load"], shown["complete"]) == (card["uuid"], "20", True)
    everything = json.dumps([rows(store, table) for table in metadata.sorted_tables])
    for name in ("p1", "dr-1", "lorazepam", "1980-05-02"):
        assert name not in everything


def test_the_tables_are_those_of_the_schema(settings, store):
    """The steps of the migration come to what the program writes into."""
    client_with(settings)
    names = store.database.use(lambda c: set(c.dialect.get_table_names(c)))
    assert names == {*metadata.tables, "alembic_version"}
    for table in metadata.sorted_tables:
        found = store.database.use(lambda c, table=table: c.dialect.get_columns(c, table.name))
        assert {column["name"] for column in found} == set(table.c.keys())
        nullable = {column["name"] for column in found if column["nullable"]}
        assert nullable == {column.name for column in table.c if column.nullable}


def test_a_body_is_kept_as_a_digest_that_tells_bodies_apart(settings, store):
    http = client_with(settings)
    for body in (sign(lorazepam()), sign(lorazepam()), sign(lorazepam("other"))):
        post(http, body)
    one, again, other = [kept["input"] for kept in rows(store, evaluations)]
    assert one == again != other


# -- feedback --------------------------------------------------------------------------------------------------------


def test_feedback_that_comes_again_is_kept_once(settings, store):
    http = client_with(settings)
    (card,) = cards(http, sign(lorazepam()))
    accepted = {
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
        "outcomeTimestamp": ANSWERED,
    }
    answer(http, overridden(card), accepted)
    answer(http, overridden(card))
    answer(http, accepted, overridden(card), overridden(card))
    assert sorted((kept["outcome"], kept["reason"]) for kept in rows(store, answers)) == [
        ("accepted", ""),
        ("overridden", "benefits-outweigh-risks"),
    ]
    assert [json.loads(kept["suggestions"]) for kept in rows(store, answers) if kept["outcome"] == "accepted"] == [
        [card["suggestions"][0]["uuid"]]
    ]


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        ({"overrideReason": {"reason": {"code": "taper-under-way"}, "userComment": "Mrs Marker"}}, "taper-under-way"),
        ({"overrideReason": None, "overrideReasons": {"reason": {"code": "palliative"}}}, "palliative"),
        ({"overrideReason": None, "overrideReasons": [{"reason": {"code": "palliative"}}]}, "palliative"),
        # HL7's wider code of one reason alone, and one that may be any of several.
        ({"overrideReason": {"reason": {"code": "risk-benefit-ratio"}}}, "benefits-outweigh-risks"),
        ({"overrideReason": {"reason": {"code": "cds-not-applicable"}}}, "cds-not-applicable"),
        ({"overrideReason": {"reason": {"code": 17, "system": "urn:site"}}}, "other"),
        ({"overrideReason": {"reason": {"code": "the patient Mrs Marker said no"}}}, "other"),
        ({"overrideReason": {"userComment": "Mrs Marker"}}, ""),
        (
            {"overrideReason": None, "extension": {"com.epic.cdshooks.feedback.overrideReason.reasonTitle": "Marker"}},
            "other",
        ),
    ],
)
def test_a_reason_is_kept_as_a_code_and_a_comment_is_not(settings, store, feedback, reason):
    http = client_with(settings)
    (card,) = cards(http, sign(lorazepam()))
    answer(http, overridden(card, **feedback))
    (row,) = rows(store, answers)
    assert row["reason"] == reason
    assert "Mrs Marker" not in json.dumps(row)


# -- snooze ----------------------------------------------------------------------------------------------------------


def renewal(a_day: int = 2, **more: Any) -> dict[str, Any]:
    """Lorazepam 1 mg for most of a year, renewed: 10 mg of diazepam for each tablet a day."""
    old = order("old", "lorazepam 1 MG Oral Tablet", code="197901", a_day=a_day, **LONG_USE)
    new = order("new", "lorazepam 1 MG Oral Tablet", code="197901", a_day=a_day)
    return sign(new, prefetch=prefetch(old, **more))


@pytest.mark.parametrize(
    ("code", "stays_away"),
    [
        ("benefits-outweigh-risks", True),
        ("taper-under-way", True),
        ("palliative", True),
        ("specialist-managing", True),
        ("patient-declined", True),
        ("seizure-or-alcohol-withdrawal", True),
        ("short-course", False),
        ("record-differs", False),
        ("17", False),
    ],
)
def test_an_answer_snoozes_the_topic_for_the_patient(settings, code, stays_away):
    http = client_with(settings)
    (card,) = cards(http, renewal())
    answer(http, overridden(card, code))
    assert (cards(http, another(renewal())) == []) == stays_away
    # Another patient's is another matter.
    elsewhere = another(renewal(patient={"resourceType": "Patient", "id": "p2"}))
    elsewhere["context"] = elsewhere["context"] | {"patientId": "p2"}
    for entry in (
        *elsewhere["context"]["draftOrders"]["entry"],
        *elsewhere["prefetch"]["medicationRequests"]["entry"],
    ):
        entry["resource"]["subject"] = {"reference": "Patient/p2"}
    assert len(cards(http, elsewhere)) == 1


def test_a_snooze_is_kept_as_such(settings, store):
    http = client_with(settings)
    (card,) = cards(http, renewal())
    answer(http, overridden(card))
    cards(http, another(renewal()))
    assert [row["verdict"] for row in rows(store, card_rows)] == ["shown", "snoozed"]


def test_a_snoozed_card_comes_back_when_the_load_has_risen(settings):
    # 4 mg a day is 40 mg of diazepam. A quarter more is 50: 5 mg a day is the rise, 4.5 (45) is not.
    http = client_with(settings)
    (card,) = cards(http, renewal(4))
    answer(http, overridden(card))
    less = order("new", "lorazepam 1 MG Oral Tablet", code="197901", units=4.5)
    more = order("new", "lorazepam 1 MG Oral Tablet", code="197901", units=5)
    old = order("old", "lorazepam 1 MG Oral Tablet", code="197901", units=4.5, **LONG_USE)
    assert cards(http, another(sign(less, prefetch=prefetch(old)))) == []
    old = order("old", "lorazepam 1 MG Oral Tablet", code="197901", units=5, **LONG_USE)
    (back,) = cards(http, another(sign(more, prefetch=prefetch(old))))
    assert assessment(back)["load"]["with_order"]["used"] == 50.0


def test_a_snoozed_card_comes_back_when_a_hazard_joins(settings):
    http = client_with(settings)
    (card,) = cards(http, renewal())
    answer(http, overridden(card))
    oxycodone = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
    body = renewal()
    body["prefetch"]["medicationRequests"]["entry"].append({"resource": oxycodone})
    assert len(cards(http, another(body))) == 1


def test_a_snoozed_card_comes_back_when_what_was_known_no_longer_is(settings):
    http = client_with(settings)
    (card,) = cards(http, renewal())
    answer(http, overridden(card))
    body = renewal()
    unknown = order("odd", "sedative of unknown name and strength", a_day=1)
    unknown["medicationCodeableConcept"] = {"coding": [{"system": "urn:local", "code": "77"}]}
    body["prefetch"]["medicationRequests"]["entry"].append({"resource": unknown})
    assert len(cards(http, another(body))) == 1


def test_a_snooze_ends(settings, store):
    http = client_with(settings)
    (card,) = cards(http, renewal())
    answer(http, overridden(card))
    for days, number in ((89, 0), (91, 1)):
        then = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        store.database.use(lambda c, then=then: c.execute(update(answers).values(received_at=then)), writes=True)
        store.database.use(lambda c, then=then: c.execute(update(card_rows).values(at=then)), writes=True)
        assert len(cards(http, another(renewal()))) == number


# -- order-select, then order-sign -----------------------------------------------------------------------------------


def selected(*drafts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return select(*drafts, selections=[f"MedicationRequest/{draft['id']}" for draft in drafts], **more)


def test_an_info_card_that_was_shown_at_select_is_not_repeated_at_sign(settings, store):
    http = client_with(settings)
    assert [card["indicator"] for card in cards(http, selected(lorazepam()))] == ["info"]
    assert cards(http, another(sign(lorazepam()))) == []
    assert [row["verdict"] for row in rows(store, card_rows)] == ["shown", "repeated"]


def test_a_warning_that_was_shown_at_select_is_not_repeated_at_sign(settings, store):
    http = client_with(settings)
    oxycodone = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
    record = prefetch(oxycodone)
    assert [card["indicator"] for card in cards(http, selected(lorazepam(), prefetch=record))] == ["warning"]
    assert cards(http, another(sign(lorazepam(), prefetch=record))) == []
    assert [row["verdict"] for row in rows(store, card_rows)] == ["shown", "repeated"]


@pytest.mark.parametrize(
    "change",
    [
        {"draft": lorazepam("another-draft")},
        {"draft": order("lorazepam-1", "lorazepam 1 MG Oral Tablet", code="197901", a_day=3)},
        {"user": "Practitioner/dr-2"},
        {"user": ABSENT},
        {"late": True},
    ],
    ids=["another draft", "another dose", "another user", "no user", "an hour later"],
)
def test_what_differs_from_select_is_shown_at_sign(settings, store, change):
    http = client_with(settings)
    cards(http, selected(lorazepam()))
    if change.get("late"):
        then = (datetime.now(UTC) - timedelta(minutes=61)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        store.database.use(lambda c: c.execute(update(card_rows).values(at=then)), writes=True)
    body = sign(change.get("draft", lorazepam()))
    if "user" in change:
        body["context"]["userId"] = change["user"]
        if change["user"] is ABSENT:
            del body["context"]["userId"]
    assert len(cards(http, body)) == 1


def test_another_patients_draft_with_other_instructions_is_shown_at_sign(settings):
    http = client_with(settings)
    other = {"subject": {"reference": "Patient/another"}}
    once, often = (
        lorazepam(dosageInstruction=[{"text": sig}], **other) for sig in ("1 tablet daily", "6 tablets daily")
    )
    assert len(cards(http, selected(once))) == 1
    assert cards(http, another(sign(once))) == []
    assert len(cards(http, another(sign(often)))) == 1


# -- the chain -------------------------------------------------------------------------------------------------------


def test_evaluations_can_only_be_added(settings, store):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    for change in ("UPDATE evaluations SET service = 'x'", "DELETE FROM evaluations"):
        with pytest.raises(StoreDownError):
            store.database.use(lambda c, change=change: c.execute(text(change)), writes=True)
        store.database._down_since = None
    assert store.database.use(lambda c: c.execute(select_rows(func.count()).select_from(evaluations)).scalar()) == 1


# -- the configuration ------------------------------------------------------------------------------------------------


SERVER = "postgresql://x@127.0.0.1:1/y"


def checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **variables: str
) -> tuple[int, str, str]:
    """The status of `config check` with some settings of the store, and what it prints."""
    for name, value in variables.items():
        monkeypatch.setenv(f"BENZO_CDS_{name.upper()}", value)
    status = main(["config", "check"])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_the_configuration_of_a_store_is_told_without_its_password(tmp_path, monkeypatch, capsys):
    key = tmp_path / "key"
    key.write_text("0123456789abcdef" * 2, encoding="utf-8")
    address = "postgresql://somebody:hunter2@127.0.0.1:1/records"
    status, out, err = checked(monkeypatch, capsys, store=address, store_key_file=str(key))
    assert (status, err) == (0, "")
    assert "BENZO_CDS_STORE = postgresql+psycopg://somebody:***@127.0.0.1:1/records (down: connection failed: " in out
    status, out, err = checked(monkeypatch, capsys, store=str(tmp_path / "records.sqlite3"))
    assert "records.sqlite3 (not there yet; made at the start)" in out
    assert main(["store", "upgrade"]) == 0
    status, out, err = checked(monkeypatch, capsys)
    assert "records.sqlite3 (up, written with key " in out


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"store": "mysql://x/y"}, "BENZO_CDS_STORE: a store is SQLite or PostgreSQL"),
        ({"store": "://"}, "BENZO_CDS_STORE: not an address"),
        ({"store": "sqlite://"}, "BENZO_CDS_STORE: a store of SQLite is a file"),
        (
            {"store": "postgresql://x@127.0.0.1:1/y"},
            "BENZO_CDS_STORE_KEY_FILE: is needed for a store that is not a file",
        ),
        (
            {"store": "postgresql://x@127.0.0.1:1/y", "store_key_file": "/nowhere"},
            "KEY_FILE: cannot be read: No such file",
        ),
        ({"store": "/proc/nowhere/records.sqlite3"}, "BENZO_CDS_STORE: /proc/nowhere/records.sqlite3 cannot be made: "),
        (
            {"store": "records.sqlite3", "store_password_file": "/nowhere"},
            "BENZO_CDS_STORE_PASSWORD_FILE: there is no such",
        ),
    ],
)
def test_a_mistake_in_the_settings_of_the_store_is_named(variables, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, _, err = checked(monkeypatch, capsys, **variables)
    assert status == 1
    assert words in err


def test_a_short_secret_is_no_key(tmp_path, monkeypatch, capsys):
    (tmp_path / "key").write_text("short", encoding="utf-8")
    chosen = {"store": str(tmp_path / "records.sqlite3"), "store_key_file": str(tmp_path / "key")}
    status, _, err = checked(monkeypatch, capsys, **chosen)
    assert (status, "at least 32 characters" in err) == (1, True)


def test_a_file_store_makes_its_key_once_and_for_its_owner_alone(tmp_path):
    settings = Settings(store=str(tmp_path / "kept" / "records.sqlite3"))
    first = store_of(settings)
    key = tmp_path / "kept" / "records.sqlite3.key"
    assert key.stat().st_mode & 0o077 == 0
    assert store_of(settings).pseudonyms == first.pseudonyms


def test_a_key_that_was_lost_is_not_made_anew_for_the_store_that_is_there(tmp_path, monkeypatch, capsys):
    file = tmp_path / "records.sqlite3"
    settings = Settings(store=str(file))
    post(client_with(settings), sign(lorazepam()))
    key = tmp_path / "records.sqlite3.key"
    secret = key.read_text("utf-8")
    key.unlink()
    with pytest.raises(StoreSettingError, match="put it back, or move the store away"):
        store_of(settings)
    status, _, err = checked(monkeypatch, capsys, store=str(file))
    assert (status, f"BENZO_CDS_STORE_KEY_FILE: {key} is gone" in err) == (1, True)
    assert not key.exists()
    key.write_text(secret, "utf-8")
    assert store_of(settings).database.use(chain.tenants_of) == ["open"]


def test_serve_keeps_a_file_of_its_user_where_no_store_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert with_default_store(Settings(store=None)).store == str(tmp_path / "benzo-cds" / "records.sqlite3")
    assert with_default_store(Settings(store="none")).store == "none"
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    assert with_default_store(Settings(store=None)).store is None
