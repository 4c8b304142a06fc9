"""Does a running service lose a row while the password of its database and the key of its store are replaced?"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from database_server import DatabaseServer
from ehr import cards, logged, lorazepam, sign
from load import Load
from served import served
from sqlalchemy import func, select
from stores import await_true, client_with, is_settled, store_of, store_settings
from test_store_down import kept

from cds_service.__main__ import main
from cds_service.config import PREFIX, Settings
from cds_service.records import chain
from cds_service.records.schema import evaluations
from cds_service.trust.tenant import OPEN_TENANT


@pytest.fixture
def owner() -> str:
    """The name of a role and of its database."""
    return f"benzo_{uuid4().hex}"


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("pass-one\n", encoding="utf-8")
    return file


@pytest.fixture
def settings(postgresql: DatabaseServer, owner: str, password_file: Path, tmp_path: Path) -> Settings:
    address = postgresql.address_with_password(owner, "pass-one")
    return store_settings(address, tmp_path, store_password_file=password_file)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that failed are tried again soon."""
    monkeypatch.setattr("cds_service.records.database.database.STORE_RETRY_SECONDS", 0.2)


def test_rows_wait_for_a_new_password_and_are_written_with_it(postgresql, owner, settings, password_file):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    postgresql.replace_password(owner, "pass-two")
    with logged() as lines:
        for _ in range(3):
            assert len(cards(http, sign(lorazepam()))) == 1
        ready = http.get("/health/ready").json
    assert (ready["store"], ready["unsaved"]) == ("down", 3)
    assert not [line for line in lines if "pass-one" in line or "pass-two" in line]
    password_file.write_text("pass-two\n", encoding="utf-8")
    await_true(lambda: is_settled(http))
    assert kept(settings) == (4, "")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b""], ids=["gone", "no text", "empty"])
def test_a_password_that_cannot_be_read_for_a_while_loses_no_row(postgresql, owner, settings, password_file, content):
    http = client_with(settings)
    cards(http, sign(lorazepam()))
    password_file.unlink()
    if content is not None:
        password_file.write_bytes(content)
    postgresql.replace_password(owner, "pass-one")
    assert len(cards(http, sign(lorazepam()))) == 1
    assert http.get("/health/ready").json["unsaved"] == 1
    password_file.write_text("pass-one", encoding="utf-8")
    await_true(lambda: is_settled(http))
    assert kept(settings) == (2, "")


def test_the_password_may_stand_in_a_file_of_the_driver(postgresql, owner, settings, tmp_path, monkeypatch):
    """PGPASSFILE, which libpq reads at each connect too."""
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:*:*:{owner}:pass-one\n", encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    own = settings.model_copy(update={"store_password_file": None})
    http = client_with(own)
    cards(http, sign(lorazepam()))
    postgresql.replace_password(owner, "pass-two")
    file.write_text(f"127.0.0.1:*:*:{owner}:pass-two\n", encoding="utf-8")
    cards(http, sign(lorazepam()))
    await_true(lambda: is_settled(http))
    assert kept(own) == (2, "")


def test_a_password_file_that_is_not_there_at_the_start_is_named(settings, password_file, monkeypatch, capsys):
    password_file.write_bytes(b"\xff\xfe")
    monkeypatch.setenv(f"{PREFIX}STORE", str(settings.store))
    monkeypatch.setenv(f"{PREFIX}STORE_KEY_FILE", str(settings.store_key_file))
    monkeypatch.setenv(f"{PREFIX}STORE_PASSWORD_FILE", str(password_file))
    assert main(["config", "check"]) == 1
    assert "BENZO_CDS_STORE_PASSWORD_FILE: cannot be read: not text" in capsys.readouterr().err


# -- the running service -----------------------------------------------------------------------------------------------


def test_no_row_is_lost_while_password_and_key_are_replaced_under_load(
    postgresql, owner, settings, password_file, tmp_path, monkeypatch, capsys
):
    """Two processes, four callers: each call that was answered has its row, and no call was refused."""
    told: dict[str, Any] = {
        "store": settings.store,
        "store_key_file": str(settings.store_key_file),
        "store_password_file": str(password_file),
    }
    for name, value in told.items():
        monkeypatch.setenv(PREFIX + name.upper(), str(value))

    def rotated_key() -> None:
        assert main(["store", "rotate-key", "--make"]) == 0

    def late_password(password: str) -> None:
        """The database has it before the file does: in between nothing can be written."""
        postgresql.replace_password(owner, password)
        load.until(load.answered + 40)
        password_file.write_text(password, encoding="utf-8")
        load.until(load.answered + 40)

    with served(tmp_path, workers=2, **told) as running:
        load = Load(running, callers=4)
        load.until(40)
        late_password("pass-two")
        await_true(lambda: running.get("/health/ready").json()["store"] == "up")
        rotated_key()
        load.until(load.answered + 40)
        late_password("pass-three")
        await_true(lambda: running.get("/health/ready").json()["store"] == "up")
        rotated_key()
        load.until(load.answered + 40)
        load.end()
        assert load.wrong == []
        log = running.printed()
    # A process writes what waits before it ends.
    assert "Traceback" not in log
    assert "records lost" not in log
    store = store_of(settings)
    by_key = select(func.count()).select_from(evaluations).group_by(evaluations.c.key)
    numbers = store.database.use(lambda c: c.execute(by_key).scalars().all())
    assert (len(numbers), sum(numbers)) == (3, load.answered)
    status = store.database.use(lambda c: chain.verify(c, OPEN_TENANT, *store.keys.read()))
    assert (status.rows, status.broken) == (load.answered, "")
    capsys.readouterr()
