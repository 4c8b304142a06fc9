"""``benzo-cds store backup | restore``: copies of a store in a file. A server has tools of its own for that."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cds_service.commands.store import opened_store, use
from cds_service.config import Settings
from cds_service.errors import CommandError
from cds_service.records import chain
from cds_service.records.configured_store import key_file_of, naming_default_store
from cds_service.records.database import BackupError, StoreDownError, copy_over, copy_to_new_file, remove_copy
from cds_service.records.store import DatabaseCallStore

_RESTORING = ".restoring"


def backup(chosen: Namespace) -> int:
    """Copy the store as it stands at one moment."""
    store = opened_store(Settings())
    file = _file_of(store)
    key = use(store.database, store.keys.newest)
    try:
        copy_to_new_file(file, chosen.file, store.database.seconds)
    except BackupError as error:
        raise CommandError(f"no backup was made: {error}") from None
    size = chosen.file.stat().st_size
    print(f"{chosen.file} holds the store, {size} bytes. It is of use only with key {key.key_id}, which is kept apart.")
    return 0


def restore(chosen: Namespace) -> int:
    """Put a copy in the place of the store; 1 where the store holds calls that the copy lacks."""
    settings = naming_default_store(Settings())
    if not key_file_of(settings).exists():
        raise CommandError(f"put the key file of the backup back first: {key_file_of(settings)}")
    store = opened_store(settings, make=True)
    file = _file_of(store)
    copy = file.with_name(file.name + _RESTORING)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_copy(copy)
        # The backup stays as it is: its copy is brought up to date, and must be of the key and of this program.
        copy_to_new_file(chosen.file, copy, store.database.seconds)
        restored = _upgraded(store, copy, chosen.file)
        lost = _lost(store, restored) if file.exists() and file.stat().st_size else []
        for head in lost:
            print(f"Not in {chosen.file}: {head}")
        if lost and not chosen.discard:
            print("The store stays as it is: with --discard the calls up to there would be lost.")
            return 1
        use(store.database, lambda _: None, writes=True)
        restored.database.close()
        copy_over(copy, file, store.database.seconds)
    except (BackupError, OSError) as error:
        raise CommandError(f"nothing was restored: {error}") from None
    finally:
        remove_copy(copy)
    print(f"{file} holds what {chosen.file} holds. Now: benzo-cds audit verify")
    return 0


def _upgraded(store: DatabaseCallStore, copy: Path, backup_file: Path) -> DatabaseCallStore:
    """A copy of a backup as a store, with its tables up to date."""
    database = replace(store.database, url=store.database.url.set(database=str(copy)), must_exist=True)
    restored = replace(store, database=database)
    try:
        database.upgrade()
    except StoreDownError as error:
        raise BackupError(f"{backup_file} cannot be used: {error.why}") from None
    return restored


def _lost(store: DatabaseCallStore, restored: DatabaseCallStore) -> list[str]:
    """The ends of the chains of a store that are not in the restored one."""
    try:
        now = store.database.use(lambda connection: chain.Anchor.now(connection, datetime.now(UTC)))
    except StoreDownError as error:
        raise BackupError(f"the store that is there cannot be read ({error.why}): move its files away first") from None
    return use(
        restored.database,
        lambda connection: [head for head in now.heads if not chain.is_in_record(connection, head)],
    )


def _file_of(store: DatabaseCallStore) -> Path:
    if store.database.file is None:
        raise CommandError(
            f"{store.database.redacted_address} is a database server: pg_dump and pg_restore copy it (docs/records.md)"
        )
    return store.database.file.path
