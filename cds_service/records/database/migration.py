"""The tables of the store brought up to date, step by step."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from cds_service.records.database.engines import lock
from cds_service.records.database.errors import OtherTablesError
from cds_service.version import program_version

# Of several processes that start together, one migrates the tables.
_LOCK = "benzo-cds migrations"
NEWEST = "head"


def has_tables(connection: Connection) -> bool:
    """Whether a database has the tables of some version."""
    return MigrationContext.configure(connection).get_current_revision() is not None


def migrate(connection: Connection, step: str = NEWEST) -> None:
    """Create the tables, or bring them up to a step.

    Raises:
        OtherTablesError: they belong to another version of the program.
    """
    lock(connection, _LOCK)
    with as_file(files("cds_service.records") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, step)
        except CommandError:
            # Alembic does not know the step of the tables: they are of a later version, or of another program.
            found = MigrationContext.configure(connection).get_current_revision()
            known = ScriptDirectory.from_config(config).get_current_head()
            raise OtherTablesError(
                OtherTablesError.__name__,
                f"its tables are those of another version of the program, at step {found}; this one, "
                f"{program_version()}, knows them up to step {known}. Start the version that upgraded them, or restore "
                "a backup that was made before",
            ) from None
