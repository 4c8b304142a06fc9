"""Is the file of a store for its owner alone, and is it told when it is gone, replaced, locked, read-only or full?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ehr import cards, logged, lorazepam, sign
from served import served
from stores import app_with, await_true, client_with, is_settled, key_file, store_of, store_settings
from test_store import another
from test_store_down import kept

from cds_service.__main__ import main
from cds_service.app import CALL_STORE
from cds_service.config import PREFIX, Settings
from cds_service.records.database import sqlite_file

SIGN = "/cds-services/benzo-order-sign"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that failed are tried again soon."""
    monkeypatch.setattr("cds_service.records.database.database.STORE_RETRY_SECONDS", 0.2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "records.sqlite3"


@pytest.fixture
def settings(file: Path, tmp_path: Path) -> Settings:
    return store_settings(str(file), tmp_path)


def is_down(http) -> bool:
    ready = http.get("/health/ready").json
    return (ready["status"], ready["store"]) == ("degraded", "down")


# -- rights ------------------------------------------------------------------------------------------------------------


def test_a_store_is_for_its_owner_alone(file):
    before = os.umask(0)
    try:
        app = app_with(Settings(store=str(file)))
        assert len(cards(app.test_client(), sign(lorazepam()))) == 1
        modes = {path.name: path.stat().st_mode & 0o777 for path in (*file.parent.iterdir(), file.parent)}
    finally:
        os.umask(before)
    names = ("records.sqlite3", "records.sqlite3-wal", "records.sqlite3-shm", "records.sqlite3.key")
    assert modes == {"kept": 0o700} | dict.fromkeys(names, 0o600)


def test_a_store_that_others_can_read_is_taken_from_them(file, settings):
    cards(client_with(settings), sign(lorazepam()))
    file.chmod(0o644)
    cards(client_with(settings), another(sign(lorazepam())))
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_can_read_is_told(file, settings, monkeypatch, capsys):
    client_with(settings)
    file.parent.chmod(0o755)
    for name, value in (("STORE", settings.store), ("STORE_KEY_FILE", settings.store_key_file)):
        monkeypatch.setenv(PREFIX + name, str(value))
    assert main(["config", "check"]) == 0
    assert f"; others can read {file.parent}: chmod 700 {file.parent})" in capsys.readouterr().out
    file.parent.chmod(0o700)
    assert main(["config", "check"]) == 0
    assert "others can read" not in capsys.readouterr().out


# -- gone, replaced, locked, read-only ---------------------------------------------------------------------------------


def moved(file: Path, to: Path) -> None:
    """Move a store with all its files."""
    to.mkdir()
    for path in list(file.parent.iterdir()):
        path.rename(to / path.name)


def test_a_file_that_is_gone_is_told_and_not_made_anew(file, settings, tmp_path):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    assert http.get("/health/ready").json["store"] == "up"
    moved(file, tmp_path / "away")
    assert is_down(http)
    for number in range(3):
        assert len(cards(http, another(sign(lorazepam()), f"d1577c69-dfbe-44ad-ba6d-3e05e953000{number}"))) == 1
    assert list(file.parent.iterdir()) == []
    assert http.get("/health/ready").json["unsaved"] == 3
    for path in (tmp_path / "away").iterdir():
        path.rename(file.parent / path.name)
    await_true(lambda: is_settled(http))
    assert kept(settings) == (4, "")


def test_a_file_that_another_store_replaces_is_left_at_once(file, settings, tmp_path):
    """As when a backup is moved into place while the service runs: what follows is written there."""
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(tmp_path / "copy")) as target:
        source.backup(target)
    cards(http, another(sign(lorazepam())))
    moved(file, tmp_path / "away")
    (tmp_path / "copy").rename(file)
    with logged() as lines:
        assert len(cards(http, sign(lorazepam()))) == 1
        await_true(lambda: is_settled(http))
    assert any('"store file replaced"' in line for line in lines)
    assert kept(settings) == (2, "")
    assert kept(settings.model_copy(update={"store": str(tmp_path / "away" / file.name)})) == (2, "")


@pytest.mark.parametrize("content", [b"", b"no database" * 1000], ids=["empty", "no database"])
def test_a_file_that_no_store_replaces_is_told_and_left_alone(file, settings, tmp_path, content):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    moved(file, tmp_path / "away")
    file.write_bytes(content)
    assert is_down(http)
    assert len(cards(http, sign(lorazepam()))) == 1
    assert is_down(http)
    assert file.read_bytes() == content
    for path in (tmp_path / "away").iterdir():
        path.replace(file.parent / path.name)
    await_true(lambda: is_settled(http))
    assert kept(settings) == (2, "")


def test_a_file_that_another_has_locked_is_told(file, settings):
    http = client_with(settings.model_copy(update={"store_seconds": 0.1}))
    cards(http, sign(lorazepam()))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert is_down(http)
        other.execute("ROLLBACK")
    await_true(lambda: is_settled(http))


