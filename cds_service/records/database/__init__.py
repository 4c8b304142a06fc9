"""The database of the store, SQLite or PostgreSQL: its address, connections, locks and time limits, and its tables kept
up to date."""

from cds_service.records.database.backup import BackupError, copy_over, copy_to_new_file, remove_copy
from cds_service.records.database.database import Database
from cds_service.records.database.engines import (
    POSTGRESQL,
    SQLITE,
    StoreAddressError,
    database_url,
    lock,
    lock_shared,
    read_one_moment,
)
from cds_service.records.database.errors import (
    OtherTablesError,
    Row,
    StoreDownError,
    UnwritableError,
    WrongKeyError,
)
from cds_service.records.database.migration import migrate
from cds_service.records.database.private_files import create_private, replace_private

__all__ = [
    "POSTGRESQL",
    "SQLITE",
    "BackupError",
    "Database",
    "OtherTablesError",
    "Row",
    "StoreAddressError",
    "StoreDownError",
    "UnwritableError",
    "WrongKeyError",
    "copy_over",
    "copy_to_new_file",
    "create_private",
    "database_url",
    "lock",
    "lock_shared",
    "migrate",
    "read_one_moment",
    "remove_copy",
    "replace_private",
]
