"""Stores to test with: a new one for each test, in SQLite and in PostgreSQL."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from database_server import NOT_THERE, DatabaseServer, database_server, program
from stores import store_of, store_settings

from cds_service import logs
from cds_service.__main__ import main
from cds_service.config import PREFIX, Settings
from cds_service.records.store import DatabaseCallStore

# Before a service that begins to start in this process tells it to count in files.
import_module("prometheus_client")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    """A server of PostgreSQL. In CI it must be there."""
    if program("initdb") is None:
        if os.environ.get("CI"):
            pytest.fail(NOT_THERE)
        pytest.skip(NOT_THERE)
    with database_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "records.sqlite3")
    server: DatabaseServer = request.getfixturevalue("postgresql")
    return server.address(f"test_{uuid4().hex}")


@pytest.fixture
def settings(store_address: str, tmp_path: Path) -> Settings:
    """The configuration with that store."""
    return store_settings(store_address, tmp_path)


@pytest.fixture
def store(settings: Settings) -> DatabaseCallStore:
    """The store of the configuration, as another process sees it."""
    return store_of(settings)


@pytest.fixture
def command(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run a command on the store of the test; returns its status and what it printed."""
    monkeypatch.setenv(f"{PREFIX}STORE", str(settings.store))
    monkeypatch.setenv(f"{PREFIX}STORE_KEY_FILE", str(settings.store_key_file))

    def run(*arguments: str) -> tuple[int, str]:
        status = main(arguments)
        told = capsys.readouterr()
        return status, told.out + told.err

    return run


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Loggers, hooks and environment of this process as they were, after each test: a service that begins to start in
    it sets its own."""
    root, ours = logging.getLogger(), logging.getLogger(logs.LOGGER)
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    kept = root.handlers, root.level, ours.handlers, ours.level, ours.propagate
    environment = dict(os.environ)
    yield
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    logging.captureWarnings(False)
    logging.raiseExceptions = True
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    root.handlers, root.level, ours.handlers, ours.level, ours.propagate = kept
