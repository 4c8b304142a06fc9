"""Stores of the tests, of both kinds, and the service with one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ehr import DAY, lorazepam, sign
from flask import Flask
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.judge import Judge
from cds_service.records.call_rows import rows_of_call
from cds_service.records.chain import ChainStatus, verify
from cds_service.records.configured_store import open_store
from cds_service.records.store import DatabaseCallStore
from cds_service.services import service_of
from cds_service.trust.tenant import OPEN_TENANT, Tenant
from rules import load_knowledge

SECRET = "0123456789abcdef0123456789abcdef"


def key_file(folder: Path) -> Path:
    file = folder / "store.key"
    file.write_text(SECRET, encoding="utf-8")
    return file


def store_settings(address: str, folder: Path, **more: Any) -> Settings:
    """The configuration with a store. Store and calls may take as long as a busy machine needs, if a test does not say
    otherwise."""
    times = {"store_seconds": 30, "call_seconds": 60}
    return Settings(store=address, store_key_file=key_file(folder), **(times | more))


def app_with(settings: Settings) -> Flask:
    return create_app(settings, clock=lambda: DAY)


def client_with(settings: Settings) -> FlaskClient:
    return app_with(settings).test_client()


def store_of(settings: Settings) -> DatabaseCallStore:
    """The same store, as another process sees it."""
    return open_store(settings)


def await_true(condition: Callable[[], object], seconds: float = 300) -> None:
    """Wait until a condition holds, for longer than any machine should take."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.1)


def is_settled(http: FlaskClient) -> bool:
    """Whether the store is up and nothing waits for it."""
    ready = http.get("/health/ready").json
    return (ready["store"], ready["unsaved"]) == ("up", 0)


def judged(settings: Settings, body: dict[str, Any], tenant: str = OPEN_TENANT) -> Evaluation:
    """The evaluation of a call of order-sign, of a tenant with default settings."""
    caller = Tenant(tenant, load_knowledge(), settings.zone)
    return Judge(settings.request_limits).evaluate(
        caller, service_of("benzo-order-sign"), json.dumps(body).encode(), DAY
    )


def forty_stored_at_once(settings: Settings, store: DatabaseCallStore) -> ChainStatus:
    """The chain after the same call was stored forty times over eight connections at once, like those of processes."""
    evaluation = judged(settings, sign(lorazepam()))
    rows = rows_of_call(evaluation, evaluation.with_verdicts({}), datetime.now(UTC), 1.0, b"", "0", store.pseudonyms)
    store.database.upgrade()
    stores = [store_of(settings) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: stores[number % 8]._save(rows), range(40)))
    assert sum(other.unsaved() for other in stores) == 0
    return store.database.use(lambda c: verify(c, OPEN_TENANT, store.pseudonyms))
