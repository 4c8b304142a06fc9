"""Is a store only written with its own key, and what becomes of rows, snoozes and tokens when the key is replaced?"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from ehr import cards, logged, lorazepam, order, prefetch, sign
from stores import SECRET, await_true, client_with, is_settled, store_of
from test_store import another, answer, overridden, renewal, rows
from test_store_attacks import changed

from cds_service.__main__ import main
from cds_service.config import PREFIX, Settings
from cds_service.records import chain
from cds_service.records.configured_store import StoreSettingError
from cds_service.records.pseudonyms import KeyFileError, append_new_key, pseudonyms_of, read_key_file
from cds_service.records.schema import cards as card_rows
from cds_service.records.schema import evaluations
from cds_service.records.store import DatabaseCallStore
from cds_service.trust.tenant import OPEN_TENANT

SECOND, THIRD = "second" * 6, "third-" * 6
SECOND_FILE = f"{SECRET}\n\n{SECOND}\n"
FIRST_ID, SECOND_ID = (pseudonyms_of(secret).key_id for secret in (SECRET, SECOND))


def write_keys(settings: Settings, text: str) -> None:
    assert settings.store_key_file is not None
    settings.store_key_file.write_text(text, encoding="utf-8")


def verified(store: DatabaseCallStore) -> chain.ChainStatus:
    return store.database.use(lambda c: chain.verify(c, OPEN_TENANT, *store.keys.read()))


# -- a wrong key -------------------------------------------------------------------------------------------------------


def test_a_service_with_another_key_does_not_start(settings, command):
    cards(client_with(settings), sign(lorazepam()))
    write_keys(settings, SECOND)
    with pytest.raises(StoreSettingError) as refused:
        client_with(settings)
    words = f"STORE_KEY_FILE: it is written with key {FIRST_ID} since 20"
    assert words in str(refused.value)
    assert f"the key file holds key {SECOND_ID}" in str(refused.value)
    for arguments in (("audit", "verify"), ("audit", "anchor"), ("store", "upgrade"), ("store", "purge"), ("report",)):
        status, printed = command(*arguments)
        assert (status, f"key {FIRST_ID}" in printed) == (2, True), arguments
    status, printed = command("config", "check")
    assert (status, f"benzo-cds: {PREFIX}{words}" in printed) == (1, True)
    assert SECRET not in printed
    assert SECOND not in printed
    write_keys(settings, SECRET)
    status, printed = command("config", "check")
    assert (status, f"(up, written with key {FIRST_ID})" in printed) == (0, True)


def test_a_key_that_is_entered_behind_our_back_is_refused(settings):
    """Who can write the database but has no key cannot make the service write with a key of his own."""
    cards(client_with(settings), sign(lorazepam()))
    write_keys(settings, SECOND_FILE)
    entered = (
        "INSERT INTO store_keys (number, id, proof, since, seal) SELECT 2, '{}', proof, since, seal FROM store_keys"
    )
    changed(settings, entered.format(SECOND_ID))
    with pytest.raises(StoreSettingError, match=f"key {SECOND_ID} was entered by somebody who does not have key"):
        client_with(settings)


def test_a_replaced_key_is_not_put_in_force_again_behind_our_back(settings, command):
    """Who stole the old key and can write the database does not make a running service write with it."""
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    write_keys(settings, SECOND_FILE)
    assert command("store", "rotate-key")[0] == 0
    cards(http, another(sign(lorazepam())))
    changed(settings, "UPDATE store_keys SET number = 3 WHERE number = 1")
    assert len(cards(http, sign(lorazepam()))) == 1
    ready = http.get("/health/ready").json
    assert (ready["store"], ready["unsaved"]) == ("down", 1)
    changed(settings, "UPDATE store_keys SET number = 1 WHERE number = 3")
    await_true(lambda: is_settled(http))
    assert [row["key"] for row in rows(store_of(settings), evaluations)] == [FIRST_ID, SECOND_ID, SECOND_ID]


def test_lines_without_an_empty_one_between_them_are_one_key(tmp_path):
    """As version 0.3.0 read them: a secret of `openssl rand -base64 64` takes two lines."""
    file = tmp_path / "key"
    file.write_text(f"{SECRET}\n{SECOND}\n", encoding="utf-8")
    assert [key.key_id for key in read_key_file(file)] == [pseudonyms_of(f"{SECRET}\n{SECOND}").key_id]
    for text in (f"\n\n{SECOND_FILE}\n\n", f"{SECRET}\r\n\r\n{SECOND}\r\n", f"{SECRET}\n \t\n\n{SECOND}\n\n{SECRET}"):
        file.write_bytes(text.encode())
        assert [key.key_id for key in read_key_file(file)] == [FIRST_ID, SECOND_ID]
    for text in (f"{SECRET}\n\nshort", "", "\n\n"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(KeyFileError, match="at least 32 characters"):
            read_key_file(file)


# -- a key that is replaced --------------------------------------------------------------------------------------------


def test_a_replaced_key_is_used_by_every_process_from_that_moment(settings, command):
    first, second = client_with(settings), client_with(settings)
    for http in (first, second):
        cards(http, sign(lorazepam()))
    write_keys(settings, SECOND_FILE)
    cards(first, sign(lorazepam()))  # a key in the file alone changes nothing
    status, printed = command("store", "rotate-key")
    assert (status, f"written with key {SECOND_ID}. Keep key {FIRST_ID} in the key file too." in printed) == (0, True)
    for http in (first, second, first):
        cards(http, sign(lorazepam()))
        assert http.get("/health/ready").json["unsaved"] == 0
    store = store_of(settings)
    assert [row["key"] for row in rows(store, evaluations)] == [FIRST_ID] * 3 + [SECOND_ID] * 3
    assert (verified(store).rows, verified(store).broken) == (6, "")
    assert command("audit", "verify")[0] == 0


def test_a_process_whose_file_lacks_the_new_key_writes_nothing_and_loses_nothing(settings, command):
    """As on a second machine to which the file comes later."""
    late = settings.model_copy(update={"store_key_file": settings.store_key_file.with_name("late.key")})
    write_keys(late, SECRET)
    http = client_with(late)
    write_keys(settings, SECOND_FILE)
    assert command("store", "rotate-key")[0] == 0
    with logged() as lines:
        for _ in range(3):
            assert len(cards(http, sign(lorazepam()))) == 1
        ready = http.get("/health/ready").json
        assert (ready["store"], ready["unsaved"]) == ("down", 3)
    assert [json.loads(line)["error"] for line in lines if '"store down"' in line] == ["WrongKeyError"]
    assert rows(store_of(settings), evaluations) == []
    write_keys(late, SECOND_FILE)
    await_true(lambda: is_settled(http))
    store = store_of(settings)
    assert [row["key"] for row in rows(store, evaluations)] == [SECOND_ID] * 3
    assert verified(store).broken == ""


def test_an_answer_that_was_given_before_still_snoozes(settings, command):
    http = client_with(settings)
    instances = (f"d1577c69-dfbe-44ad-ba6d-3e05e953000{number}" for number in range(9))

    def called(a_day: int) -> list[dict[str, Any]]:
        return cards(http, another(renewal(a_day), next(instances)))

    (card,) = called(4)
    answer(http, overridden(card))
    assert called(4) == []
    assert command("store", "rotate-key", "--make")[0] == 0
    assert called(4) == []
    # Worse than the answered card (40 mg of diazepam, then 60): it comes back, and is answered under the new key.
    (back,) = called(6)
    answer(http, overridden(back))
    assert called(6) == []
    # A card of after the change decides alone, though the answer before it would snooze as well.
    changed(settings, "DELETE FROM answers WHERE id > 1")
    assert len(called(4)) == 1
    assert [row["verdict"] for row in rows(store_of(settings), card_rows)].count("snoozed") == 3


def test_a_token_that_was_used_before_is_used(settings, command):
    until = datetime.now(UTC) + timedelta(minutes=5)
    one, other = store_of(settings), store_of(settings)
    assert one.first_use("general", "token-1", until) is True
    assert command("store", "rotate-key", "--make")[0] == 0
    assert (other.first_use("general", "token-1", until), other.first_use("general", "token-2", until)) == (False, True)
    assert (one.first_use("general", "token-1", until), one.first_use("general", "token-2", until)) == (False, False)


def test_a_patient_is_found_by_every_key(settings, command, monkeypatch):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    command("store", "rotate-key", "--make")
    cards(http, another(sign(lorazepam())))
    monkeypatch.setattr("sys.stdin", StringIO("p1\n"))
    now, before = command("store", "names")[1].split()
    assert [row["patient"] for row in rows(store_of(settings), card_rows)] == [before, now]


def test_a_row_of_a_key_that_was_replaced_is_told(settings, command, store):
    """Who got hold of the old key cannot write on with it."""
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    assert command("store", "rotate-key", "--make")[0] == 0
    cards(http, another(sign(lorazepam())))
    assert command("audit", "verify")[0] == 0
    old = pseudonyms_of(SECRET)
    row = store.database.use(lambda c: list(chain.rows_of(c, OPEN_TENANT)))[-1]
    forged = row | {"sequence": 3, "previous": row["link"], "key": old.key_id, "cards": "[]", "content": "0" * 64}
    del forged["link"]
    forged["link"] = old.link(row["link"], chain.linked_content(forged))
    store.database.use(lambda c: c.execute(evaluations.insert(), forged), writes=True)
    status, printed = command("audit", "verify")
    assert (status, f"row 3 was linked with key {old.key_id}, which had been replaced" in printed) == (1, True)


def test_a_former_key_that_was_lost_is_named(settings, command):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    write_keys(settings, SECOND_FILE)
    command("store", "rotate-key")
    write_keys(settings, SECOND)
    assert len(cards(client_with(settings), another(sign(lorazepam())))) == 1
    status, printed = command("audit", "verify")
    assert (status, f"row 1 was linked with key {FIRST_ID}, which the key file does not hold" in printed) == (1, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SECRET, "no key is new: add one behind an empty line"),
        (f"{SECRET}\n\n{SECOND}\n\n{THIRD}", "more than one key is new: "),
        (f"{SECRET}\n{SECOND}", f"it is written with key {FIRST_ID} since "),
        (SECOND, f"it is written with key {FIRST_ID} since "),
    ],
    ids=["no new key", "two new keys", "no empty line", "the old one is gone"],
)
def test_a_key_is_not_replaced_by_a_mistake_in_the_file(settings, command, text, words):
    cards(client_with(settings), sign(lorazepam()))
    write_keys(settings, text)
    status, printed = command("store", "rotate-key")
    assert (status, words in printed) == (2, True)
    write_keys(settings, SECRET)
    assert f"(up, written with key {FIRST_ID})" in command("config", "check")[1]


def test_a_key_that_is_added_is_for_its_owner_alone_and_is_the_last(tmp_path):
    file = tmp_path / "store.key"
    file.write_text(SECRET, encoding="utf-8")
    append_new_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["store.key"]
    first, second = read_key_file(file)
    assert (first.key_id, re.fullmatch("[0-9a-f]{12}", second.key_id) is None) == (FIRST_ID, False)


def test_a_file_of_sqlite_has_its_key_beside_it_replaced_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(f"{PREFIX}STORE", str(tmp_path / "kept" / "records.sqlite3"))
    assert main(["store", "upgrade"]) == 0
    assert main(["store", "rotate-key", "--make"]) == 0
    assert main(["audit", "verify"]) == 0
    assert len(read_key_file(tmp_path / "kept" / "records.sqlite3.key")) == 2
    capsys.readouterr()


# -- the cards of the record, and its end ------------------------------------------------------------------------------


def warned(**more: Any) -> dict[str, Any]:
    oxycodone = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
    return sign(lorazepam(), prefetch=prefetch(oxycodone), **more)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cards SET verdict = 'shadowed' WHERE sequence = 2",
        "UPDATE cards SET load = '1' WHERE sequence = 2",
        "UPDATE cards SET hazards = '[]' WHERE sequence = 2",
        "UPDATE cards SET complete = NOT complete WHERE sequence = 2",
        "UPDATE cards SET patient = '0' WHERE sequence = 2",
        "DELETE FROM card_findings WHERE sequence = 2 AND finding = 'concurrent-opioid'",
        "DELETE FROM cards WHERE sequence = 2",
        "DELETE FROM fired WHERE sequence = 2",
        "UPDATE fired SET finding = 'x' WHERE sequence = 2 AND finding = 'concurrent-opioid'",
    ],
)
def test_a_card_that_was_changed_behind_our_back_is_told(settings, command, statement):
    http = client_with(settings)
    for number in range(3):
        cards(http, another(warned(), f"d1577c69-dfbe-44ad-ba6d-3e05e953000{number}"))
    assert command("audit", "verify")[0] == 0
    changed(settings, statement)
    status, printed = command("audit", "verify")
    assert (status, "then: the cards of row 2 are not as they were written" in printed) == (1, True)
    changed(settings, "DELETE FROM card_findings", "DELETE FROM cards")
    assert command("audit", "verify")[0] == 1


def test_a_card_that_belongs_to_no_call_is_told(settings, command):
    http = client_with(settings)
    cards(http, warned())
    names = 'topic, uuid, at, service, patient, "user", indicator, verdict, fingerprint, load'
    names += ", complete, speaks_of, hazards, beside"
    for tenant in ("open", "nobody"):
        changed(
            settings, f"INSERT INTO cards (tenant, sequence, {names}) SELECT '{tenant}', 7, {names} FROM cards LIMIT 1"
        )
    status, printed = command("audit", "verify")
    assert status == 1
    assert "open: 1 rows, then: 1 cards belong to no row" in printed
    assert "nobody: 0 rows, then: 1 cards belong to no row" in printed