def test_a_file_that_cannot_be_written_is_told_before_a_call_is(settings, monkeypatch):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    # Root may write everything: as another user would be told.
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_file.os, "access", lambda *_: False)
        assert is_down(http)
    await_true(lambda: is_settled(http))


# -- a full disk -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB; skipped where nothing may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk may be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def store_full(http, settings: Settings, fill, empty) -> None:
    """Calls before, while and after the store can take no more."""
    for number in range(3):
        cards(http, another(sign(lorazepam()), f"d1577c69-dfbe-44ad-ba6d-3e05e953000{number}"))
    fill()
    with logged() as lines:
        for number in range(60):
            assert len(cards(http, another(sign(lorazepam()), f"d1577c69-dfbe-44ad-ba6d-3e05e95301{number:02}"))) == 1
    assert is_down(http)
    assert http.get("/health/ready").json["unsaved"] > 0
    assert not [line for line in lines if "records lost" in line]
    empty()
    await_true(lambda: is_settled(http))
    assert kept(settings) == (63, "")


def test_a_full_disk_loses_no_card_and_no_record(small_disk, tmp_path):
    settings = store_settings(str(small_disk / "records.sqlite3"), tmp_path)
    ballast = small_disk / "ballast"

    def fill() -> None:
        free = os.statvfs(small_disk).f_bavail
        ballast.write_bytes(bytes(free * os.statvfs(small_disk).f_frsize))

    store_full(client_with(settings), settings, fill, ballast.unlink)


def test_a_file_that_may_not_grow_loses_no_card_and_no_record(settings, monkeypatch):
    """As a full disk, for where none may be mounted: SQLite fails in the same way."""
    http = client_with(settings)
    database = http.application.extensions[CALL_STORE].database
    limited = ["PRAGMA max_page_count=1"]
    begin = "cds_service.records.database.database.begin"

    def begun(connection, *, writes, seconds) -> None:
        assert seconds
        for statement in limited:
            connection.connection.cursor().execute(statement)
        connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def fill() -> None:
        database.close()
        monkeypatch.setattr(begin, begun)

    def empty() -> None:
        limited[:] = ["PRAGMA max_page_count=1000000"]

    store_full(http, settings, fill, empty)


# -- the running service -----------------------------------------------------------------------------------------------


def states(running, number: int = 40) -> list[tuple[str, str]]:
    """How the workers say that the store is, each asked on a connection of its own."""
    ready = [running.get("/health/ready", headers={"Connection": "close"}).json() for _ in range(number)]
    return sorted({(each["status"], each["store"]) for each in ready})


def test_every_worker_tells_that_the_file_is_gone_without_a_call(file, tmp_path):
    key = str(key_file(tmp_path))
    with served(tmp_path, store=str(file), store_key_file=key, store_seconds=0.5, workers=2) as running:
        assert running.post(SIGN, sign(lorazepam())).status_code == 200
        assert states(running) == [("ready", "up")]
        moved(file, tmp_path / "away")
        await_true(lambda: states(running) == [("degraded", "down")])
        for number in range(4):
            body = another(sign(lorazepam()), f"d1577c69-dfbe-44ad-ba6d-3e05e953000{number}")
            assert running.post(SIGN, body).status_code == 200
        assert list(file.parent.iterdir()) == []
        for path in (tmp_path / "away").iterdir():
            path.rename(file.parent / path.name)
        # Written by the watch of each worker: no call comes, and nobody asks how it is.
        await_true(lambda: kept(store_settings(str(file), tmp_path)) == (5, ""))
        await_true(lambda: states(running) == [("ready", "up")])
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await_true(lambda: states(running) == [("degraded", "down")])
            other.execute("ROLLBACK")
        await_true(lambda: states(running) == [("ready", "up")])


def test_what_waited_in_a_worker_that_is_killed_is_counted_and_told(file, tmp_path):
    settings = {"store": str(file), "store_key_file": str(key_file(tmp_path)), "workers": 1}
    with served(tmp_path, **settings) as running:
        assert running.post(SIGN, sign(lorazepam())).status_code == 200
        shutil.move(file.parent, tmp_path / "away")
        for number in range(7):
            body = another(sign(lorazepam()), f"d1577c69-dfbe-44ad-ba6d-3e05e953000{number}")
            assert running.post(SIGN, body).status_code == 200
        (worker,) = running.workers()
        os.kill(worker, 9)
        await_true(lambda: running.workers() not in ([], [worker]))
        await_true(lambda: '"records lost"' in running.printed())
        (line,) = [line for line in running.printed().splitlines() if '"records lost"' in line]
        assert '"number":7' in line
        shutil.move(tmp_path / "away", file.parent)
        await_true(lambda: running.get("/health/ready").json()["store"] == "up")
        assert running.post(SIGN, another(sign(lorazepam()))).status_code == 200
        await_true(lambda: "benzo_cds_lost_records_total 7.0" in running.get("/metrics").text)
    assert kept(store_settings(str(file), tmp_path)) == (2, "")
    assert store_of(store_settings(str(file), tmp_path)).unsaved() == 0
