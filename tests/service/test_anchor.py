"""Is a record that was cut at its end, emptied or exchanged told by the anchor that a deployment keeps?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ehr import cards, lorazepam, sign
from stores import client_with, store_of
from test_record_of_calls import calls, tampered
from test_store import another

from cds_service.config import Settings
from cds_service.records.retention import purge

TABLES = ("card_findings", "cards", "fired", "evaluations")


def cut(settings: Settings, where: str) -> None:
    tampered(settings, *(f"DELETE FROM {table} WHERE {where}" for table in TABLES))


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "anchor"


@pytest.fixture
def kept(settings: Settings, command, anchor: Path) -> list[str]:
    """An anchor of three calls, as the arguments that verify against it."""
    anchor.parent.mkdir()
    calls(client_with(settings), 3)
    status, printed = command("audit", "anchor", str(anchor))
    assert (status, f"{anchor} holds the 1 heads of 20" in printed) == (0, True)
    assert anchor.stat().st_mode & 0o777 == 0o600
    return ["audit", "verify", "--anchor", str(anchor)]


def test_a_record_that_goes_on_holds_its_anchor(settings, command, kept, anchor):
    before = anchor.read_text("utf-8")
    calls(client_with(settings), 2)
    status, printed = command(*kept)
    assert (status, "The record holds all that the anchor of 20" in printed) == (0, True)
    assert anchor.read_text("utf-8") == before
    assert command(*kept, "--advance")[0] == 0
    assert ":5:" in anchor.read_text("utf-8")
    assert [path.name for path in anchor.parent.iterdir()] == ["anchor"]


@pytest.mark.parametrize("where", ["sequence = 3", "sequence > 1", "sequence > 0"], ids=["one row", "two", "all"])
def test_a_record_that_was_cut_at_its_end_is_told(settings, command, kept, anchor, where):
    before = anchor.read_text("utf-8")
    cut(settings, where)
    assert command("audit", "verify")[0] == 0
    for arguments in (kept, [*kept, "--advance"], ["audit", "anchor", str(anchor)]):
        status, printed = command(*arguments)
        assert (status, "Not in the record: open:3:" in printed) == (1, True)
    assert anchor.read_text("utf-8") == before
    # Nor does a record that has grown as long again hold it.
    calls(client_with(settings), 3)
    assert command("audit", "verify")[0] == 0
    assert command(*kept)[0] == 1


def test_a_record_that_is_broken_does_not_advance_its_anchor(settings, command, kept, anchor):
    before = anchor.read_text("utf-8")
    tampered(settings, "UPDATE evaluations SET service = 'x' WHERE sequence = 2")
    assert command(*kept, "--advance")[0] == 1
    assert anchor.read_text("utf-8") == before


def test_what_was_purged_is_not_missed(command, kept, store):
    later = datetime.now(UTC) + timedelta(days=1)
    store.database.use(lambda c: purge(c, later, later, store.pseudonyms), writes=True)
    status, printed = command(*kept)
    assert (status, "0 rows after 3 purged" in printed) == (0, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: "", "is no anchor, or was cut off"),
        (lambda text: text.splitlines()[0], "is no anchor, or was cut off"),
        (lambda text: "\n".join(line for line in text.splitlines() if "open:" not in line), "is not as it was written"),
        (lambda text: text.replace("open:3:", "open:2:"), "is not as it was written"),
        (lambda text: text.replace("key ", "key f"), "which the key file does not hold"),
        (lambda _: "\x00\x01", "is no anchor"),
    ],
    ids=["empty", "cut off", "a head left out", "a head changed", "another key", "no text"],
)
def test_an_anchor_that_was_changed_is_refused(command, kept, anchor, change, words):
    anchor.write_text(change(anchor.read_text("utf-8")), encoding="utf-8")
    for arguments in (kept, [*kept, "--advance"], ["audit", "anchor", str(anchor)]):
        status, printed = command(*arguments)
        assert (status, words in printed) == (2, True)


def test_an_anchor_that_is_gone_is_not_made_anew_by_who_verifies(command, kept, anchor):
    anchor.unlink()
    for more in ([], ["--advance"]):
        status, printed = command(*kept, *more)
        assert (status, f"there is no anchor {anchor}; `benzo-cds audit anchor {anchor}` makes" in printed) == (2, True)
    assert not anchor.exists()


def test_an_anchor_is_printed_for_who_keeps_it_elsewhere(settings, command, tmp_path):
    calls(client_with(settings), 2)
    status, printed = command("audit", "anchor")
    assert status == 0
    (tmp_path / "copied").write_text(printed, encoding="utf-8")
    assert command("audit", "verify", "--anchor", str(tmp_path / "copied"))[0] == 0
    cut(settings, "sequence = 2")
    assert command("audit", "verify", "--anchor", str(tmp_path / "copied"))[0] == 1


def test_an_anchor_of_before_a_key_was_replaced_holds(settings, command, kept, anchor):
    assert command("store", "rotate-key", "--make")[0] == 0
    cards(client_with(settings), another(sign(lorazepam())))
    assert command(*kept, "--advance")[0] == 0
    assert store_of(settings).keys.read()[1].key_id in anchor.read_text("utf-8")
    assert command(*kept)[0] == 0


def test_an_anchor_of_an_empty_record_holds(command, anchor):
    anchor.parent.mkdir()
    command("store", "upgrade")
    assert command("audit", "anchor", str(anchor))[0] == 0
    assert command("audit", "verify", "--anchor", str(anchor), "--advance")[0] == 0


@pytest.mark.parametrize("more", [["--advance"], ["--advance", "--anchor", "x", "--tenant", "open"]])
def test_an_anchor_is_advanced_by_a_whole_verification_alone(command, more):
    status, printed = command("audit", "verify", *more)
    assert (status, "--advance needs --anchor FILE, and no --tenant" in printed) == (2, True)


def test_an_anchor_that_cannot_be_written_is_named(settings, command, tmp_path):
    calls(client_with(settings), 1)
    status, printed = command("audit", "anchor", str(tmp_path / "nowhere" / "anchor"))
    assert (status, "cannot be written: No such file or directory" in printed) == (2, True)
