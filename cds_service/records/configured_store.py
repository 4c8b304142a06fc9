"""The store that the configuration names: its address, password and key, and the file that is the default."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from cds_service import logs
from cds_service.config import PREFIX, Settings
from cds_service.errors import ConfigurationError
from cds_service.records.call_store import CallStore, NoCallStore
from cds_service.records.database import (
    SQLITE,
    Database,
    OtherTablesError,
    StoreAddressError,
    StoreDownError,
    WrongKeyError,
    database_url,
)
from cds_service.records.pseudonyms import KeyFileError, Pseudonyms, read_key_file, read_or_create_key_file
from cds_service.records.store import DatabaseCallStore
from cds_service.records.store_keys import StoreKeys
from cds_service.version import program_version

NO_STORE = "none"
_FILE, _KEY_ENDING = "records.sqlite3", ".key"


class StoreSettingError(ConfigurationError):
    """The store's address, password or key cannot be used. The message names the setting and repeats no secret."""


def open_call_store(settings: Settings) -> CallStore:
    """The store of a configuration; one that keeps nothing where none is configured.

    The tables are created at once, or, if the database is down, when it is back.

    Raises:
        StoreSettingError: the store's address, password or key cannot be used.
    """
    if settings.store in (None, NO_STORE):
        return NoCallStore()
    store = open_store(settings)
    try:
        store.database.upgrade()
    except WrongKeyError as error:
        raise StoreSettingError(f"{PREFIX}STORE_KEY_FILE: {error.why}") from None
    except StoreDownError as error:
        # No call has been answered yet: the message of the database cannot hold a value of one.
        logs.store_down_at_start(error.why)
    store.database.close()
    return store


def open_store(settings: Settings) -> DatabaseCallStore:
    """The store of a configuration.

    Raises:
        StoreSettingError: none is configured, or its address, password or key cannot be used.
    """
    if settings.store is None or settings.store == NO_STORE:
        raise StoreSettingError(f"{PREFIX}STORE names no store")
    try:
        url = database_url(settings.store)
    except StoreAddressError as error:
        raise StoreSettingError(f"{PREFIX}STORE: {error}") from None
    try:
        if settings.store_password_file is not None:
            settings.store_password_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not text"
        raise StoreSettingError(f"{PREFIX}STORE_PASSWORD_FILE: cannot be read: {why}") from None
    try:
        if settings.store_key_file is not None:
            held = read_key_file(settings.store_key_file)
        elif url.get_backend_name() == SQLITE:
            file = Path(str(url.database))
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            held = _keys_beside(file, key_file_of(settings))
        else:
            raise KeyFileError("is needed for a store that is not a file")
    except (KeyFileError, OSError) as error:
        raise StoreSettingError(f"{PREFIX}STORE_KEY_FILE: {getattr(error, 'strerror', None) or error}") from None
    keys = StoreKeys(partial(read_key_file, key_file_of(settings)), held, held[0])
    database = Database(url, settings.store_seconds, keys.enter_or_check, settings.store_password_file)
    return DatabaseCallStore(database, keys, program_version())


def state_of(store: DatabaseCallStore) -> tuple[str, str | None]:
    """How a store is, and what is wrong with its settings by what stands in it: None if nothing is."""
    failure = store.database.failure()
    if failure is None:
        rights = store.database.file.rights_of_others() if store.database.file else ""
        return f"up, written with key {store.pseudonyms.key_id}{f'; {rights}' if rights else ''}", None
    wrong = {WrongKeyError: "STORE_KEY_FILE", OtherTablesError: "STORE"}.get(type(failure))
    return f"down: {failure.why}", f"{PREFIX}{wrong}: {failure.why}" if wrong else None


def key_file_of(settings: Settings) -> Path:
    """The key file of a configuration whose store could be opened."""
    if settings.store_key_file is not None:
        return settings.store_key_file
    file = Path(str(database_url(str(settings.store)).database))
    return file.with_name(file.name + _KEY_ENDING)


def _keys_beside(file: Path, key: Path) -> tuple[Pseudonyms, ...]:
    """The key file beside the file of a store. It is created with the store and never later: with another key no
    patient would be recognised, and the chain would be broken from there on."""
    if not key.exists() and file.exists() and file.stat().st_size:
        raise KeyFileError(
            f"{key} is gone, and the store it was made for is there: put it back, or move the store away"
        )
    return read_or_create_key_file(key)


def with_default_store(settings: Settings) -> Settings:
    """The configuration with the default store, if it names none: a file in the user's state folder, if that can be
    written."""
    if settings.store is not None:
        return settings
    try:
        completed = naming_default_store(settings)
        open_store(completed)
    except (StoreSettingError, RuntimeError):  # RuntimeError: the user has no home, as an arbitrary uid in a container
        logs.no_store()
        return settings
    return completed


def naming_default_store(settings: Settings) -> Settings:
    """As :func:`with_default_store`, but no file is created."""
    if settings.store is not None:
        return settings
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "benzo-cds"
    return settings.model_copy(update={"store": str(folder / _FILE)})


def missing_file(settings: Settings) -> Path | None:
    """The file of the store if it does not exist; None if it does, or the store is a server or none.

    Raises:
        StoreSettingError: the address of the store cannot be used.
    """
    if settings.store is None or settings.store == NO_STORE:
        return None
    try:
        url = database_url(settings.store)
    except StoreAddressError as error:
        raise StoreSettingError(f"{PREFIX}STORE: {error}") from None
    file = Path(str(url.database)) if url.get_backend_name() == SQLITE else None
    return file if file is not None and not file.exists() else None
