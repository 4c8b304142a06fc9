"""The script that Alembic runs: it applies the missing migrations in one transaction, on the connection it is given."""

from __future__ import annotations

from alembic import context

from cds_service.records.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
