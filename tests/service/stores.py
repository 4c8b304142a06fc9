"""Stores of the tests, of both kinds, and the service with one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ehr import DAY
from flask import Flask
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.records.opening import open_store
from cds_service.records.store import StoredMemory

SECRET = "0123456789abcdef0123456789abcdef"


def key_file(folder: Path) -> Path:
    file = folder / "store.key"
    file.write_text(SECRET, encoding="utf-8")
    return file


def store_settings(address: str, folder: Path, **more: Any) -> Settings:
    return Settings(store=address, store_key_file=key_file(folder), **more)


def app_with(settings: Settings) -> Flask:
    return create_app(settings, clock=lambda: DAY)


def client_with(settings: Settings) -> FlaskClient:
    return app_with(settings).test_client()


def store_of(settings: Settings) -> StoredMemory:
    """The same store, as another process sees it."""
    return open_store(settings)
