"""Stores to test with: a new one for each test, in SQLite and in PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from database_server import NOT_THERE, DatabaseServer, database_server, program


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
