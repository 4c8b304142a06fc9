"""Which memory a configuration asks for."""

from __future__ import annotations

import os
from pathlib import Path

from cds_service import logs
from cds_service.config import PREFIX, Settings
from cds_service.records.call_store import CallStore, NoCallStore
from cds_service.records.database import Database, StoreDownError
from cds_service.records.engines import SQLITE, StoreAddressError, address_of
from cds_service.records.pseudonyms import KeyFileError, Pseudonyms, read_key, read_or_make_key
from cds_service.records.store import DatabaseCallStore
from cds_service.version import program_version

NO_STORE = "none"
_FILE, _KEY_ENDING = "records.sqlite3", ".key"


class StoreSettingError(ValueError):
    """The store's address, password or key cannot be used; the message names the setting and repeats no secret."""


def open_call_store(settings: Settings) -> CallStore:
    """The memory of a configuration; one that keeps nothing where none is asked for.

    The tables are made at once if the database is there. If it is not, they are when it is.

    Raises:
        StoreSettingError: the store's address, password or key cannot be used.
    """
    if settings.store in (None, NO_STORE):
        return NoCallStore()
    store = open_store(settings)
    try:
        store.database.upgrade()
    except StoreDownError as error:
        # No call has been taken yet: what the database says can hold nothing of one.
        logs.store_down_at_start(error.why)
    store.database.close()
    return store


def open_store(settings: Settings) -> DatabaseCallStore:
    """The store of a configuration.

    Raises:
        StoreSettingError: there is none, or its address, password or key cannot be used.
    """
    if settings.store is None or settings.store == NO_STORE:
        raise StoreSettingError(f"{PREFIX}STORE names no store")
    try:
        url = address_of(settings.store, _password(settings.store_password_file))
    except (StoreAddressError, OSError, UnicodeDecodeError) as error:
        raise StoreSettingError(f"{PREFIX}STORE: {getattr(error, 'strerror', None) or error}") from None
    try:
        if settings.store_key_file is not None:
            names = read_key(settings.store_key_file)
        elif url.get_backend_name() == SQLITE:
            file = Path(str(url.database))
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            names = _key_beside(file)
        else:
            raise KeyFileError("is needed for a store that is not a file")
    except (KeyFileError, OSError) as error:
        raise StoreSettingError(f"{PREFIX}STORE_KEY_FILE: {getattr(error, 'strerror', None) or error}") from None
    return DatabaseCallStore(Database(url, settings.store_seconds), names, program_version())


def _key_beside(file: Path) -> Pseudonyms:
    """The key beside the file of a store, made with the store and never after it: with another, no patient would be
    known again, and the record would be broken from there on."""
    key = file.with_name(file.name + _KEY_ENDING)
    if not key.exists() and file.exists() and file.stat().st_size:
        raise KeyFileError(
            f"{key} is gone, and the store it was made for is there: put it back, or move the store away"
        )
    return read_or_make_key(key)


def with_default_store(settings: Settings) -> Settings:
    """The configuration with a file of this user as its store, where it names none and such a file can be kept."""
    if settings.store is not None:
        return settings
    try:
        chosen = naming_default_store(settings)
        open_store(chosen)
    except (StoreSettingError, RuntimeError):  # the second: the user has no home, as in a container with any number
        logs.no_store()
        return settings
    return chosen


def naming_default_store(settings: Settings) -> Settings:
    """The configuration with the name of that file; nothing is made."""
    if settings.store is not None:
        return settings
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "benzo-cds"
    return settings.model_copy(update={"store": str(folder / _FILE)})


def missing_file(settings: Settings) -> Path | None:
    """The file that the store should be in, where it is not there.

    Raises:
        StoreSettingError: the address of the store cannot be used.
    """
    if settings.store is None or settings.store == NO_STORE:
        return None
    try:
        url = address_of(settings.store)
    except StoreAddressError as error:
        raise StoreSettingError(f"{PREFIX}STORE: {error}") from None
    file = Path(str(url.database)) if url.get_backend_name() == SQLITE else None
    return file if file is not None and not file.exists() else None


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text(encoding="utf-8").strip()
