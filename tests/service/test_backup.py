"""Is a store copied while it is used, put back with nothing lost unsaid, and does the service go on with it?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from database_server import DatabaseServer, program
from ehr import cards, lorazepam, sign
from load import Load
from served import served
from stores import SECRET, await_true, client_with, is_settled, key_file, store_settings
from test_record_of_calls import calls
from test_store import another
from test_store_down import kept

from cds_service.__main__ import main
from cds_service.config import PREFIX, Settings

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "records.sqlite3"


@pytest.fixture
def settings(file: Path, tmp_path: Path) -> Settings:
    return store_settings(str(file), tmp_path)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def copied(settings: Settings, copy: Path) -> Settings:
    return settings.model_copy(update={"store": str(copy)})


# -- a file ------------------------------------------------------------------------------------------------------------


def test_a_backup_is_one_file_for_its_owner_that_verifies_by_itself(settings, command, copy):
    http = client_with(settings)
    calls(http, 3)
    status, printed = command("store", "backup", str(copy))
    assert (status, f"{copy} holds the store, " in printed) == (0, True)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in copy.parent.iterdir() if path.name.startswith("copy")] == ["copy"]
    calls(http, 2)
    assert (kept(copied(settings, copy)), kept(settings)) == ((3, ""), (5, ""))


def test_a_backup_overwrites_nothing_and_is_made_of_a_store_alone(settings, command, file, copy):
    calls(client_with(settings), 1)
    copy.write_text("mine", encoding="utf-8")
    status, printed = command("store", "backup", str(copy))
    assert (status, f"no backup was made: {copy}: File exists" in printed) == (2, True)
    assert copy.read_text(encoding="utf-8") == "mine"
    status, printed = command("store", "backup", str(copy.parent / "nowhere" / "copy"))
    assert (status, "No such file or directory" in printed) == (2, True)
    assert command("store", "backup", str(file))[0] == 2


def test_a_backup_that_is_put_back_is_what_the_service_goes_on_with(settings, command, copy):
    """While it runs: what it writes next follows what was put back."""
    http = client_with(settings)
    calls(http, 3)
    command("store", "backup", str(copy))
    calls(http, 2)
    status, printed = command("store", "restore", str(copy))
    assert (status, f"Not in {copy}: open:5:" in printed) == (1, True)
    assert kept(settings) == (5, "")
    assert command("store", "restore", str(copy), "--discard")[0] == 0
    assert kept(settings) == (3, "")
    calls(http, 1)
    assert http.get("/health/ready").json["store"] == "up"
    assert command("audit", "verify")[0] == 0
    assert kept(settings) == (4, "")
    assert kept(copied(settings, copy)) == (3, "")


def test_a_restored_store_is_shorter_than_its_anchor(settings, command, copy, tmp_path):
    http = client_with(settings)
    calls(http, 2)
    command("store", "backup", str(copy))
    calls(http, 1)
    command("audit", "anchor", str(tmp_path / "anchor"))
    command("store", "restore", str(copy), "--discard")
    status, printed = command("audit", "verify", "--anchor", str(tmp_path / "anchor"))
    assert (status, "Not in the record: open:3:" in printed) == (1, True)


def test_a_store_that_was_lost_is_put_back_with_its_key(settings, command, file, copy, monkeypatch):
    calls(client_with(settings), 3)
    command("store", "backup", str(copy))
    shutil.rmtree(file.parent)
    assert command("store", "restore", str(copy))[0] == 0
    assert kept(settings) == (3, "")
    assert file.stat().st_mode & 0o777 == 0o600
    # Without the key, no new one is made for it.
    shutil.rmtree(file.parent)
    monkeypatch.delenv(f"{PREFIX}STORE_KEY_FILE")
    status, printed = command("store", "restore", str(copy))
    assert (status, f"put the key file of the backup back first: {file}.key" in printed) == (2, True)
    assert not file.parent.exists()


@pytest.mark.parametrize("content", [b"", b"no database" * 1000], ids=["empty", "no database"])
def test_what_is_no_backup_is_not_put_back(settings, command, file, copy, content):
    calls(client_with(settings), 2)
    copy.write_bytes(content)
    status, printed = command("store", "restore", str(copy), "--discard")
    assert (status, "nothing was restored: " in printed) == (2, True)
    status, printed = command("store", "restore", str(copy) + "-nowhere")
    assert (status, "is not there" in printed) == (2, True)
    assert kept(settings) == (2, "")
    assert [path.name for path in file.parent.iterdir() if "restoring" in path.name] == []


def test_a_backup_of_another_key_is_not_put_back(settings, command, copy, tmp_path):
    calls(client_with(settings), 2)
    other = settings.model_copy(update={"store": str(tmp_path / "other" / "records.sqlite3")})
    assert other.store_key_file is not None
    other.store_key_file.write_text("f" * 64, encoding="utf-8")
    calls(client_with(other), 1)
    shutil.copy(str(other.store), copy)
    for ending in ("-wal", "-shm"):
        shutil.copy(f"{other.store}{ending}", f"{copy}{ending}")
    other.store_key_file.write_text(SECRET, encoding="utf-8")
    status, printed = command("store", "restore", str(copy), "--discard")
    assert (status, "cannot be used: it is written with key " in printed) == (2, True)
    assert kept(settings) == (2, "")


def test_a_backup_of_before_an_upgrade_is_put_back_and_stays_as_it_is(settings, command, copy):
    dump = (Path(__file__).parent / "store_of_0_3_0.sql").read_text("utf-8")
    with closing(sqlite3.connect(copy)) as connection:
        connection.executescript(dump)
    before = copy.read_bytes()
    assert command("store", "restore", str(copy))[0] == 0
    assert kept(settings) == (3, "")
    assert copy.read_bytes() == before


def test_a_server_is_backed_up_by_its_own_tools(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv(f"{PREFIX}STORE", "postgresql://somebody@127.0.0.1:1/records")
    monkeypatch.setenv(f"{PREFIX}STORE_KEY_FILE", str(key_file(tmp_path)))
    assert main(["store", "backup", str(tmp_path / "copy")]) == 2
    assert "is a database server: pg_dump and pg_restore copy it" in capsys.readouterr().err


def test_backups_of_a_store_under_load_verify_and_lose_no_row(settings, command, file, tmp_path):
    """Two processes write while three backups are made and one is put back."""
    with served(tmp_path, store=str(file), store_key_file=str(settings.store_key_file), workers=2) as running:
        load = Load(running, callers=2)
        for number in range(3):
            load.until(load.answered + 20)
            before = load.answered
            backup = tmp_path / f"backup-{number}"
            assert command("store", "backup", str(backup))[0] == 0
            rows, broken = kept(copied(settings, backup))
            assert broken == ""
            assert rows >= before
        assert command("store", "restore", str(tmp_path / "backup-2"), "--discard")[0] == 0
        load.until(load.answered + 20)
        load.end()
        assert load.wrong == []
        assert "records lost" not in running.printed()
    rows, broken = kept(settings)
    assert broken == ""
    assert rows >= 20


# -- a server ----------------------------------------------------------------------------------------------------------


def test_a_server_is_dumped_and_restored_as_the_documentation_says(postgresql: DatabaseServer, tmp_path, monkeypatch):
    """Into a database beside it, which then takes its name: the service finds an empty one at no time."""
    name = f"test_{uuid4().hex}"
    address = postgresql.address(name)
    settings = store_settings(address, tmp_path)
    http = client_with(settings)
    monkeypatch.setattr("cds_service.records.database.database.STORE_RETRY_SECONDS", 0.2)
    calls(http, 3)
    dump = tmp_path / "records.dump"
    connection = ["-h", "127.0.0.1", "-p", str(postgresql.port), "-U", "postgres"]

    def run(tool: str, *arguments: str) -> None:
        executable = program(tool)
        assert executable
        subprocess.run([executable, *connection, *arguments], check=True, capture_output=True, env=dict(os.environ))

    run("pg_dump", "--format=custom", f"--file={dump}", name)
    calls(http, 2)
    assert kept(settings) == (5, "")
    run("createdb", f"{name}_restored")
    run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={name}_restored", str(dump))
    restored = settings.model_copy(update={"store": address.replace(name, f"{name}_restored")})
    assert kept(restored) == (3, "")
    postgresql.execute(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('{name}', '{name}_restored')",
        f"ALTER DATABASE {name} RENAME TO {name}_before",
    )
    assert len(cards(http, another(sign(lorazepam())))) == 1
    assert http.get("/health/ready").json["unsaved"] == 1
    postgresql.execute(f"ALTER DATABASE {name}_restored RENAME TO {name}")
    await_true(lambda: is_settled(http))
    assert kept(settings) == (4, "")
